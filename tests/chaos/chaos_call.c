/* SPDX-License-Identifier: BSD-3-Clause */
#include "chaos/chaos_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


/*
 * A call says nothing about the client when the machine stood still for longer, and for
 * more than this share of the call.
 */
#define STALL_MAX_MS 20
#define STALL_SHARE 4

#define CALLS_OF_A_LOOK 32 /* the health records are read after this many calls */

int64_t chaos_patience_ms;
const char *chaos_integrity;

_Thread_local struct desk *desk;

int64_t chaos_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void complain(struct chaos_worker *worker, enum chaos_violation violation,
	      const char *format, ...)
{
	va_list args;

	worker->counts.violations[violation]++;
	if (worker->complaint[0] == '\0') {
		va_start(args, format);
		vsnprintf(worker->complaint, sizeof(worker->complaint), format,
			  args);
		va_end(args);
	}
}

/* ---- calls --------------------------------------------------------------- */

/* Return the nanoseconds for which this thread was ready to run and did not run. */
static uint64_t stalled_ns(const struct chaos_worker *worker)
{
	unsigned long long run = 0, waited = 0;
	char text[80] = "";

	if (worker->stall_fd >= 0 &&
	    pread(worker->stall_fd, text, sizeof(text) - 1, 0) > 0 &&
	    sscanf(text, "%llu %llu", &run, &waited) != 2) {
		return 0;
	}
	return waited;
}

void look_at_places(uint16_t *generations)
{
	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		generations[i] = atomic_load(&chaos_servers.generations[i]);
	}
}

/* Return how often the client has sent requests once more. */
static uint64_t count_retries(const struct chaos_worker *worker)
{
	struct tenon_health health;
	uint64_t sum = 0;

	for (size_t i = 0; i < worker->server_count; i++) {
		if (tenon_client_health(worker->client, i, &health) == 0) {
			sum += health.retries;
		}
	}
	return sum;
}

void begin_call(struct chaos_worker *worker)
{
	uint16_t generations[CHAOS_PLACES_MAX];

	if (worker->gate_depth++ == 0) {
		chaos_gate_enter();
	}
	look_at_places(generations);
	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		worker->disturbed += generations[i] != worker->window.after[i];
		worker->window.before[i] = generations[i];
	}
	worker->retries = count_retries(worker);
	worker->stalled_ns = stalled_ns(worker);
	worker->begin_ns = chaos_now_ns();
}

static void leave_gate(struct chaos_worker *worker)
{
	if (--worker->gate_depth == 0) {
		chaos_gate_leave();
	}
}

/* Check that the call that ended now was in time. */
static void check_time(struct chaos_worker *worker, const char *verb,
		       uint64_t delayed_ns)
{
	struct chaos_counts *counts = &worker->counts;
	int64_t end_ns = chaos_now_ns();
	int64_t late_ns = end_ns - worker->begin_ns -
		CHAOS_LATE_MS * INT64_C(1000000);
	int64_t net_ns = late_ns;

	if (late_ns <= 0) {
		return;
	}
	net_ns -= (int64_t)(stalled_ns(worker) - worker->stalled_ns) +
		(int64_t)delayed_ns +
		chaos_stalls_ns(worker->begin_ns, end_ns);
	if (late_ns > counts->late_ns) {
		counts->late_ns = late_ns;
	}
	if (net_ns > counts->net_late_ns) {
		counts->net_late_ns = net_ns;
	}
	if (net_ns > chaos_patience_ms * 1000000) {
		complain(worker, CHAOS_LATE,
			 "%s of %zu keys over %s: %lld ms late, %lld ms without stalls",
			 verb, desk->count, worker->transport,
			 (long long)late_ns / 1000000,
			 (long long)net_ns / 1000000);
	}
}

void end_call(struct chaos_worker *worker, const char *verb)
{
	struct chaos_counts *counts = &worker->counts;
	uint64_t delayed_ns = (worker->fault.counts.delays - counts->delays) *
		UINT64_C(20000000);

	if (verb) {
		check_time(worker, verb, delayed_ns);
	}
	look_at_places(worker->window.after);
	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		worker->disturbed += worker->window.before[i] !=
			worker->window.after[i];
	}
	counts->calls++;
	counts->delays = worker->fault.counts.delays;
	counts->cuts = worker->fault.counts.cuts + worker->fault.counts.resets;
	counts->losses = worker->fault.counts.losses;
	worker->repeats = count_retries(worker) - worker->retries;
	leave_gate(worker);
}

/* ---- whose fault ---------------------------------------------------------- */

bool was_well(const struct chaos_worker *worker)
{
	return worker->hurt_until_ns < worker->begin_ns && chaos_places_well();
}

/* In a client pool, a client may not have used its connections for any time. */
static bool is_before(const struct chaos_worker *worker, int64_t until_ns)
{
	return until_ns > 0 && (worker->pool || until_ns > worker->begin_ns);
}

bool chaos_is_strict(void)
{
	return chaos_integrity && strcmp(chaos_integrity, "strict") == 0;
}

/* Return true when one of the times, which are by place, has not passed for the client. */
static bool is_before_any(const struct chaos_worker *worker,
			  const atomic_llong *until_ns)
{
	bool is = false;

	for (size_t i = 0; i < chaos_servers.place_count; i++) {
		is = is || is_before(worker, atomic_load(&until_ns[i]));
	}
	return is;
}

bool may_be_stray(const struct chaos_worker *worker)
{
	return !chaos_is_strict() &&
		is_before_any(worker, chaos_servers.stray_until_ns);
}

/* Return true when the machine stood still for a good part of the call. */
static bool was_stalled(const struct chaos_worker *worker)
{
	int64_t now_ns = chaos_now_ns();
	int64_t stall_ns = (int64_t)(stalled_ns(worker) - worker->stalled_ns) +
		chaos_stalls_ns(worker->begin_ns, now_ns);

	return stall_ns > STALL_MAX_MS * INT64_C(1000000) &&
		stall_ns > (now_ns - worker->begin_ns) / STALL_SHARE;
}

/*
 * Judge a status of a key at a time when every server is well. A connection that was cut
 * without a word costs a call its time, or a request that may not be repeated. The
 * connection may be that to a chunk.
 */
static enum chaos_violation judge_status(const struct chaos_worker *worker,
					 int status)
{
	switch (status) {
	case TENON_EDOWN:
	case TENON_ECONNECT:
	case TENON_ESECURE:
		return CHAOS_BLAMED;
	case TENON_ETIMEDOUT:
	case TENON_ECLOSED:
		return is_before_any(worker, chaos_servers.untold_until_ns) ?
			CHAOS_VIOLATIONS : CHAOS_STATUS;
	default:
		return CHAOS_VIOLATIONS;
	}
}

/* Judge a key when no server was unwell: it is answered by its home server. */
static void judge_calm_key(struct chaos_worker *worker, const char *verb,
			   size_t i)
{
	const struct tenon_result *result = &desk->results[i];
	enum chaos_violation violation = CHAOS_VIOLATIONS;
	size_t home = 0;

	tenon_client_where(worker->client, desk->items[i].key, &home, NULL);
	worker->counts.calm++;
	if (result->status < 0) {
		violation = judge_status(worker, result->status);
	} else if (result->server != home) {
		violation = CHAOS_BLAMED;
	}
	if (violation == CHAOS_VIOLATIONS) {
		return;
	}
	if ((result->status != TENON_EDOWN && was_stalled(worker)) ||
	    chaos_patience_ms > 0) {
		worker->counts.doubts++;
		chaos_places_doubt();
		return;
	}
	complain(worker, violation,
		 "%s of %s over %s, policy %s: %s (%s) from server %u, home %zu at place %u, while every server is well; %.120s",
		 verb, desk->names[i], worker->transport, worker->policy,
		 tenon_status_name(result->status),
		 result->text ? result->text : "", (unsigned)result->server,
		 home, (unsigned)worker->places[home], desk->err.message);
}

/* A server that is well and in use is not down in its health record either. */
static void judge_health(struct chaos_worker *worker)
{
	struct tenon_health health;

	for (size_t i = 0; i < chaos_servers.server_count; i++) {
		if (tenon_client_health(worker->client, i, &health) == 0 &&
		    health.state != TENON_SERVER_UP &&
		    health.state != TENON_SERVER_FAILING &&
		    was_well(worker)) {
			complain(worker, CHAOS_BLAMED,
				 "server %zu over %s, policy %s is %s, while every server is well: %s",
				 i, worker->transport, worker->policy,
				 tenon_server_state_name((int)health.state),
				 health.error_text);
		}
	}
}

/* Return true when some fault of this run explains the status. */
static bool is_explained(const struct chaos_worker *worker, const char *verb,
			 int status)
{
	switch (status) {
	case TENON_ECONNECT:
	case TENON_ECLOSED:
	case TENON_ETIMEDOUT:
	case TENON_EDOWN:
		return true;
	/* a server died, or had no connection left, during a handshake */
	case TENON_ESECURE:
		return chaos_tls_folder != NULL;
	case TENON_ESERVER:
	case TENON_EUNKNOWN:
		return strncmp(verb, "get", 3) == 0 && may_be_stray(worker);
	/*
	 * A get had no time left to go again; or a get took a stray END, and its own reply came
	 * when the next command had looked at the connection.
	 */
	case TENON_EPROTOCOL:
		return may_be_stray(worker);
	default:
		return status == CHAOS_ELOCAL && chaos_has(CHAOS_LIMITS);
	}
}

void count_failure(struct chaos_worker *worker, const char *verb,
		   const struct tenon_result *result)
{
	worker->counts.failed++;
	worker->counts.statuses[-result->status % 32]++;
	if (!is_explained(worker, verb, result->status)) {
		complain(worker, CHAOS_STATUS, "%s over %s: %s (%s); %s", verb,
			 worker->transport, tenon_status_name(result->status),
			 result->text ? result->text : "",
			 desk->err.message);
	}
}

bool run(struct chaos_worker *worker, enum tenon_verb verb, const char *name,
	 unsigned options)
{
	const struct tenon_call call = { .size = sizeof(call),
					 .options = options };
	bool failed = false;

	begin_call(worker);
	tenon_run(worker->client, verb, desk->items, desk->count, &call,
		  &desk->results, &desk->err);
	end_call(worker, name);
	worker->counts.keys += desk->count;
	if (!desk->results) {
		complain(worker, CHAOS_STATUS, "%s over %s: no results: %s",
			 name, worker->transport, desk->err.message);
		return false;
	}
	for (size_t i = 0; i < desk->count; i++) {
		if (desk->results[i].status < 0) {
			failed = true;
			count_failure(worker, name, &desk->results[i]);
		} else {
			worker->counts.answered++;
		}
	}
	for (size_t i = 0; i < desk->count && was_well(worker); i++) {
		judge_calm_key(worker, name, i);
	}
	if (chaos_patience_ms == 0 &&
	    worker->counts.calls % CALLS_OF_A_LOOK == 0) {
		judge_health(worker);
	}
	worker->disturbed += failed;
	return true;
}

uint32_t place_of(struct chaos_worker *worker, uint32_t server)
{
	if (server >= worker->server_count) {
		complain(worker, CHAOS_STATUS, "an answer from server %u",
			 (unsigned)server);
		return 0;
	}
	return worker->places[server];
}

