/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/client.h"
#include "api/template.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/queue.h"
#include "tenon/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>

/*
 * A pool has limits.max rights, and each client uses one right. A client is idle, lent, or
 * being made, updated or closed. `size` is the number of rights in use; a thread that is
 * about to make a client has its right already. `size` is above limits.max only after
 * limits.max was lowered. No caller waits while a client is idle or a right is free. After
 * tenon_pool_shut() limits.max is 0.
 *
 * A thread may be cancelled (pthread_cancel(3)) only while it waits in the queue, and then
 * abandon() leaves the queue. Everywhere else the functions below disable cancellation: a
 * cancelled thread would keep a lock, a right or a client.
 */
struct tenon_pool {
	pthread_mutex_t changing; /* held while the template is changed; taken before lock */
	pthread_mutex_t lock;     /* guards the fields below; held for short times only */
	struct tenon_pool_limits limits;
	struct tenon__template *template;
	uint32_t size;
	struct tenon_client *idle; /* the client that was used last is lent first */
	uint32_t idle_count;
	struct tenon_client *all; /* all clients except those being made, updated or closed */
	bool shut;
	struct tenon__queue queue;
	uint64_t waits, timeouts; /* for struct tenon_pool_counts */
};

/* Disable cancellation of this thread. Returns the state to restore. */
static int disable_cancel(void)
{
	int before;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	return before;
}

static void restore_cancel(int before)
{
	(void)pthread_setcancelstate(before, NULL);
}

static struct tenon__template *template_of(struct tenon_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	struct tenon__template *template = tenon__template_ref(pool->template);
	pthread_mutex_unlock(&pool->lock);
	return template;
}

/* ---- the list of all clients --------------------------------------------- */

static void enlist(struct tenon_pool *pool, struct tenon_client *client)
{
	pthread_mutex_lock(&pool->lock);
	client->loan.pool = pool;
	client->loan.next = pool->all;
	pool->all = client;
	pthread_mutex_unlock(&pool->lock);
}

static void strike_off_locked(struct tenon_pool *pool,
			      const struct tenon_client *client)
{
	struct tenon_client **at = &pool->all;

	while (*at != client) {
		at = &(*at)->loan.next;
	}
	*at = client->loan.next;
}

/* Make a client with a right that the caller has. After an error the caller still has the right. */
static int make_client(struct tenon_pool *pool, struct tenon_client **out,
		       struct tenon_error *err)
{
	struct tenon__template *template = template_of(pool);
	int code = tenon__template_open(template, out, err);

	tenon__template_unref(template);
	if (!code) {
		enlist(pool, *out);
	}
	return code;
}

/* ---- giving back --------------------------------------------------------- */

static void push_idle_locked(struct tenon_pool *pool,
			     struct tenon_client *client)
{
	client->loan.next_idle = pool->idle;
	pool->idle = client;
	pool->idle_count++;
}

static struct tenon_client *pop_idle_locked(struct tenon_pool *pool)
{
	struct tenon_client *client = pool->idle;

	if (client) {
		pool->idle = client->loan.next_idle;
		pool->idle_count--;
	}
	return client;
}

/*
 * Bring a client up to date. The lock is released meanwhile and taken again.
 * Returns the client or a new one in its place; NULL when none could be made. The right stays.
 */
static struct tenon_client *renew_locked(struct tenon_pool *pool,
					 struct tenon_client *client)
{
	struct tenon__template *template = tenon__template_ref(pool->template);

	strike_off_locked(pool, client);
	pthread_mutex_unlock(&pool->lock);
	client = tenon__template_apply(template, client);
	if (client) {
		enlist(pool, client);
	}
	tenon__template_unref(template);
	pthread_mutex_lock(&pool->lock);
	return client;
}

/*
 * Give a right back, with its client or without (client NULL). When the pool has too many
 * rights, the right is given up. Otherwise the caller that has waited longest gets the right
 * and the client. When no caller waits, the client becomes idle; a right without client is
 * given up.
 * Returns the waiter to wake, or NULL. *surplus is a client to close, or NULL.
 */
static struct tenon__waiter *pass_on_locked(struct tenon_pool *pool,
					    struct tenon_client *client,
					    struct tenon_client **surplus)
{
	*surplus = NULL;
	if (pool->size > pool->limits.max) {
		pool->size--;
		*surplus = client;
		if (client) {
			strike_off_locked(pool, client);
		}
	} else if (pool->queue.first) {
		return tenon__queue_grant(&pool->queue, client);
	} else if (client) {
		push_idle_locked(pool, client);
	} else {
		pool->size--;
	}
	return NULL;
}

static void pass_on(struct tenon_pool *pool, struct tenon_client *client)
{
	struct tenon_client *surplus;

	pthread_mutex_lock(&pool->lock);
	while (client && client->loan.template != pool->template) {
		client = renew_locked(pool, client);
	}
	struct tenon__waiter *waiter = pass_on_locked(pool, client, &surplus);
	pthread_mutex_unlock(&pool->lock);
	if (waiter) {
		tenon__waiter_wake(waiter);
	}
	if (surplus) {
		tenon__template_close(surplus);
	}
}

int tenon_pool_release(struct tenon_pool *pool, struct tenon_client *client)
{
	if (!client) {
		return 0;
	}
	if (client->loan.pool != pool ||
	    !atomic_exchange(&client->loan.lent, false)) {
		return TENON_EINVAL;
	}
	int before = disable_cancel();
	/* the memory behind a sink is the borrower's */
	tenon_client_set_sink(client, 0, NULL, NULL);
	pass_on(pool, client);
	restore_cancel(before);
	return 0;
}

/* ---- borrowing ----------------------------------------------------------- */

/* All clients are lent: take rights to make more. Returns the number of rights, 0 at limits.max. */
static uint32_t grow_locked(struct tenon_pool *pool)
{
	const struct tenon_pool_limits *limits = &pool->limits;
	uint32_t by = pool->size > 0 ? pool->size : 1;

	if (pool->size >= limits->max) {
		return 0;
	}
	if (by > limits->growth) {
		by = limits->growth;
	}
	if (by > limits->max - pool->size) {
		by = limits->max - pool->size;
	}
	pool->size += by;
	return by;
}

/*
 * Make a client for each of the caller's `rights`. The first client is returned in *out; the
 * others go to waiting callers or become idle. After an error no client is returned, and
 * every right was given back.
 */
static int make_clients(struct tenon_pool *pool, uint32_t rights,
			struct tenon_client **out, struct tenon_error *err)
{
	int code = make_client(pool, out, err);

	if (code) {
		pass_on(pool, NULL);
	}
	for (uint32_t i = 1; i < rights; i++) {
		struct tenon_client *client = NULL;

		/* a right without client may be used later, when there is memory again */
		(void)(code || make_client(pool, &client, NULL));
		pass_on(pool, client);
	}
	return code;
}

static int explain_wait(struct tenon_pool *pool, int code, int64_t timeout_ms,
			struct tenon_error *err)
{
	struct tenon_pool_counts counts;
	int why = errno;

	if (!err) {
		return code;
	}
	if (code == TENON_EWAIT) {
		err->sys_errno = why;
		return tenon__error_set(err, code, why == ESHUTDOWN ?
			"the client pool is shut: it lends no clients" :
			"waiting for a client of the pool was aborted: %s",
			strerror(why));
	}
	tenon_pool_counts(pool, &counts);
	return tenon__error_set(err, code,
		"no client of the pool was free within %" PRId64 " ms: all %" PRIu32 " are lent, %" PRIu32 " other callers wait",
		timeout_ms, counts.clients, counts.waiting);
}

/* The end of a wait. */
struct turn {
	bool granted; /* the caller's turn came */
	bool refused; /* it came because the pool was shut */
	struct tenon_client *client; /* NULL: the caller got a right to make one */
};

/* End a wait: take what was granted, or leave the queue. The queue takes the waiter back. */
static struct turn end_wait(struct tenon_pool *pool,
			    struct tenon__waiter *waiter, bool timed_out)
{
	pthread_mutex_lock(&pool->lock);
	struct turn turn = {
		.granted = atomic_load(&waiter->granted),
		.refused = waiter->refused,
		.client = waiter->item,
	};
	if (turn.granted) {
		pthread_mutex_unlock(&pool->lock);
		tenon__waiter_reset(waiter);
		pthread_mutex_lock(&pool->lock);
	} else {
		tenon__queue_leave(&pool->queue, waiter);
		pool->timeouts += timed_out;
	}
	tenon__queue_reuse(&pool->queue, waiter);
	pthread_mutex_unlock(&pool->lock);
	return turn;
}

/* A wait for a client. */
struct wait {
	struct tenon_pool *pool;
	struct tenon__waiter *waiter;
};

/* The waiting thread is cancelled: give up its place in the queue, or what it was given. */
static void abandon(void *payload)
{
	const struct wait *wait = payload;
	struct turn turn = end_wait(wait->pool, wait->waiter, false);

	if (turn.granted && !turn.refused) {
		pass_on(wait->pool, turn.client);
	}
}

/*
 * As tenon__waiter_wait(). The thread may be cancelled when it could be before the call.
 * AddressSanitizer takes the unwinding of a cancelled thread for a broken stack, so it does not
 * look at this function.
 */
__attribute__((no_sanitize("address"))) static int
wait_cancellable(struct tenon_pool *pool, struct tenon__waiter *waiter,
		 int64_t until_ns, int cancel_state)
{
	struct wait wait = { pool, waiter };
	int code;

	pthread_cleanup_push(abandon, &wait);
	restore_cancel(cancel_state);
	code = tenon__waiter_wait(waiter, until_ns);
	int why = errno;
	(void)disable_cancel();
	errno = why;
	pthread_cleanup_pop(0);
	return code;
}

/*
 * Wait until it is the waiter's turn, at most until until_ns (monotonic).
 * Returns 0: *out is a client, or NULL when the caller got a right to make one.
 * Errors:  TENON_ETIMEDOUT; TENON_EWAIT, errno is the reason: ESHUTDOWN after
 *          tenon_pool_shut().
 * Owns:    the queue takes the waiter back in any case.
 */
static int wait_for_turn(struct tenon_pool *pool, struct tenon__waiter *waiter,
			 int64_t until_ns, int cancel_state,
			 struct tenon_client **out)
{
	int code = wait_cancellable(pool, waiter, until_ns, cancel_state);
	int given_up = errno;
	struct turn turn = end_wait(pool, waiter, code == TENON_ETIMEDOUT);

	if (turn.granted) {
		*out = turn.client;
		code = turn.refused ? TENON_EWAIT : 0;
		given_up = ESHUTDOWN;
	}
	errno = given_up;
	return code;
}

/* All clients are lent: wait for one, or for the right to make one. */
static int wait_for_client(struct tenon_pool *pool,
			   struct tenon__waiter *waiter, int64_t timeout_ms,
			   int cancel_state, struct tenon_client **out,
			   struct tenon_error *err)
{
	int64_t until_ns = timeout_ms < 0 ||
			timeout_ms > INT64_MAX / 2000000 ?
		INT64_MAX : tenon__now_ns() + timeout_ms * 1000000;
	int code = wait_for_turn(pool, waiter, until_ns, cancel_state, out);

	if (code) {
		return explain_wait(pool, code, timeout_ms, err);
	}
	return *out ? 0 : make_clients(pool, 1, out, err);
}

static void choose_hook_locked(struct tenon_pool *pool,
			       struct tenon__waiter *waiter,
			       tenon_wait_fn wait, void *payload)
{
	waiter->wait = wait ? wait : pool->template->wait;
	waiter->wait_payload = wait ? payload : pool->template->wait_payload;
}

static int acquire(struct tenon_pool *pool, int64_t timeout_ms,
		   tenon_wait_fn wait, void *payload, int cancel_state,
		   struct tenon_client **out, struct tenon_error *err)
{
	struct tenon__waiter *waiter = NULL;
	int code = 0;

	pthread_mutex_lock(&pool->lock);
	*out = pop_idle_locked(pool);
	uint32_t rights = *out || pool->queue.first ? 0 : grow_locked(pool);
	if (pool->shut) {
		code = TENON_EWAIT;
		errno = ESHUTDOWN;
	} else if (!*out && rights == 0) {
		pool->waits++;
		if (timeout_ms == 0) {
			pool->timeouts++;
			code = TENON_ETIMEDOUT;
		} else {
			code = tenon__queue_join(&pool->queue, &waiter);
		}
	}
	if (waiter) {
		choose_hook_locked(pool, waiter, wait, payload);
	}
	int why = errno;
	pthread_mutex_unlock(&pool->lock);
	if (waiter) {
		return wait_for_client(pool, waiter, timeout_ms, cancel_state,
				       out, err);
	}
	if (code == TENON_ETIMEDOUT || code == TENON_EWAIT) {
		errno = why;
		return explain_wait(pool, code, timeout_ms, err);
	}
	if (code == TENON_ELOCAL && err) {
		err->sys_errno = why;
	}
	if (code) {
		return tenon__error_set(err, code,
					"no client of the pool is free, and waiting for one failed: %s",
					code == TENON_ENOMEM
						? tenon_status_name(code)
						: strerror(why));
	}
	return rights > 0 ? make_clients(pool, rights, out, err) : 0;
}

int tenon_pool_acquire_hooked(struct tenon_pool *pool, int64_t timeout_ms,
			      tenon_wait_fn wait, void *payload,
			      struct tenon_client **out,
			      struct tenon_error *err)
{
	tenon__error_clear(err);
	int before = disable_cancel();
	int code = acquire(pool, timeout_ms, wait, payload, before, out, err);
	if (!code) {
		atomic_store(&(*out)->loan.lent, true);
	}
	restore_cancel(before);
	return code;
}

int tenon_pool_acquire(struct tenon_pool *pool, int64_t timeout_ms,
		       struct tenon_client **out, struct tenon_error *err)
{
	return tenon_pool_acquire_hooked(pool, timeout_ms, NULL, NULL, out,
					 err);
}

/* Return poll_timeout of the pool's config. */
static int64_t usual_timeout_ms(struct tenon_pool *pool)
{
	struct tenon__template *template = template_of(pool);
	int64_t timeout_ms = template->assembly->poll_timeout_ms;

	tenon__template_unref(template);
	return timeout_ms;
}

int tenon_pool_run(struct tenon_pool *pool, const struct tenon_pool_work *work,
		   struct tenon_error *err)
{
	const struct tenon_result *results;
	struct tenon_client *client;
	struct tenon_call terms = tenon__call_usual;

	tenon__error_clear(err);
	int code = work->call ? tenon__call_read(&terms, work->call, err) : 0;
	if (code) {
		return code;
	}
	int64_t timeout_ms = terms.timeout_ms ? terms.timeout_ms
					      : usual_timeout_ms(pool);
	int64_t until_ns = tenon__now_ns() + timeout_ms * 1000000;
	code = tenon_pool_acquire(pool, timeout_ms, &client, err);
	if (code) {
		return code;
	}
	int before = disable_cancel(); /* the client has to be given back */
	client->operation.latest_ns = until_ns;
	code = tenon_run(client, work->verb, work->items, work->count, &terms,
			 &results, err);
	client->operation.latest_ns = INT64_MAX;
	if (results && work->done) {
		work->done(results, work->count, work->payload);
	}
	tenon_pool_release(pool, client);
	restore_cancel(before);
	return code;
}

/* ---- changes ------------------------------------------------------------- */

/* Take an idle client that is not up to date, or any idle client when there are too many. */
static struct tenon_client *take_odd_locked(struct tenon_pool *pool)
{
	struct tenon_client **at = &pool->idle;

	while (*at && pool->size <= pool->limits.max &&
	       (*at)->loan.template == pool->template) {
		at = &(*at)->loan.next_idle;
	}
	struct tenon_client *client = *at;
	if (client) {
		*at = client->loan.next_idle;
		pool->idle_count--;
	}
	return client;
}

/*
 * After a change of the template or the limits: update or close idle clients, and let
 * waiting callers make clients when the limits allow more.
 */
static void follow_change(struct tenon_pool *pool)
{
	for (;;) {
		pthread_mutex_lock(&pool->lock);
		struct tenon_client *client = take_odd_locked(pool);
		bool right = !client && pool->queue.first &&
			pool->size < pool->limits.max;
		pool->size += right;
		pthread_mutex_unlock(&pool->lock);
		if (!client && !right) {
			return;
		}
		pass_on(pool, client);
	}
}

/*
 * Make this template the pool's, when a client can be made by it: a trial client is made
 * and closed.
 * Owns:   takes the template, also on error.
 * Errors: as tenon__template_open(); TENON_ENOMEM when template is NULL.
 */
static int adopt(struct tenon_pool *pool, struct tenon__template *template,
		 struct tenon_error *err)
{
	struct tenon_client *trial;

	if (!template) {
		return tenon__error_no_memory(err);
	}
	int code = tenon__template_open(template, &trial, err);
	if (code) {
		tenon__template_unref(template);
		return code;
	}
	tenon__template_close(trial);
	pthread_mutex_lock(&pool->lock);
	struct tenon__template *before = pool->template;
	pool->template = template;
	pthread_mutex_unlock(&pool->lock);
	tenon__template_unref(before);
	follow_change(pool);
	return 0;
}

int tenon_pool_update_servers(struct tenon_pool *pool,
			      const char *const *specs, size_t count,
			      struct tenon_error *err)
{
	tenon__error_clear(err);
	int before = disable_cancel();
	pthread_mutex_lock(&pool->changing);
	struct tenon__template *template = tenon__template_like(pool->template);
	if (template &&
	    tenon__template_set_specs(template, specs, count) != 0) {
		tenon__template_unref(template);
		template = NULL;
	}
	int code = adopt(pool, template, err);
	pthread_mutex_unlock(&pool->changing);
	restore_cancel(before);
	return code;
}

int tenon_pool_set_wait(struct tenon_pool *pool, tenon_wait_fn wait,
			void *payload, struct tenon_error *err)
{
	tenon__error_clear(err);
	int before = disable_cancel();
	pthread_mutex_lock(&pool->changing);
	struct tenon__template *template = tenon__template_like(pool->template);
	if (template) {
		template->wait = wait;
		template->wait_payload = payload;
	}
	int code = adopt(pool, template, err);
	pthread_mutex_unlock(&pool->changing);
	restore_cancel(before);
	return code;
}

int tenon_pool_reconfigure(struct tenon_pool *pool, struct tenon_config *config,
			   struct tenon_error *err)
{
	int code = TENON_ENOMEM;

	tenon__error_clear(err);
	int before = disable_cancel();
	pthread_mutex_lock(&pool->changing);
	struct tenon__template *template = tenon__template_like(NULL);
	if (template) {
		template->wait = pool->template ? pool->template->wait : NULL;
		template->wait_payload =
			pool->template ? pool->template->wait_payload : NULL;
		code = tenon__assembly_create(&template->assembly, config, err);
	}
	if (template && code) {
		tenon__template_unref(template);
	} else {
		code = adopt(pool, template, err);
	}
	pthread_mutex_unlock(&pool->changing);
	restore_cancel(before);
	return code;
}

static int check_limits(const struct tenon_pool_limits *limits,
			struct tenon_error *err)
{
	if (limits->max == 0 || limits->max > TENON_POOL_CLIENTS_MAX ||
	    limits->initial == 0 || limits->initial > limits->max ||
	    limits->growth == 0) {
		return tenon__error_set(err, TENON_EINVAL,
			"pool limits: found initial %" PRIu32 ", max %" PRIu32 ", growth %" PRIu32 ", expected initial in 1..max, max in 1..%d, growth 1 or more",
			limits->initial, limits->max, limits->growth,
			TENON_POOL_CLIENTS_MAX);
	}
	return 0;
}

int tenon_pool_resize(struct tenon_pool *pool,
		      const struct tenon_pool_limits *limits,
		      struct tenon_error *err)
{
	tenon__error_clear(err);
	int code = check_limits(limits, err);
	if (code) {
		return code;
	}
	int before = disable_cancel();
	pthread_mutex_lock(&pool->lock);
	if (pool->shut) {
		code = TENON_EINVAL;
	} else {
		pool->limits = *limits;
	}
	pthread_mutex_unlock(&pool->lock);
	if (code) {
		restore_cancel(before);
		return tenon__error_set(err, code,
					"the client pool is shut: it cannot be resized");
	}
	follow_change(pool);
	while (!code) {
		struct tenon_client *client = NULL;

		pthread_mutex_lock(&pool->lock);
		bool enough = pool->size >= limits->initial;
		pool->size += !enough;
		pthread_mutex_unlock(&pool->lock);
		if (enough) {
			break;
		}
		code = make_client(pool, &client, err);
		pass_on(pool, client);
	}
	restore_cancel(before);
	return code;
}

void tenon_pool_shut(struct tenon_pool *pool)
{
	struct tenon__waiter *waiter;
	int before = disable_cancel();

	pthread_mutex_lock(&pool->lock);
	pool->shut = true;
	pool->limits.max = 0;
	pthread_mutex_unlock(&pool->lock);
	do {
		pthread_mutex_lock(&pool->lock);
		waiter = pool->queue.first ? tenon__queue_refuse(&pool->queue) :
					     NULL;
		pthread_mutex_unlock(&pool->lock);
		if (waiter) {
			tenon__waiter_wake(waiter);
		}
	} while (waiter);
	follow_change(pool);
	restore_cancel(before);
}

/* ---- opening and closing ------------------------------------------------- */

int tenon_pool_open(struct tenon_config *config,
		    const struct tenon_pool_limits *limits,
		    struct tenon_pool **out, struct tenon_error *err)
{
	static const struct tenon_pool_limits usual = TENON_POOL_LIMITS;

	tenon__error_clear(err);
	*out = NULL;
	struct tenon_pool *pool = tenon__calloc(1, sizeof(*pool));
	if (!pool) {
		return tenon__error_no_memory(err);
	}
	pthread_mutex_init(&pool->changing, NULL);
	pthread_mutex_init(&pool->lock, NULL);
	pool->limits = limits ? *limits : usual;
	int code = check_limits(&pool->limits, err);
	if (!code) {
		code = tenon_pool_reconfigure(pool, config, err);
	}
	if (!code) {
		code = tenon_pool_resize(pool, &pool->limits, err);
	}
	if (code) {
		tenon_pool_close(pool);
		return code;
	}
	*out = pool;
	return 0;
}

void tenon_pool_close(struct tenon_pool *pool)
{
	struct tenon_client *client;

	if (!pool) {
		return;
	}
	int before = disable_cancel();
	while ((client = pop_idle_locked(pool))) {
		tenon__template_close(client);
	}
	tenon__queue_fini(&pool->queue);
	tenon__template_unref(pool->template);
	pthread_mutex_destroy(&pool->lock);
	pthread_mutex_destroy(&pool->changing);
	tenon__free(pool);
	restore_cancel(before);
}

/* ---- counts and health --------------------------------------------------- */

void tenon_pool_counts(struct tenon_pool *pool, struct tenon_pool_counts *out)
{
	pthread_mutex_lock(&pool->lock);
	*out = (struct tenon_pool_counts){
		.clients = pool->size,
		.idle = pool->idle_count,
		.waiting = pool->queue.count,
		.waits = pool->waits,
		.timeouts = pool->timeouts,
	};
	pthread_mutex_unlock(&pool->lock);
}

int tenon_pool_health(struct tenon_pool *pool, size_t index,
		      struct tenon_health *out)
{
	struct tenon_health *one = tenon__alloc(sizeof(*one));
	int code = TENON_EINVAL;

	if (!one) {
		return TENON_ENOMEM;
	}
	pthread_mutex_lock(&pool->lock);
	for (const struct tenon_client *client = pool->all; client;
	     client = client->loan.next) {
		if (client->loan.template->assembly !=
		    pool->template->assembly) {
			continue;
		}
		bool first = code != 0;

		code = tenon_client_health(client, index, first ? out : one);
		if (code) {
			break;
		}
		if (!first) {
			tenon_health_merge(out, one);
		}
	}
	pthread_mutex_unlock(&pool->lock);
	tenon__free(one);
	return code;
}
