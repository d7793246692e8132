/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every row of the table that says whose fault a failure is: a scenario makes such a failure. The
 * call has the row's status, and the server is marked when, and only when, the fault is the
 * server's. It is held back when the fault is the configuration's.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/client.h"
#include "base/memory.h"
#include "fakes/rig.h"
#include "runner/suite.h"
#include "tenon/health.h"
#include "tenon/introspect.h"

#define SHORT_TIMEOUT "poll_timeout: 200ms\n"

/* A get that is answered, on a new connection. */
#define GREETED FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"), FAKE_SEND("END\r\n")
/* After the failure, the server answers on a new connection. */
#define AND_WELL FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"), FAKE_SEND("END\r\n")

static const struct tenon_item k = { .key = TENON_LITERAL("k"),
				     .value = TENON_LITERAL("x"),
				     .delta = 1 };

/* The fake reads its script after the function that made the script has returned. */
static const struct fake_step *keep(const struct fake_step *steps, size_t count)
{
	static struct fake_step kept[16];

	ck_assert_uint_le(count, COUNT(kept));
	memcpy(kept, steps, count * sizeof(*steps));
	return kept;
}

static void start(struct rig *rig, const struct fake_step *steps, size_t count,
		  const char *settings)
{
	rig_fake(rig, keep(steps, count), count);
	rig_open(rig, settings);
}

static void start_greeted(struct rig *rig, const struct fake_step *steps,
			  size_t count, const char *settings)
{
	start(rig, steps, count, settings);
	ck_assert_int_eq(rig_get(rig, "k"), TENON_MISS);
}

/* Each scenario returns the status of the call that fails. */

static int no_memory(struct rig *rig)
{
	start(rig, FAKE_STEPS(AND_WELL), RETRY_NEVER);
	tenon__memory_fail_from(1);
	int status = rig_run(rig, TENON_GET, &k, 1, 0);
	tenon__memory_fail_from(0);
	return status;
}

static int give_up(struct pollfd *fds, size_t count, int timeout_ms,
		   void *payload)
{
	(void)fds;
	(void)count;
	(void)timeout_ms;
	(void)payload;
	errno = ECANCELED;
	return -1;
}

static int wait_aborted(struct rig *rig)
{
	start(rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT_CLOSE, AND_WELL),
	      RETRY_NEVER);
	ck_assert_int_eq(
		tenon_client_set_wait(rig->client, give_up, NULL, &rig->err),
		0);
	int status = rig_get(rig, "k");
	ck_assert_int_eq(
		tenon_client_set_wait(rig->client, NULL, NULL, &rig->err), 0);
	return status;
}

static int local_limit(struct rig *rig)
{
	struct rlimit usual, none;

	start(rig, FAKE_STEPS(AND_WELL), "failover: eject\n" RETRY_NEVER);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
	none = usual;
	int first_free = dup(0);
	close(first_free);
	none.rlim_cur = (rlim_t)first_free;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	int status = rig_get(rig, "k");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
	ck_assert_int_eq(rig->err.sys_errno, EMFILE);
	check_says(rig->err.message, "RLIMIT_NOFILE");
	return status;
}

static int too_little_time(struct rig *rig)
{
	start(rig,
	      FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			 FAKE_EXPECT_CLOSE, AND_WELL),
	      "poll_timeout: 20s\n" RETRY_NEVER);
	rig->client->operation.latest_ns = (now_ms() + 100) * 1000000;
	int status = rig_get(rig, "k");
	rig->client->operation.latest_ns = INT64_MAX;
	return status;
}

static int rejected(struct rig *rig)
{
	start(rig,
	      FAKE_STEPS(FAKE_ACCEPT,
			 FAKE_SEND("ERROR Too many open connections\r\n"),
			 FAKE_HALF_CLOSE, FAKE_EXPECT("get k\r\n"),
			 FAKE_EXPECT_CLOSE),
	      RETRY_NEVER);
	int status = rig_get(rig, "k");
	check_says(rig->err.message, "Too many open connections");
	return status;
}

static int name_unknown(struct rig *rig)
{
	rig_open_one(rig, "no-such-host.invalid:11211", RETRY_NEVER);
	return rig_get(rig, "k");
}

static int no_connection(struct rig *rig)
{
	char address[160];

	fake_refused_address(FAKE_INET, address, sizeof(address));
	rig_open_one(rig, address, RETRY_NEVER);
	return rig_get(rig, "k");
}

/* The alert with which an OpenSSL server refuses bytes that are not TLS. */
#define ALERT "\x15\x03\x01\x00\x02\x02\x46"

static int not_secured(struct rig *rig)
{
	start(rig,
	      FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			 FAKE_SEND(ALERT), FAKE_EXPECT_CLOSE),
	      RETRY_NEVER);
	int status = rig_get(rig, "k");
	check_says(rig->err.message, "the server speaks TLS; set `tls: true`");
	return status;
}

static int not_authenticated(struct rig *rig)
{
	start(rig,
	      FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			 FAKE_SEND("CLIENT_ERROR unauthenticated\r\n"),
			 FAKE_EXPECT_CLOSE),
	      RETRY_NEVER);
	int status = rig_get(rig, "k");
	check_says(rig->err.message,
		   "the server wants user and password (key `auth`): \"CLIENT_ERROR unauthenticated\"");
	return status;
}

static int refused_request(struct rig *rig)
{
	static char value[1 << 20];
	const struct fake_listen tiny = { .buffer_bytes = 4096 };
	const struct tenon_item large = { .key = TENON_LITERAL("k"),
					  .value = { value, sizeof(value) } };

	const struct fake_step steps[] = {
		FAKE_ACCEPT,
		FAKE_READ(1000),
		FAKE_SEND("SERVER_ERROR object too large for cache\r\n"),
		FAKE_CLOSE,
		AND_WELL,
	};

	rig_fake_at(rig, &tiny, keep(steps, COUNT(steps)), COUNT(steps));
	rig_open(rig, RETRY_NEVER);
	return rig_one(rig, TENON_SET, &large, 0);
}

static int idle_closed(struct rig *rig)
{
	start_greeted(rig,
		      FAKE_STEPS(GREETED, FAKE_EXPECT("incr k 1\r\n"),
				 FAKE_CLOSE, AND_WELL),
		      RETRY_NEVER);
	return rig_one(rig, TENON_INCR, &k, 0);
}

static int idle_silent(struct rig *rig)
{
	start_greeted(rig,
		      FAKE_STEPS(GREETED, FAKE_EXPECT("get k\r\n"),
				 FAKE_EXPECT_CLOSE, AND_WELL),
		      SHORT_TIMEOUT RETRY_NEVER);
	sleep_ms(150);
	int status = rig_get(rig, "k");
	ck_assert_ptr_null(strstr(rig->err.message, "nothing yet"));
	return status;
}

static int stray_bytes(struct rig *rig)
{
	start_greeted(rig,
		      FAKE_STEPS(GREETED, FAKE_EXPECT("incr k 1\r\n"),
				 FAKE_SEND("STORED\r\n"), FAKE_EXPECT_CLOSE,
				 AND_WELL),
		      RETRY_NEVER);
	return rig_one(rig, TENON_INCR, &k, 0);
}

static int closed_behind_command(struct rig *rig)
{
	start(rig,
	      FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("gat 0 k\r\n"), FAKE_CLOSE,
			 AND_WELL),
	      RETRY_NEVER);
	int status = rig_one(rig, TENON_GAT, &k, 0);
	check_says(rig->err.message, "behind a command");
	ck_assert_ptr_null(strstr(rig->err.message, "may want"));
	return status;
}

static int closed(struct rig *rig)
{
	start(rig,
	      FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"), FAKE_CLOSE),
	      RETRY_NEVER);
	int status = rig_get(rig, "k");
	/* what is in between depends on a secure plugin, which a toy is */
	check_says(rig->err.message, "; the server may want ");
	check_says(rig->err.message, "SASL");
	return status;
}

static int late(struct rig *rig)
{
	start(rig,
	      FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			 FAKE_EXPECT_CLOSE),
	      SHORT_TIMEOUT RETRY_NEVER);
	int status = rig_get(rig, "k");
	check_says(rig->err.message,
		   "; the server has answered nothing yet: `tenon check --online` tries what it speaks");
	return status;
}

static int out_of_protocol(struct rig *rig)
{
	start(rig,
	      FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			 FAKE_SEND("STORED\r\n"), FAKE_EXPECT_CLOSE),
	      RETRY_NEVER);
	return rig_get(rig, "k");
}

static int answered(struct rig *rig, const char *line)
{
	const struct fake_step steps[] = {
		FAKE_ACCEPT,	      FAKE_EXPECT("incr k 1\r\n"),
		fake_send_text(line), FAKE_EXPECT("get k\r\n"),
		FAKE_SEND("END\r\n"),
	};

	start(rig, steps, COUNT(steps), RETRY_NEVER);
	return rig_one(rig, TENON_INCR, &k, 0);
}

static int server_error(struct rig *rig)
{
	return answered(rig, "SERVER_ERROR out of memory\r\n");
}

static int client_error(struct rig *rig)
{
	return answered(
		rig,
		"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n");
}

static int unknown_command(struct rig *rig)
{
	return answered(rig, "ERROR\r\n");
}

static const struct {
	const char *name;
	int status;
	int (*make)(struct rig *rig); /* NULL: see the test that is named */
	const char *test;
} scenarios[] = {
	{ "no-memory", TENON_ENOMEM, no_memory, "" },
	{ "wait-aborted", TENON_EWAIT, wait_aborted, "" },
	{ "local-limit", TENON_ELOCAL, local_limit, "" },
	{ "lookup-unanswered", TENON_ECONNECT, NULL, "test_slow_lookup" },
	{ "name-unknown", TENON_ECONNECT, name_unknown, "" },
	{ "too-little-time", TENON_ETIMEDOUT, too_little_time, "" },
	{ "rejected", TENON_ECONNECT, rejected, "" },
	{ "no-connection", TENON_ECONNECT, no_connection, "" },
	{ "secure-damaged", TENON_ESECURE, NULL, "test_secure" },
	{ "cut-in-set-up", TENON_ESECURE, NULL, "test_secure" },
	{ "secure-damaged-anew", TENON_ESECURE, NULL, "test_secure" },
	{ "not-secured", TENON_ESECURE, not_secured, "" },
	{ "not-authenticated", TENON_EAUTH, not_authenticated, "" },
	{ "no-meta", TENON_EUNKNOWN, NULL, "test_verbs" },
	{ "refused-request", TENON_ESERVER, refused_request, "" },
	{ "idle-closed", TENON_ECLOSED, idle_closed, "" },
	{ "idle-silent", TENON_ETIMEDOUT, idle_silent, "" },
	{ "stray-bytes", TENON_EPROTOCOL, stray_bytes, "" },
	{ "closed-behind-version", TENON_ECLOSED, NULL, "test_auto" },
	{ "closed-behind-command", TENON_ECLOSED, closed_behind_command, "" },
	{ "closed", TENON_ECLOSED, closed, "" },
	{ "late", TENON_ETIMEDOUT, late, "" },
	{ "out-of-protocol", TENON_EPROTOCOL, out_of_protocol, "" },
	{ "server-error", TENON_ESERVER, server_error, "" },
	{ "client-error", TENON_ECLIENT, client_error, "" },
	{ "unknown-command", TENON_EUNKNOWN, unknown_command, "" },
};

static uint32_t kind_of(const char *name)
{
	struct tenon_failure row;

	for (size_t i = 0; !tenon_failure_row(i, &row); i++) {
		if (strcmp(row.name, name) == 0) {
			return row.kind;
		}
	}
	ck_abort_msg("no row has the name %s", name);
}

/* The state of a server whose first answer of all gave a request this status. */
static uint32_t state_after(int status)
{
	return status == TENON_ECLIENT || status == TENON_ESERVER ||
			       status == TENON_EUNKNOWN
		       ? TENON_SERVER_REFUSING
		       : TENON_SERVER_UP;
}

START_TEST(a_failure_marks_the_server_only_when_it_is_the_servers)
{
	struct rig rig = { 0 };
	struct tenon_health health;

	if (!scenarios[_i].make) {
		return; /* the named test makes it */
	}
	ck_assert_int_eq(scenarios[_i].make(&rig), scenarios[_i].status);
	ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
	uint32_t kind = kind_of(scenarios[_i].name);
	if (kind == TENON_FAILURE_CONFIGURATION) {
		struct tenon_error first = rig.err;

		/* the script has no second connection */
		ck_assert_uint_eq(health.state, TENON_SERVER_MISCONFIGURED);
		ck_assert_int_eq(rig_get(&rig, "k"), scenarios[_i].status);
		ck_assert_str_eq(rig.err.message, first.message);
	} else if (kind == TENON_FAILURE_SERVER) {
		ck_assert_uint_eq(health.state, TENON_SERVER_DOWN);
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_EDOWN);
	} else {
		ck_assert_uint_eq(health.failures, 0);
		ck_assert_uint_eq(health.state, state_after(scenarios[_i].status));
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
		ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
		ck_assert_uint_eq(health.state, TENON_SERVER_UP);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(every_row_has_a_scenario)
{
	struct tenon_failure row;
	size_t count = 0;

	for (; !tenon_failure_row(count, &row); count++) {
		ck_assert_uint_lt(count, COUNT(scenarios));
		ck_assert_str_eq(row.name, scenarios[count].name);
		ck_assert_uint_gt(strlen(row.happens), 10);
		ck_assert_uint_gt(strlen(row.follows), 10);
		ck_assert_str_ne(tenon_failure_kind_name((int)row.kind),
				 "unknown kind");
	}
	ck_assert_uint_eq(count, COUNT(scenarios));
	ck_assert_str_eq(tenon_failure_kind_name(-1), "unknown kind");
	ck_assert_str_eq(tenon_failure_kind_name(TENON_FAILURE_CONFIGURATION + 1),
			 "unknown kind");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fault table");
	TCase *tc = tcase_create("rows");

	LOOP(tc, a_failure_marks_the_server_only_when_it_is_the_servers,
	     COUNT(scenarios));
	tcase_add_test(tc, every_row_has_a_scenario);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
