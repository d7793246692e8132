/* SPDX-License-Identifier: BSD-3-Clause */
#define _GNU_SOURCE 1 /* RTLD_NEXT */
#include <check.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <stdio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/fake_server.h"
#include "base/memory.h"
#include "cluster/resolve.h"
#include "runner/suite.h"

/* A name that has CROWD_COUNT addresses. */
#define CROWD "crowd.test"
#define CROWD_COUNT 20

static struct sockaddr_in crowd_address;
static struct addrinfo crowd[CROWD_COUNT];

static struct addrinfo *make_crowd(void)
{
	crowd_address.sin_family = AF_INET;
	for (int i = 0; i < CROWD_COUNT; i++) {
		crowd[i] = (struct addrinfo){
			.ai_addr = (struct sockaddr *)&crowd_address,
			.ai_addrlen = sizeof(crowd_address),
			.ai_next = i + 1 < CROWD_COUNT ? &crowd[i + 1] : NULL,
		};
	}
	return crowd;
}

/* Replaces the C library's function, and gives CROWD its addresses. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);

	if (strcmp(host, CROWD) == 0 && !(hints->ai_flags & AI_NUMERICHOST)) {
		*out = make_crowd();
		return 0;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(host, port, hints, out);
}

/* Replaces the C library's function, which must not free the addresses of CROWD. */
void freeaddrinfo(struct addrinfo *list)
{
	void (*real)(struct addrinfo *);

	if (list != crowd) {
		*(void **)&real = dlsym(RTLD_NEXT, "freeaddrinfo");
		real(list);
	}
}

static struct tenon__resolver resolver;
static struct tenon_address address;

static void resolve(const char *spec)
{
	struct tenon__server server;

	ck_assert_int_eq(tenon__server_parse(&server, spec, strlen(spec), NULL),
			 0);
	ck_assert_int_eq(tenon__resolver_init(&resolver, &server, NULL), 0);
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

static void release(void)
{
	tenon__resolver_fini(&resolver);
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
	ck_assert_int_eq(tenon__resolver_init(&resolver, &server, &err),
			 TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, "at most 107 bytes"));
}
END_TEST

START_TEST(a_name_is_looked_up_in_every_operation)
{
	if (!fake_has_localhost()) {
		dprintf(STDOUT_FILENO,
			"# localhost has no address here, names are not tested\n");
		return;
	}
	resolve("localhost:11311");
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(next_address(), 1);
		ck_assert(address.sockaddr.ss_family == AF_INET ||
			  address.sockaddr.ss_family == AF_INET6);
		ck_assert_int_eq(resolver.gai_error, 0);
		tenon__resolver_rewind(&resolver);
		ck_assert(!resolver.answered);
	}
}
END_TEST

START_TEST(a_name_that_does_not_exist_says_why)
{
	resolve("no-such-host.invalid:11311");
	ck_assert_int_eq(next_address(), TENON_ECONNECT);
	ck_assert_int_ne(resolver.gai_error, 0);
}
END_TEST

/* TENON_ADDRESS_MAX_COUNT */
START_TEST(sixteen_addresses_of_a_name_are_kept)
{
	int count = 0;

	resolve(CROWD ":11311");
	while (next_address() == 1) {
		count++;
	}
	ck_assert_int_eq(count, 16);
}
END_TEST

START_TEST(a_lookup_under_way_outlives_its_resolver)
{
	for (int i = 0; i < 20; i++) {
		resolve("localhost:11311");
		(void)tenon__resolver_next(&resolver, &address);
		release();
	}
	/* wait for the threads to end, so that a leak checker can judge */
	poll(NULL, 0, 200);
}
END_TEST

START_TEST(a_lookup_under_way_stays_with_the_parent_of_a_fork)
{
	int status, got;
	pid_t pid;

	resolve("localhost:11311");
	got = tenon__resolver_next(&resolver, &address);
	ck_assert_int_ge(got, 0); /* 1: the lookup thread had already ended */
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/*
		 * The child does not have the lookup thread, so waiting for it would
		 * take for ever. The child begins a lookup of its own. That lookup may
		 * never end, because the lost thread may hold locks of the C library.
		 */
		tenon__resolver_forked(&resolver);
		if (resolver.lookup) {
			_exit(1);
		}
		tenon__resolver_rewind(&resolver);
		got = tenon__resolver_next(&resolver, &address);
		if (got == 0) {
			struct pollfd fd = { .fd = address.wait_fd,
					     .events = POLLIN };

			(void)poll(&fd, 1, 1000);
		}
		if (got < 0) {
			_exit(2);
		}
		/*
		 * SIGKILL instead of exit(): the lost thread's memory would count as
		 * leaked
		 */
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	ck_assert(got == 1 || next_address() == 1 || resolver.gai_error != 0);
}
END_TEST

START_TEST(no_memory_is_an_error)
{
	struct tenon__server server = { .host = "localhost", .port = 1,
					.address = "localhost:1" };
	int code;

	for (size_t nth = 1;; nth++) {
		tenon__memory_fail_from(nth);
		code = tenon__resolver_init(&resolver, &server, NULL);
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

	tcase_add_checked_fixture(tcase, NULL, release);
	tcase_add_test(tcase, an_ipv4_literal_is_known_at_once);
	tcase_add_test(tcase, an_ipv6_literal_is_known_at_once);
	tcase_add_test(tcase, a_path_is_known_at_once);
	tcase_add_test(tcase, a_path_that_no_socket_can_have_is_refused);
	tcase_add_test(tcase, a_name_is_looked_up_in_every_operation);
	tcase_add_test(tcase, a_name_that_does_not_exist_says_why);
	tcase_add_test(tcase, sixteen_addresses_of_a_name_are_kept);
	tcase_add_test(tcase,
		       a_lookup_under_way_stays_with_the_parent_of_a_fork);
	tcase_add_test(tcase, a_lookup_under_way_outlives_its_resolver);
	tcase_add_test(tcase, no_memory_is_an_error);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
