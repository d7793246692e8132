/* SPDX-License-Identifier: BSD-3-Clause */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/names.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cluster/resolve.h"
#include "runner/suite.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RESOLVE_TIMEOUT_MS 60000

static const struct fake_name names[] = {
	{ .host = "one.test", .addresses = { "192.0.2.1" } },
	{ .host = "two.test", .addresses = { "192.0.2.1", "192.0.2.2" } },
	{ .host = "mixed.test",
	  .addresses = { "2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1",
			 "192.0.2.2" } },
	{ .host = "crowd.test",
	  .addresses = { "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4",
			 "192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.8",
			 "192.0.2.9", "192.0.2.10", "192.0.2.11", "192.0.2.12",
			 "192.0.2.13", "192.0.2.14", "192.0.2.15", "192.0.2.16",
			 "192.0.2.17", "192.0.2.18", "2001:db8::1" } },
	{ .host = "gone.test", .gai_error = EAI_NONAME },
	{ .host = "gone-late.test", .gai_error = EAI_NONAME, .hangs = true },
	{ .host = "again.test", .gai_error = EAI_AGAIN },
	{ .host = "broken.test", .gai_error = EAI_SYSTEM, .sys_errno = EIO },
	{ .host = "slow.test", .addresses = { "192.0.2.1" }, .hangs = true },
	{ .host = "slow*", .addresses = { "192.0.2.1" }, .hangs = true },
	{ .host = "quick*", .addresses = { "192.0.2.1" } },
	{ .host = "hidden.test", .addresses = { "192.0.2.1" }, .is_hidden = true },
	{ .host = "localhost", .addresses = { "127.0.0.1" }, .is_hidden = true },
};

static struct tenon__resolver resolver;
static struct tenon_address address;

static void resolve(const char *spec)
{
	struct tenon__server server;

	ck_assert_int_eq(tenon__server_parse(&server, spec, strlen(spec), NULL),
			 0);
	ck_assert_int_eq(tenon__resolver_init(&resolver, &server,
					      RESOLVE_TIMEOUT_MS, NULL),
			 0);
	tenon__server_fini(&server);
	tenon__resolver_rewind(&resolver);
}

/* Get the next address. Wait for the lookup as a transport does. */
static int next_address(void)
{
	int code;

	while ((code = tenon__resolver_next(&resolver, &address)) == 0) {
		struct pollfd fd = { .fd = address.wait_fd, .events = POLLIN };

		ck_assert_int_eq(poll(&fd, 1, 30000), 1);
	}
	return code;
}

static void set_up(void)
{
	fake_names_set(names, COUNT(names));
}

static void release(void)
{
	tenon__resolver_fini(&resolver);
	fake_names_release();
}

/* Begin a new operation at a time when the name may be looked up again. */
static void rewind_later(void)
{
	tenon__clock_advance((int64_t)TENON_LOOKUP_INTERVAL_MS * 1000000);
	tenon__resolver_rewind(&resolver);
}

/* Return the last byte of the IPv4 address that was given last; IPv6: the byte plus 1000. */
static int host_number(void)
{
	const struct sockaddr_in *in = (const void *)&address.sockaddr;
	const struct sockaddr_in6 *in6 = (const void *)&address.sockaddr;

	if (address.sockaddr.ss_family == AF_INET) {
		return (int)(ntohl(in->sin_addr.s_addr) & 255);
	}
	return 1000 + in6->sin6_addr.s6_addr[15];
}

START_TEST(an_ipv4_literal_is_known_at_once)
{
	const struct sockaddr_in *in = (const void *)&address.sockaddr;

	resolve("127.0.0.1:11311");
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 1);
	ck_assert_int_eq(in->sin_family, AF_INET);
	ck_assert_int_eq(ntohs(in->sin_port), 11311);
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address),
			 TENON_ECONNECT);
	tenon__resolver_rewind(&resolver);
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 1);
}
END_TEST

START_TEST(an_ipv6_literal_is_known_at_once)
{
	const struct sockaddr_in6 *in6 = (const void *)&address.sockaddr;

	resolve("[::1]:11311 alias");
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 1);
	ck_assert_int_eq(in6->sin6_family, AF_INET6);
	ck_assert_int_eq(ntohs(in6->sin6_port), 11311);
}
END_TEST

START_TEST(a_path_is_known_at_once)
{
	const struct sockaddr_un *un = (const void *)&address.sockaddr;

	resolve("/run/memcached.sock");
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 1);
	ck_assert_int_eq(un->sun_family, AF_UNIX);
	ck_assert_str_eq(un->sun_path, "/run/memcached.sock");
}
END_TEST

START_TEST(a_path_that_no_socket_can_have_is_refused)
{
	struct tenon__server server = { .port = 0 };
	struct tenon_error err = { 0 };
	static char path[200];

	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	server.host = path;
	server.address = path;
	ck_assert_int_eq(tenon__resolver_init(&resolver, &server, 1, &err),
			 TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, "at most 107 bytes"));
}
END_TEST

/* ---- lookups ---------------------------------------------------------------- */

START_TEST(a_name_has_the_port_of_its_server)
{
	const struct sockaddr_in *in = (const void *)&address.sockaddr;
	const struct sockaddr_in6 *in6 = (const void *)&address.sockaddr;

	resolve("mixed.test:11311");
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(ntohs(in6->sin6_port), 11311);
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(ntohs(in->sin_port), 11311);
	ck_assert_int_eq(resolver.outcome, TENON_LOOKUP_FOUND);
}
END_TEST

START_TEST(families_take_turns)
{
	static const int order[] = { 1001, 1, 1002, 2, 1003 };

	resolve("mixed.test:11311");
	for (size_t i = 0; i < COUNT(order); i++) {
		ck_assert_int_eq(next_address(), 1);
		ck_assert_int_eq(host_number(), order[i]);
	}
	ck_assert_int_eq(next_address(), TENON_ECONNECT);
}
END_TEST

/* TENON_ADDRESS_MAX_COUNT. No family loses all its addresses by the ceiling. */
START_TEST(sixteen_addresses_of_a_name_are_kept)
{
	int count = 0, in6 = 0;

	resolve("crowd.test:11311");
	while (next_address() == 1) {
		count++;
		in6 += address.sockaddr.ss_family == AF_INET6;
	}
	ck_assert_int_eq(count, 16);
	ck_assert_int_eq(in6, 1);
}
END_TEST

START_TEST(a_name_is_looked_up_at_most_once_an_interval)
{
	resolve("one.test:11311");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(next_address(), 1);
		tenon__resolver_rewind(&resolver);
	}
	ck_assert_uint_eq(fake_names_begun(), 1);
	rewind_later();
	ck_assert_int_eq(next_address(), 1);
	fake_names_await(2);
}
END_TEST

START_TEST(a_failure_is_remembered_for_the_interval)
{
	resolve("again.test:11311");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(next_address(), TENON_ECONNECT);
		tenon__resolver_rewind(&resolver);
	}
	ck_assert_uint_eq(fake_names_begun(), 1);
	rewind_later();
	ck_assert_int_eq(next_address(), TENON_ECONNECT);
	ck_assert_uint_eq(fake_names_begun(), 2);
}
END_TEST

static const struct {
	const char *line;
	enum tenon__lookup_outcome outcome;
	const char *says;
} failures[] = {
	{ "gone.test:1", TENON_LOOKUP_NO_NAME, "the lookup of gone.test failed: " },
	{ "again.test:1", TENON_LOOKUP_UNREACHABLE, "the lookup of again.test failed: " },
	{ "broken.test:1", TENON_LOOKUP_UNREACHABLE, "Input/output error" },
};

START_TEST(a_lookup_that_fails_says_whose_fault_it_is)
{
	char text[200];

	resolve(failures[_i].line);
	ck_assert_int_eq(next_address(), TENON_ECONNECT);
	ck_assert_int_eq(resolver.outcome, failures[_i].outcome);
	ck_assert(tenon__resolver_explain(&resolver, text, sizeof(text)));
	ck_assert_ptr_nonnull(strstr(text, failures[_i].says));
}
END_TEST

START_TEST(a_lookup_longer_than_resolve_timeout_fails_at_once_for_later_operations)
{
	char text[200];

	resolve("slow.test:11311");
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 0);
	ck_assert_int_eq(resolver.outcome, TENON_LOOKUP_UNFINISHED);
	fake_names_await(1);
	ck_assert(tenon__resolver_explain(&resolver, text, sizeof(text)));
	ck_assert_str_eq(text, "the lookup of slow.test took longer than the time left");
	tenon__clock_advance((int64_t)RESOLVE_TIMEOUT_MS * 1000000);
	tenon__resolver_rewind(&resolver);
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address),
			 TENON_ECONNECT);
	ck_assert_int_eq(resolver.outcome, TENON_LOOKUP_TIMED_OUT);
	ck_assert(tenon__resolver_explain(&resolver, text, sizeof(text)));
	ck_assert_str_eq(text, "the lookup of slow.test took longer than resolve_timeout (60000 ms)");
	/* and it is not started again */
	ck_assert_uint_eq(fake_names_begun(), 1);
}
END_TEST

/* A host without a network, or with one family only. */
START_TEST(addresses_that_ai_addrconfig_hides_are_found)
{
	static const char *const lines[] = { "hidden.test:1", "localhost:1" };

	resolve(lines[_i]);
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(host_number(), 1);
}
END_TEST

/* At the limit the C library finds no name server and no hosts file, and says that no name exists. */
START_TEST(a_lookup_at_the_limit_of_descriptors_has_its_errno)
{
	struct rlimit limit, none;
	int fd, code;

	resolve("gone-late.test:11311");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	/* one descriptor is left, which the wait takes before the lookup ends */
	fd = open("/dev/null", O_RDONLY);
	none = limit;
	none.rlim_cur = (rlim_t)fd + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	close(fd);
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 0);
	fake_names_release();
	code = next_address();
	setrlimit(RLIMIT_NOFILE, &limit);
	ck_assert_int_eq(code, TENON_ECONNECT);
	ck_assert_int_eq(resolver.outcome, TENON_LOOKUP_UNREACHABLE);
	ck_assert_int_eq(tenon__resolver_errno(&resolver), EMFILE);
	/* the next operation looks the name up again, and not only after a while */
	size_t begun = fake_names_begun();
	tenon__resolver_rewind(&resolver);
	ck_assert_int_eq(next_address(), TENON_ECONNECT);
	ck_assert_uint_gt(fake_names_begun(), begun);
	ck_assert_int_eq(tenon__resolver_errno(&resolver), 0);
}
END_TEST

START_TEST(a_wait_at_the_limit_of_descriptors_has_its_errno)
{
	struct rlimit limit, none;
	int fd, code;

	resolve("slow.test:11311");
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	fd = open("/dev/null", O_RDONLY);
	none = limit;
	none.rlim_cur = (rlim_t)fd + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	code = next_address();
	setrlimit(RLIMIT_NOFILE, &limit);
	close(fd);
	ck_assert_int_eq(code, TENON_ECONNECT);
	ck_assert_int_eq(tenon__resolver_errno(&resolver), EMFILE);
}
END_TEST

/* ---- many resolvers ----------------------------------------------------------- */

#define CROWD 3000
static struct tenon__resolver crowd[CROWD];

/* Set up resolvers of one name with different ports, or of different names. */
static void make_crowd(const char *format, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct tenon__server server;
		char line[64];

		snprintf(line, sizeof(line), format, (unsigned)(1 + i));
		ck_assert_int_eq(tenon__server_parse(&server, line,
						     strlen(line), NULL),
				 0);
		ck_assert_int_eq(tenon__resolver_init(&crowd[i], &server,
						      RESOLVE_TIMEOUT_MS, NULL),
				 0);
		tenon__server_fini(&server);
	}
}

static void free_crowd(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		tenon__resolver_fini(&crowd[i]);
	}
}

START_TEST(three_thousand_servers_share_the_lookup_of_their_name)
{
	int wait_fd = -1;

	make_crowd("slow.test:%u", CROWD);
	for (size_t i = 0; i < CROWD; i++) {
		ck_assert_int_eq(tenon__resolver_next(&crowd[i], &address), 0);
		ck_assert(i == 0 || address.wait_fd == wait_fd);
		wait_fd = address.wait_fd;
	}
	fake_names_await(1);
	fake_names_release();
	for (size_t i = 0; i < CROWD; i++) {
		const struct sockaddr_in *in = (const void *)&address.sockaddr;

		ck_assert_int_eq(tenon__resolver_next(&crowd[i], &address), 1);
		ck_assert_uint_eq(ntohs(in->sin_port), 1 + i);
	}
	ck_assert_uint_eq(fake_names_begun(), 1);
	free_crowd(CROWD);
}
END_TEST

/* TENON_LOOKUP_THREADS_MAX */
START_TEST(eight_threads_look_names_up)
{
	make_crowd("slow%u.test:1", 100);
	for (size_t i = 0; i < 100; i++) {
		ck_assert_int_eq(tenon__resolver_next(&crowd[i], &address), 0);
	}
	fake_names_await(8);
	poll(NULL, 0, 50);
	ck_assert_uint_eq(fake_names_most(), 8);
	/* the names that are queued behind them are looked up as well */
	fake_names_release();
	fake_names_await(100);
	free_crowd(100);
}
END_TEST

/* TENON_LOOKUP_QUEUED_MAX */
START_TEST(four_thousand_names_wait_for_a_thread)
{
	static struct tenon__lookup *lookups[8 + 4097];
	struct tenon__lookup *known = NULL;
	char host[32];
	size_t count = 0;
	int code = 0;

	while (!code && count < COUNT(lookups)) {
		snprintf(host, sizeof(host), "slow%zu.test", count);
		code = tenon__lookup_join(host, &lookups[count], &known);
		count += !code;
		if (count == 8) {
			fake_names_await(8);
		}
	}
	ck_assert_int_eq(code, ENOBUFS);
	ck_assert_uint_eq(count, 8 + 4096);
	fake_names_release();
	fake_names_await(8 + 4096);
	while (count > 0) {
		tenon__lookup_unref(lookups[--count]);
	}
}
END_TEST

/* ---- addresses that are known ---------------------------------------------------- */

/* The same name with other answers. */
static const struct fake_name moved[] = {
	{ .host = "two.test", .addresses = { "192.0.2.3", "192.0.2.2" } },
};
/* The same, as long as the lookup is not released. */
static const struct fake_name moving[] = {
	{ .host = "two.test", .addresses = { "192.0.2.3", "192.0.2.2" },
	  .hangs = true },
};
static const struct fake_name hanging[] = {
	{ .host = "two.test", .addresses = { "192.0.2.3" }, .hangs = true },
};
static const struct fake_name gone[] = {
	{ .host = "two.test", .gai_error = EAI_NONAME },
};
static const struct fake_name unreachable[] = {
	{ .host = "two.test", .gai_error = EAI_AGAIN },
};

static void learn_two(void)
{
	resolve("two.test:11311");
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(host_number(), 1);
}

START_TEST(known_addresses_serve_while_a_lookup_runs)
{
	learn_two();
	fake_names_set(hanging, COUNT(hanging));
	rewind_later();
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 1);
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 1);
	/* when they have all failed, the lookup is waited for */
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 0);
	fake_names_release();
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(host_number(), 3);
	ck_assert_int_eq(next_address(), TENON_ECONNECT);
}
END_TEST

START_TEST(an_address_is_not_tried_twice_in_an_operation)
{
	learn_two();
	fake_names_set(moving, COUNT(moving));
	rewind_later();
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(host_number(), 2); /* 1 was tried last, and did not work */
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(host_number(), 1);
	fake_names_release();
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(host_number(), 3);
	ck_assert_int_eq(next_address(), TENON_ECONNECT);
}
END_TEST

START_TEST(a_client_that_is_new_knows_the_addresses_of_the_others)
{
	learn_two();
	fake_names_set(hanging, COUNT(hanging));
	tenon__clock_advance((int64_t)TENON_LOOKUP_INTERVAL_MS * 1000000);
	make_crowd("two.test:%u", 1);
	ck_assert_int_eq(tenon__resolver_next(&crowd[0], &address), 1);
	free_crowd(1);
}
END_TEST

START_TEST(a_name_that_is_gone_loses_its_addresses)
{
	learn_two();
	fake_names_set(gone, COUNT(gone));
	rewind_later();
	while (next_address() == 1) {
	}
	ck_assert_int_eq(resolver.outcome, TENON_LOOKUP_NO_NAME);
	tenon__resolver_rewind(&resolver);
	ck_assert_int_eq(next_address(), TENON_ECONNECT);
}
END_TEST

START_TEST(a_name_that_cannot_be_looked_up_keeps_its_addresses)
{
	learn_two();
	fake_names_set(unreachable, COUNT(unreachable));
	rewind_later();
	while (next_address() == 1) {
	}
	ck_assert_int_eq(resolver.outcome, TENON_LOOKUP_UNREACHABLE);
	tenon__resolver_rewind(&resolver);
	ck_assert_int_eq(next_address(), 1);
}
END_TEST

START_TEST(the_address_that_worked_comes_first_also_after_a_lookup)
{
	learn_two();
	ck_assert_int_eq(next_address(), 1);
	tenon__resolver_ended(&resolver, 0, ECONNREFUSED);
	tenon__resolver_ended(&resolver, 1, 0);
	for (int i = 0; i < 2; i++) {
		tenon__resolver_rewind(&resolver);
		ck_assert_int_eq(next_address(), 1);
		ck_assert_int_eq(host_number(), 2);
		tenon__resolver_ended(&resolver, 0, 0);
		fake_names_set(moved, COUNT(moved));
		tenon__clock_advance((int64_t)TENON_LOOKUP_INTERVAL_MS *
				     1000000);
	}
}
END_TEST

/* A transport that tries one address after the other need not report how they ended. */
START_TEST(without_a_report_the_address_that_was_given_last_has_worked)
{
	learn_two();
	ck_assert_int_eq(next_address(), 1);
	tenon__resolver_connected(&resolver);
	tenon__resolver_rewind(&resolver);
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(host_number(), 2);
}
END_TEST

START_TEST(an_operation_without_success_is_followed_by_the_addresses_that_were_not_tried)
{
	learn_two();
	tenon__resolver_rewind(&resolver);
	ck_assert_int_eq(next_address(), 1);
	ck_assert_int_eq(host_number(), 2);
}
END_TEST

static const struct {
	int first, second, reported;
} judged[] = {
	{ EMFILE, ECONNREFUSED, ECONNREFUSED },
	{ ECONNREFUSED, EMFILE, ECONNREFUSED },
	{ ENOBUFS, EADDRNOTAVAIL, EADDRNOTAVAIL },
	{ ENFILE, ENOMEM, ENOMEM },
	{ ENETUNREACH, ETIMEDOUT, ETIMEDOUT },
};

START_TEST(the_errno_of_a_server_comes_before_a_local_limit)
{
	learn_two();
	ck_assert_int_eq(next_address(), 1);
	tenon__resolver_ended(&resolver, 0, judged[_i].first);
	tenon__resolver_ended(&resolver, 1, judged[_i].second);
	ck_assert_int_eq(tenon__resolver_errno(&resolver), judged[_i].reported);
}
END_TEST

/* ---- the end of a client, and fork ------------------------------------------------ */

START_TEST(a_lookup_under_way_outlives_its_resolver)
{
	for (int i = 0; i < 20; i++) {
		resolve("slow.test:11311");
		(void)tenon__resolver_next(&resolver, &address);
		tenon__resolver_fini(&resolver);
	}
	/* all of them have joined the first one */
	fake_names_await(1);
	ck_assert_uint_eq(fake_names_begun(), 1);
}
END_TEST

/* In the child of a fork during a lookup. Returns the exit status. */
static int child_looks_up(int wait_fd)
{
	tenon__resolver_forked(&resolver);
	if (fcntl(wait_fd, F_GETFD) >= 0) {
		return 1; /* the child still has the parent's descriptor */
	}
	if (tenon__resolver_next(&resolver, &address) != 0) {
		return 2; /* the parent's lookup has not ended, so the child must begin its own */
	}
	tenon__resolver_fini(&resolver);
	resolve("quick.test:11311");
	return next_address() == 1 ? 0 : 3;
}

START_TEST(a_lookup_under_way_stays_with_the_parent_of_a_fork)
{
	int status;
	pid_t pid;

	resolve("slow.test:11311");
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 0);
	fake_names_await(1);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		_exit(child_looks_up(address.wait_fd));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	fake_names_release();
	ck_assert_int_eq(next_address(), 1);
}
END_TEST

/* The child lives longer than the lookup, and has its descriptor still open. */
START_TEST(a_child_does_not_delay_the_parents_lookup)
{
	int ends[2];
	char byte;
	pid_t pid;

	resolve("slow.test:11311");
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address), 0);
	fake_names_await(1);
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(ends[1]);
		_exit((int)read(ends[0], &byte, 1));
	}
	fake_names_release();
	ck_assert_int_eq(next_address(), 1);
	close(ends[1]);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
}
END_TEST

START_TEST(no_memory_is_an_error)
{
	struct tenon__server server = { .host = "localhost", .port = 1,
					.address = "localhost:1" };
	int code;

	for (size_t nth = 1;; nth++) {
		tenon__memory_fail_from(nth);
		code = tenon__resolver_init(&resolver, &server, 1, NULL);
		tenon__memory_fail_from(0);
		if (!code) {
			ck_assert_uint_gt(nth, 1);
			break;
		}
		ck_assert_int_eq(code, TENON_ENOMEM);
	}
	tenon__resolver_rewind(&resolver);
	tenon__memory_fail_from(1);
	ck_assert_int_eq(tenon__resolver_next(&resolver, &address),
			 TENON_ENOMEM);
	tenon__memory_fail_from(0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resolve");
	TCase *tcase = tcase_create("resolve");

	tcase_add_checked_fixture(tcase, set_up, release);
	tcase_add_test(tcase, an_ipv4_literal_is_known_at_once);
	tcase_add_test(tcase, an_ipv6_literal_is_known_at_once);
	tcase_add_test(tcase, a_path_is_known_at_once);
	tcase_add_test(tcase, a_path_that_no_socket_can_have_is_refused);
	tcase_add_test(tcase, a_name_has_the_port_of_its_server);
	tcase_add_test(tcase, families_take_turns);
	tcase_add_test(tcase, sixteen_addresses_of_a_name_are_kept);
	tcase_add_test(tcase, a_name_is_looked_up_at_most_once_an_interval);
	tcase_add_test(tcase, a_failure_is_remembered_for_the_interval);
	tcase_add_loop_test(tcase, a_lookup_that_fails_says_whose_fault_it_is, 0,
			    (int)COUNT(failures));
	tcase_add_test(
		tcase,
		a_lookup_longer_than_resolve_timeout_fails_at_once_for_later_operations);
	tcase_add_loop_test(tcase, addresses_that_ai_addrconfig_hides_are_found, 0,
			    2);
	tcase_add_test(tcase, a_lookup_at_the_limit_of_descriptors_has_its_errno);
	tcase_add_test(tcase, a_wait_at_the_limit_of_descriptors_has_its_errno);
	tcase_add_test(tcase, three_thousand_servers_share_the_lookup_of_their_name);
	tcase_add_test(tcase, eight_threads_look_names_up);
	tcase_add_test(tcase, four_thousand_names_wait_for_a_thread);
	tcase_add_test(tcase, known_addresses_serve_while_a_lookup_runs);
	tcase_add_test(tcase, an_address_is_not_tried_twice_in_an_operation);
	tcase_add_test(tcase, a_client_that_is_new_knows_the_addresses_of_the_others);
	tcase_add_test(tcase, a_name_that_is_gone_loses_its_addresses);
	tcase_add_test(tcase, a_name_that_cannot_be_looked_up_keeps_its_addresses);
	tcase_add_test(tcase, the_address_that_worked_comes_first_also_after_a_lookup);
	tcase_add_test(tcase, without_a_report_the_address_that_was_given_last_has_worked);
	tcase_add_test(
		tcase,
		an_operation_without_success_is_followed_by_the_addresses_that_were_not_tried);
	tcase_add_loop_test(tcase, the_errno_of_a_server_comes_before_a_local_limit, 0,
			    (int)COUNT(judged));
	tcase_add_test(tcase, a_lookup_under_way_outlives_its_resolver);
	tcase_add_test(tcase, a_lookup_under_way_stays_with_the_parent_of_a_fork);
	tcase_add_test(tcase, a_child_does_not_delay_the_parents_lookup);
	tcase_add_test(tcase, no_memory_is_an_error);
	suite_add_tcase(suite, tcase);
	/* lookups are the process's */
	return suite_run_forked(suite);
}
