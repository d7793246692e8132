/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients whose config has user and password, over every transport. What a server answers to them, how
 * a server that refuses them is held back, and where the password may not be seen.
 */
#include <check.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "conformance/subject.h"
#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/builddir.h"
#include "runner/suite.h"
#include "tenon/health.h"
#include "tenon/pool.h"

#define AUTH	"auth: {user: anna, password: S3cret}\n"
#define GREET	"set tenon:greeting 0 -1 11\r\nanna S3cret\r\n"
#define GREETED FAKE_ACCEPT, FAKE_EXPECT(GREET), FAKE_SEND("STORED\r\n")
#define GET	FAKE_EXPECT("get k\r\n")
#define END	FAKE_SEND("END\r\n")
#define REFUSE	"CLIENT_ERROR authentication failure\r\n"
#define REFUSED                                                                \
	"the server refuses user and password: \"CLIENT_ERROR authentication failure\""
#define MINUTE_NS (INT64_C(60) * 1000000000)

static void start(int transport)
{
	rig_transport = subject(transport)->name;
}

static uint32_t state_of(struct rig *rig)
{
	struct tenon_health health;

	ck_assert_int_eq(tenon_client_health(rig->client, 0, &health), 0);
	return health.state;
}

/* No text that a user sees has the password. */
static void check_silent(const struct rig *rig)
{
	struct tenon_health health;

	ck_assert_int_eq(tenon_client_health(rig->client, 0, &health), 0);
	ck_assert_ptr_null(strstr(rig->err.message, "S3cret"));
	ck_assert_ptr_null(strstr(rig->log, "S3cret"));
	ck_assert_ptr_null(strstr(health.error_text, "S3cret"));
}

/* ---- greetings ---------------------------------------------------------------- */

START_TEST(a_greeting_comes_before_the_first_request)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETED, GET, END, GET, END));
	rig_open(&rig, AUTH);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_UP);
	rig_close(&rig);
}
END_TEST

/* The script sends no STORED before the client could have sent its request. */
START_TEST(no_request_is_sent_before_the_answer_to_the_greeting)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(GREET),
				  FAKE_DELAY(50), FAKE_SEND_SPLIT("STORED\r\n", 1, 1),
				  FAKE_EXPECT("set k 0 0 1\r\nv\r\n"),
				  FAKE_SEND("STORED\r\n")));
	rig_open(&rig, AUTH);
	ck_assert_int_eq(rig_set(&rig, "k", "v"), TENON_STORED);
	rig_close(&rig);
}
END_TEST

START_TEST(every_new_connection_is_greeted)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETED, GET, END, FAKE_CLOSE, GREETED, GET,
				  END));
	rig_open(&rig, AUTH RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_UP);
	rig_close(&rig);
}
END_TEST

START_TEST(a_noreply_request_waits_for_the_greeting)
{
	struct rig rig = { 0 };
	const struct tenon_item one = item("k", "v");

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETED,
				  FAKE_EXPECT("set k 0 0 1 noreply\r\nv\r\n")));
	rig_open(&rig, AUTH);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, TENON_NOREPLY),
			 TENON_SENT);
	rig_close(&rig);
}
END_TEST

START_TEST(a_greeting_goes_through_the_secure_plugin)
{
	struct rig rig = { 0 };

	start(_i);
	rig_plugin = "tests/toys/.libs/secure_frames.so";
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
				  FAKE_SEND("HELLO\n"),
				  FAKE_EXPECT("D\0\51" GREET),
				  FAKE_SEND("D\0\10STORED\r\n"),
				  FAKE_EXPECT("D\0\6get k\rD\0\1\n"),
				  FAKE_SEND("D\0\5END\r\n")));
	rig_open(&rig, "secure: frames\n" AUTH);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_may_have_a_password_of_its_own_or_none)
{
	static const char *const replies[] = { "bert B3st", "anna S3cret" };
	const struct tenon_result *results;
	struct fake_server *fakes[3];
	struct tenon_config *config;
	struct tenon_client *client;
	struct tenon_error err;
	char text[1000];

	for (int i = 0; i < 2; i++) {
		static char greetings[2][80];

		snprintf(greetings[i], sizeof(greetings[i]),
			 "set tenon:greeting 0 -1 %zu\r\n%s\r\n",
			 strlen(replies[i]), replies[i]);
		static struct fake_step steps[2][5];
		const struct fake_step script[] = {
			FAKE_ACCEPT, fake_expect_text(greetings[i]),
			FAKE_SEND("STORED\r\n"), FAKE_EXPECT("version\r\n"),
			FAKE_SEND("VERSION 1\r\n")
		};
		memcpy(steps[i], script, sizeof(script));
		fakes[i] = fake_server_start(steps[i], 5);
	}
	fakes[2] = fake_server_start(
		FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("version\r\n"),
			   FAKE_SEND("VERSION 1\r\n")));
	snprintf(text, sizeof(text),
		 AUTH "connect_timeout: 20s\npoll_timeout: 60s\nservers:\n"
		      "- {address: \"%s\", alias: a, auth: {user: bert, password: B3st}}\n"
		      "- \"%s b\"\n"
		      "- {address: \"%s\", alias: c, auth: none}\n",
		 fake_server_address(fakes[0]), fake_server_address(fakes[1]),
		 fake_server_address(fakes[2]));
	ck_assert_int_eq(rig_config(&config, &err), 0);
	ck_assert_msg(tenon_config_load_text(config, "c", text, strlen(text),
					     &err) == 0, "%s", err.message);
	ck_assert_int_eq(tenon_client_open(config, &client, &err), 0);
	tenon_config_destroy(config);
	ck_assert_msg(tenon_run_servers(client, TENON_VERSION, NULL, NULL,
					&results, &err) == 0, "%s", err.message);
	tenon_client_close(client);
	for (int i = 0; i < 3; i++) {
		ck_assert_ptr_null(fake_server_join(fakes[i]));
	}
}
END_TEST

/* ---- refusals ----------------------------------------------------------------- */

START_TEST(a_refused_password_holds_the_server_back)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(GREET),
				  FAKE_SEND(REFUSE), FAKE_EXPECT_CLOSE));
	rig_open(&rig, AUTH RETRY_NEVER "failover: eject\n");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_EAUTH);
		check_says(rig.err.message, REFUSED);
	}
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_MISCONFIGURED);
	ck_assert_uint_eq(rig.log_lines, 1);
	check_says(rig.log, "misconfigured: " REFUSED "; next try in");
	check_silent(&rig);
	rig_close(&rig);
}
END_TEST

START_TEST(the_server_is_tried_again_after_retry_timeout)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(GREET),
				  FAKE_SEND(REFUSE), FAKE_EXPECT_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT(GREET),
				  FAKE_SEND(REFUSE), FAKE_EXPECT_CLOSE, GREETED,
				  GET, END, GET, END));
	rig_open(&rig, AUTH "retry_timeout: 60min\n");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_EAUTH);
		tenon__clock_advance(59 * MINUTE_NS);
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_EAUTH);
		tenon__clock_advance(MINUTE_NS);
	}
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_UP);
	check_says(rig.log, "up again after 2 failures");
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

#define CLIENTS 8

/* The script has one connection for each time; a further one would fail the test. */
START_TEST(all_clients_of_a_pool_together_try_one_connection)
{
	const struct tenon_pool_limits limits = { CLIENTS, CLIENTS, 1 };
	struct tenon_client *clients[CLIENTS];
	struct tenon_config *config;
	struct tenon_pool *pool;
	struct tenon_error err;
	struct tenon_result result;
	char text[300];

	struct fake_server *fake = fake_server_start(
		FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(GREET), FAKE_SEND(REFUSE),
			   FAKE_EXPECT_CLOSE, FAKE_ACCEPT, FAKE_EXPECT(GREET),
			   FAKE_SEND(REFUSE), FAKE_EXPECT_CLOSE));
	snprintf(text, sizeof(text),
		 AUTH "connect_timeout: 20s\npoll_timeout: 60s\nretry_timeout: 60min\n"
		      "servers: [%s]\ntransport: %s\n",
		 fake_server_address(fake), subject(_i)->name);
	ck_assert_int_eq(rig_config(&config, &err), 0);
	ck_assert_int_eq(tenon_config_load_text(config, "c", text, strlen(text),
						&err), 0);
	ck_assert_int_eq(tenon_pool_open(config, &limits, &pool, &err), 0);
	tenon_config_destroy(config);
	for (int i = 0; i < CLIENTS; i++) {
		ck_assert_int_eq(tenon_pool_acquire(pool, 0, &clients[i], &err),
				 0);
	}
	for (int i = 0; i < 4 * CLIENTS; i++) {
		ck_assert_int_eq(tenon_get(clients[i % CLIENTS],
					   tenon_slice_of("k"), &result, &err),
				 TENON_EAUTH);
		check_says(err.message, REFUSED);
		if (i == 2 * CLIENTS - 1) {
			tenon__clock_advance(61 * MINUTE_NS);
		}
	}
	for (int i = 0; i < CLIENTS; i++) {
		struct tenon_health health;

		ck_assert_int_eq(tenon_client_health(clients[i], 0, &health), 0);
		ck_assert_uint_eq(health.state, TENON_SERVER_MISCONFIGURED);
		ck_assert_int_eq(tenon_pool_release(pool, clients[i]), 0);
	}
	tenon_pool_close(pool);
	ck_assert_ptr_null(fake_server_join(fake));
}
END_TEST

/* A server at another address may have another password. */
START_TEST(a_server_that_moves_is_free)
{
	struct rig rig = { 0 };
	char line[200];
	const char *lines[] = { line };
	struct fake_server *other =
		fake_server_start(FAKE_STEPS(GREETED, GET, END));

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(GREET),
				  FAKE_SEND(REFUSE), FAKE_EXPECT_CLOSE));
	rig_open(&rig, AUTH RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EAUTH);
	snprintf(line, sizeof(line), "%s s0", fake_server_address(other));
	ck_assert_int_eq(tenon_client_update_servers(rig.client, lines, 1,
						     &rig.err), 0);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
	ck_assert_ptr_null(fake_server_join(other));
}
END_TEST

static char endless[3000];

static const struct {
	const char *reply; /* NULL: `endless` */
	int status;
	uint32_t state;
	const char *says;
} answers[] = {
	{ "CLIENT_ERROR bad authentication token format S3cret\r\n", TENON_EAUTH,
	  TENON_SERVER_MISCONFIGURED, "the server refuses user and password" },
	{ "CLIENT_ERROR anna S3cret\r\n", TENON_EAUTH, TENON_SERVER_MISCONFIGURED,
	  "an error that memcached does not have" },
	{ "ERROR\r\n", TENON_EAUTH, TENON_SERVER_MISCONFIGURED,
	  "an error that memcached does not have" },
	{ "\x81\x20\0\0\0\0\0\x20\0\0\0\x0d", TENON_EAUTH,
	  TENON_SERVER_MISCONFIGURED, "SASL over the binary protocol" },
	{ "\x15\x03\x03\0\2\2\x46", TENON_ESECURE, TENON_SERVER_MISCONFIGURED,
	  "the server speaks TLS; set `tls: true`" },
	{ "SERVER_ERROR S3cret\r\n", TENON_ECONNECT, TENON_SERVER_DOWN,
	  "with a SERVER_ERROR" },
	{ "ERROR Too many open connections\r\n", TENON_ECONNECT,
	  TENON_SERVER_DOWN, "Too many open connections" },
	{ "STORED\r\nVALUE k 0 1\r\nx\r\nEND\r\n", TENON_EPROTOCOL,
	  TENON_SERVER_DOWN, "an unexpected answer to user and password" },
	{ "NOT_STORED\r\n", TENON_EPROTOCOL, TENON_SERVER_DOWN,
	  "an unexpected answer" },
	{ "anna S3cret\r\n", TENON_EPROTOCOL, TENON_SERVER_DOWN,
	  "an unexpected answer" },
	{ "\n", TENON_EPROTOCOL, TENON_SERVER_DOWN, "an unexpected answer" },
	{ NULL, TENON_EPROTOCOL, TENON_SERVER_DOWN, "an unexpected answer" },
};

START_TEST(every_other_answer_is_refused_without_the_password)
{
	struct rig rig = { 0 };
	size_t row = (size_t)_i / (size_t)subjects_count();
	const char *reply = answers[row].reply;
	struct fake_step steps[] = { FAKE_ACCEPT, FAKE_EXPECT(GREET),
				     FAKE_SEND_BYTES(NULL, 0), FAKE_HOLD };

	start(_i % subjects_count());
	memset(endless, 'S', sizeof(endless));
	steps[2].bytes = reply ? reply : endless;
	/* two rows have NUL bytes behind their first bytes, which decide */
	steps[2].len = reply ? strlen(reply) : sizeof(endless);
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, AUTH RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), answers[row].status);
	check_says(rig.err.message, answers[row].says);
	ck_assert_uint_eq(state_of(&rig), answers[row].state);
	check_silent(&rig);
	rig_close(&rig);
}
END_TEST

/* No request was sent, so each may go to another server, also one that must not be repeated. */
START_TEST(a_request_hops_when_the_greeting_was_cut)
{
	struct rig rig = { 0 };
	struct rig_pair pair;
	struct tenon_item one;

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(GREET), FAKE_CLOSE));
	rig_fake(&rig, FAKE_STEPS(GREETED, FAKE_READ(18), FAKE_SEND("7\r\n")));
	rig_open(&rig, AUTH "failover: eject\n" RETRY_NEVER);
	rig_make_pair(&rig, &pair);
	one = item(pair.keys[0], NULL);
	one.delta = 1;
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_HIT);
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_DOWN);
	check_says(rig.log, "closed the connection before it answered");
	rig_close(&rig);
}
END_TEST

START_TEST(a_greeting_without_an_answer_ends_at_the_deadline)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(GREET),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, AUTH "poll_timeout: 200ms\n" RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_DOWN);
	rig_close(&rig);
}
END_TEST

START_TEST(a_greeting_without_an_answer_ends_at_connect_timeout)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT(GREET),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, AUTH "connect_timeout: 100ms\n" RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	check_says(rig.err.message,
		   "no answer to user and password within connect_timeout");
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_DOWN);
	rig_close(&rig);
}
END_TEST

/* connect_timeout ends with the answer to the greeting. */
START_TEST(an_answer_later_than_connect_timeout_is_taken)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETED, GET, FAKE_DELAY(1200), END, GET, END));
	rig_open(&rig, AUTH "connect_timeout: 1s\n" RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* ---- without a password in the config ------------------------------------------- */

/* Behind noreply requests, the refusal is read with the fence. */
START_TEST(a_server_that_wants_a_password_says_so_behind_noreply_requests)
{
	struct rig rig = { 0 };
	const struct tenon_item one = item("k", "v");

	start(_i);
	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_EXPECT("set k 0 0 1 noreply\r\nv\r\n"),
			    FAKE_EXPECT("version\r\nget tenon:fence\r\nget k\r\n"),
			    FAKE_SEND("CLIENT_ERROR unauthenticated\r\n"),
			    FAKE_EXPECT_CLOSE));
	rig_open(&rig, RETRY_NEVER);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, TENON_NOREPLY),
			 TENON_SENT);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_EAUTH);
	check_says(rig.err.message, "the server wants user and password (key `auth`)");
	rig_close(&rig);
}
END_TEST

/* ---- memcached ------------------------------------------------------------------ */

/* Write a file. Returns its path, for one use at a time. */
static const char *write_file(const char *text, mode_t mode)
{
	static char path[108];
	int fd;

	scratch_path(path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static void start_locked(struct memcached *out)
{
	char option[200];

	snprintf(option, sizeof(option), "-Y%s",
		 write_file("anna:S3cret\n", 0644));
	ck_assert_uint_lt(strlen(option), sizeof(out->option));
	ck_assert(memcached_start(out, MEMCACHED_UNIX, option));
}

static const struct {
	const char *settings;
	int status;
	const char *says;
} logins[] = {
	{ AUTH, TENON_STORED, "" },
	{ AUTH "protocol: meta\n", TENON_STORED, "" },
	{ "auth: {user: anna, password: wrong}\n", TENON_EAUTH, REFUSED },
	{ "auth: {user: bert, password: S3cret}\n", TENON_EAUTH, REFUSED },
	{ "", TENON_EAUTH, "the server wants user and password (key `auth`)" },
};

START_TEST(memcached_takes_the_right_password_only)
{
	struct rig rig = { 0 };
	struct memcached memcached;
	size_t row = (size_t)_i / (size_t)subjects_count();
	char settings[300];

	start(_i % subjects_count());
	snprintf(settings, sizeof(settings), "%s%s", logins[row].settings,
		 RETRY_NEVER);
	start_locked(&memcached);
	rig_open_one(&rig, memcached.address, settings);
	ck_assert_int_eq(rig_set(&rig, "k", "v"), logins[row].status);
	if (logins[row].status == TENON_STORED) {
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	} else {
		check_says(rig.err.message, logins[row].says);
		ck_assert_int_eq(rig_get(&rig, "k"), TENON_EAUTH);
	}
	rig_close(&rig);
	memcached_stop(&memcached);
}
END_TEST

START_TEST(a_server_without_passwords_does_not_keep_the_password)
{
	struct rig rig = { 0 };
	struct memcached memcached;

	ck_assert(memcached_start(&memcached, MEMCACHED_UNIX, NULL));
	rig_open_one(&rig, memcached.address, AUTH);
	ck_assert_int_eq(rig_get(&rig, "tenon:greeting"), TENON_MISS);
	rig_close(&rig);
	memcached_stop(&memcached);
}
END_TEST

/* ---- where passwords come from ---------------------------------------------------- */

#define ANY "servers: [a]\ncodecs: none\n"

static char log_text[2000];

static void write_log(void *payload, int level, const char *line)
{
	size_t used = strlen(log_text);

	(void)payload;
	ck_assert_int_eq(level, TENON_LOG_WARNING);
	snprintf(log_text + used, sizeof(log_text) - used, "%s\n", line);
}

/* Check a config, from a file or from a text. Returns the code. */
static int check_config(const char *path, const char *text,
			struct tenon_error *err)
{
	struct tenon_config *config;
	int code;

	log_text[0] = '\0';
	ck_assert_int_eq(tenon_config_create(&config, err), 0);
	tenon_config_set_log(config, write_log, NULL);
	code = path ? tenon_config_load_file(config, path, err)
		    : tenon_config_load_text(config, "c", text, strlen(text),
					     err);
	code = code ? code : tenon_config_check(config, err);
	tenon_config_destroy(config);
	ck_assert_ptr_null(strstr(err->message, "S3cret"));
	ck_assert_ptr_null(strstr(log_text, "S3cret"));
	return code;
}

static const struct {
	const char *auth;
	const char *says; /* in the error */
} wrong_values[] = {
	{ "S3cret", "c:3:7: key 'auth': found no map" },
	{ "[anna, S3cret]", "found no map" },
	{ "{user: anna, password S3cret}", "found an unknown option" },
	{ "{user: anna, pasword: S3cret}", "found an unknown option" },
	{ "{user: anna, password: [S3cret]}", "found a list or map" },
	{ "{user: anna}", "found no password" },
	{ "{user: anna, password: S3cret, password_file: f}",
	  "found several passwords" },
	{ "{password: S3cret}", "found no user" },
	{ "{user: anna, password: S3cret S3cret}", "neither a space" },
	{ "{user: an na, password: S3cret}", "neither a space" },
	{ "{user: anna, password: \"S3cret\\r\\nflush_all\"}", "nor a control byte" },
	{ "{user: anna, password_environment: TENON_TEST_NONE}",
	  "the environment variable 'TENON_TEST_NONE': it is not set" },
	{ "{user: anna, password_file: /nonexistent/file}",
	  "the password file /nonexistent/file: No such file" },
	{ "{user: anna, password_file: /dev/null}", "is no regular file" },
};

START_TEST(a_wrong_value_is_an_error_without_the_password)
{
	struct tenon_error err;
	char text[300];

	snprintf(text, sizeof(text), ANY "auth: %s\n", wrong_values[_i].auth);
	ck_assert_int_lt(check_config(NULL, text, &err), 0);
	check_says(err.message, wrong_values[_i].says);
	/* the same in the map of a server */
	snprintf(text, sizeof(text),
		 "servers:\n- address: a\n  auth: %s\ncodecs: none\n",
		 wrong_values[_i].auth);
	ck_assert_int_lt(check_config(NULL, text, &err), 0);
}
END_TEST

/* wire.h: TENON_USER_MAX_BYTES 250, TENON_PASSWORD_MAX_BYTES 1000, TENON_GREETING_MAX_BYTES. */
START_TEST(the_longest_user_and_password_are_sent)
{
	struct rig rig = { 0 };
	static char words[2][1100], settings[3000], greeting[3000];
	struct fake_step steps[] = { FAKE_ACCEPT, FAKE_EXPECT_BYTES(NULL, 0),
				     FAKE_SEND("STORED\r\n"), GET, END };

	memset(words, 0, sizeof(words));
	memset(words[0], 'u', 250);
	memset(words[1], 'p', 1000);
	snprintf(settings, sizeof(settings),
		 "auth: {user: %s, password: %s}\n", words[0], words[1]);
	snprintf(greeting, sizeof(greeting),
		 "set tenon:greeting 0 -1 1251\r\n%s %s\r\n", words[0],
		 words[1]);
	steps[1] = fake_expect_text(greeting);
	rig_fake(&rig, steps, COUNT(steps));
	rig_open(&rig, settings);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
	words[_i][_i ? 1000 : 250] = 'x';
	snprintf(settings, sizeof(settings),
		 ANY "auth: {user: %s, password: %s}\n", words[0], words[1]);
	ck_assert_int_eq(check_config(NULL, settings, &rig.err), TENON_ECONFIG);
	check_says(rig.err.message, _i ? "more than 1000 bytes"
				       : "more than 250 bytes");
}
END_TEST

static const struct {
	const char *content;
	mode_t mode;
	int code;
	const char *says; /* in the error or in the log */
} files[] = {
	{ "S3cret", 0600, 0, NULL },
	{ "S3cret\n", 0640, 0, NULL },
	{ "S3cret\r\n", 0400, 0, NULL },
	{ "S3cret\n", 0604, 0, "every user of this host can read the password file" },
	{ "", 0600, TENON_EIO, "the password is empty" },
	{ "\n", 0600, TENON_EIO, "the password is empty" },
	{ "S3cret\nmore\n", 0600, TENON_EIO, "more than the password in one line" },
	{ "S3cret more\n", 0600, TENON_EIO, "neither a space" },
};

START_TEST(a_password_file_has_one_line_and_no_other_readers)
{
	struct tenon_error err;
	const char *path = write_file(files[_i].content, files[_i].mode);
	char text[300];

	snprintf(text, sizeof(text),
		 ANY "auth: {user: anna, password_file: %s}\n", path);
	ck_assert_int_eq(check_config(NULL, text, &err), files[_i].code);
	if (files[_i].code) {
		check_says(err.message, files[_i].says);
		check_says(err.message, path);
	} else if (files[_i].says) {
		check_says(log_text, files[_i].says);
	} else {
		ck_assert_str_eq(log_text, "");
	}
}
END_TEST

START_TEST(a_long_password_file_is_read_to_its_ceiling)
{
	struct tenon_error err;
	static char content[1100], text[300];

	memset(content, 'S', 1001);
	snprintf(text, sizeof(text), ANY "auth: {user: anna, password_file: %s}\n",
		 write_file(content, 0600));
	ck_assert_int_eq(check_config(NULL, text, &err), TENON_EIO);
	check_says(err.message, "a longer line than a password of 1000 bytes");
	memset(content, 'S', 1099);
	snprintf(text, sizeof(text), ANY "auth: {user: anna, password_file: %s}\n",
		 write_file(content, 0600));
	ck_assert_int_eq(check_config(NULL, text, &err), TENON_EIO);
	check_says(err.message, "a longer line");
}
END_TEST

/* Make a new link that leads to target, and write its path. */
static void link_to(char out[108], const char *target)
{
	scratch_path(out, 108);
	ck_assert_int_eq(symlink(target, out), 0);
}

static int check_password_file(const char *path, struct tenon_error *err)
{
	char text[300];

	snprintf(text, sizeof(text), ANY "auth: {user: anna, password_file: %s}\n",
		 path);
	return check_config(NULL, text, err);
}

START_TEST(an_own_link_to_a_password_file_is_followed)
{
	struct tenon_error err;
	char first[108], second[108];

	link_to(first, strrchr(write_file("S3cret\n", 0600), '/') + 1);
	link_to(second, first);
	ck_assert_msg(check_password_file(second, &err) == 0, "%s", err.message);
}
END_TEST

#define NOBODY 65534

/* Only root can make the link of another user. */
START_TEST(the_link_of_another_user_to_a_password_file_is_not_followed)
{
	struct tenon_error err;
	char first[108], second[108];

	if (geteuid() != 0) {
		return;
	}
	link_to(first, write_file("S3cret\n", 0600));
	link_to(second, first);
	ck_assert_int_eq(lchown(_i ? second : first, NOBODY, NOBODY), 0);
	ck_assert_int_eq(check_password_file(second, &err), TENON_EIO);
	check_says(err.message, "is a symbolic link of another user");
}
END_TEST

/* secret_file.c: LINKS_MAX */
#define LINKS 8

START_TEST(a_row_of_links_is_followed_to_its_ceiling)
{
	struct tenon_error err;
	char links[2][108];

	link_to(links[0], write_file("S3cret\n", 0600));
	for (int i = 1; i < LINKS; i++) {
		link_to(links[i % 2], links[(i + 1) % 2]);
	}
	const char *last = links[(LINKS - 1) % 2];
	ck_assert_msg(check_password_file(last, &err) == 0, "%s", err.message);
	link_to(links[LINKS % 2], last);
	ck_assert_int_eq(check_password_file(links[LINKS % 2], &err), TENON_EIO);
	check_says(err.message, "too many symbolic links");
}
END_TEST

START_TEST(links_that_end_nowhere_are_not_followed)
{
	struct tenon_error err;
	char link[108];

	link_to(link, "absent");
	ck_assert_int_eq(check_password_file(link, &err), TENON_EIO);
	check_says(err.message, "No such file");
	scratch_path(link, sizeof(link));
	ck_assert_int_eq(symlink(link, link), 0);
	ck_assert_int_eq(check_password_file(link, &err), TENON_EIO);
	check_says(err.message, "symbolic link");
}
END_TEST

START_TEST(a_password_in_a_config_that_others_can_read_is_a_warning)
{
	struct tenon_error err;
	const char *path = write_file(ANY AUTH, _i ? 0604 : 0640);

	ck_assert_int_eq(check_config(path, NULL, &err), 0);
	if (_i) {
		check_says(log_text, "every user of this host can read");
		check_says(log_text, path);
	} else {
		ck_assert_str_eq(log_text, "");
	}
	path = write_file(ANY "auth: {user: anna, password_environment: HOME}\n",
			  0644);
	ck_assert_int_eq(check_config(path, NULL, &err), 0);
	ck_assert_str_eq(log_text, "");
}
END_TEST

START_TEST(a_password_comes_from_the_folder_of_the_config_or_the_environment)
{
	struct rig rig = { 0 };
	struct tenon_config *config;
	struct tenon_client *client;
	struct tenon_result result;
	char folder[108], path[200], text[400];
	FILE *file;
	struct fake_server *fake =
		fake_server_start(FAKE_STEPS(GREETED, GET, END));

	scratch_path(folder, sizeof(folder));
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	snprintf(path, sizeof(path), "%s/password", folder);
	file = fopen(path, "w");
	fputs("S3cret\n", file);
	fclose(file);
	ck_assert_int_eq(chmod(path, 0600), 0);
	snprintf(text, sizeof(text),
		 "connect_timeout: 20s\npoll_timeout: 60s\nservers: [%s]\nauth: {user: anna, %s}\n",
		 fake_server_address(fake),
		 _i ? "password_environment: TENON_TEST_PASSWORD"
		    : "password_file: password");
	snprintf(path, sizeof(path), "%s/tenon.yaml", folder);
	file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
	ck_assert_int_eq(setenv("TENON_TEST_PASSWORD", "S3cret", 1), 0);
	ck_assert_int_eq(rig_config(&config, &rig.err), 0);
	ck_assert_msg(tenon_config_load_file(config, path, &rig.err) == 0, "%s",
		      rig.err.message);
	ck_assert_msg(tenon_client_open(config, &client, &rig.err) == 0, "%s",
		      rig.err.message);
	tenon_config_destroy(config);
	ck_assert_int_eq(tenon_get(client, tenon_slice_of("k"), &result,
				   &rig.err), 0);
	ck_assert_int_eq(result.status, TENON_MISS);
	tenon_client_close(client);
	ck_assert_ptr_null(fake_server_join(fake));
	ck_assert_int_eq(remove(path), 0);
	snprintf(path, sizeof(path), "%s/password", folder);
	ck_assert_int_eq(remove(path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

/* ---- memory ----------------------------------------------------------------------- */

static size_t freed_count;

static void look_for_password(const void *memory)
{
	freed_count++;
	ck_assert_ptr_null(memmem(memory, malloc_usable_size((void *)(uintptr_t)memory),
				  "S3cret", 6));
}

/* Open and close a client with this config, when there is memory. */
static int open_and_close(const char *path, struct tenon_error *err)
{
	struct tenon_config *config;
	struct tenon_client *client;
	int code = tenon_config_create(&config, err);

	if (code) {
		return code;
	}
	code = tenon_config_load_file(config, path, err);
	if (!code) {
		code = tenon_client_open(config, &client, err);
	}
	if (!code) {
		tenon_client_close(client);
	}
	tenon_config_destroy(config);
	return code;
}

/* Also when any allocation fails: see the loop. */
START_TEST(no_password_is_left_in_memory_that_is_freed)
{
	struct tenon_error err;
	char text[400];
	int code = TENON_ENOMEM;

	snprintf(text, sizeof(text),
		 "servers: [{address: a, auth: {user: a, password: S3cret}}, b]\n"
		 "codecs: none\nauth: {user: anna, password_file: %s}\n",
		 write_file("S3cret\n", 0600));
	const char *path = write_file(text, 0600);

	tenon__memory_watch(look_for_password);
	for (size_t n = 1; code; n++) {
		tenon__memory_fail_at(n);
		code = open_and_close(path, &err);
		tenon__memory_fail_at(0);
		ck_assert(code == 0 || code == TENON_ENOMEM);
	}
	tenon__memory_watch(NULL);
	ck_assert_uint_gt(freed_count, 100);
}
END_TEST

/* A mapping of more bytes is a sanitizer's own, such as its shadow memory. */
#define MAPPING_BYTES ((size_t)1 << 30)

/* Count a word in the writable memory of this process, but not at `mine`. */
static size_t count_in_memory(const char *word, size_t len, const char *mine)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int memory = open("/proc/self/mem", O_RDONLY);
	char line[400], mode[8];
	size_t from, to, count = 0;

	while (maps && memory >= 0 && fgets(line, sizeof(line), maps)) {
		static char page[4096 + 64];

		if (sscanf(line, "%zx-%zx %7s", &from, &to, mode) != 3 ||
		    mode[1] != 'w' || strstr(line, "[v") ||
		    to - from > MAPPING_BYTES) {
			continue;
		}
		for (size_t at = from; at < to; at += 4096) {
			ssize_t got = pread(memory, page, sizeof(page),
					    (off_t)at);
			const char *end = page + (got > 0 ? got : 0);
			const char *hit = page;

			if (page <= (char *)at + 4096 &&
			    (char *)at < page + sizeof(page)) {
				continue; /* the buffer itself */
			}
			while ((hit = memmem(hit, (size_t)(end - hit), word,
					     len))) {
				count += hit < page + 4096 &&
					 (char *)at + (hit - page) != mine;
				hit++;
			}
		}
	}
	fclose(maps);
	close(memory);
	return count;
}

/* The test overwrites its own copy of the password, and makes the word anew to search for it. */
START_TEST(no_password_is_left_in_the_process)
{
	struct tenon_error err;
	char text[300], *sought;

	snprintf(text, sizeof(text), ANY "auth: {user: anna, password: Zq7v%d}\n",
		 (int)getpid());
	const char *path = write_file(text, 0600);

	explicit_bzero(text, sizeof(text));
	ck_assert_int_eq(open_and_close(path, &err), 0);
	sought = malloc(40);
	int len = snprintf(sought, 40, "Zq7v%d", (int)getpid());

	ck_assert_uint_ge(count_in_memory(sought, (size_t)len, NULL), 1);
	ck_assert_uint_eq(count_in_memory(sought, (size_t)len, sought), 0);
	free(sought);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("auth");
	TCase *tcase = tcase_create("config");
	TCase *answered = tcase_create("answers");
	TCase *real = tcase_create("memcached");

	memcached_require();
	enter_builddir();
	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(a_greeting_comes_before_the_first_request);
	subjects_add_test(no_request_is_sent_before_the_answer_to_the_greeting);
	subjects_add_test(every_new_connection_is_greeted);
	subjects_add_test(a_noreply_request_waits_for_the_greeting);
	subjects_add_test(a_greeting_goes_through_the_secure_plugin);
	subjects_add_test(a_refused_password_holds_the_server_back);
	subjects_add_test(the_server_is_tried_again_after_retry_timeout);
	subjects_add_test(all_clients_of_a_pool_together_try_one_connection);
	subjects_add_test(a_server_that_moves_is_free);
	subjects_add_test(a_request_hops_when_the_greeting_was_cut);
	subjects_add_test(a_greeting_without_an_answer_ends_at_the_deadline);
	subjects_add_test(a_greeting_without_an_answer_ends_at_connect_timeout);
	subjects_add_test(an_answer_later_than_connect_timeout_is_taken);
	subjects_add_test(
		a_server_that_wants_a_password_says_so_behind_noreply_requests);
	subjects_add_test_to(answered,
			     every_other_answer_is_refused_without_the_password,
			     COUNT(answers));
	subjects_add_test_to(real, memcached_takes_the_right_password_only,
			     COUNT(logins));
	tcase_add_test(real, a_server_without_passwords_does_not_keep_the_password);
	tcase_add_test(tcase, a_server_may_have_a_password_of_its_own_or_none);
	LOOP(tcase, a_wrong_value_is_an_error_without_the_password,
	     COUNT(wrong_values));
	LOOP(tcase, the_longest_user_and_password_are_sent, 2);
	LOOP(tcase, a_password_file_has_one_line_and_no_other_readers,
	     COUNT(files));
	tcase_add_test(tcase, a_long_password_file_is_read_to_its_ceiling);
	tcase_add_test(tcase, an_own_link_to_a_password_file_is_followed);
	LOOP(tcase, the_link_of_another_user_to_a_password_file_is_not_followed,
	     2);
	tcase_add_test(tcase, a_row_of_links_is_followed_to_its_ceiling);
	tcase_add_test(tcase, links_that_end_nowhere_are_not_followed);
	LOOP(tcase, a_password_in_a_config_that_others_can_read_is_a_warning, 2);
	LOOP(tcase,
	     a_password_comes_from_the_folder_of_the_config_or_the_environment, 2);
	tcase_add_test(tcase, no_password_is_left_in_memory_that_is_freed);
	tcase_add_test(tcase, no_password_is_left_in_the_process);
	suite_add_tcase(suite, answered);
	suite_add_tcase(suite, real);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
