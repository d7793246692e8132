/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/health.h"

#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/published.h"
#include "config/server_line.h"

_Static_assert(sizeof(struct tenon__health_view) % sizeof(uint64_t) == 0,
	       "a view is made of words");
_Static_assert(TENON_HEALTH_ADDRESS_BYTES > TENON_HOST_MAX_BYTES + 8,
	       "an address fits");

static uint64_t load(const tenon__counter *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* ---- the view ---------------------------------------------------------- */

/*
 * Publish the view. In a forked child the sequence number may be odd from the start, because the
 * fork interrupted a writer in the parent.
 */
static void publish(struct tenon__health *health)
{
	uint64_t words[TENON_HEALTH_WORDS];
	uint64_t writing = load(&health->sequence) | 1;

	memcpy(words, &health->view, sizeof(words));
	atomic_store_explicit(&health->sequence, writing,
			      memory_order_relaxed);
	tenon__publish(&health->sequence, writing, health->words, words,
		       TENON_HEALTH_WORDS);
}

/*
 * A reader tries again without a pause at first, then with a pause of a millisecond. A writer
 * needs microseconds. Only in a forked child that has not used the client yet, a view stays
 * half-written: then the reader gives up.
 */
#define READ_YIELDS 50
#define READ_TRIES_MAX 250

/* Read the view. After READ_TRIES_MAX tries during one write, its fields may be of two views. */
static void read_view(const struct tenon__health *health,
		      struct tenon__health_view *out)
{
	uint64_t words[TENON_HEALTH_WORDS];
	uint64_t seen = 0;
	int tries = 0;

	while (!tenon__read_published(&health->sequence, health->words, words,
				      TENON_HEALTH_WORDS) &&
	       tries < READ_TRIES_MAX) {
		uint64_t now = load(&health->sequence);

		tries = now == seen && now % 2 != 0 ? tries + 1 : 0;
		seen = now;
		if (tries < READ_YIELDS) {
			sched_yield();
		} else {
			(void)poll(NULL, 0, 1);
		}
	}
	memcpy(out, words, sizeof(words));
	out->error_text[sizeof(out->error_text) - 1] = '\0';
	out->noreply_text[sizeof(out->noreply_text) - 1] = '\0';
	out->address[sizeof(out->address) - 1] = '\0';
	out->protocol[sizeof(out->protocol) - 1] = '\0';
	out->cipher[sizeof(out->cipher) - 1] = '\0';
}

void tenon__health_init(struct tenon__health *health,
			const struct tenon__log *log, const char *name,
			const char *address, const int64_t *answered_ns)
{
	health->log = log;
	health->name = name;
	health->answered_ns = answered_ns;
	tenon__health_moved(health, address, 0);
}

void tenon__health_moved(struct tenon__health *health, const char *address,
			 int64_t now_ms)
{
	struct tenon__health_view *view = &health->view;

	*view = (struct tenon__health_view){
		.state = TENON_SERVER_UP,
		.state_at_ms = view->state == TENON_SERVER_UP
				       ? view->state_at_ms
				       : now_ms,
	};
	snprintf(view->address, sizeof(view->address), "%s", address);
	health->told = TENON_SERVER_UP;
	health->unsettled = false;
	health->failures = 0;
	health->refusals = 0;
	publish(health);
}

void tenon__health_forked(struct tenon__health *health)
{
	publish(health);
}

/* ---- sessions ---------------------------------------------------------- */

static void store(tenon__counter *counter, uint64_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

void tenon__health_secured(struct tenon__health *health,
			   const struct tenon_secure_facts *facts, int64_t ns)
{
	struct tenon__health_view *view = &health->view;
	uint64_t took_ns = ns > 0 ? (uint64_t)ns : 0;

	tenon__count(&health->sessions, 1);
	tenon__count(&health->resumptions, facts->resumed == 1);
	tenon__count(&health->handshake_sum_ns, took_ns);
	store(&health->handshake_ns, took_ns);
	if (took_ns > load(&health->handshake_max_ns)) {
		store(&health->handshake_max_ns, took_ns);
	}
	view->certificate_ends_s = facts->expires_s;
	snprintf(view->protocol, sizeof(view->protocol), "%.*s",
		 (int)sizeof(facts->protocol), facts->protocol);
	snprintf(view->cipher, sizeof(view->cipher), "%.*s",
		 (int)sizeof(facts->cipher), facts->cipher);
	publish(health);
}

static uint32_t certificate_state(int64_t ends_s)
{
	int64_t left_s = ends_s - (int64_t)time(NULL);

	if (ends_s == 0) {
		return TENON_CERTIFICATE_UNKNOWN;
	}
	if (left_s <= 0) {
		return TENON_CERTIFICATE_ENDED;
	}
	return left_s <= TENON_CERTIFICATE_WARNING_DAYS * INT64_C(86400)
		       ? TENON_CERTIFICATE_ENDING
		       : TENON_CERTIFICATE_VALID;
}

static void read_secure(const struct tenon__health *health,
			const struct tenon__health_view *view,
			struct tenon_secure_health *out)
{
	out->sessions = load(&health->sessions);
	out->resumptions = load(&health->resumptions);
	out->handshake_ns = load(&health->handshake_ns);
	out->handshake_max_ns = load(&health->handshake_max_ns);
	out->handshake_sum_ns = load(&health->handshake_sum_ns);
	out->certificate_ends_s = view->certificate_ends_s;
	out->certificate_state = certificate_state(view->certificate_ends_s);
	memcpy(out->protocol, view->protocol, sizeof(out->protocol));
	memcpy(out->cipher, view->cipher, sizeof(out->cipher));
}

/* ---- the log ----------------------------------------------------------- */

/* Return true when one more line may be written now. */
static bool may_log(struct tenon__health *health, int64_t now_ms)
{
	if (health->log_lines == 0 ||
	    now_ms - health->log_window_at_ms >= TENON_LOG_WINDOW_MS) {
		health->log_window_at_ms = now_ms;
		health->log_lines = 0;
	}
	return health->log_lines < TENON_LOG_LINES;
}

/*
 * Write a line that begins with "alias (address): ", or with "address: " when the server has no
 * alias. The line says how many lines were left out before it.
 */
static void write_line(struct tenon__health *health, int level,
		       const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

static void write_line(struct tenon__health *health, int level,
		       const char *format, va_list args)
{
	const char *address = health->view.address;
	bool same = strcmp(health->name, address) == 0;
	char text[TENON_ERROR_MESSAGE_BYTES];
	char more[64] = "";

	vsnprintf(text, sizeof(text), format, args);
	if (health->log_left_out > 0) {
		snprintf(more, sizeof(more), " (%" PRIu64 " lines left out)",
			 health->log_left_out);
	}
	health->log_left_out = 0;
	health->log_lines++;
	tenon__log_line(health->log, level, "%s%s%s%s: %s%s", health->name,
			same ? "" : " (", same ? "" : address, same ? "" : ")",
			text, more);
}

void tenon__health_log(struct tenon__health *health, int level, int64_t now_ms,
		       const char *format, ...)
{
	va_list args;

	if (!may_log(health, now_ms)) {
		health->log_left_out++;
		return;
	}
	va_start(args, format);
	write_line(health, level, format, args);
	va_end(args);
}

/* Return the state for the log, where a probing server still counts as down. */
static uint32_t news(const struct tenon__health_view *view)
{
	return view->state == TENON_SERVER_PROBING ? TENON_SERVER_DOWN :
						     view->state;
}

/*
 * Log the server's state unless the log knows this state already. When the limit of lines is
 * reached, a later failure or success writes the line. Returns true when a line was written.
 */
static bool tell_failure(struct tenon__health *health, int64_t now_ms,
			 bool is_change)
{
	const struct tenon__health_view *view = &health->view;
	int level = view->error_status == TENON_EPROTOCOL ? TENON_LOG_ERROR :
							    TENON_LOG_WARNING;
	char retry[64] = "";

	if (news(view) == health->told || !may_log(health, now_ms)) {
		health->log_left_out += is_change;
		return false;
	}
	if (view->retry_at_ms > now_ms) {
		snprintf(retry, sizeof(retry), "; next try in %" PRId64 " ms",
			 view->retry_at_ms - now_ms);
	}
	health->told = news(view);
	tenon__health_log(health, level, now_ms, "%s: %s%s",
			  tenon_server_state_name((int)health->told),
			  view->error_text, retry);
	return true;
}

/* ---- outcomes ---------------------------------------------------------- */

/* Write a sentence with words of a server. Bytes that are not printable become dots. */
static void write_text(char out[TENON_HEALTH_TEXT_BYTES], const char *text,
		       size_t len)
{
	const size_t most = TENON_HEALTH_TEXT_BYTES - 1;

	memset(out, 0, TENON_HEALTH_TEXT_BYTES);
	memcpy(out, text, len < most ? len : most);
	for (char *at = out; *at; at++) {
		if (*at < 0x20 || *at > 0x7e) {
			*at = '.';
		}
	}
}

/* Write an error to the view. */
static void write_error(struct tenon__health *health, int status,
			int sys_errno, const char *text, int64_t now_ms)
{
	struct tenon__health_view *view = &health->view;

	view->error_at_ms = now_ms;
	view->error_status = status;
	view->error_sys_errno = sys_errno;
	write_text(view->error_text, text, strlen(text));
}

/* The server is not up. Take note of the time when it stopped being up. */
static void stop_being_up(struct tenon__health *health, int64_t now_ms)
{
	if (health->view.state == TENON_SERVER_UP) {
		health->view.state_at_ms = now_ms;
		health->failures = 0;
	}
	health->unsettled = true;
}

static uint32_t sum(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static void write_failure(struct tenon__health *health,
			  const struct tenon__health_failure *failure,
			  uint32_t count)
{
	struct tenon__health_view *view = &health->view;

	stop_being_up(health, failure->now_ms);
	view->failures = sum(view->failures, count);
	health->failures = sum(health->failures, count);
	view->state = failure->state;
	view->retry_at_ms = failure->retry_at_ms;
	write_error(health, failure->status, failure->sys_errno, failure->text,
		    failure->now_ms);
	publish(health);
}

void tenon__health_failed(struct tenon__health *health,
			  const struct tenon__health_failure *failure)
{
	const struct tenon__health_view *view = &health->view;
	uint32_t before = news(view);

	write_failure(health, failure, 1);
	tenon__count(&health->failed, 1);
	tenon__count(&health->timeouts, failure->status == TENON_ETIMEDOUT);
	if (!tell_failure(health, failure->now_ms, before != news(view)) &&
	    failure->status == TENON_EPROTOCOL) {
		tenon__health_log(health, TENON_LOG_ERROR, failure->now_ms,
				  "%s", failure->text);
	}
}

void tenon__health_heard_failure(struct tenon__health *health,
				 const struct tenon__health_failure *failure,
				 uint32_t count)
{
	write_failure(health, failure, count);
	health->told = news(&health->view);
}

/* Set the state to up, or to the state of a policy that waits for more successes. */
static void write_recovery(struct tenon__health *health, uint32_t state,
			   int64_t now_ms)
{
	struct tenon__health_view *view = &health->view;

	if (view->state == TENON_SERVER_UP) {
		return;
	}
	view->state = state;
	view->failures = 0;
	if (state == TENON_SERVER_UP) {
		view->state_at_ms = now_ms;
		view->retry_at_ms = 0;
	}
	publish(health);
}

void tenon__health_heard_recovery(struct tenon__health *health, uint32_t state,
				  int64_t now_ms)
{
	if (health->view.state == TENON_SERVER_REFUSING ||
	    health->view.state == TENON_SERVER_MISCONFIGURED) {
		return; /* the server may accept the requests of another client only */
	}
	write_recovery(health, state, now_ms);
	if (state == TENON_SERVER_UP) {
		health->told = state;
		health->unsettled = health->refusals > 0;
	}
}

/* Return true when the server has ever given this client a proper answer. */
static bool has_answered(const struct tenon__health *health)
{
	bool any = health->has_answered || load(&health->tally.hits) > 0 ||
		load(&health->tally.misses) > 0;

	for (int status = TENON_OK; status < TENON_SENT; status++) {
		any |= load(&health->tally.outcomes[TENON_TALLY_OUTCOME(status)]) > 0;
	}
	return any;
}

bool tenon__health_refused(struct tenon__health *health, int status,
			   const char *text, int64_t now_ms)
{
	struct tenon__health_view *view = &health->view;
	uint32_t before = news(view);

	health->refusals = sum(health->refusals, 1);
	health->unsettled = true;
	if (health->refusals < TENON_REFUSALS_MAX && has_answered(health)) {
		return false;
	}
	stop_being_up(health, now_ms);
	view->state = TENON_SERVER_REFUSING;
	view->failures = 0;
	health->failures = health->refusals;
	view->retry_at_ms = 0;
	write_error(health, status, 0, text, now_ms);
	publish(health);
	(void)tell_failure(health, now_ms, before != news(view));
	return true;
}

void tenon__health_recovered(struct tenon__health *health, uint32_t state,
			     int64_t now_ms)
{
	const struct tenon__health_view *view = &health->view;
	bool is_change = view->state != TENON_SERVER_UP;
	bool refused = health->told == TENON_SERVER_REFUSING;
	uint32_t failures = health->failures;
	int64_t took_ms = now_ms - view->state_at_ms;

	write_recovery(health, state, now_ms);
	if (state != TENON_SERVER_UP) { /* the policy waits for more successes */
		return;
	}
	if (health->told != TENON_SERVER_UP && !may_log(health, now_ms)) {
		health->log_left_out += is_change;
		return; /* a later success writes the line */
	}
	health->unsettled = health->refusals > 0;
	if (health->told == TENON_SERVER_UP) {
		health->log_left_out += is_change;
		return;
	}
	health->told = TENON_SERVER_UP;
	if (is_change) {
		tenon__health_log(health, TENON_LOG_INFO, now_ms,
			"up again after %" PRIu32 " %s%s in %" PRId64 " ms",
			failures, refused ? "refusal" : "failure",
			failures == 1 ? "" : "s", took_ms);
	} else {
		tenon__health_log(health, TENON_LOG_INFO, now_ms,
			"up again for %" PRId64 " ms", took_ms);
	}
}

/* ---- noreply requests --------------------------------------------------- */

/* Most bytes of a line that the log quotes. */
#define LOGGED_REPLY_MAX_BYTES 100

void tenon__health_noreply_error(struct tenon__health *health, int status,
				 const char *line, size_t len, int64_t now_ms)
{
	struct tenon__health_view *view = &health->view;
	size_t shown = len > LOGGED_REPLY_MAX_BYTES ? LOGGED_REPLY_MAX_BYTES
						    : len;

	tenon__count(&health->noreply_errors, 1);
	view->noreply_at_ms = now_ms;
	view->noreply_status = status;
	write_text(view->noreply_text, line, len);
	publish(health);
	tenon__health_log(health, TENON_LOG_WARNING, now_ms,
			  "a noreply command was answered: \"%.*s\"",
			  (int)shown, line);
}

/* ---- reading ----------------------------------------------------------- */

const char *tenon_server_state_name(int state)
{
	static const char *const names[] = {
		[TENON_SERVER_UP] = "up",
		[TENON_SERVER_DOWN] = "down",
		[TENON_SERVER_PROBING] = "probing",
		[TENON_SERVER_FAILING] = "failing",
		[TENON_SERVER_REFUSING] = "refusing",
		[TENON_SERVER_MISCONFIGURED] = "misconfigured",
	};

	return state >= 0 && (size_t)state < sizeof(names) / sizeof(names[0]) ?
		names[state] : "unknown state";
}

static void read_latency(const struct tenon__health *health,
			 struct tenon_histogram *out)
{
	out->total = 0;
	for (size_t i = 0; i < TENON_HISTOGRAM_BUCKETS; i++) {
		out->counts[i] = load(&health->times[i]);
		out->total += out->counts[i];
	}
	out->sum_ns = load(&health->sum_ns);
	out->max_ns = load(&health->max_ns);
}

static void read_counters(const struct tenon__health *health,
			  struct tenon_health *out)
{
	out->hits = load(&health->tally.hits);
	out->misses = load(&health->tally.misses);
	out->stored = load(&health->tally.outcomes[TENON_TALLY_OUTCOME(TENON_STORED)]);
	out->keys = out->hits + out->misses;
	for (int i = 0; i < TENON_HEALTH_ERRORS; i++) {
		uint64_t answered =
			load(&health->tally.outcomes[TENON_TALLY_OUTCOME(i)]);

		out->keys += answered;
		out->other += i == TENON_STORED ? 0 : answered;
		if (i > 0) {
			out->errors[i] = load(
				&health->tally.outcomes[TENON_TALLY_OUTCOME(-i)]);
			out->keys += out->errors[i];
		}
	}
	out->failed = load(&health->failed);
	out->timeouts = load(&health->timeouts);
	out->connects = load(&health->connects);
	out->reconnects = load(&health->reconnects);
	out->retries = load(&health->retries);
	out->hops = load(&health->hops);
	out->sent_bytes = load(&health->sent_bytes);
	out->received_bytes = load(&health->received_bytes);
}

void tenon__health_read(const struct tenon__health *health, int64_t now_ms,
			struct tenon_health *out)
{
	struct tenon__health_view view;

	read_view(health, &view);
	*out = (struct tenon_health){
		.alias = health->name,
		.state = view.state,
		.failures = view.failures,
		.now_ms = now_ms,
		.state_at_ms = view.state_at_ms,
		.retry_at_ms = view.retry_at_ms,
		.error_at_ms = view.error_at_ms,
		.error_status = view.error_status,
		.error_sys_errno = view.error_sys_errno,
	};
	out->noreply = (struct tenon_noreply_health){
		.errors = load(&health->noreply_errors),
		.error_at_ms = view.noreply_at_ms,
		.error_status = view.noreply_status,
	};
	memcpy(out->noreply.error_text, view.noreply_text,
	       sizeof(out->noreply.error_text));
	memcpy(out->address, view.address, sizeof(out->address));
	memcpy(out->error_text, view.error_text, sizeof(out->error_text));
	if (out->state == TENON_SERVER_DOWN && out->retry_at_ms > 0 &&
	    out->retry_at_ms <= out->now_ms) {
		out->state = TENON_SERVER_PROBING;
	}
	read_counters(health, out);
	read_secure(health, &view, &out->secure);
	read_latency(health, &out->latency);
	out->operations = out->latency.total + out->failed;
}

void tenon__health_reset(struct tenon__health *health)
{
	tenon__counter *const counters[] = {
		&health->tally.hits,       &health->tally.misses,
		&health->sent_bytes, &health->received_bytes,
		&health->sum_ns,     &health->max_ns,
		&health->connects,   &health->reconnects,
		&health->failed,     &health->timeouts,
		&health->retries,    &health->hops,
		&health->sessions,   &health->resumptions,
		&health->handshake_ns, &health->handshake_max_ns,
		&health->handshake_sum_ns, &health->noreply_errors,
	};

	health->has_answered = has_answered(health);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		atomic_store_explicit(counters[i], 0, memory_order_relaxed);
	}
	for (size_t i = 0; i < TENON_TALLY_OUTCOMES; i++) {
		atomic_store_explicit(&health->tally.outcomes[i], 0,
				      memory_order_relaxed);
	}
	for (size_t i = 0; i < TENON_HISTOGRAM_BUCKETS; i++) {
		atomic_store_explicit(&health->times[i], 0,
				      memory_order_relaxed);
	}
}
