/* SPDX-License-Identifier: BSD-3-Clause */
/* Client pools: limits, fairness, changes while clients are lent, waits, memory. */
#include "tenon/pool.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "base/memory.h"
#include "api/client.h"
#include "base/queue.h"
#include "runner/suite.h"

#define NOBODY "{servers: [127.0.0.1:1 s0, 127.0.0.1:2 s1]}"

static struct tenon_pool *pool;
static struct tenon_error err;
static unsigned turns; /* number of callers that have been served, see call() */

static struct tenon_config *config_of(const char *yaml)
{
	struct tenon_config *config;

	ck_assert_int_eq(tenon_config_create(&config, NULL), 0);
	ck_assert_msg(tenon_config_load_text(config, "test", yaml, strlen(yaml),
					     &err) == 0, "%s", err.message);
	return config;
}

static int try_open(const char *yaml, const struct tenon_pool_limits *limits)
{
	struct tenon_config *config = config_of(yaml);
	int code = tenon_pool_open(config, limits, &pool, &err);

	tenon_config_destroy(config);
	return code;
}

static void open_pool(const char *yaml, uint32_t initial, uint32_t max,
		      uint32_t growth)
{
	const struct tenon_pool_limits limits = { initial, max, growth };

	turns = 0; /* with CK_FORK=no tests share this variable */
	ck_assert_msg(try_open(yaml, &limits) == 0, "%s", err.message);
}

static struct tenon_client *must_acquire(void)
{
	struct tenon_client *client;

	ck_assert_msg(tenon_pool_acquire(pool, 0, &client, &err) == 0, "%s",
		      err.message);
	ck_assert_ptr_nonnull(client);
	return client;
}

/*
 * AddressSanitizer takes the stack of a thread that was cancelled for a broken one, in its handling
 * of sigaltstack(2) when the thread ends.
 */
__attribute__((visibility("default"))) const char *
__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "use_sigaltstack=0";
}

/*
 * ThreadSanitizer does not see the locks that a thread takes while it is unwound out of a call
 * that waits, so it takes abandon() of pool.c for a race.
 */
__attribute__((visibility("default"))) const char *
__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:abandon\n";
}

static void must_release(struct tenon_client *client)
{
	ck_assert_int_eq(tenon_pool_release(pool, client), 0);
}

static struct tenon_pool_counts counts(void)
{
	struct tenon_pool_counts now;

	tenon_pool_counts(pool, &now);
	return now;
}

static void close_pool(void)
{
	ck_assert_uint_eq(counts().idle, counts().clients);
	ck_assert_uint_eq(counts().waiting, 0);
	tenon_pool_close(pool);
	pool = NULL;
}

/* ---- number of clients --------------------------------------------------- */

/*
 * The number of clients after the first, the second, ... client is lent; 0: end of the
 * list.
 */
static const struct {
	struct tenon_pool_limits limits;
	uint32_t sizes[10];
} growths[] = {
	/* libmc's rule: the number doubles, to at most 4 */
	{ TENON_POOL_LIMITS, { 1, 2, 4, 4, 0 } },
	{ { 1, 9, 2 }, { 1, 2, 4, 4, 6, 6, 8, 8, 9, 0 } },
	{ { 3, 20, 4 }, { 3, 3, 3, 6, 6, 6, 10, 10, 10, 10 } },
	{ { 2, 2, 1 }, { 2, 2, 0 } },
	{ { 1, 1, 100 }, { 1, 0 } },
};

START_TEST(a_pool_doubles_up_to_growth_and_up_to_its_maximum)
{
	const struct tenon_pool_limits *limits = &growths[_i].limits;
	struct tenon_client *lent[10];
	struct tenon_client *none = NULL;
	size_t count = 0;

	ck_assert_int_eq(try_open(NOBODY, limits), 0);
	ck_assert_uint_eq(counts().clients, limits->initial);
	while (count < 10 && growths[_i].sizes[count] > 0) {
		lent[count] = must_acquire();
		ck_assert_uint_eq(counts().clients, growths[_i].sizes[count]);
		count++;
	}
	if (count < 10) {
		ck_assert_int_eq(tenon_pool_acquire(pool, 0, &none, &err),
				 TENON_ETIMEDOUT);
		ck_assert_ptr_null(none);
		ck_assert_ptr_nonnull(strstr(err.message, "are lent"));
	}
	while (count > 0) {
		must_release(lent[--count]);
	}
	close_pool();
}
END_TEST

START_TEST(a_pool_has_the_limits_of_libmc_by_default)
{
	struct tenon_client *lent[4];

	ck_assert_int_eq(try_open(NOBODY, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		lent[i] = must_acquire();
	}
	ck_assert_uint_eq(counts().clients, 4);
	for (size_t i = 0; i < 4; i++) {
		must_release(lent[i]);
	}
	close_pool();
}
END_TEST

START_TEST(the_client_that_was_used_last_is_lent_next)
{
	open_pool(NOBODY, 3, 3, 1);
	struct tenon_client *one = must_acquire();
	struct tenon_client *two = must_acquire();

	ck_assert_ptr_ne(one, two);
	must_release(two);
	must_release(one);
	ck_assert_ptr_eq(must_acquire(), one);
	ck_assert_ptr_eq(must_acquire(), two);
	must_release(one);
	must_release(two);
	close_pool();
}
END_TEST

static const struct tenon_pool_limits wrong_limits[] = {
	{ 0, 4, 4 }, { 1, 0, 4 }, { 1, 4, 0 }, { 5, 4, 4 },
	{ 1, 4097, 4 }, /* TENON_POOL_CLIENTS_MAX */
};

START_TEST(limits_out_of_range_are_refused)
{
	ck_assert_int_eq(try_open(NOBODY, &wrong_limits[_i]), TENON_EINVAL);
	ck_assert_ptr_null(pool);
	open_pool(NOBODY, 1, 4, 4);
	ck_assert_int_eq(tenon_pool_resize(pool, &wrong_limits[_i], &err),
			 TENON_EINVAL);
	ck_assert_uint_eq(counts().clients, 1);
	close_pool();
}
END_TEST

START_TEST(a_pool_may_have_4096_clients)
{
	open_pool(NOBODY, 1, 4096, 4);
	ck_assert_uint_eq(counts().clients, 1);
	close_pool();
}
END_TEST

START_TEST(a_config_without_servers_makes_no_pool)
{
	ck_assert_int_eq(try_open("{prefix: x}", NULL), TENON_ECONFIG);
	ck_assert_ptr_null(pool);
	tenon_pool_close(NULL);
}
END_TEST

START_TEST(a_client_that_is_not_lent_is_not_taken_back)
{
	struct tenon_config *config = config_of(NOBODY);
	struct tenon_client *stranger;

	open_pool(NOBODY, 1, 2, 2);
	ck_assert_int_eq(tenon_client_open(config, &stranger, NULL), 0);
	tenon_config_destroy(config);
	ck_assert_int_eq(tenon_pool_release(pool, stranger), TENON_EINVAL);
	tenon_client_close(stranger);
	ck_assert_int_eq(tenon_pool_release(pool, NULL), 0);
	struct tenon_client *client = must_acquire();
	must_release(client);
	ck_assert_int_eq(tenon_pool_release(pool, client), TENON_EINVAL);
	ck_assert_uint_eq(counts().idle, 1);
	close_pool();
}
END_TEST

static void *refuse_sink(void *payload, size_t index, size_t len)
{
	(void)payload;
	(void)index;
	(void)len;
	return NULL;
}

START_TEST(a_sink_ends_with_the_lease)
{
	open_pool(NOBODY, 1, 1, 1);
	struct tenon_client *client = must_acquire();
	tenon_client_set_sink(client, 1, refuse_sink, NULL);
	ck_assert(client->operation.requests.sink_rule.fn == refuse_sink);
	must_release(client);
	ck_assert_ptr_eq(must_acquire(), client);
	ck_assert(!client->operation.requests.sink_rule.fn);
	must_release(client);
	close_pool();
}
END_TEST

START_TEST(a_pool_that_is_resized_makes_and_closes_clients)
{
	const struct tenon_pool_limits more = { 5, 6, 4 }, fewer = { 1, 2, 4 };

	open_pool(NOBODY, 1, 2, 2);
	ck_assert_int_eq(tenon_pool_resize(pool, &more, &err), 0);
	ck_assert_uint_eq(counts().idle, 5);
	struct tenon_client *one = must_acquire();
	struct tenon_client *two = must_acquire();
	struct tenon_client *three = must_acquire();
	ck_assert_int_eq(tenon_pool_resize(pool, &fewer, &err), 0);
	ck_assert_uint_eq(counts().clients, 3);
	ck_assert_uint_eq(counts().idle, 0);
	must_release(one);
	ck_assert_uint_eq(counts().clients, 2);
	must_release(two);
	must_release(three);
	ck_assert_uint_eq(counts().clients, 2);
	close_pool();
}
END_TEST

/* ---- order of waiting callers -------------------------------------------- */

#define CALLERS 8

struct caller {
	pthread_t thread;
	int64_t timeout_ms;
	int code;
	struct tenon_client *client;
};

static struct caller *order[CALLERS];

static void *call(void *payload)
{
	struct caller *caller = payload;

	caller->code = tenon_pool_acquire(pool, caller->timeout_ms,
					  &caller->client, NULL);
	if (caller->code == 0) {
		/* there is only one client, so only its holder is here */
		order[turns++] = caller;
		tenon_pool_release(pool, caller->client);
	}
	return NULL;
}

static void start_caller(struct caller *caller, int64_t timeout_ms,
			 uint32_t place)
{
	caller->timeout_ms = timeout_ms;
	ck_assert_int_eq(pthread_create(&caller->thread, NULL, call, caller),
			 0);
	while (counts().waiting != place) {
		sleep_ms(1);
	}
}

START_TEST(the_first_caller_is_served_first_and_no_caller_overtakes)
{
	struct caller callers[CALLERS] = { 0 };
	struct tenon_client *none;

	open_pool(NOBODY, 1, 1, 1);
	struct tenon_client *client = must_acquire();
	for (uint32_t i = 0; i < CALLERS; i++) {
		start_caller(&callers[i], -1, i + 1);
	}
	ck_assert_int_eq(tenon_pool_acquire(pool, 0, &none, NULL),
			 TENON_ETIMEDOUT);
	must_release(client);
	for (size_t i = 0; i < CALLERS; i++) {
		pthread_join(callers[i].thread, NULL);
		ck_assert_ptr_eq(order[i], &callers[i]);
	}
	ck_assert_uint_eq(counts().waits, CALLERS + 1);
	ck_assert_uint_eq(counts().timeouts, 1);
	close_pool();
}
END_TEST

START_TEST(a_caller_that_waits_too_long_leaves_and_the_others_are_served)
{
	struct caller patient = { 0 };
	struct tenon_client *none;

	open_pool(NOBODY, 1, 1, 1);
	struct tenon_client *client = must_acquire();
	start_caller(&patient, 60000, 1);
	ck_assert_int_eq(tenon_pool_acquire(pool, 20, &none, &err),
			 TENON_ETIMEDOUT);
	ck_assert_ptr_null(none);
	ck_assert_ptr_nonnull(strstr(err.message, "within 20 ms"));
	must_release(client);
	pthread_join(patient.thread, NULL);
	ck_assert_int_eq(patient.code, 0);
	close_pool();
}
END_TEST

START_TEST(a_place_in_the_queue_can_be_given_up_anywhere)
{
	struct tenon__queue queue = { 0 };
	struct tenon__waiter *waiters[3];

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(tenon__queue_join(&queue, &waiters[i]), 0);
	}
	tenon__queue_leave(&queue, waiters[_i]);
	for (int i = 0; i < 3; i++) {
		if (i != _i) {
			ck_assert_ptr_eq(tenon__queue_grant(&queue, NULL),
					 waiters[i]);
		}
		tenon__queue_reuse(&queue, waiters[i]);
	}
	ck_assert_ptr_null(queue.first);
	ck_assert_ptr_null(queue.last);
	ck_assert_uint_eq(queue.count, 0);
	tenon__queue_fini(&queue);
}
END_TEST

/* ---- threads that are cancelled, pools that are shut -------------------------- */

START_TEST(a_caller_that_is_cancelled_leaves_the_queue)
{
	struct caller callers[3] = { 0 };

	open_pool(NOBODY, 1, 1, 1);
	struct tenon_client *client = must_acquire();
	for (uint32_t i = 0; i < 3; i++) {
		start_caller(&callers[i], -1, i + 1);
	}
	pthread_cancel(callers[_i].thread);
	while (counts().waiting != 2) {
		sleep_ms(1);
	}
	must_release(client);
	for (int i = 0; i < 3; i++) {
		void *end;

		pthread_join(callers[i].thread, &end);
		ck_assert(i == _i ? end == PTHREAD_CANCELED : end == NULL);
	}
	ck_assert_uint_eq(turns, 2);
	must_release(must_acquire());
	close_pool();
}
END_TEST

static pthread_barrier_t granted;

/* Wait until the caller has been given a client, and then to be cancelled. */
static int wait_to_be_cancelled(struct pollfd *fds, size_t count,
				int timeout_ms, void *payload)
{
	(void)timeout_ms;
	(void)payload;
	while (poll(fds, (nfds_t)count, -1) != 1) {
	}
	pthread_barrier_wait(&granted);
	while (poll(NULL, 0, -1) <= 0) {
	}
	return -1;
}

static void *call_hooked(void *payload)
{
	struct tenon_client *client;

	(void)payload;
	(void)tenon_pool_acquire_hooked(pool, -1, wait_to_be_cancelled, NULL,
					&client, NULL);
	return NULL;
}

START_TEST(a_client_given_to_a_caller_that_is_cancelled_goes_to_the_next)
{
	struct caller next = { 0 };
	pthread_t thread;
	void *end;

	open_pool(NOBODY, 1, 1, 1);
	struct tenon_client *client = must_acquire();
	pthread_barrier_init(&granted, NULL, 2);
	ck_assert_int_eq(pthread_create(&thread, NULL, call_hooked, NULL), 0);
	while (counts().waiting != 1) {
		sleep_ms(1);
	}
	start_caller(&next, -1, 2);
	must_release(client);
	pthread_barrier_wait(&granted);
	pthread_cancel(thread);
	pthread_join(thread, &end);
	ck_assert(end == PTHREAD_CANCELED);
	pthread_join(next.thread, NULL);
	ck_assert_int_eq(next.code, 0);
	ck_assert_ptr_eq(next.client, client);
	close_pool();
}
END_TEST

/* A right to make a client, instead of a client. */
START_TEST(a_right_given_to_a_caller_that_is_cancelled_is_not_lost)
{
	const struct tenon_pool_limits two = { 1, 2, 1 };
	pthread_t thread;

	open_pool(NOBODY, 1, 1, 1);
	struct tenon_client *client = must_acquire();
	pthread_barrier_init(&granted, NULL, 2);
	ck_assert_int_eq(pthread_create(&thread, NULL, call_hooked, NULL), 0);
	while (counts().waiting != 1) {
		sleep_ms(1);
	}
	ck_assert_int_eq(tenon_pool_resize(pool, &two, NULL), 0);
	pthread_barrier_wait(&granted);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(counts().clients, 1);
	struct tenon_client *second = must_acquire();
	must_release(second);
	must_release(client);
	ck_assert_uint_eq(counts().clients, 2);
	close_pool();
}
END_TEST

/* The thread is cancelled before it calls: it must not be cancelled with a lock or a client. */
static void *call_cancelled(void *payload)
{
	struct tenon_client *client;
	int *codes = payload;

	/* no assertion here: it writes, which is a cancellation point */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cancel(pthread_self());
	(void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	codes[0] = tenon_pool_acquire(pool, 0, &client, NULL);
	codes[1] = tenon_pool_release(pool, client);
	pthread_testcancel();
	return NULL;
}

START_TEST(calls_that_do_not_wait_are_no_cancellation_points)
{
	struct caller waiting = { 0 };
	int codes[2] = { -1, -1 };
	pthread_t thread;
	void *end;

	open_pool(NOBODY, 1, 2, 1);
	struct tenon_client *client = must_acquire();
	ck_assert_int_eq(pthread_create(&thread, NULL, call_cancelled, codes),
			 0);
	pthread_join(thread, &end);
	ck_assert(end == PTHREAD_CANCELED);
	ck_assert_int_eq(codes[0], 0);
	ck_assert_int_eq(codes[1], 0);
	struct tenon_client *second = must_acquire();
	start_caller(&waiting, -1, 1);
	must_release(second);
	pthread_join(waiting.thread, NULL);
	must_release(client);
	close_pool();
}
END_TEST

START_TEST(a_pool_that_is_shut_ends_waits_and_lends_no_more)
{
	const struct tenon_pool_limits more = { 1, 4, 4 };
	struct caller callers[3] = { 0 };
	struct tenon_client *none;

	open_pool(NOBODY, 2, 2, 1);
	struct tenon_client *one = must_acquire();
	struct tenon_client *two = must_acquire();
	for (uint32_t i = 0; i < 3; i++) {
		start_caller(&callers[i], -1, i + 1);
	}
	must_release(two); /* served: the first caller, which gives it back to the second, ... */
	for (int i = 0; i < 3; i++) {
		pthread_join(callers[i].thread, NULL);
		ck_assert_int_eq(callers[i].code, 0);
	}
	two = must_acquire();
	for (uint32_t i = 0; i < 3; i++) {
		start_caller(&callers[i], -1, i + 1);
	}
	tenon_pool_shut(pool);
	for (int i = 0; i < 3; i++) {
		pthread_join(callers[i].thread, NULL);
		ck_assert_int_eq(callers[i].code, TENON_EWAIT);
		ck_assert_ptr_null(callers[i].client);
	}
	ck_assert_int_eq(tenon_pool_acquire(pool, -1, &none, &err),
			 TENON_EWAIT);
	ck_assert_int_eq(err.sys_errno, ESHUTDOWN);
	ck_assert_str_eq(err.message,
			 "the client pool is shut: it lends no clients");
	ck_assert_int_eq(tenon_pool_resize(pool, &more, &err), TENON_EINVAL);
	must_release(one);
	ck_assert_uint_eq(counts().clients, 1);
	tenon_pool_shut(pool);
	must_release(two);
	ck_assert_uint_eq(counts().clients, 0);
	close_pool();
}
END_TEST

START_TEST(a_pool_that_is_shut_closes_its_idle_clients)
{
	open_pool(NOBODY, 3, 3, 1);
	ck_assert_uint_eq(counts().idle, 3);
	tenon_pool_shut(pool);
	ck_assert_uint_eq(counts().clients, 0);
	close_pool();
}
END_TEST

START_TEST(a_waiting_caller_gets_a_new_client_when_the_maximum_grows)
{
	const struct tenon_pool_limits more = { 1, 3, 1 };
	struct caller callers[2] = { 0 };

	open_pool(NOBODY, 1, 1, 1);
	struct tenon_client *client = must_acquire();
	start_caller(&callers[0], -1, 1);
	ck_assert_int_eq(tenon_pool_resize(pool, &more, &err), 0);
	pthread_join(callers[0].thread, NULL);
	ck_assert_int_eq(callers[0].code, 0);
	ck_assert_ptr_ne(callers[0].client, client);
	must_release(client);
	ck_assert_uint_eq(counts().clients, 2);
	close_pool();
}
END_TEST

START_TEST(a_lack_of_descriptors_to_wait_with_is_local)
{
	struct tenon_client *second;
	struct rlimit before;

	open_pool(NOBODY, 1, 1, 1);
	struct tenon_client *client = must_acquire();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	const struct rlimit lower = { 0, before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &lower), 0);
	int code = tenon_pool_acquire(pool, 60000, &second, &err);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_int_eq(code, TENON_ELOCAL);
	ck_assert_int_eq(err.sys_errno, EMFILE);
	must_release(client);
	must_release(must_acquire());
	close_pool();
}
END_TEST

START_TEST(waiting_leaks_no_descriptor)
{
	struct rig_fds before;

	fds_look(&before);
	open_pool(NOBODY, 1, 1, 1);
	struct tenon_client *client = must_acquire();
	for (int i = 0; i < 100; i++) {
		struct tenon_client *none;

		ck_assert_int_eq(tenon_pool_acquire(pool, 1, &none, NULL),
				 TENON_ETIMEDOUT);
	}
	ck_assert_uint_le(fds_since(&before, NULL), 1);
	must_release(client);
	close_pool();
	ck_assert_uint_eq(fds_since(&before, NULL), 0);
}
END_TEST

/* ---- the wait hook ------------------------------------------------------- */

static struct {
	size_t calls;
	void *payload;
	int fail_errno;
	struct tenon_client *lent;
	int64_t pass_ns;
} hook;

/* During the wait, the caller that has the client gives it back. All on one thread. */
static int hook_wait(struct pollfd *fds, size_t count, int timeout_ms,
		     void *payload)
{
	hook.calls++;
	hook.payload = payload;
	if (hook.lent) {
		must_release(hook.lent);
		hook.lent = NULL;
		tenon__clock_advance(hook.pass_ns);
	}
	if (hook.fail_errno) {
		errno = hook.fail_errno;
		return -1;
	}
	return poll(fds, (nfds_t)count, timeout_ms);
}

static void open_hooked(const char *yaml)
{
	memset(&hook, 0, sizeof(hook));
	open_pool(yaml, 1, 1, 1);
	ck_assert_int_eq(tenon_pool_set_wait(pool, hook_wait, NULL, &err), 0);
}

START_TEST(one_thread_can_wait_for_a_client_that_it_gives_back_meanwhile)
{
	struct tenon_client *client;

	open_hooked(NOBODY);
	hook.lent = must_acquire();
	ck_assert_int_eq(tenon_pool_acquire(pool, -1, &client, &err), 0);
	ck_assert_uint_eq(hook.calls, 1);
	must_release(client);
	close_pool();
}
END_TEST

START_TEST(a_wait_for_a_client_that_is_given_up_is_ewait)
{
	struct tenon_client *none;

	open_hooked(NOBODY);
	struct tenon_client *client = must_acquire();
	hook.fail_errno = ECANCELED;
	ck_assert_int_eq(tenon_pool_acquire(pool, -1, &none, &err),
			 TENON_EWAIT);
	ck_assert_int_eq(err.sys_errno, ECANCELED);
	ck_assert_ptr_null(none);
	must_release(client);
	close_pool();
}
END_TEST

/* A client that becomes free at the last moment is not lost. */
START_TEST(a_caller_that_gives_up_while_it_is_served_is_served)
{
	struct tenon_client *client;

	open_hooked(NOBODY);
	hook.lent = must_acquire();
	hook.fail_errno = ECANCELED;
	ck_assert_int_eq(tenon_pool_acquire(pool, -1, &client, &err), 0);
	must_release(client);
	close_pool();
}
END_TEST

/* A caller's hook waits in that call only, and before the pool's. */
START_TEST(a_caller_may_wait_for_a_client_by_a_hook_of_its_own)
{
	struct tenon_client *lent, *client;
	int pools, callers;

	memset(&hook, 0, sizeof(hook));
	open_pool(NOBODY, 1, 1, 1);
	if (_i) {
		ck_assert_int_eq(tenon_pool_set_wait(pool, hook_wait, &pools,
						     &err), 0);
	}
	lent = must_acquire();
	hook.fail_errno = ECANCELED;
	ck_assert_int_eq(tenon_pool_acquire_hooked(pool, 1, hook_wait,
				&callers, &client, &err), TENON_EWAIT);
	ck_assert_int_eq(err.sys_errno, ECANCELED);
	ck_assert_ptr_null(client);
	ck_assert_ptr_eq(hook.payload, &callers);
	ck_assert_int_eq(tenon_pool_acquire(pool, 1, &client, &err),
			 _i ? TENON_EWAIT : TENON_ETIMEDOUT);
	ck_assert_ptr_eq(hook.payload, _i ? &pools : &callers);
	ck_assert_uint_eq(hook.calls, 1 + (unsigned)_i);
	must_release(lent);
	close_pool();
}
END_TEST

/* ---- calls --------------------------------------------------------------- */

static struct {
	size_t calls, count;
	int status;
	char value[16];
} done;

static void take_results(const struct tenon_result *results, size_t count,
			 void *payload)
{
	ck_assert_ptr_eq(payload, &done);
	done.calls++;
	done.count = count;
	done.status = results[0].status;
	if (results[0].value) {
		memcpy(done.value, results[0].value, results[0].value_len + 1);
	}
}

/* The options of run_get(). */
static struct tenon_call run_call = { .size = sizeof(run_call) };

static int run_get(struct rig *rig, const char *settings)
{
	const struct tenon_item one = item("k", NULL);
	const struct tenon_pool_work work = {
		.verb = TENON_GET,
		.items = &one,
		.count = 1,
		.call = &run_call,
		.done = take_results,
		.payload = &done,
	};
	char yaml[256];

	memset(&done, 0, sizeof(done));
	if (!pool) {
		snprintf(yaml, sizeof(yaml), "{servers: ['%s s0'], %s}",
			 fake_server_address(rig->fakes[0]), settings);
		open_hooked(yaml);
	}
	return tenon_pool_run(pool, &work, &err);
}

#define LONG_TIMEOUT "poll_timeout: 60s, connect_timeout: 20s"

START_TEST(a_call_hands_over_results_and_gives_the_client_back)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("VALUE k 0 2\r\nhi\r\nEND\r\n"),
				  FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("ERROR\r\n")));
	ck_assert_int_eq(run_get(&rig, LONG_TIMEOUT), 0);
	ck_assert_uint_eq(done.calls, 1);
	ck_assert_uint_eq(done.count, 1);
	ck_assert_int_eq(done.status, TENON_HIT);
	ck_assert_str_eq(done.value, "hi");
	ck_assert_uint_eq(counts().idle, 1);
	ck_assert_int_eq(run_get(&rig, NULL), TENON_EUNKNOWN);
	ck_assert_int_eq(done.status, TENON_EUNKNOWN);
	close_pool();
	rig_close(&rig);
}
END_TEST

START_TEST(a_call_that_gets_no_client_has_no_results)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	open_hooked(NOBODY);
	struct tenon_client *client = must_acquire();
	hook.fail_errno = ECANCELED;
	ck_assert_int_eq(run_get(&rig, NULL), TENON_EWAIT);
	ck_assert_uint_eq(done.calls, 0);
	must_release(client);
	close_pool();
	rig_close(&rig);
}
END_TEST

START_TEST(the_time_a_call_waits_for_a_client_counts)
{
	const struct fake_listen at_once = { .family = FAKE_UNIX };
	struct rig rig = { 0 };

	rig_fake_at(&rig, &at_once,
		    FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			       FAKE_SEND("END\r\n"), FAKE_EXPECT_CLOSE));
	ck_assert_int_eq(run_get(&rig, LONG_TIMEOUT), 0);
	hook.lent = must_acquire();
	hook.pass_ns = (int64_t)61 * 1000000000;
	/* no time is left: nothing is sent */
	ck_assert_int_eq(run_get(&rig, NULL), TENON_ETIMEDOUT);
	ck_assert_int_eq(done.status, TENON_ETIMEDOUT);
	/* the limit held only for that call */
	ck_assert_uint_eq(counts().idle, 1);
	close_pool();
	rig_close(&rig);
}
END_TEST

static const struct {
	int64_t timeout_ms, pass_s;
	int code;
} waits[] = {
	{ 5000, 6, TENON_ETIMEDOUT }, /* shorter than poll_timeout, which is 60 s */
	{ 120000, 61, 0 },	      /* longer */
};

START_TEST(a_call_has_its_own_timeout_for_the_wait_too)
{
	const struct fake_listen at_once = { .family = FAKE_UNIX };
	const struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_EXPECT("get k\r\n"),
		FAKE_SEND("END\r\n"),
		FAKE_EXPECT("get k\r\n"),
		FAKE_SEND("END\r\n"),
	};
	struct rig rig = { 0 };

	rig_fake_at(&rig, &at_once, steps, COUNT(steps));
	ck_assert_int_eq(run_get(&rig, LONG_TIMEOUT), 0);
	run_call.timeout_ms = waits[_i].timeout_ms;
	hook.lent = must_acquire();
	hook.pass_ns = waits[_i].pass_s * 1000000000;
	ck_assert_int_eq(run_get(&rig, NULL), waits[_i].code);
	run_call.timeout_ms = 0;
	if (waits[_i].code) {
		ck_assert_int_eq(run_get(&rig, NULL), 0);
	}
	close_pool();
	rig_close(&rig);
}
END_TEST

START_TEST(a_call_with_wrong_options_borrows_no_client)
{
	struct rig rig = { 0 };

	rig_fake(&rig, FAKE_STEPS(FAKE_HOLD));
	open_hooked(NOBODY);
	struct tenon_client *client = must_acquire();
	run_call.timeout_ms = -1;
	ck_assert_int_eq(run_get(&rig, NULL), TENON_EINVAL);
	check_says(err.message, "timeout_ms is -1");
	run_call.timeout_ms = 0;
	ck_assert_uint_eq(done.calls, 0);
	ck_assert_uint_eq(counts().waits, 0);
	must_release(client);
	close_pool();
	rig_close(&rig);
}
END_TEST

/* ---- changes while clients are lent -------------------------------------- */

static const char *address_in(struct tenon_client *client, size_t server)
{
	struct tenon_server_info info;

	ck_assert_int_eq(tenon_client_server(client, server, &info), 0);
	return info.address;
}

static int move_to(const char *first, const char *second)
{
	const char *const specs[] = { first, second };

	return tenon_pool_update_servers(pool, specs, 2, &err);
}

START_TEST(servers_move_for_idle_clients_at_once_and_for_lent_ones_later)
{
	open_pool(NOBODY, 2, 3, 1);
	struct tenon_client *lent = must_acquire();

	ck_assert_int_eq(move_to("127.0.0.1:9 s0", "127.0.0.1:2 s1"), 0);
	ck_assert_str_eq(address_in(lent, 0), "127.0.0.1:1");
	struct tenon_client *idle = must_acquire();
	ck_assert_str_eq(address_in(idle, 0), "127.0.0.1:9");
	struct tenon_client *new = must_acquire();
	ck_assert_str_eq(address_in(new, 0), "127.0.0.1:9");
	must_release(lent);
	ck_assert_ptr_eq(must_acquire(), lent);
	ck_assert_str_eq(address_in(lent, 0), "127.0.0.1:9");
	must_release(lent);
	must_release(idle);
	must_release(new);
	close_pool();
}
END_TEST

static const char *const wrong_moves[][2] = {
	{ "127.0.0.1:9 s0", "127.0.0.1:8 other" },
	{ "127.0.0.1:9 s0", "127.0.0.1:8 s0" },
	{ "127.0.0.1:9 s0", "127.0.0.1:x s1" },
};

START_TEST(a_move_that_is_wrong_changes_nothing)
{
	open_pool(NOBODY, 1, 2, 1);
	ck_assert_int_eq(move_to(wrong_moves[_i][0], wrong_moves[_i][1]),
			 TENON_ECONFIG);
	ck_assert_int_eq(tenon_pool_update_servers(pool, NULL, 0, NULL),
			 TENON_ECONFIG);
	struct tenon_client *one = must_acquire();
	struct tenon_client *two = must_acquire();
	ck_assert_str_eq(address_in(one, 0), "127.0.0.1:1");
	ck_assert_str_eq(address_in(two, 0), "127.0.0.1:1");
	must_release(one);
	must_release(two);
	close_pool();
}
END_TEST

static int reconfigure(const char *yaml)
{
	struct tenon_config *config = config_of(yaml);
	int code = tenon_pool_reconfigure(pool, config, &err);

	tenon_config_destroy(config);
	return code;
}

START_TEST(another_config_replaces_idle_clients_at_once_and_lent_ones_later)
{
	open_pool(NOBODY, 2, 2, 1);
	ck_assert_int_eq(move_to("127.0.0.1:9 s0", "127.0.0.1:2 s1"), 0);
	struct tenon_client *lent = must_acquire();

	ck_assert_int_eq(reconfigure("{servers: [127.0.0.1:7 a]}"), 0);
	ck_assert_uint_eq(tenon_client_server_count(lent), 2);
	struct tenon_client *idle = must_acquire();
	ck_assert_uint_eq(tenon_client_server_count(idle), 1);
	ck_assert_str_eq(address_in(idle, 0), "127.0.0.1:7");
	must_release(lent);
	lent = must_acquire();
	ck_assert_uint_eq(tenon_client_server_count(lent), 1);
	must_release(lent);
	must_release(idle);
	ck_assert_int_eq(reconfigure("{prefix: x}"), TENON_ECONFIG);
	ck_assert_uint_eq(counts().clients, 2);
	close_pool();
}
END_TEST

/* ---- health -------------------------------------------------------------- */

START_TEST(the_health_of_a_pool_is_the_sum_over_its_clients)
{
	static struct tenon_health health;
	struct tenon_client *lent[3];
	struct tenon_result result;

	open_pool("{servers: [127.0.0.1:1 s0], retry_timeout: 0s}", 3, 3, 1);
	for (size_t i = 0; i < 3; i++) {
		lent[i] = must_acquire();
		for (size_t n = 0; n <= i; n++) {
			ck_assert_int_eq(tenon_get(lent[i], slice("k"),
						   &result, NULL),
					 TENON_ECONNECT);
		}
	}
	ck_assert_int_eq(tenon_pool_health(pool, 0, &health), 0);
	ck_assert_uint_eq(health.failed, 1 + 2 + 3);
	ck_assert_str_eq(health.alias, "s0");
	ck_assert_int_eq(tenon_pool_health(pool, 1, &health), TENON_EINVAL);
	for (size_t i = 0; i < 3; i++) {
		must_release(lent[i]);
	}
	ck_assert_int_eq(tenon_pool_health(pool, 0, &health), 0);
	ck_assert_uint_eq(health.failed, 1 + 2 + 3);
	close_pool();
}
END_TEST

/* ---- memory -------------------------------------------------------------- */

static int change_everything(struct tenon_config *config)
{
	const struct tenon_pool_limits more = { 2, 4, 4 };
	struct tenon_client *lent[3] = { NULL };
	int code = 0;

	for (size_t i = 0; i < 3 && !code; i++) {
		code = tenon_pool_acquire(pool, 0, &lent[i], &err);
	}
	if (!code) {
		code = move_to("127.0.0.1:9 s0", "127.0.0.1:2 s1");
	}
	if (!code) {
		code = tenon_pool_resize(pool, &more, &err);
	}
	if (!code) {
		code = tenon_pool_reconfigure(pool, config, &err);
	}
	for (size_t i = 0; i < 3; i++) {
		must_release(lent[i]);
	}
	return code;
}

START_TEST(a_pool_without_memory_fails_and_works_again_with_memory)
{
	struct tenon_config *config = config_of(NOBODY);
	const struct tenon_pool_limits limits = { 1, 4, 4 };
	size_t failures = 0;
	int code;

	do {
		failures++;
		tenon__memory_fail_from(failures);
		code = tenon_pool_open(config, &limits, &pool, &err);
		tenon__memory_fail_from(0);
		ck_assert(!code || code == TENON_ENOMEM);
		ck_assert_int_eq(code, err.code);
		ck_assert_int_eq(code == 0, pool != NULL);
	} while (code);
	ck_assert_uint_gt(failures, 10);
	close_pool();
	failures = 0;
	do {
		open_pool(NOBODY, 1, 4, 4);
		failures++;
		tenon__memory_fail_from(failures);
		code = change_everything(config);
		tenon__memory_fail_from(0);
		ck_assert(!code || code == TENON_ENOMEM);
		ck_assert_int_eq(code, err.code);
		ck_assert_int_eq(change_everything(config), 0);
		close_pool();
	} while (code);
	ck_assert_uint_gt(failures, 100);
	tenon_config_destroy(config);
}
END_TEST

/* ---- list ---------------------------------------------------------------- */

static void add_limits(TCase *tc)
{
	LOOP(tc, a_pool_doubles_up_to_growth_and_up_to_its_maximum,
	     COUNT(growths));
	tcase_add_test(tc, a_pool_has_the_limits_of_libmc_by_default);
	tcase_add_test(tc, the_client_that_was_used_last_is_lent_next);
	LOOP(tc, limits_out_of_range_are_refused, COUNT(wrong_limits));
	tcase_add_test(tc, a_pool_may_have_4096_clients);
	tcase_add_test(tc, a_config_without_servers_makes_no_pool);
	tcase_add_test(tc, a_client_that_is_not_lent_is_not_taken_back);
	tcase_add_test(tc, a_sink_ends_with_the_lease);
	tcase_add_test(tc, a_pool_that_is_resized_makes_and_closes_clients);
}

static void add_waits(TCase *tc)
{
	tcase_add_test(tc,
		       the_first_caller_is_served_first_and_no_caller_overtakes);
	tcase_add_test(tc,
		       a_caller_that_waits_too_long_leaves_and_the_others_are_served);
	LOOP(tc, a_place_in_the_queue_can_be_given_up_anywhere, 3);
	tcase_add_test(
		tc, a_waiting_caller_gets_a_new_client_when_the_maximum_grows);
	LOOP(tc, a_caller_that_is_cancelled_leaves_the_queue, 3);
	tcase_add_test(
		tc,
		a_client_given_to_a_caller_that_is_cancelled_goes_to_the_next);
	tcase_add_test(tc,
		       a_right_given_to_a_caller_that_is_cancelled_is_not_lost);
	tcase_add_test(tc,
		       calls_that_do_not_wait_are_no_cancellation_points);
	tcase_add_test(tc, a_pool_that_is_shut_ends_waits_and_lends_no_more);
	tcase_add_test(tc, a_pool_that_is_shut_closes_its_idle_clients);
	tcase_add_test(tc, a_lack_of_descriptors_to_wait_with_is_local);
	tcase_add_test(tc, waiting_leaks_no_descriptor);
	tcase_add_test(
		tc,
		one_thread_can_wait_for_a_client_that_it_gives_back_meanwhile);
	tcase_add_test(tc, a_wait_for_a_client_that_is_given_up_is_ewait);
	tcase_add_test(tc, a_caller_that_gives_up_while_it_is_served_is_served);
	LOOP(tc, a_caller_may_wait_for_a_client_by_a_hook_of_its_own, 2);
}

static void add_calls(TCase *tc)
{
	tcase_add_test(tc, a_call_hands_over_results_and_gives_the_client_back);
	tcase_add_test(tc, a_call_that_gets_no_client_has_no_results);
	tcase_add_test(tc, the_time_a_call_waits_for_a_client_counts);
	LOOP(tc, a_call_has_its_own_timeout_for_the_wait_too, COUNT(waits));
	tcase_add_test(tc, a_call_with_wrong_options_borrows_no_client);
}

static void add_changes(TCase *tc)
{
	tcase_add_test(
		tc,
		servers_move_for_idle_clients_at_once_and_for_lent_ones_later);
	LOOP(tc, a_move_that_is_wrong_changes_nothing, COUNT(wrong_moves));
	tcase_add_test(
		tc,
		another_config_replaces_idle_clients_at_once_and_lent_ones_later);
	tcase_add_test(tc, the_health_of_a_pool_is_the_sum_over_its_clients);
	tcase_add_test(tc,
		       a_pool_without_memory_fails_and_works_again_with_memory);
}

int main(void)
{
	Suite *suite = suite_create("pool");
	TCase *tc = tcase_create("pool");

	scratch_begin();
	add_limits(tc);
	add_waits(tc);
	add_calls(tc);
	add_changes(tc);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
