/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a transport makes connections: names, addresses that race, sockets that are busy, local limits,
 * options of a socket, and descriptors of attempts that failed.
 */
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/client.h"
#include "base/clock.h"
#include "conformance/talk.h"
#include "conformance/transport_rig.h"
#include "fakes/names.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"

/* ---- addresses ----------------------------------------------------------- */

START_TEST(a_refused_connection_fails_at_once)
{
	USE_TRANSPORT();
	for (size_t f = 0; f < COUNT(families); f++) {
		char address[128];
		struct rig rig = { 0 };
		int64_t start_ms = now_ms();

		if (!family_exists(families[f])) {
			continue;
		}
		fake_refused_address(families[f], address, sizeof(address));
		rig_open_one(&rig, address, NULL);
		ck_assert_status(rig_get(&rig, "k"), TENON_ECONNECT);
		ck_assert_number(now_ms() - start_ms, <, FAR_TOO_LONG_MS);
		rig_close(&rig);
	}
}
END_TEST

/* Where localhost is ::1 as well, the fake refuses ::1. */
START_TEST(names_are_resolved_at_every_connection)
{
	char line[64];
	struct rig rig = { 0 };

	if (!fake_has_localhost()) {
		dprintf(STDOUT_FILENO,
			"# localhost has no address here, names are not tested\n");
		return;
	}
	USE_TRANSPORT();
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_CLOSE,
				  FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	snprintf(line, sizeof(line), "localhost:%u",
		 fake_server_port(rig.fakes[0]));
	rig_open_one(&rig, line, NULL);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	check_steps(rig.fakes[0], 4);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

/* Close a full backlog after a while: connects that wait are then refused. */
static void *close_later(void *payload)
{
	const int *fd = payload;

	sleep_ms(300);
	close(*fd);
	return NULL;
}

/* A socket that listens at another address of the same name, on the port of a fake. port 0: any. */
struct other {
	struct sockaddr_in where;
	int fd;
	int fillers[4];
};

static void other_listen(struct other *other, uint16_t port, uint32_t host)
{
	socklen_t len = sizeof(other->where);
	const int one = 1;

	other->where = (struct sockaddr_in){ .sin_family = AF_INET };
	other->where.sin_addr.s_addr = htonl(host);
	other->where.sin_port = htons(port);
	other->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			   0);
	setsockopt(other->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	ck_assert_int_eq(bind(other->fd, (struct sockaddr *)&other->where,
			      sizeof(other->where)),
			 0);
	ck_assert_int_eq(listen(other->fd, 0), 0);
	ck_assert_int_eq(getsockname(other->fd,
				     (struct sockaddr *)&other->where, &len),
			 0);
}

/* Fill the backlog, so that the kernel drops each SYN and no connect gets an answer. */
static void other_fill(struct other *other)
{
	for (size_t i = 0; i < COUNT(other->fillers); i++) {
		other->fillers[i] = socket(
			AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(other->fillers[i],
			      (struct sockaddr *)&other->where,
			      sizeof(other->where));
	}
	sleep_ms(50);
}

static void other_close(struct other *other)
{
	for (size_t i = 0; i < COUNT(other->fillers); i++) {
		close(other->fillers[i]);
	}
	close(other->fd);
}

/* 127.0.0.1, where fakes listen, is the last address of these names. */
static const struct fake_name names[] = {
	{ .host = "two.test", .addresses = { "127.0.0.2", "127.0.0.1" } },
	{ .host = "six.test",
	  .addresses = { "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5",
			 "127.0.0.6", "127.0.0.1" } },
};

/* Start a fake that answers the first get, and a client whose server is this name. */
static void open_name(struct rig *rig, const char *name, const char *settings)
{
	char line[64];

	fake_names_set(names, COUNT(names));
	snprintf(line, sizeof(line), "%s:%u", name,
		 fake_server_port(rig->fakes[0]));
	rig_open_one(rig, line, settings);
}

static void fake_miss(struct rig *rig)
{
	static const struct fake_step steps[] = { FAKE_ACCEPT,
						  FAKE_EXPECT("get k\r\n"),
						  FAKE_SEND("END\r\n") };

	rig_fake(rig, steps, COUNT(steps));
}

/* Linux repeats the connect after a second, and only then the server refuses it. */
START_TEST(a_refusal_that_comes_late_leads_to_the_next_address)
{
	struct rig rig = { 0 };
	struct other full;
	pthread_t thread;

	USE_TRANSPORT();
	fake_miss(&rig);
	other_listen(&full, fake_server_port(rig.fakes[0]), INADDR_LOOPBACK + 1);
	other_fill(&full);
	open_name(&rig, "two.test", "connect_timeout: 1min\n");
	ck_assert_int_eq(pthread_create(&thread, NULL, close_later, &full.fd),
			 0);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	pthread_join(thread, NULL);
	full.fd = -1;
	other_close(&full);
	rig_close(&rig);
}
END_TEST

/* The timeout of one address is not the timeout of the connection. */
START_TEST(an_address_that_does_not_answer_loses_the_race)
{
	struct rig rig = { 0 };
	struct other full;

	USE_TRANSPORT();
	fake_miss(&rig);
	other_listen(&full, fake_server_port(rig.fakes[0]), INADDR_LOOPBACK + 1);
	other_fill(&full);
	open_name(&rig, "two.test", "connect_timeout: 900ms\n");
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	other_close(&full);
	rig_close(&rig);
}
END_TEST

START_TEST(every_address_is_tried_within_connect_timeout)
{
	struct rig rig = { 0 };
	struct other full[5];
	struct rig_fds before;
	size_t sockets;

	USE_TRANSPORT();
	fake_miss(&rig);
	for (uint32_t i = 0; i < COUNT(full); i++) {
		other_listen(&full[i], fake_server_port(rig.fakes[0]), INADDR_LOOPBACK + 1 + i);
		other_fill(&full[i]);
	}
	open_name(&rig, "six.test", "connect_timeout: 900ms\n");
	fds_look(&before);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	/* the sockets that lost the race are closed: the client's end and the fake's end are left */
	fds_since(&before, &sockets);
	ck_assert_number(sockets, ==, 2);
	for (size_t i = 0; i < COUNT(full); i++) {
		other_close(&full[i]);
	}
	rig_close(&rig);
}
END_TEST

#define SIXTEEN(net)                                                     \
	{                                                                \
		net ".2", net ".3", net ".4", net ".5", net ".6", net ".7", \
		net ".8", net ".9", net ".10", net ".11", net ".12",     \
		net ".13", net ".14", net ".15", net ".16", net ".17"    \
	}

/* The name moves to 16 other addresses while its old ones are connecting. */
START_TEST(addresses_that_do_not_answer_leak_no_descriptor)
{
	static const struct fake_name before[] = {
		{ .host = "crowd.test", .addresses = SIXTEEN("127.0.0") },
	};
	static const struct fake_name after[] = {
		{ .host = "crowd.test", .addresses = SIXTEEN("127.0.1") },
	};
	struct rig rig = { 0 };
	struct other full;
	struct rig_fds open;
	char line[64];

	USE_TRANSPORT();
	other_listen(&full, 0, INADDR_ANY);
	other_fill(&full);
	snprintf(line, sizeof(line), "crowd.test:%u",
		 ntohs(full.where.sin_port));
	fake_names_set(before, 1);
	rig_open_one(&rig, line, "connect_timeout: 200ms\n" RETRY_SOON);
	fds_look(&open);
	ck_assert_status(rig_get(&rig, "k"), TENON_ECONNECT);
	fake_names_set(after, 1);
	tenon__clock_advance((int64_t)TENON_LOOKUP_INTERVAL_MS * 1000000);
	ck_assert_status(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_number(rig.err.sys_errno, ==, ETIMEDOUT);
	ck_assert_number(fds_since(&open, NULL), ==, 0);
	other_close(&full);
	rig_close(&rig);
}
END_TEST

START_TEST(the_address_that_worked_is_tried_first)
{
	struct rig rig = { 0 };
	struct other first;

	USE_TRANSPORT();
	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n"), FAKE_CLOSE, FAKE_ACCEPT,
				  FAKE_EXPECT("get k\r\n"),
				  FAKE_SEND("END\r\n")));
	open_name(&rig, "two.test", NULL);
	/* 127.0.0.2 refuses at first, and accepts later */
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	other_listen(&first, fake_server_port(rig.fakes[0]), INADDR_LOOPBACK + 1);
	check_steps(rig.fakes[0], 4);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	ck_assert_number(accept(first.fd, NULL, NULL), <, 0);
	close(first.fd);
	rig_close(&rig);
}
END_TEST

/* ---- UNIX sockets that are busy ------------------------------------------ */

struct busy {
	char path[108];
	int fd;
	int filler;
};

/* Listen on a UNIX socket and fill its backlog: a connect gets EAGAIN. */
static void busy_listen(struct busy *busy)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int last;

	scratch_path(busy->path, sizeof(busy->path));
	memcpy(where.sun_path, busy->path, sizeof(busy->path));
	busy->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(busy->fd, (struct sockaddr *)&where,
			      sizeof(where)),
			 0);
	ck_assert_int_eq(listen(busy->fd, 0), 0);
	busy->filler = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(busy->filler, (struct sockaddr *)&where,
				 sizeof(where)),
			 0);
	last = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_lt(connect(last, (struct sockaddr *)&where,
				 sizeof(where)),
			 0);
	close(last);
}

/* After a while accept the filler and then a client, and answer the client's get. */
static void *busy_serve(void *payload)
{
	const struct busy *busy = payload;
	char line[16];

	sleep_ms(200);
	close(accept(busy->fd, NULL, NULL));
	int client = accept(busy->fd, NULL, NULL);
	if (recv(client, line, sizeof("get k\r\n") - 1, MSG_WAITALL) > 0) {
		(void)send(client, "END\r\n", sizeof("END\r\n") - 1,
			   MSG_NOSIGNAL);
	}
	(void)recv(client, line, 1, 0); /* until the client closes */
	close(client);
	return NULL;
}

START_TEST(a_unix_socket_whose_backlog_is_full_is_tried_again)
{
	struct rig rig = { 0 };
	struct busy busy;
	pthread_t thread;

	USE_TRANSPORT();
	busy_listen(&busy);
	rig_open_one(&rig, busy.path, NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, busy_serve, &busy), 0);
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
	pthread_join(thread, NULL);
	close(busy.filler);
	close(busy.fd);
}
END_TEST

START_TEST(a_backlog_that_stays_full_has_its_reason)
{
	struct rig rig = { 0 };
	struct busy busy;

	USE_TRANSPORT();
	busy_listen(&busy);
	rig_open_one(&rig, busy.path, "connect_timeout: 100ms\n");
	ck_assert_status(rig_get(&rig, "k"), TENON_ECONNECT);
	ck_assert_number(rig.err.sys_errno, ==, EAGAIN);
	check_says(rig.err.message, "the backlog of the socket is full");
	rig_close(&rig);
	close(busy.filler);
	close(busy.fd);
}
END_TEST

/* ---- local limits, and options ------------------------------------------- */

/* Let this process open no more descriptors; returns the limit that was. */
static struct rlimit no_descriptors(void)
{
	struct rlimit limit, none;
	int fd = dup(STDOUT_FILENO);

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)fd;
	close(fd);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	return limit;
}

START_TEST(the_limit_of_descriptors_is_no_failure_of_the_server)
{
	struct rig rig = { 0 };
	struct rlimit limit;
	struct tenon_item one = item("k", NULL);
	int status;

	USE_TRANSPORT();
	fake_miss(&rig);
	rig_open(&rig, RETRY_NEVER);
	limit = no_descriptors();
	status = rig_one(&rig, TENON_GET, &one, 0);
	setrlimit(RLIMIT_NOFILE, &limit);
	ck_assert_number(status, <, 0);
	ck_assert_number(rig.err.sys_errno, ==, EMFILE);
	/* the server is not down */
	ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
	rig_close(&rig);
}
END_TEST

static int option_of(const struct rig *rig, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	(void)getsockopt(rig->client->engine.conns[0].base.fd, level, name,
			 &value, &len);
	return value;
}

static const struct {
	const char *settings;
	int on, idle_s, interval_s, count, user_timeout_ms;
} kept[] = {
	{ "", 1, 60, 10, 3, 30000 },
	{ "keepalive: 2min\npoll_timeout: 10s\n", 1, 120, 10, 3, 5000 },
	{ "keepalive: {idle: 7s, interval: 2s, count: 5}\n", 1, 7, 2, 5, 30000 },
	{ "keepalive: off\n", 0, -1, -1, -1, 30000 },
};

START_TEST(tcp_connections_have_the_options_of_the_setup)
{
	USE_TRANSPORT();
	for (size_t i = 0; i < COUNT(kept); i++) {
		struct rig rig = { 0 };

		fake_miss(&rig);
		rig_open(&rig, kept[i].settings);
		ck_assert_status(rig_get(&rig, "k"), TENON_MISS);
		ck_assert_number(option_of(&rig, SOL_SOCKET, SO_KEEPALIVE), ==, kept[i].on);
		ck_assert_number(option_of(&rig, IPPROTO_TCP, TCP_NODELAY), !=, 0);
		ck_assert_number(option_of(&rig, IPPROTO_TCP, TCP_USER_TIMEOUT), ==,
			kept[i].user_timeout_ms);
		if (kept[i].on) {
			ck_assert_number(option_of(&rig, IPPROTO_TCP, TCP_KEEPIDLE), ==,
				kept[i].idle_s);
			ck_assert_number(option_of(&rig, IPPROTO_TCP, TCP_KEEPINTVL), ==,
				kept[i].interval_s);
			ck_assert_number(option_of(&rig, IPPROTO_TCP, TCP_KEEPCNT), ==,
				kept[i].count);
		}
		rig_close(&rig);
	}
}
END_TEST

/* ---- attempts that fail -------------------------------------------------- */

START_TEST(failed_connects_leak_no_descriptor)
{
	USE_TRANSPORT();
	check_refusals_leak_nothing(FAKE_INET);
	check_refusals_leak_nothing(FAKE_UNIX);
}
END_TEST

START_TEST(connects_that_time_out_leak_no_descriptor)
{
	const struct fake_listen full = { .full = true };
	struct rig rig = { 0 };
	struct rig_fds before;
	size_t sockets;

	USE_TRANSPORT();
	rig_fake_at(&rig, &full, NULL, 0);
	fds_look(&before);
	rig_open(&rig, RETRY_SOON "connect_timeout: 5ms\n");
	for (int i = 0; i < 20; i++) {
		ck_assert_status(rig_get(&rig, "k"), TENON_ECONNECT);
	}
	fds_since(&before, &sockets);
	ck_assert_number(sockets, ==, 0);
	rig_close(&rig);
}
END_TEST

/* ---- list ---------------------------------------------------------------- */

void transport_connect_add(TCase *tc)
{
	EACH(tc, a_refused_connection_fails_at_once);
	EACH(tc, names_are_resolved_at_every_connection);
	EACH(tc, a_refusal_that_comes_late_leads_to_the_next_address);
	EACH(tc, an_address_that_does_not_answer_loses_the_race);
	EACH(tc, every_address_is_tried_within_connect_timeout);
	EACH(tc, addresses_that_do_not_answer_leak_no_descriptor);
	EACH(tc, the_address_that_worked_is_tried_first);
	EACH(tc, a_unix_socket_whose_backlog_is_full_is_tried_again);
	EACH(tc, a_backlog_that_stays_full_has_its_reason);
	EACH(tc, the_limit_of_descriptors_is_no_failure_of_the_server);
	EACH(tc, tcp_connections_have_the_options_of_the_setup);
	EACH(tc, failed_connects_leak_no_descriptor);
	EACH(tc, connects_that_time_out_leak_no_descriptor);
}
