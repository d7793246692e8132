/* SPDX-License-Identifier: BSD-3-Clause */
/* The Prometheus text of a client's counters of its servers. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fakes/rig.h"
#include "runner/suite.h"
#include "tenon/health.h"

static char page[65536];
static size_t page_len;

static int keep_page(void *payload, const char *text, size_t len)
{
	(void)payload;
	ck_assert_uint_lt(page_len + len, sizeof(page));
	memcpy(page + page_len, text, len);
	page_len += len;
	page[page_len] = '\0';
	return 0;
}

static void start_page(void)
{
	page_len = 0;
	page[0] = '\0';
}

/* Return true when the page has exactly this line. */
static bool has_line(const char *line)
{
	size_t len = strlen(line);

	for (const char *at = strstr(page, line); at; at = strstr(at + 1, line)) {
		if ((at == page || at[-1] == '\n') && at[len] == '\n') {
			return true;
		}
	}
	return false;
}

START_TEST(the_page_has_every_number_of_a_client)
{
	struct rig rig = { 0 };
	char line[200];

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	ck_assert_int_eq(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_int_eq(tenon_client_prometheus(rig.client, keep_page, NULL),
			 0);
	snprintf(line, sizeof(line),
		 "tenon_server_info{server=\"s0\",address=\"%s\"} 1",
		 fake_server_address(rig.fakes[0]));
	ck_assert_msg(has_line(line), "no %s in %s", line, page);
	ck_assert(has_line("# TYPE tenon_operations_total counter"));
	ck_assert(has_line("tenon_keys_total{server=\"s0\",outcome=\"miss\"} 1"));
	ck_assert(has_line("tenon_connections_total{server=\"s0\"} 1"));
	ck_assert(has_line("tenon_sent_bytes_total{server=\"s0\"} 7"));
	ck_assert(has_line("tenon_noreply_errors_total{server=\"s0\"} 0"));
	ck_assert(has_line(
		"# TYPE tenon_operation_duration_seconds histogram"));
	ck_assert(has_line(
		"tenon_operation_duration_seconds_bucket{server=\"s0\",le=\"+Inf\"} 1"));
	ck_assert(has_line(
		"tenon_operation_duration_seconds_count{server=\"s0\"} 1"));
	rig_close(&rig);
}
END_TEST

START_TEST(buckets_hold_all_that_took_no_longer)
{
	static struct tenon_health one;

	one = (struct tenon_health){ .alias = "a" };
	tenon_histogram_add(&one.latency, 8191);       /* 2^13 - 1 ns */
	tenon_histogram_add(&one.latency, 8192);
	tenon_histogram_add(&one.latency, 1500000000); /* 1.5 s */
	tenon_histogram_add(&one.latency, UINT64_C(100000000000));
	ck_assert_int_eq(tenon_health_prometheus(&one, 1, keep_page, NULL), 0);
#define BUCKET "tenon_operation_duration_seconds_bucket{server=\"a\",le="
	ck_assert(has_line(BUCKET "\"0.000008191\"} 1"));
	ck_assert(has_line(BUCKET "\"0.000016383\"} 2"));
	ck_assert(has_line(BUCKET "\"1.073741823\"} 2"));
	ck_assert(has_line(BUCKET "\"2.147483647\"} 3"));
	ck_assert(has_line(BUCKET "\"17.179869183\"} 3"));
	ck_assert(has_line(BUCKET "\"+Inf\"} 4"));
	ck_assert(has_line("tenon_operation_duration_seconds_sum{server=\"a\"} "
			   "101.500016383"));
}
END_TEST

static const struct {
	const char *alias;
	const char *label;
} labels[] = {
	{ "plain", "plain" },
	{ "a\"b", "a\\\"b" },
	{ "back\\slash", "back\\\\slash" },
	{ "two\nlines", "two\\nlines" },
	{ "gr\xc3\xbcn", "gr\xc3\xbcn" },
	{ "\xff\xc3(", "?\?(" },
	{ "\xc0\x80\xed\xa0\x80", "?\?\?\?\?" },
};

START_TEST(labels_are_escaped)
{
	static struct tenon_health one;
	char line[200];

	one = (struct tenon_health){ .client = "c\"", .alias = labels[_i].alias };
	ck_assert_int_eq(tenon_health_prometheus(&one, 1, keep_page, NULL), 0);
	snprintf(line, sizeof(line),
		 "tenon_server_up{client=\"c\\\"\",server=\"%s\"} 1",
		 labels[_i].label);
	ck_assert_msg(has_line(line), "no %s in %s", line, page);
}
END_TEST

START_TEST(sessions_have_metrics)
{
	static struct tenon_health one;

	one = (struct tenon_health){ .alias = "a" };
	one.secure = (struct tenon_secure_health){
		.sessions = 3,
		.resumptions = 2,
		.handshake_max_ns = 2000000,
		.handshake_sum_ns = 4500000,
		.certificate_ends_s = 1893456000,
		.certificate_state = TENON_CERTIFICATE_ENDING,
		.protocol = "TLSv1.3",
		.cipher = "X",
	};
	ck_assert_int_eq(tenon_health_prometheus(&one, 1, keep_page, NULL), 0);
	ck_assert(has_line("tenon_secure_info{server=\"a\",protocol=\"TLSv1.3\","
			   "cipher=\"X\"} 1"));
	ck_assert(has_line("tenon_certificate_end_timestamp_seconds"
			   "{server=\"a\"} 1893456000"));
	ck_assert(has_line("tenon_certificate_warning{server=\"a\"} 1"));
	ck_assert(has_line("tenon_handshake_duration_seconds_sum"
			   "{server=\"a\"} 0.004500000"));
	ck_assert(has_line("tenon_handshake_duration_seconds_count"
			   "{server=\"a\"} 3"));
	ck_assert(has_line("tenon_handshake_max_seconds{server=\"a\"} "
			   "0.002000000"));
	ck_assert(has_line("tenon_resumptions_total{server=\"a\"} 2"));
}
END_TEST

/* Each metric has one HELP line and one TYPE line, and all its samples follow them. */
START_TEST(metrics_stand_together)
{
	static struct tenon_health two[2];
	char metric[100] = "";
	size_t metrics = 0;

	two[0] = (struct tenon_health){ .alias = "a" };
	two[1] = (struct tenon_health){ .alias = "b" };
	two[1].secure.sessions = (uint64_t)_i;
	ck_assert_int_eq(tenon_health_prometheus(two, 2, keep_page, NULL), 0);
	for (const char *line = page; *line; line = strchr(line, '\n') + 1) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			ck_assert_int_eq(sscanf(line + 7, "%99s", metric), 1);
			metrics++;
		} else if (line[0] == '#') {
			ck_assert(strncmp(line, "# TYPE ", 7) == 0);
			ck_assert(strncmp(line + 7, metric, strlen(metric)) == 0);
		} else {
			ck_assert_msg(strncmp(line, metric, strlen(metric)) == 0,
				      "%s within %s", line, metric);
		}
	}
	ck_assert_uint_eq(metrics, _i == 0 ? 17 : 23);
}
END_TEST

static int stop_at_third(void *payload, const char *text, size_t len)
{
	int *calls = payload;

	(void)text;
	(void)len;
	return ++*calls == 3 ? 42 : 0;
}

START_TEST(a_writer_can_stop_the_page)
{
	static struct tenon_health one;
	int calls = 0;

	one = (struct tenon_health){ .alias = "a" };
	ck_assert_int_eq(tenon_health_prometheus(&one, 1, stop_at_third, &calls),
			 42);
	ck_assert_int_eq(calls, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prometheus");
	TCase *tc = tcase_create("page");

	tcase_add_checked_fixture(tc, start_page, NULL);
	tcase_add_test(tc, the_page_has_every_number_of_a_client);
	tcase_add_test(tc, buckets_hold_all_that_took_no_longer);
	LOOP(tc, labels_are_escaped, COUNT(labels));
	tcase_add_test(tc, sessions_have_metrics);
	LOOP(tc, metrics_stand_together, 2);
	tcase_add_test(tc, a_writer_can_stop_the_page);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
