/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rules of tenon/plugin/transport.h, tested for every transport through a client that uses it.
 * transport_connect.c has those of making connections, and transport_alone.c and transport_begun.c
 * those without a client.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "runner/builddir.h"
#include "api/client.h"
#include "conformance/drive.h"
#include "conformance/subject.h"
#include "conformance/talk.h"
#include "conformance/transport_rig.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/suite.h"

#define SHORT_TIMEOUT "poll_timeout: 300ms\n"

/* Larger than the kernel's buffers of a connection. */
#define LARGE_LEN ((size_t)6 << 20)
#define LARGE_OK "max_value_bytes: 16MiB\n"

static struct tenon_slice value_of(const struct rig *rig)
{
	return (struct tenon_slice){ rig->result.value, rig->result.value_len };
}

/* ---- moving bytes -------------------------------------------------------- */

START_TEST(one_connection_serves_many_operations)
{
	USE_TRANSPORT();
	for (size_t f = 0; f < COUNT(families); f++) {
		const struct fake_listen listen = { .family = families[f] };
		const struct fake_step steps[] = {
			FAKE_ACCEPT,
			FAKE_EXPECT("set k 0 0 1\r\nx\r\n"),
			FAKE_SEND("STORED\r\n"),
			FAKE_EXPECT("get k\r\n"),
			FAKE_SEND("VALUE k 0 1\r\nx\r\nEND\r\n"),
			FAKE_EXPECT("get k\r\n"),
			FAKE_SEND("END\r\n"),
		};
		struct rig rig = { 0 };

		if (!family_exists(families[f])) {
			continue;
		}
		rig_fake_at(&rig, &listen, steps, COUNT(steps));
		rig_open(&rig, NULL);
		ck_assert_status(rig_set(&rig, "k", "x"), TENON_STORED);
		ck_assert_status(rig_get(&rig, "k"), TENON_HIT);
		ck_assert_bytes(value_of(&rig), slice("x"));
		ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(a_reply_byte_by_byte_arrives)
{
	struct rig rig = { 0 };

	USE_TRANSPORT();
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND_SPLIT("VALUE k 0 5\r\nhello\r\n"
						  "END\r\n",
						  1, 2)));
	rig_open(&rig, NULL);
	ck_assert_status(rig_get(&rig, "k"), TENON_HIT);
	ck_assert_bytes(value_of(&rig), slice("hello"));
	rig_close(&rig);
}
END_TEST

START_TEST(a_large_value_goes_through_small_buffers_both_ways)
{
	const struct fake_listen small = { .family = FAKE_UNIX,
					   .buffer_bytes = 8192 };
	char *value = binary_value(LARGE_LEN, 1);
	char request[64], header[64];
	const int request_len = snprintf(request, sizeof(request),
					 "set k 0 0 %zu\r\n", LARGE_LEN);
	const int header_len = snprintf(header, sizeof(header),
					"VALUE k 0 %zu\r\n", LARGE_LEN);
	struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };

	USE_TRANSPORT();
	one.value = (struct tenon_slice){ value, LARGE_LEN };
	rig_fake_at(&rig, &small,
		    FAKE_STEPS(FAKE_ACCEPT,
			       FAKE_EXPECT_BYTES(request, (size_t)request_len),
			       FAKE_EXPECT_BYTES(value, LARGE_LEN),
			       FAKE_EXPECT("\r\n"), FAKE_SEND("STORED\r\n"),
			       FAKE_EXPECT("get k\r\n"),
			       FAKE_SEND_BYTES(header, (size_t)header_len),
			       FAKE_SEND_BYTES(value, LARGE_LEN),
			       FAKE_SEND("\r\nEND\r\n")));
	rig_open(&rig, LARGE_OK);
	ck_assert_status(rig_one(&rig, TENON_SET, &one, 0), TENON_STORED);
	ck_assert_status(rig_get(&rig, "k"), TENON_HIT);
	ck_assert_bytes(value_of(&rig), one.value);
	rig_close(&rig);
	free(value);
}
END_TEST

#define FLOOD 100000
/* Also more than the buffers of both sides; turn and fds are the slower ways. */
#define FLOOD_SHORT 40000
#define FLOOD_VALUE_LEN 100
#define FLOOD_LEN (sizeof("set f:000000 0 0 100\r\n\r\n") - 1 + FLOOD_VALUE_LEN)

/*
 * The server reads nothing while the client does not take its replies. A client that
 * sends everything before it reads would wait for ever.
 */
START_TEST(a_flood_of_sets_does_not_deadlock)
{
	static char keys[FLOOD][12];
	static struct tenon_item items[FLOOD];
	static const enum fake_family flooded[] = { FAKE_UNIX, FAKE_INET };
	char *value = binary_value(FLOOD_VALUE_LEN, 1);

	USE_TRANSPORT();
	size_t count = drive_way == DRIVE_RUN ? FLOOD : FLOOD_SHORT;
	for (size_t i = 0; i < count; i++) {
		snprintf(keys[i], sizeof(keys[i]), "f:%06zu", i);
		items[i] = item(keys[i], NULL);
		items[i].value = (struct tenon_slice){ value, FLOOD_VALUE_LEN };
	}
	for (size_t f = 0; f < COUNT(flooded); f++) {
		const struct fake_listen small = { .family = flooded[f],
						   .buffer_bytes = 16384 };
		const struct fake_step steps[] = {
			FAKE_ACCEPT, FAKE_SERVE(FLOOD_LEN, "STORED\r\n", count)
		};
		struct rig rig = { 0 };

		rig_fake_at(&rig, &small, steps, COUNT(steps));
		rig_open(&rig, NULL);
		ck_assert_status(rig_run(&rig, TENON_SET, items, count, 0), TENON_OK);
		for (size_t i = 0; i < count; i++) {
			ck_assert_status(rig.results[i].status, TENON_STORED);
		}
		rig_close(&rig);
	}
	free(value);
}
END_TEST

START_TEST(noreply_is_done_when_it_is_sent)
{
	const struct tenon_item one = item("k", "x");
	struct rig rig = { 0 };
	int64_t start_ms;

	USE_TRANSPORT();
	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT,
			    FAKE_EXPECT("set k 0 0 1 noreply\r\nx\r\n")));
	rig_open(&rig, NULL);
	start_ms = now_ms();
	ck_assert_status(rig_one(&rig, TENON_SET, &one, TENON_NOREPLY), TENON_SENT);
	ck_assert_number(now_ms() - start_ms, <, FAR_TOO_LONG_MS);
	rig_close(&rig);
}
END_TEST

START_TEST(a_large_noreply_set_is_sent_to_its_end)
{
	const struct fake_listen small = { .family = FAKE_UNIX,
					   .buffer_bytes = 8192 };
	char *value = binary_value(LARGE_LEN, 1);
	struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };
	char request[64];
	const int request_len = snprintf(request, sizeof(request),
					 "set k 0 0 %zu noreply\r\n",
					 LARGE_LEN);

	USE_TRANSPORT();
	one.value = (struct tenon_slice){ value, LARGE_LEN };
	rig_fake_at(
		&rig, &small,
		FAKE_STEPS(
			FAKE_ACCEPT,
			FAKE_EXPECT_BYTES(request, (size_t)request_len),
			FAKE_EXPECT_BYTES(value, LARGE_LEN),
			FAKE_EXPECT(
				"\r\nversion\r\nget tenon:fence\r\nget z\r\n"),
			FAKE_SEND("VERSION 1\r\nEND\r\nEND\r\n")));
	rig_open(&rig, LARGE_OK);
	ck_assert_status(rig_one(&rig, TENON_SET, &one, TENON_NOREPLY), TENON_SENT);
	ck_assert_status(rig_get(&rig, "z"), TENON_MISS);
	rig_close(&rig);
	free(value);
}
END_TEST

START_TEST(a_version_during_a_noreply_call_is_no_fence)
{
	const struct fake_listen small = { .family = FAKE_UNIX,
					   .buffer_bytes = 8192 };
	char *value = binary_value(LARGE_LEN, 1);
	struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };

	/*
	 * The VERSION line comes while the value is being sent, and answers no request. That is the
	 * connection's fault when it was open before, else the server's.
	 */
	const struct fake_step warm[] = {
		FAKE_ACCEPT, FAKE_READ(10), FAKE_SEND("VERSION 1.6.18\r\n"),
		FAKE_WAIT, FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
		FAKE_SEND("END\r\n"),
	};
	const struct fake_step cold[] = {
		FAKE_ACCEPT, FAKE_READ(10), FAKE_SEND("VERSION 1.6.18\r\n"),
		FAKE_HOLD,
	};

	USE_TRANSPORT();
	one.value = (struct tenon_slice){ value, LARGE_LEN };
	struct fake_server *fake =
		rig_fake_at(&rig, &small, rig_warm ? warm : cold,
			    rig_warm ? COUNT(warm) : COUNT(cold));
	rig_open(&rig, LARGE_OK RETRY_NEVER);
	ck_assert_status(rig_one(&rig, TENON_SET, &one, TENON_NOREPLY), TENON_EPROTOCOL);
	fake_server_go(fake);
	ck_assert_status(rig_get(&rig, "k"),
			 rig_warm ? TENON_MISS : TENON_EDOWN);
	rig_close(&rig);
	free(value);
}
END_TEST

/* ---- many servers at the same time --------------------------------------- */

#define CLUSTER 20
#define ANSWER_MS 200

struct cluster {
	char keys[CLUSTER][RIG_KEY_LEN + 1];
	struct tenon_item items[CLUSTER];
};

/* Make one key for each server of the rig. */
static void make_cluster(struct rig *rig, struct cluster *cluster, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		rig_key_at(rig, i, 0, cluster->keys[i]);
		cluster->items[i] = item(cluster->keys[i], NULL);
	}
}

START_TEST(twenty_slow_servers_are_waited_for_at_the_same_time)
{
	static const struct fake_step steps[] = {
		FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN), FAKE_DELAY(ANSWER_MS),
		FAKE_SEND("END\r\n")
	};
	struct rig rig = { 0 };
	struct cluster cluster;
	int64_t start_ms;

	USE_TRANSPORT();
	for (int i = 0; i < CLUSTER; i++) {
		rig_fake(&rig, steps, COUNT(steps));
	}
	rig_open(&rig, NULL);
	make_cluster(&rig, &cluster, CLUSTER);
	start_ms = now_ms();
	ck_assert_status(rig_run(&rig, TENON_GET, cluster.items, CLUSTER, 0), TENON_OK);
	ck_assert_number(now_ms() - start_ms, <, CLUSTER * ANSWER_MS * 3 / 4);
	for (size_t i = 0; i < CLUSTER; i++) {
		ck_assert_status(rig.results[i].status, TENON_MISS);
	}
	rig_close(&rig);
}
END_TEST

#define HANGING 8

START_TEST(connections_are_made_at_the_same_time)
{
	const struct fake_listen full = { .full = true };
	struct rig rig = { 0 };
	struct cluster cluster;
	int64_t start_ms;

	USE_TRANSPORT();
	for (int i = 0; i < HANGING; i++) {
		rig_fake_at(&rig, &full, NULL, 0);
	}
	rig_open(&rig, "connect_timeout: 500ms\n");
	make_cluster(&rig, &cluster, HANGING);
	start_ms = now_ms();
	ck_assert_status(rig_run(&rig, TENON_GET, cluster.items, HANGING, 0), TENON_ECONNECT);
	ck_assert_number(now_ms() - start_ms, <, HANGING * 500 * 3 / 4);
	for (size_t i = 0; i < HANGING; i++) {
		ck_assert_status(rig.results[i].status, TENON_ECONNECT);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(each_server_of_a_batch_fails_or_answers_by_itself)
{
	enum { SILENT, ANSWERS, RESETS, FULL, REFUSES, BABBLES, KINDS };
	static const struct fake_listen full = { .full = true };
	char refused[128];
	char lines[KINDS][160];
	const char *servers[KINDS];
	struct rig rig = { 0 };
	struct cluster cluster;

	USE_TRANSPORT();
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_EXPECT_CLOSE));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_DELAY(50), FAKE_SEND("END\r\n")));
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_RESET));
	rig_fake_at(&rig, &full, NULL, 0);
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("BLA\r\n"), FAKE_EXPECT_CLOSE));
	fake_refused_address(FAKE_INET, refused, sizeof(refused));
	for (int i = 0; i < KINDS; i++) {
		int fake = i < REFUSES ? i : i - 1;

		snprintf(lines[i], sizeof(lines[i]), "%s s%d",
			 i == REFUSES ? refused
				      : fake_server_address(rig.fakes[fake]),
			 i);
		servers[i] = lines[i];
	}
	rig_open_at(&rig, servers, KINDS,
		    "poll_timeout: 500ms\nconnect_timeout: 250ms\n");
	make_cluster(&rig, &cluster, KINDS);
	ck_assert_status(rig_run(&rig, TENON_GET, cluster.items, KINDS, 0), TENON_ETIMEDOUT);
	ck_assert_status(rig.results[SILENT].status, TENON_ETIMEDOUT);
	ck_assert_status(rig.results[ANSWERS].status, TENON_MISS);
	ck_assert_status(rig.results[RESETS].status, TENON_ECLOSED);
	ck_assert_status(rig.results[FULL].status, TENON_ECONNECT);
	ck_assert_status(rig.results[REFUSES].status, TENON_ECONNECT);
	ck_assert_status(rig.results[BABBLES].status, TENON_EPROTOCOL);
	rig_close(&rig);
}
END_TEST

/* ---- deadlines ----------------------------------------------------------- */

static void check_times_out(const struct fake_step *steps, size_t count,
			    enum tenon_verb verb, const struct tenon_item *one)
{
	const struct fake_listen small = { .buffer_bytes = 4096 };
	struct rig rig = { 0 };
	int64_t start_ms;

	rig_fake_at(&rig, &small, steps, count);
	rig_open(&rig, SHORT_TIMEOUT LARGE_OK);
	start_ms = now_ms();
	ck_assert_status(rig_one(&rig, verb, one, 0), TENON_ETIMEDOUT);
	ck_assert_number(now_ms() - start_ms, >=, 150);
	ck_assert_number(now_ms() - start_ms, <, FAR_TOO_LONG_MS);
	rig_close(&rig);
}

START_TEST(a_silent_server_times_out_and_its_connection_is_closed)
{
	const struct tenon_item one = item("k", NULL);

	USE_TRANSPORT();
	check_times_out(FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				   FAKE_EXPECT_CLOSE),
			TENON_GET, &one);
}
END_TEST

START_TEST(a_server_that_drips_times_out)
{
	const struct tenon_item one = item("k", NULL);

	USE_TRANSPORT();
	check_times_out(
		FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			   FAKE_SEND_SPLIT(
				   "VALUE k 0 99\r\naaaaaaaaaaaaaaaaaaaaaaaaaa"
				   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
				   1, 60)),
		TENON_GET, &one);
}
END_TEST

START_TEST(a_server_that_does_not_read_times_out)
{
	char *value = binary_value(LARGE_LEN, 1);
	struct tenon_item one = item("k", NULL);

	USE_TRANSPORT();
	one.value = (struct tenon_slice){ value, LARGE_LEN };
	check_times_out(FAKE_STEPS(FAKE_ACCEPT, FAKE_HOLD), TENON_SET, &one);
	free(value);
}
END_TEST

START_TEST(a_full_backlog_costs_connect_timeout)
{
	static const enum fake_family kinds[] = { FAKE_INET, FAKE_UNIX };

	USE_TRANSPORT();
	for (size_t f = 0; f < COUNT(kinds); f++) {
		const struct fake_listen full = { .family = kinds[f],
						  .full = true };
		struct rig rig = { 0 };
		int64_t start_ms = now_ms();

		rig_fake_at(&rig, &full, NULL, 0);
		rig_open(&rig, "connect_timeout: 200ms\n");
		ck_assert_status(rig_get(&rig, "k"), TENON_ECONNECT);
		ck_assert_number(now_ms() - start_ms, <, FAR_TOO_LONG_MS);
		rig_close(&rig);
	}
}
END_TEST

static volatile sig_atomic_t ticks;

static void on_tick(int signum)
{
	(void)signum;
	ticks = ticks + 1;
}

/* A timer of the application interrupts system calls all the time. */
START_TEST(signals_do_not_disturb)
{
	const struct itimerval fast = { { 0, 5000 }, { 0, 5000 } };
	const struct itimerval off = { { 0, 0 }, { 0, 0 } };
	const struct sigaction action = { .sa_handler = on_tick };
	const struct tenon_item one = item("k", NULL);
	struct rig rig = { 0 };

	USE_TRANSPORT();
	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			    FAKE_SEND_SPLIT("VALUE k 0 5\r\nhello\r\nEND\r\n",
					    1, 5)));
	rig_open(&rig, NULL);
	/*
	 * The handler stays installed: a tick may come late (valgrind's ticks do), and
	 * libcheck's handler kills the process group, which without fork is not the
	 * test's own.
	 */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &fast, NULL);
	ck_assert_status(rig_get(&rig, "k"), TENON_HIT);
	ck_assert_bytes(value_of(&rig), slice("hello"));
	check_times_out(FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				   FAKE_EXPECT_CLOSE),
			TENON_GET, &one);
	setitimer(ITIMER_REAL, &off, NULL);
	ck_assert_number(ticks, >, 0);
	rig_close(&rig);
}
END_TEST

/* ---- connections --------------------------------------------------------- */

START_TEST(end_of_file_reset_and_half_close_are_closed_connections)
{
	static const struct fake_step endings[][4] = {
		{ FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"), FAKE_CLOSE,
		  FAKE_DELAY(0) },
		{ FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"), FAKE_RESET,
		  FAKE_DELAY(0) },
		{ FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"), FAKE_HALF_CLOSE,
		  FAKE_EXPECT_CLOSE },
		{ FAKE_ACCEPT, FAKE_READ(1), FAKE_CLOSE, FAKE_DELAY(0) },
	};

	USE_TRANSPORT();
	for (size_t i = 0; i < COUNT(endings); i++) {
		struct rig rig = { 0 };

		rig_fake(&rig, endings[i], 4);
		rig_open(&rig, NULL);
		ck_assert_status(rig_get(&rig, "k"), TENON_ECLOSED);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(an_idle_connection_that_was_closed_is_replaced_once)
{
	struct rig rig = { 0 };

	USE_TRANSPORT();
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_CLOSE, FAKE_ACCEPT,
				  FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_RESET, FAKE_ACCEPT,
				  FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	check_steps(rig.fakes[0], 4);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	check_steps(rig.fakes[0], 8);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* A SIGPIPE would end this test, since its default action does. */
START_TEST(sending_to_a_closed_connection_raises_no_sigpipe)
{
	static const enum fake_family kinds[] = { FAKE_INET, FAKE_UNIX };
	char *value = binary_value(LARGE_LEN, 1);
	struct tenon_item one = item("k", NULL);

	USE_TRANSPORT();
	signal(SIGPIPE, SIG_DFL);
	one.value = (struct tenon_slice){ value, LARGE_LEN };
	for (size_t f = 0; f < COUNT(kinds); f++) {
		const struct fake_listen listen = { .family = kinds[f] };
		const struct fake_step steps[] = {
			FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			FAKE_SEND("END\r\n"), FAKE_RESET,
			FAKE_ACCEPT, FAKE_READ(100000),
			FAKE_RESET,
		};
		struct rig rig = { 0 };

		rig_fake_at(&rig, &listen, steps, COUNT(steps));
		rig_open(&rig, LARGE_OK);
		ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
		check_steps(rig.fakes[0], 4);
		ck_assert_status(rig_one(&rig, TENON_SET, &one, 0), TENON_ECLOSED);
		rig_close(&rig);
	}
	free(value);
}
END_TEST

START_TEST(garbage_closes_and_the_next_operation_reconnects)
{
	struct rig rig = { 0 };

	USE_TRANSPORT();
	rig_fake(&rig,
		 FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
			    FAKE_GARBAGE(100000), FAKE_EXPECT_CLOSE, FAKE_ACCEPT,
			    FAKE_EXPECT("get k\r\n"), FAKE_SEND("END\r\n")));
	rig_open(&rig, RETRY_SOON);
	if (!rig_warm) { /* else the get goes again on a new connection */
		ck_assert_status(rig_get(&rig, "k"), TENON_EPROTOCOL);
	}
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

START_TEST(connections_close_with_the_client_and_on_request)
{
	struct rig rig = { 0 };

	USE_TRANSPORT();
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_EXPECT_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_EXPECT_CLOSE));
	rig_open(&rig, NULL);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	tenon_client_disconnect(rig.client);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	tenon_client_close(rig.client);
	rig.client = NULL;
	rig_close(&rig);
}
END_TEST

/* ---- descriptors --------------------------------------------------------- */

START_TEST(descriptors_are_lazy_close_on_exec_and_given_back)
{
	struct rig rig = { 0 };
	struct rig_fds before;
	size_t sockets;

	USE_TRANSPORT();
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_WAIT,
				  FAKE_EXPECT_CLOSE));
	fds_look(&before);
	rig_open(&rig, NULL);
	fds_since(&before, &sockets);
	ck_assert_number(sockets, ==, 0);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	/* the client's end and the fake's end */
	fds_since(&before, &sockets);
	ck_assert_number(sockets, ==, 2);
	fake_server_go(rig.fakes[0]);
	tenon_client_close(rig.client);
	rig.client = NULL;
	check_steps(rig.fakes[0], 5);
	ck_assert_number(fds_since(&before, NULL), ==, 0);
	rig_close(&rig);
}
END_TEST
/* ---- waiting ------------------------------------------------------------- */

static int counted_wait(struct pollfd *fds, size_t count, int timeout_ms,
			void *payload)
{
	size_t *calls = payload;

	++*calls;
	return poll(fds, (nfds_t)count, timeout_ms);
}

START_TEST(a_wait_hook_is_called_or_refused)
{
	struct rig rig = { 0 };
	size_t calls = 0;

	USE_TRANSPORT();
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_DELAY(50), FAKE_SEND("END\r\n"),
				  FAKE_EXPECT("get k\r\n"),
				  FAKE_DELAY(50), FAKE_SEND("END\r\n")));
	rig_open(&rig, NULL);
	int code = tenon_client_set_wait(rig.client, counted_wait, &calls,
					 &rig.err);
	ck_assert_number(code, ==, rig.err.code);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	if (code) {
		ck_assert_status(code, TENON_EINVAL);
		ck_assert_number(calls, ==, 0);
	} else {
		ck_assert_number(calls, >, 0);
	}
	ck_assert_number(tenon_client_set_wait(rig.client, NULL, NULL, NULL), ==, 0);
	calls = 0;
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_number(calls, ==, 0);
	rig_close(&rig);
}
END_TEST

/* ---- list ---------------------------------------------------------------- */

static void add_bytes(TCase *tc)
{
	EACH_TWICE(tc, one_connection_serves_many_operations);
	EACH_TWICE(tc, a_reply_byte_by_byte_arrives);
	EACH_TWICE(tc, a_large_value_goes_through_small_buffers_both_ways);
	EACH_TWICE(tc, a_flood_of_sets_does_not_deadlock);
	EACH_TWICE(tc, noreply_is_done_when_it_is_sent);
	EACH_TWICE(tc, a_large_noreply_set_is_sent_to_its_end);
	EACH_TWICE(tc, a_version_during_a_noreply_call_is_no_fence);
}

static void add_batches(TCase *tc)
{
	EACH_TWICE(tc, twenty_slow_servers_are_waited_for_at_the_same_time);
	EACH(tc, connections_are_made_at_the_same_time);
	EACH(tc, each_server_of_a_batch_fails_or_answers_by_itself);
}

static void add_deadlines(TCase *tc)
{
	EACH_TWICE(tc, a_silent_server_times_out_and_its_connection_is_closed);
	EACH_TWICE(tc, a_server_that_drips_times_out);
	EACH_TWICE(tc, a_server_that_does_not_read_times_out);
	EACH(tc, a_full_backlog_costs_connect_timeout);
	EACH_TWICE(tc, signals_do_not_disturb);
}

static void add_connections(TCase *tc)
{
	transport_connect_add(tc);
	EACH(tc, end_of_file_reset_and_half_close_are_closed_connections);
	EACH(tc, an_idle_connection_that_was_closed_is_replaced_once);
	EACH(tc, sending_to_a_closed_connection_raises_no_sigpipe);
	EACH_TWICE(tc, garbage_closes_and_the_next_operation_reconnects);
	EACH(tc, connections_close_with_the_client_and_on_request);
	EACH(tc, a_wait_hook_is_called_or_refused);
}

static void add_descriptors(TCase *tc)
{
	EACH(tc, descriptors_are_lazy_close_on_exec_and_given_back);
}

static void load(void)
{
	enter_builddir();
	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
}

/* Return true when every transport under test has begin, turn and fds. */
static bool all_turn(void)
{
	for (int i = 0; i < subjects_count(); i++) {
		if (!subject(i)->ops.transport.begin) {
			return false;
		}
	}
	return true;
}

/* Test `ways` ways of using a transport, from `first` on. */
static int conformance(enum drive_way first, int ways)
{
	Suite *suite = suite_create("transport conformance");
	TCase *tc = tcase_create("transports");

	rig_plugin = getenv(SUBJECT_VARIABLE);
	if (rig_plugin && getenv(SUBJECT_OPTIONS_VARIABLE)) {
		rig_options = getenv(SUBJECT_OPTIONS_VARIABLE);
	}
	drive_first = first;
	drive_ways = ways;
	subjects_add_tests(suite);
	tcase_set_timeout(tc, 60);
	add_bytes(tc);
	add_batches(tc);
	add_deadlines(tc);
	add_connections(tc);
	add_descriptors(tc);
	suite_add_tcase(suite, tc);
	tc = tcase_create("alone");
	tcase_set_timeout(tc, 60);
	transport_alone_add(tc);
	transport_begun_add(tc);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}

int conformance_transport(void)
{
	load();
	return conformance(DRIVE_RUN, all_turn() ? 3 : 1);
}

int conformance_transport_run(void)
{
	load();
	return conformance(DRIVE_RUN, 1);
}

int conformance_transport_turn(void)
{
	load();
	return conformance(DRIVE_TURN, 1);
}

int conformance_transport_fds(void)
{
	load();
	return conformance(DRIVE_FDS, 1);
}
