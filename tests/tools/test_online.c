/* SPDX-License-Identifier: BSD-3-Clause */
/* What `tenon check --online` makes of the answers of servers. */
#include <check.h>
#include <string.h>
#include <time.h>

#include "../tools/tenon/online.h"
#include "fakes/rig.h"
#include "runner/suite.h"
#include "tenon/introspect.h"

/* Two servers without any finding, and the findings of the last judge(). */
static struct online_server servers[2];
static struct online online;
static struct online_findings found;

static char usual_version[] = "1.6.18";
static char old_version[] = "1.4.9";
static char refusal[] = "unauthenticated";

static void reset(void)
{
	for (size_t i = 0; i < COUNT(servers); i++) {
		servers[i] = (struct online_server){
			.info = { .alias = i == 0 ? "a" : "b",
				  .address = "10.0.0.1:11211" },
			.direct = { .state = DIRECT_OPEN, .connect_us = 100 },
			.version = usual_version,
			.round_trip_ns = 100000,
			.has_time = true,
			.item_max_bytes = 1 << 20,
			.connections = 10,
			.connections_max = 1024,
			.meta = OFFER_YES,
			.gat = OFFER_YES,
			.cas = OFFER_YES,
			.flush = OFFER_YES,
			.severity = -1,
		};
	}
	online = (struct online){ .servers = servers,
				  .count = COUNT(servers),
				  .item_max_bytes = 1 << 20,
				  .connect_timeout_ms = 10,
				  .poll_timeout_ms = 300 };
}

static void judge(void)
{
	online_judge(&online, &found);
}

/* Check the only finding: its name, its severity and words of its text. */
static void check_found(const char *name, int severity, const char *words)
{
	judge();
	ck_assert_uint_eq(found.count, 1);
	ck_assert_str_eq(found.list[0].name, name);
	ck_assert_int_eq(found.list[0].severity, severity);
	check_says(found.list[0].text, words);
	ck_assert_str_ne(found.list[0].advice, "");
	ck_assert_uint_eq(found.list[0].server_count, 1);
	ck_assert_uint_eq(found.list[0].servers[0], 1);
	ck_assert_int_eq(servers[0].severity, -1);
	ck_assert_int_eq(servers[1].severity, severity);
	online_findings_fini(&found);
	reset();
}

START_TEST(good_servers_have_no_findings)
{
	reset();
	judge();
	ck_assert_uint_eq(found.count, 0);
	online_findings_fini(&found);
}
END_TEST

START_TEST(each_failure_has_its_name)
{
	reset();
	servers[1].status = TENON_ECONNECT;
	servers[1].direct = (struct direct){ .state = DIRECT_LOOKUP, .why = "x" };
	check_found("no-address", TENON_FINDING_ERROR, "no address: x");
	servers[1].status = TENON_ECONNECT;
	servers[1].direct = (struct direct){ .state = DIRECT_CONNECT, .why = "x" };
	check_found("no-connection", TENON_FINDING_ERROR, "no connection: x");
	servers[1].status = TENON_ECONNECT;
	servers[1].direct.connect_us = 25100;
	check_found("slow-connection", TENON_FINDING_ERROR,
		    "takes 25.1 ms, and connect_timeout is 10 ms");
	servers[1].status = TENON_ETIMEDOUT;
	check_found("no-answer", TENON_FINDING_ERROR, "timed out");
	servers[1].status = TENON_ECLIENT;
	servers[1].reason = refusal;
	check_found("no-answer", TENON_FINDING_ERROR, ": unauthenticated");
	servers[1].status = TENON_EAUTH;
	check_found("no-answer", TENON_FINDING_ERROR, "not authenticated");
	servers[1].status = TENON_ECLOSED;
	servers[1].binary = BINARY_SASL;
	check_found("binary-protocol", TENON_FINDING_ERROR, "SASL over the binary protocol");
	servers[1].status = TENON_ETIMEDOUT;
	servers[1].binary = BINARY_OPEN;
	check_found("binary-protocol", TENON_FINDING_ERROR, "only the binary protocol");
}
END_TEST

START_TEST(a_server_that_wants_tls_is_recognised)
{
	reset();
	servers[1].status = TENON_ECLOSED;
	servers[1].wants_tls = true;
	check_found("wants-tls", TENON_FINDING_ERROR, "it wants TLS");
	servers[1].status = TENON_ECLOSED;
	check_found("no-answer", TENON_FINDING_ERROR, "connection closed");
	servers[1].status = TENON_ESECURE;
	check_found("no-answer", TENON_FINDING_ERROR, "not secured");
	servers[1].status = TENON_ECONNECT; /* a handshake without an end */
	servers[1].direct.connect_us = 100;
	check_found("no-answer", TENON_FINDING_ERROR, "not connected");
}
END_TEST

START_TEST(clocks_are_compared_in_whole_seconds)
{
	ck_assert_int_eq(online_skew_s(1000, 1000, 1000), 0);
	ck_assert_int_eq(online_skew_s(1001, 1000, 1000), 0);
	ck_assert_int_eq(online_skew_s(1002, 1000, 1000), 2);
	ck_assert_int_eq(online_skew_s(998, 1000, 1003), 0);
	ck_assert_int_eq(online_skew_s(997, 1000, 1003), -3);
	reset();
	servers[1].skew_s = -5;
	check_found("clock-skew", TENON_FINDING_WARNING, "5 s behind");
	servers[1].skew_s = 60;
	check_found("clock-skew", TENON_FINDING_WARNING, "60 s ahead");
	servers[1].skew_s = 4;
	judge();
	ck_assert_uint_eq(found.count, 0);
	online_findings_fini(&found);
}
END_TEST

START_TEST(limits_are_compared_with_the_config)
{
	reset();
	servers[1].item_max_bytes = 1 << 19;
	check_found("item-max", TENON_FINDING_WARNING, "refuses larger values");
	servers[1].item_max_bytes = 1 << 21;
	check_found("item-max", TENON_FINDING_NOTE, "2097152 bytes");
	servers[1].connections = 1000;
	check_found("connections", TENON_FINDING_WARNING, "1000 of its 1024");
	servers[1].round_trip_ns = 151000000;
	check_found("slow-answer", TENON_FINDING_WARNING, "151.0 ms");
	servers[1].evictions = 7;
	servers[1].uptime_s = 5400;
	check_found("evictions", TENON_FINDING_NOTE, "7 items before their time in 1.5 h");
}
END_TEST

/* Let the first certificate of a server's chain end in so many days and a half. */
static void end_in(struct online_server *server, int days)
{
	server->secure.certificate_ends_s =
		(int64_t)time(NULL) + days * INT64_C(86400) + 43200;
	server->secure.certificate_state =
		days < 0    ? TENON_CERTIFICATE_ENDED
		: days < 14 ? TENON_CERTIFICATE_ENDING
			    : TENON_CERTIFICATE_VALID;
}

START_TEST(a_certificate_that_ends_is_a_warning)
{
	reset();
	end_in(&servers[1], 13);
	check_found("certificate-ends", TENON_FINDING_WARNING,
		    "its certificate ends within 14 days");
	end_in(&servers[1], -2);
	check_found("certificate-ends", TENON_FINDING_WARNING,
		    "its certificate has ended, and only verify: none takes it");
}
END_TEST

static const struct chain_row {
	int ends;	    /* the first certificate of the chain, in days */
	int sent[2];	    /* the server's own certificate, and its issuer's */
	const char *texts[2]; /* of the findings; NULL: no such finding */
} chains[] = {
	{ 14, { 20, 14 }, { NULL, NULL } },
	{ 3, { 3, 400 }, { "its certificate ends within 14 days", NULL } },
	{ 3,
	  { 90, 3 },
	  { "the certificate 'CN=issuer' of its chain ends within 14 days",
	    NULL } },
	{ 3,
	  { 10, 3 },
	  { "the certificate 'CN=issuer' of its chain ends within 14 days",
	    "its certificate ends within 14 days" } },
	{ 3,
	  { 90, 400 },
	  { "a certificate that it does not send, of 'CN=root' or an authority above, ends within 14 days",
	    NULL } },
	{ -3,
	  { 90, -3 },
	  { "the certificate 'CN=issuer' of its chain has ended, and only verify: none takes it",
	    NULL } },
};

START_TEST(the_certificate_of_a_chain_that_ends_first_is_named)
{
	const struct chain_row *row = &chains[_i];
	struct tenon_certificate chain[2] = {
		{ .subject = "CN=server", .issuer = "CN=issuer" },
		{ .subject = "CN=issuer", .issuer = "CN=root" },
	};
	size_t count = 0;

	reset();
	end_in(&servers[0], row->ends);
	servers[0].chain = chain;
	servers[0].chain_count = 2;
	for (size_t i = 0; i < 2; i++) {
		chain[i].not_after_s = servers[0].secure.certificate_ends_s +
				       (row->sent[i] - row->ends) *
					       INT64_C(86400);
	}
	judge();
	while (count < 2 && row->texts[count]) {
		ck_assert_uint_gt(found.count, count);
		ck_assert_str_eq(found.list[count].text, row->texts[count]);
		ck_assert_str_ne(found.list[count].advice, "");
		count++;
	}
	ck_assert_uint_eq(found.count, count);
	online_findings_fini(&found);
}
END_TEST

START_TEST(a_password_on_the_network_needs_a_session)
{
	static const char *const local[] = { "127.0.0.1:1", "/x.sock",
					     "[::1]:1", "localhost:1" };

	reset();
	servers[1].auth = OFFER_YES;
	check_found("plain-password", TENON_FINDING_WARNING, "in the clear");
	servers[1].auth = OFFER_YES;
	servers[1].secure.sessions = 1;
	judge();
	ck_assert_uint_eq(found.count, 0);
	online_findings_fini(&found);
	servers[1].secure.sessions = 0;
	for (size_t i = 0; i < COUNT(local); i++) {
		servers[1].info.address = local[i];
		judge();
		ck_assert_uint_eq(found.count, 0);
		online_findings_fini(&found);
	}
}
END_TEST

START_TEST(an_offer_that_is_missed_is_a_finding)
{
	reset();
	servers[1].cas = OFFER_NO;
	check_found("no-cas", TENON_FINDING_NOTE, "cas");
	servers[1].gat = OFFER_NO;
	check_found("no-gat", TENON_FINDING_NOTE, "gat");
	servers[1].meta = OFFER_NO;
	check_found("no-meta", TENON_FINDING_NOTE, "meta");
	online.needs_meta = true;
	servers[1].meta = OFFER_NO;
	servers[1].status = TENON_EUNKNOWN;
	check_found("no-meta", TENON_FINDING_ERROR, "protocol: meta");
	online.flush_is_allowed = true;
	servers[1].flush = OFFER_NO;
	check_found("no-flush", TENON_FINDING_WARNING, "flush_all");
	servers[1].flush = OFFER_NO; /* the config does not allow it anyway */
	servers[1].meta = servers[1].gat = servers[1].cas = OFFER_UNKNOWN;
	judge();
	ck_assert_uint_eq(found.count, 0);
	online_findings_fini(&found);
	reset();
	servers[1].version = old_version;
	check_found("versions", TENON_FINDING_NOTE, "1.4.9, and that of a is 1.6.18");
}
END_TEST

START_TEST(servers_share_a_finding_and_errors_come_first)
{
	reset();
	servers[0].cas = servers[1].cas = OFFER_NO;
	servers[1].skew_s = 9;
	judge();
	ck_assert_uint_eq(found.count, 2);
	ck_assert_str_eq(found.list[0].name, "clock-skew");
	ck_assert_str_eq(found.list[1].name, "no-cas");
	ck_assert_uint_eq(found.list[1].server_count, 2);
	ck_assert_int_eq(servers[0].severity, TENON_FINDING_NOTE);
	ck_assert_int_eq(servers[1].severity, TENON_FINDING_WARNING);
	online_findings_fini(&found);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("online");
	TCase *tcase = tcase_create("online");

	tcase_add_test(tcase, good_servers_have_no_findings);
	tcase_add_test(tcase, each_failure_has_its_name);
	tcase_add_test(tcase, a_server_that_wants_tls_is_recognised);
	tcase_add_test(tcase, clocks_are_compared_in_whole_seconds);
	tcase_add_test(tcase, limits_are_compared_with_the_config);
	tcase_add_test(tcase, a_certificate_that_ends_is_a_warning);
	LOOP(tcase, the_certificate_of_a_chain_that_ends_first_is_named,
	     COUNT(chains));
	tcase_add_test(tcase, a_password_on_the_network_needs_a_session);
	tcase_add_test(tcase, an_offer_that_is_missed_is_a_finding);
	tcase_add_test(tcase, servers_share_a_finding_and_errors_come_first);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
