/* SPDX-License-Identifier: BSD-3-Clause */
/* A resolver that hangs: a lookup takes no longer than the deadline. */
#define _GNU_SOURCE 1 /* RTLD_NEXT */
#include <check.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "conformance/subject.h"
#include "fakes/rig.h"
#include "runner/suite.h"

#define SLOW "slow.test"
#define SLOW_MS 20000
#define FAR_TOO_LONG_MS 10000

static atomic_int waiting; /* number of lookups that hang */
static atomic_bool released;

/* Let the hanging lookups end. They run in threads, and no thread may outlive its test. */
static void release(void)
{
	atomic_store(&released, true);
	while (atomic_load(&waiting) > 0) {
		sleep_ms(1);
	}
	sleep_ms(200); /* until the threads have ended, for a leak checker */
	atomic_store(&released, false);
}

static void hang(void)
{
	atomic_fetch_add(&waiting, 1);
	for (int ms = 0; ms < SLOW_MS && !atomic_load(&released); ms += 10) {
		sleep_ms(10);
	}
	atomic_fetch_sub(&waiting, 1);
}

/* Takes the place of the C library's function. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);

	if (strcmp(host, SLOW) == 0 && !(hints->ai_flags & AI_NUMERICHOST)) {
		hang();
		return EAI_AGAIN;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(host, port, hints, out);
}

/* Open a client with the server "slow" and one fake, and find a key of each. */
static void start(struct rig *rig, int transport, const char *settings,
		  struct rig_pair *pair)
{
	char slow[] = SLOW " slow";
	char other[160];
	const char *servers[] = { slow, other };

	rig_transport = subject(transport)->name;
	snprintf(other, sizeof(other), "%s other",
		 fake_server_address(rig->fakes[0]));
	rig_open_at(rig, servers, 2, settings);
	rig_make_pair(rig, pair);
}

START_TEST(a_slow_lookup_costs_the_deadline_and_hinders_nobody)
{
	struct rig rig = { 0 };
	struct rig_pair pair;
	int64_t start_ms = now_ms();
	int status;

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	start(&rig, _i, "poll_timeout: 500ms\n" RETRY_NEVER, &pair);
	status = rig_run(&rig, TENON_GET, pair.items, 2, 0);
	ck_assert(status == TENON_ETIMEDOUT || status == TENON_ECONNECT);
	ck_assert_int_eq(rig.results[1].status, TENON_MISS);
	/* the server is not marked */
	ck_assert_int_ne(rig_get(&rig, pair.keys[0]), TENON_EDOWN);
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	rig_close(&rig);
	release();
}
END_TEST

START_TEST(keys_of_a_slow_name_do_not_hop)
{
	struct rig rig = { 0 };
	struct rig_pair pair;
	int64_t start_ms = now_ms();

	rig_fake(&rig, FAKE_STEPS(FAKE_ACCEPT, FAKE_READ(RIG_GET_LEN),
				  FAKE_SEND("END\r\n")));
	start(&rig, _i, "connect_timeout: 200ms\nfailover: eject\n" RETRY_NEVER,
	      &pair);
	ck_assert_int_eq(rig_get(&rig, pair.keys[0]), TENON_ECONNECT);
	ck_assert_uint_eq(rig.result.server, 0);
	ck_assert_int_eq(rig_get(&rig, pair.keys[1]), TENON_MISS);
	ck_assert_int_lt(now_ms() - start_ms, FAR_TOO_LONG_MS);
	rig_close(&rig);
	release();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slow lookup");

	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(a_slow_lookup_costs_the_deadline_and_hinders_nobody);
	subjects_add_test(keys_of_a_slow_name_do_not_hop);
	return suite_run(suite);
}
