/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients with a secure plugin that has a handshake, over every transport. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "conformance/subject.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/builddir.h"
#include "runner/suite.h"
#include "tenon/health.h"
#include "tenon/introspect.h"

#define FRAMES "secure: frames\n"
#define SHORT_TIMEOUT "poll_timeout: 200ms\n"

/* The language of tests/toys/frames.c: a greeting, then frames of a type, a length and bytes. */
#define GREETING FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"), FAKE_SEND("HELLO\n")
/* The alert of the toy, when the greeting of the server begins with REFUSED. */
#define BYE FAKE_EXPECT("BYE\n"), FAKE_EXPECT_CLOSE
#define GET FAKE_EXPECT("D\0\7get k\r\n")
#define END FAKE_SEND("D\0\5END\r\n")

static void start(int transport)
{
	rig_transport = subject(transport)->name;
	rig_plugin = "tests/toys/.libs/secure_frames.so";
}

static uint32_t state_of(struct rig *rig)
{
	struct tenon_health health;

	ck_assert_int_eq(tenon_client_health(rig->client, 0, &health), 0);
	return health.state;
}

START_TEST(a_handshake_comes_before_the_first_request)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, END, GET, END));
	rig_open(&rig, FRAMES);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_reply_comes_in_pieces_of_frames)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
			    FAKE_SEND_SPLIT("HELLO\n", 1, 1), GET,
			    FAKE_SEND_SPLIT("T\0\1xD\0\7VALUE kD\0\6 0 1\r\n"
					    "P\0\0D\0\10v\r\nEND\r\n",
					    1, 1),
			    FAKE_EXPECT("Q\0\0"), GET, END));
	rig_open(&rig, FRAMES);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_HIT);
	ck_assert(rig_value_is(&rig, "v"));
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(health_has_the_facts_of_the_last_session)
{
	struct tenon_health health;
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, END, FAKE_CLOSE, GREETING, GET,
				  END));
	rig_open(&rig, "secure: {frames: {resumes: true}}\n");
	ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
	ck_assert_uint_eq(health.secure.sessions, 0);
	ck_assert_str_eq(health.secure.protocol, "");
	ck_assert_uint_eq(health.secure.certificate_state,
			  TENON_CERTIFICATE_UNKNOWN);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
	ck_assert_uint_eq(health.secure.sessions, 2);
	ck_assert_uint_eq(health.secure.resumptions, 2);
	ck_assert_str_eq(health.secure.protocol, "frames 1");
	ck_assert_str_eq(health.secure.cipher, "none");
	ck_assert_int_eq(health.secure.certificate_ends_s, 1893456000);
	ck_assert_uint_gt(health.secure.handshake_ns, 0);
	ck_assert_uint_ge(health.secure.handshake_max_ns,
			  health.secure.handshake_ns);
	ck_assert_uint_ge(health.secure.handshake_sum_ns,
			  health.secure.handshake_max_ns);
	ck_assert_int_eq(tenon_client_health_reset(rig.client), 0);
	ck_assert_int_eq(tenon_client_health(rig.client, 0, &health), 0);
	ck_assert_uint_eq(health.secure.sessions, 0);
	ck_assert_uint_eq(health.secure.handshake_max_ns, 0);
	ck_assert_str_eq(health.secure.protocol, "frames 1");
	rig_close(&rig);
}
END_TEST

/* The chain of the toy: its own certificate, and that of its maker. */
static void check_chain(struct rig *rig)
{
	struct tenon_certificate told;

	ck_assert_int_eq(tenon_client_certificate(rig->client, 0, 0, &told), 0);
	ck_assert_str_eq(told.subject, "CN=toy");
	ck_assert_str_eq(told.issuer, "CN=maker");
	ck_assert_str_eq(told.names, "toy.test");
	ck_assert_int_eq(told.not_after_s, 1893456000);
	ck_assert_int_eq(tenon_client_certificate(rig->client, 0, 1, &told), 0);
	ck_assert_str_eq(told.subject, "CN=maker");
	ck_assert_int_eq(tenon_client_certificate(rig->client, 0, 2, &told),
			 TENON_EINVAL);
	ck_assert_int_eq(tenon_client_certificate(rig->client, 1, 0, &told),
			 TENON_EINVAL);
}

START_TEST(a_chain_is_told_while_the_connection_is_open)
{
	struct tenon_certificate told;
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, END));
	rig_open(&rig, FRAMES);
	ck_assert_int_eq(tenon_client_certificate(rig.client, 0, 0, &told),
			 TENON_EINVAL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	check_chain(&rig);
	rig_close(&rig);
}
END_TEST

START_TEST(a_chain_that_was_refused_is_told_too)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
				  FAKE_SEND("REFUSED\n"), BYE));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_chain(&rig);
	rig_close(&rig);
}
END_TEST

/* The same sentence, without a connection: the script has no second one. */
static void check_held(struct rig *rig, const char *key)
{
	struct tenon_error first = rig->err;

	ck_assert_uint_eq(state_of(rig), TENON_SERVER_MISCONFIGURED);
	ck_assert_int_eq(rig_get(rig, key), TENON_ESECURE);
	ck_assert_str_eq(rig->err.message, first.message);
}

START_TEST(a_refused_handshake_holds_the_server_back_with_its_reason)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
				  FAKE_SEND("REFUSED not today\n"), BYE));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message,
		   "secure plugin 'frames': the server greets with 'REFUSED not today'");
	check_says(rig.log, "misconfigured: secure plugin");
	check_says(rig.log, "REFUSED not today");
	ck_assert_uint_eq(rig.log_lines, 1);
	check_held(&rig, "k");
	ck_assert_uint_eq(rig.log_lines, 1);
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_without_the_filter_is_refused)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
				  FAKE_SEND("ERROR\r\n"), FAKE_EXPECT_CLOSE));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message, "the server greets with 'ERROR'");
	rig_close(&rig);
}
END_TEST

START_TEST(a_server_that_closes_during_the_handshake_has_its_sentence)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
				  FAKE_CLOSE));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message,
		   "the server closed the connection during the handshake");
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_DOWN);
	rig_close(&rig);
}
END_TEST

START_TEST(a_handshake_that_hangs_ends_at_the_deadline)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, FRAMES SHORT_TIMEOUT RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ETIMEDOUT);
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_DOWN);
	rig_close(&rig);
}
END_TEST

START_TEST(a_handshake_that_hangs_ends_at_connect_timeout)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, FRAMES "connect_timeout: 100ms\n" RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ECONNECT);
	check_says(rig.err.message,
		   "the handshake did not end within connect_timeout");
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_DOWN);
	rig_close(&rig);
}
END_TEST

/* No request was sent, so each may go to another server, also one that must not be repeated. */
START_TEST(a_request_hops_when_the_handshake_was_cut)
{
	struct rig rig = { 0 };
	struct rig_pair pair;
	struct tenon_item one;

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
				  FAKE_CLOSE));
	rig_fake(&rig, FAKE_STEPS(GREETING, FAKE_READ(3 + 18),
				  FAKE_SEND("D\0\3""7\r\n")));
	rig_open(&rig, FRAMES "failover: eject\n" RETRY_NEVER);
	rig_make_pair(&rig, &pair);
	one = item(pair.keys[0], NULL);
	one.delta = 1;
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_HIT);
	ck_assert_uint_eq(rig.result.number, 7);
	rig_close(&rig);
}
END_TEST

/* The config does not fit the server: its keys stay, and no policy hears of it. */
START_TEST(no_request_hops_when_the_handshake_was_refused)
{
	struct rig rig = { 0 };
	struct rig_pair pair;

	start(_i);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("HELLO\n"),
				  FAKE_SEND("REFUSED\n"), BYE));
	rig_fake(&rig, NULL, 0);
	rig_open(&rig, FRAMES "failover: eject\n" RETRY_NEVER);
	rig_make_pair(&rig, &pair);
	ck_assert_int_eq(rig_get(&rig, pair.keys[0]), TENON_ESECURE);
	check_held(&rig, pair.keys[0]);
	rig_close(&rig);
}
END_TEST

/* Damage on a connection that was open before is the connection's: the request goes again. */
START_TEST(damage_on_a_used_connection_is_repaired)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, END, GET,
				  FAKE_SEND("\377\0\0"), FAKE_EXPECT_CLOSE,
				  GREETING, GET, END));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_UP);
	rig_close(&rig);
}
END_TEST

/* As after an alert of TLS 1.3 for the client's certificate, which comes behind the handshake. */
START_TEST(damage_before_the_first_byte_of_an_answer_holds_the_server_back)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, FAKE_SEND("\377\0\0"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message, "a frame begins with 0xff");
	check_held(&rig, "k");
	rig_close(&rig);
}
END_TEST

START_TEST(damage_on_a_new_connection_marks_the_server)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, FAKE_SEND("D\0\3END\377\0\0"),
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_ESECURE);
	check_says(rig.err.message, "a frame begins with 0xff");
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_DOWN);
	rig_close(&rig);
}
END_TEST

START_TEST(a_goodbye_between_two_calls_is_noticed)
{
	struct rig rig = { 0 };
	const struct tenon_item one = item("k", "v");

	start(_i);
	rig_fake(&rig,
		 FAKE_STEPS(GREETING, GET, FAKE_SEND("D\0\5END\r\nE\0\0"),
			    FAKE_EXPECT_CLOSE, GREETING,
			    FAKE_EXPECT("D\0\20set k 0 0 1\r\nv\r\n"),
			    FAKE_SEND("D\0\10STORED\r\n")));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	rig_close(&rig);
}
END_TEST

/* A ticket waits when the client looks at the idle connection: it is not stray. */
START_TEST(a_ticket_on_an_idle_connection_closes_nothing)
{
	struct rig rig = { 0 };
	const struct tenon_item one = { .key = TENON_LITERAL("k"), .delta = 1 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, END, FAKE_WAIT,
				  FAKE_SEND("T\0\2xx"), FAKE_WAIT,
				  FAKE_EXPECT("D\0\12incr k 1\r\n"),
				  FAKE_SEND("D\0\3""8\r\n")));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	fake_server_go(rig.fakes[0]);
	ck_assert(fake_server_await(rig.fakes[0], 7));
	fake_server_go(rig.fakes[0]);
	ck_assert_int_eq(rig_one(&rig, TENON_INCR, &one, 0), TENON_HIT);
	ck_assert_uint_eq(rig.result.number, 8);
	rig_close(&rig);
}
END_TEST

/* send_next() has nothing to give then: the transport hears from sent() that it has to close. */
START_TEST(a_session_that_cannot_send_closes_its_connection)
{
	struct rig rig = { 0 };

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, END, FAKE_EXPECT_CLOSE,
				  GREETING, GET, END));
	rig_open(&rig, "secure: {frames: {quota: 7B}}\n" RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_uint_eq(state_of(&rig), TENON_SERVER_UP);
	rig_close(&rig);
}
END_TEST

START_TEST(a_session_that_cannot_send_all_closes_its_connection)
{
	struct rig rig = { 0 };
	struct tenon_item one = { .key = TENON_LITERAL("k") };
	char *value = binary_value(100000, 1);

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, FAKE_READ(65000),
				  FAKE_HOLD));
	rig_open(&rig, "secure: {frames: {quota: 8KiB}}\n" RETRY_NEVER);
	one.value = (struct tenon_slice){ value, 100000 };
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ESECURE);
	check_says(rig.err.message, "the quota is used up");
	rig_close(&rig);
	free(value);
}
END_TEST

/* The first connection was open before, and the server may still read its part of the set. */
START_TEST(a_session_that_cannot_send_all_does_not_wait)
{
	struct rig rig = { 0 };
	struct tenon_item one = { .key = TENON_LITERAL("k") };
	char *value = binary_value(100000, 1);

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, END, FAKE_READ(65536), FAKE_EXPECT_CLOSE,
				  GREETING, FAKE_READ(65000), FAKE_HOLD));
	rig_open(&rig, "secure: {frames: {quota: 8KiB}}\n" RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	one.value = (struct tenon_slice){ value, 100000 };
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ESECURE);
	ck_assert_int_eq(rig_one(&rig, TENON_SET, &one, 0), TENON_ESECURE);
	rig_close(&rig);
	free(value);
}
END_TEST

START_TEST(a_child_of_fork_has_sessions_of_its_own)
{
	struct rig rig = { 0 };
	int status;

	start(_i);
	rig_fake(&rig, FAKE_STEPS(GREETING, GET, END, GREETING, GET, END,
				  FAKE_EXPECT_CLOSE));
	rig_open(&rig, FRAMES RETRY_NEVER);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	pid_t child = fork();
	if (child == 0) {
		struct tenon_error err;
		const struct tenon_item one = item("k", NULL);
		const struct tenon_result *results;

		(void)tenon_run(rig.client, TENON_GET, &one, 1, 0, &results,
				&err);
		bool right = results && results[0].status == TENON_MISS;
		tenon_client_close(rig.client);
		_exit(right ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_plugin_that_is_not_found_is_an_error_of_the_config)
{
	struct tenon_config *config;
	struct tenon_error err;
	static const char *const texts[] = {
		"secure: frame\n", "secure: {frames: {mask: 1}}\n",
		"secure: {none: {mask: 1}}\n", "secure: [frames]\n",
	};
	static const char *const messages[] = {
		"key 'secure': secure plugin 'frame' not found; did you mean 'frames'?",
		"unknown option 'mask'",
		"key 'secure': found a map, expected no options: none is no plugin",
		"key 'secure': found a list, expected a plugin's name",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		char text[200];

		ck_assert_int_eq(tenon_config_create(&config, &err), 0);
		snprintf(text, sizeof(text),
			 "plugins: [tests/toys/.libs/secure_frames.so]\nservers: [a]\n%s",
			 texts[i]);
		int code = tenon_config_load_text(config, "c", text,
						  strlen(text), &err);
		code = code ? code : tenon_config_check(config, &err);
		ck_assert_int_lt(code, 0);
		check_says(err.message, messages[i]);
		check_says(err.message, "c:3:");
		tenon_config_destroy(config);
	}
}
END_TEST

static void tell_secure(const struct tenon_setting_info *info, void *payload)
{
	char *told = payload;

	if (strcmp(info->name, "secure") == 0) {
		snprintf(told, 200, "%s=%s,%s", info->value, info->kind,
			 info->version);
	}
}

#define WITH_FRAMES                                                            \
	"plugins: [tests/toys/.libs/secure_frames.so]\n"                       \
	"servers: [a]\ncodecs: none\nsecure: {frames: {quota: 1MiB}}\n"

START_TEST(the_config_tells_its_secure_plugin)
{
	struct tenon_config *config;
	struct tenon_error err;
	char told[200] = "";

	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	tenon_config_each_setting(config, tell_secure, told);
	ck_assert_str_eq(told, "none=secure,");
	ck_assert_int_eq(tenon_config_load_text(config, "c", WITH_FRAMES,
						strlen(WITH_FRAMES), &err),
			 0);
	ck_assert_int_eq(tenon_config_check(config, &err), 0);
	tenon_config_each_setting(config, tell_secure, told);
	ck_assert_str_eq(told, "frames=secure,1");
	ck_assert_int_eq(tenon_config_set(config, "secure", "none", &err), 0);
	tenon_config_each_setting(config, tell_secure, told);
	ck_assert_str_eq(told, "none=secure,");
	tenon_config_destroy(config);
}
END_TEST

START_TEST(a_client_with_a_filter_opens_or_has_no_memory)
{
	struct tenon_config *config;
	struct tenon_client *client = NULL;
	struct tenon_error err;
	int code = TENON_ENOMEM;

	ck_assert_int_eq(tenon_config_create(&config, &err), 0);
	ck_assert_int_eq(tenon_config_load_text(config, "c", WITH_FRAMES,
						strlen(WITH_FRAMES), &err),
			 0);
	for (size_t n = 1; code; n++) {
		tenon__memory_fail_at(n);
		code = tenon_client_open(config, &client, &err);
		tenon__memory_fail_at(0);
		ck_assert(code == 0 || code == TENON_ENOMEM);
	}
	tenon_client_close(client);
	tenon_config_destroy(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("secure");
	TCase *tcase = tcase_create("config");

	enter_builddir();
	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(a_handshake_comes_before_the_first_request);
	subjects_add_test(a_reply_comes_in_pieces_of_frames);
	subjects_add_test(health_has_the_facts_of_the_last_session);
	subjects_add_test(a_chain_is_told_while_the_connection_is_open);
	subjects_add_test(a_chain_that_was_refused_is_told_too);
	subjects_add_test(
		a_refused_handshake_holds_the_server_back_with_its_reason);
	subjects_add_test(a_server_without_the_filter_is_refused);
	subjects_add_test(
		a_server_that_closes_during_the_handshake_has_its_sentence);
	subjects_add_test(a_handshake_that_hangs_ends_at_the_deadline);
	subjects_add_test(a_handshake_that_hangs_ends_at_connect_timeout);
	subjects_add_test(a_request_hops_when_the_handshake_was_cut);
	subjects_add_test(no_request_hops_when_the_handshake_was_refused);
	subjects_add_test(damage_on_a_used_connection_is_repaired);
	subjects_add_test(
		damage_before_the_first_byte_of_an_answer_holds_the_server_back);
	subjects_add_test(damage_on_a_new_connection_marks_the_server);
	subjects_add_test(a_goodbye_between_two_calls_is_noticed);
	subjects_add_test(a_ticket_on_an_idle_connection_closes_nothing);
	subjects_add_test(a_session_that_cannot_send_closes_its_connection);
	subjects_add_test(a_session_that_cannot_send_all_closes_its_connection);
	subjects_add_test(a_session_that_cannot_send_all_does_not_wait);
	subjects_add_test(a_child_of_fork_has_sessions_of_its_own);
	tcase_add_test(tcase,
		       a_plugin_that_is_not_found_is_an_error_of_the_config);
	tcase_add_test(tcase, the_config_tells_its_secure_plugin);
	tcase_add_test(tcase, a_client_with_a_filter_opens_or_has_no_memory);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
