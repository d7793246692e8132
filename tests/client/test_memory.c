/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every call, with all allocations failing from the nth on, and with only the nth
 * failing, for all n. The call returns TENON_ENOMEM or succeeds, and the client works
 * afterwards. The address sanitizer and valgrind find leaks here.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/subject.h"
#include "fakes/cluster.h"
#include "fakes/scratch.h"
#include "base/memory.h"
#include "runner/suite.h"
#include "tenon/health.h"
#include "tenon/lease.h"

#define SERVERS 2
#define KEYS 4
#define ATTEMPTS_MAX 400
#define CODECS                                                                 \
	"codecs: [zlib: {threshold: 100B}, "                                   \
	"split: {format: sealed, chunk: 200B, max: 20000B}]\n"
#define META "protocol: meta\n"
#define POLICIES                                                               \
	CODECS                                                                 \
	"failover: {read: {gutter: {pool: spare}}, write: backoff, "           \
	"delete: eject}\n"

static struct memcached servers[SERVERS];
static const char *addresses[SERVERS];
static struct rig steady; /* this client always has memory */
static struct rig rig;    /* the client whose allocations fail */
static const char *settings;
static void (*const fail[])(size_t nth) = { tenon__memory_fail_from,
					    tenon__memory_fail_at };

/* ---- values -------------------------------------------------------------- */

static const char *const names[KEYS] = { "plain", "zlib", "split", "both" };
/* one value of each kind: plain, compressed, split, both */
static struct tenon_item large[KEYS];
static struct tenon_item small[KEYS]; /* numbers, for incr, append and similar verbs */

static void make_items(void)
{
	static const size_t lengths[KEYS] = { 90, 150, 1000, 3000 };

	for (unsigned i = 0; i < KEYS; i++) {
		small[i] = item(names[i], "5");
		large[i] = (struct tenon_item){
			.key = slice(names[i]),
			.value = { i % 2 ? prose(lengths[i], i) :
					   noise(lengths[i], i), lengths[i] },
		};
	}
	/* a part does not compress, so that the value is split as well */
	memcpy((char *)(uintptr_t)large[3].value.data, large[2].value.data,
	       1000);
}

/* Start `count` servers. The other addresses are sockets that do not exist. */
static void start_some(const char *with, size_t count)
{
	static char nobody[SERVERS][108];

	settings = with;
	for (size_t i = 0; i < SERVERS; i++) {
		scratch_path(nobody[i], sizeof(nobody[i]));
		addresses[i] = nobody[i];
	}
	for (size_t i = 0; i < count; i++) {
		ck_assert(memcached_start(&servers[i], MEMCACHED_UNIX, NULL));
		addresses[i] = servers[i].address;
	}
	make_items();
	rig_codecs = NULL;
	rig_open_at(&steady, addresses, SERVERS, settings);
}

static void start(const char *with)
{
	start_some(with, SERVERS);
}

static void end(void)
{
	rig_close(&steady);
	for (size_t i = 0; i < SERVERS; i++) {
		memcached_stop(&servers[i]);
	}
	for (size_t i = 0; i < KEYS; i++) {
		free((void *)(uintptr_t)large[i].value.data);
	}
}

/*
 * The client works after any failure before. The keys here are others than those of the
 * failure.
 */
static void check_works(void)
{
	static const char *const others[KEYS] = { "a", "b", "c", "d" };
	struct tenon_item items[KEYS];

	for (size_t i = 0; i < KEYS; i++) {
		items[i] = large[i];
		items[i].key = slice(others[i]);
	}
	ck_assert_int_eq(rig_run(&rig, TENON_SET, items, KEYS, 0), 0);
	ck_assert_int_eq(rig_run(&rig, TENON_GET, items, KEYS, 0), 0);
	for (size_t i = 0; i < KEYS; i++) {
		ck_assert_msg(result_value_is(&rig.results[i],
					      large[i].value.data,
					      large[i].value.len),
			      "%s: %s; %s", others[i],
			      tenon_status_name(rig.results[i].status),
			      rig.results[i].text ? rig.results[i].text : "");
	}
}

/* ---- verbs --------------------------------------------------------------- */

/*
 * Store items so that the verb succeeds. The keys are new each time, because a write
 * without an answer may still happen.
 */
static void prepare(enum tenon_verb verb, struct tenon_item *items,
		    size_t count)
{
	static char keys[KEYS][32];
	static unsigned number;
	bool numbers = verb == TENON_INCR || verb == TENON_DECR ||
		verb == TENON_APPEND || verb == TENON_PREPEND;

	memcpy(items, numbers ? small : large, count * sizeof(*items));
	number++;
	for (size_t i = 0; i < count; i++) {
		snprintf(keys[i], sizeof(keys[i]), "%s:%u", names[i], number);
		items[i].key = slice(keys[i]);
	}
	if (verb != TENON_SET && verb != TENON_ADD) {
		ck_assert_int_eq(rig_run(&steady, TENON_SET, items, count, 0),
				 0);
	}
	if (verb == TENON_CAS) {
		ck_assert_int_eq(rig_run(&steady, TENON_GETS, items, count, 0),
				 0);
	}
	for (size_t i = 0; i < count; i++) {
		items[i].cas = verb == TENON_CAS ? steady.results[i].cas : 0;
		items[i].delta = 1;
	}
}

/* Return the status of the verb when nothing fails. */
static int expected(enum tenon_verb verb)
{
	static const int answers[TENON_VERB_COUNT] = {
		[TENON_GET] = TENON_HIT, [TENON_GETS] = TENON_HIT,
		[TENON_GAT] = TENON_HIT, [TENON_GATS] = TENON_HIT,
		[TENON_SET] = TENON_STORED, [TENON_ADD] = TENON_STORED,
		[TENON_REPLACE] = TENON_STORED, [TENON_CAS] = TENON_STORED,
		[TENON_APPEND] = TENON_STORED, [TENON_PREPEND] = TENON_STORED,
		[TENON_DELETE] = TENON_DELETED, [TENON_TOUCH] = TENON_TOUCHED,
		[TENON_INCR] = TENON_HIT, [TENON_DECR] = TENON_HIT,
	};

	return answers[verb];
}

static void check_results(enum tenon_verb verb, const struct tenon_item *items,
			  size_t count, int code)
{
	ck_assert_msg(!code || code == TENON_ENOMEM, "verb %d: %d %s",
		      (int)verb, code, rig.err.message);
	for (size_t i = 0; rig.results && i < count; i++) {
		const struct tenon_result *result = &rig.results[i];

		if (result->status == TENON_ENOMEM) {
			continue;
		}
		ck_assert_msg(result->status == expected(verb),
			      "verb %d of %s: %s", (int)verb, names[i],
			      tenon_status_name(result->status));
		if (verb <= TENON_GATS) {
			ck_assert(result_value_is(result, items[i].value.data,
						  items[i].value.len));
		}
	}
}

/*
 * Run the verb on a new client while its allocations fail as `how` says, from the nth
 * on or the nth only. Returns the number of allocations.
 */
static size_t run_without(enum tenon_verb verb, size_t count, int how,
			  size_t nth)
{
	struct tenon_item items[KEYS];
	size_t made;
	int code;

	prepare(verb, items, count);
	memset(&rig, 0, sizeof(rig));
	rig_open_at(&rig, addresses, SERVERS, settings);
	fail[how](nth);
	code = rig_run(&rig, verb, items, count, 0);
	made = tenon__memory_made();
	tenon__memory_fail_from(0);
	check_results(verb, items, count, code);
	check_works();
	rig_close(&rig);
	return made;
}

static void try_all(enum tenon_verb verb, size_t count, int how)
{
	size_t nth = 1;

	while (run_without(verb, count, how, nth) >= nth) {
		ck_assert_uint_lt(++nth, ATTEMPTS_MAX);
	}
	/* an operation allocates: slots, a buffer for requests, a block for replies */
	ck_assert_uint_gt(nth, 5);
}

START_TEST(a_verb_without_memory_fails_and_the_client_still_works)
{
	start(_i % 2 ? CODECS : NULL);
	for (int how = 0; how < 2; how++) {
		try_all((enum tenon_verb)(_i / 2), 1, how);
		try_all((enum tenon_verb)(_i / 2), KEYS, how);
	}
	end();
}
END_TEST

START_TEST(connecting_without_memory_fails_and_the_client_still_works)
{
	rig_transport = subject(_i)->name;
	start(NULL);
	for (int how = 0; how < 2; how++) {
		try_all(TENON_GET, KEYS, how);
		try_all(TENON_SET, KEYS, how);
	}
	end();
}
END_TEST

/* Keys of a dead server go to the other server in the same operation. */
START_TEST(hopping_without_memory_fails_and_the_client_still_works)
{
	start_some(_i ? CODECS "failover: eject\n" : "failover: eject\n", 1);
	for (int how = 0; how < 2; how++) {
		try_all(TENON_GET, KEYS, how);
		try_all(TENON_SET, KEYS, how);
	}
	end();
}
END_TEST

/* ---- other calls --------------------------------------------------------- */

/* Calls that do not change the client when they fail. */
static int call_stats(void)
{
	return rig_run_servers(&rig, TENON_STATS, NULL, 0);
}

static int call_version(void)
{
	return rig_run_servers(&rig, TENON_VERSION, NULL, 0);
}

static int take_text(void *payload, const char *text, size_t len)
{
	size_t *total = payload;

	(void)text;
	*total += len;
	return 0;
}

static int call_prometheus(void)
{
	size_t total = 0;
	int code = tenon_client_prometheus(rig.client, take_text, &total);

	ck_assert((!code) == (total > 0));
	rig.err.code = code; /* the function has no err argument */
	return code;
}

/* Swap the addresses of the two servers. */
static int call_update_servers(void)
{
	char lines[SERVERS][160];
	const char *specs[SERVERS] = { lines[0], lines[1] };

	snprintf(lines[0], sizeof(lines[0]), "%s a", addresses[1]);
	snprintf(lines[1], sizeof(lines[1]), "%s b", addresses[0]);
	return tenon_client_update_servers(rig.client, specs, SERVERS,
					   &rig.err);
}

/* ---- leases, and what only the meta protocol can do ---- */

/* A new key for each call: a call without memory may keep the lease that it has won. */
static struct tenon_slice new_key(void)
{
	static char key[32];
	static unsigned number;

	snprintf(key, sizeof(key), "leased:%u", number++);
	return slice(key);
}

static struct tenon_lease lease(void)
{
	return (struct tenon_lease){ .size = sizeof(struct tenon_lease),
				     .exptime = 60 };
}

static int call_lease(void)
{
	const struct tenon_lease options = lease();
	struct tenon_result result;

	return tenon_get_or_lease(rig.client, new_key(), &options, &result,
				  &rig.err);
}

/* The lease is not the caller's: the server compares the cas unique, and stores nothing. */
static int call_fill(void)
{
	const struct tenon_item made = { .key = new_key(),
					 .value = large[3].value,
					 .exptime = 60, .cas = 1 };
	const struct tenon_lease options = lease();
	struct tenon_result result;

	return tenon_fill(rig.client, &made, &options, &result, &rig.err);
}

static int call_give_back(void)
{
	const struct tenon_lease options = lease();
	struct tenon_item one = { .key = new_key() };
	struct tenon_result result;
	int code = tenon_get_or_lease(rig.client, one.key, &options, &result,
				      &rig.err);

	one.cas = result.cas;
	return code ? code : tenon_give_back(rig.client, &one, &options, &result,
					     &rig.err);
}

static int call_invalidate(void)
{
	const struct tenon_lease options = lease();
	struct tenon_result result;

	return tenon_invalidate(rig.client, new_key(), &options, &result,
				&rig.err);
}

static int make_value(void *user, struct tenon_item *made)
{
	(void)user;
	made->value = large[3].value;
	return 0;
}

static int call_fetch(void)
{
	const struct tenon_lease options = lease();
	struct tenon_result result;

	return tenon_fetch(rig.client, new_key(), &options, make_value, NULL,
			   &result, &rig.err);
}

static int call_info(void)
{
	struct tenon_result result;

	return tenon_info(rig.client, new_key(), &result, &rig.err);
}

/* The key goes as base64. */
static int call_binary(void)
{
	const struct tenon_item one = { .key = { "b\n \0", 4 },
					.value = large[1].value };

	return rig_run(&rig, TENON_SET, &one, 1, 0);
}

static const struct {
	int (*run)(void);
	const char *settings;
} calls[] = {
	{ call_stats, CODECS },
	{ call_version, CODECS },
	{ call_update_servers, CODECS },
	{ call_prometheus, CODECS },
	{ call_lease, CODECS META },
	{ call_lease, CODECS },
	{ call_fill, CODECS META },
	{ call_give_back, CODECS META },
	{ call_invalidate, CODECS META },
	{ call_fetch, CODECS META },
	{ call_fetch, CODECS },
	{ call_info, CODECS META },
	{ call_binary, CODECS META },
};

START_TEST(a_call_without_memory_fails_and_the_client_still_works)
{
	char lines[SERVERS][160];
	const char *named[SERVERS] = { lines[0], lines[1] };
	size_t nth = 0, made = 1;

	start(calls[_i / 2].settings);
	snprintf(lines[0], sizeof(lines[0]), "%s a", addresses[0]);
	snprintf(lines[1], sizeof(lines[1]), "%s b", addresses[1]);
	while (made >= nth) {
		int code;

		ck_assert_uint_lt(++nth, ATTEMPTS_MAX);
		memset(&rig, 0, sizeof(rig));
		rig_open_at(&rig, named, SERVERS, settings);
		fail[_i % 2](nth);
		code = calls[_i / 2].run();
		made = tenon__memory_made();
		tenon__memory_fail_from(0);
		ck_assert_msg(!code || code == TENON_ENOMEM, "%d %s", code,
			      rig.err.message);
		ck_assert_int_eq(rig.err.code, code);
		ck_assert(!code || made >= nth);
		check_works();
		rig_close(&rig);
	}
	ck_assert_uint_gt(nth, 1);
	end();
}
END_TEST

static int open_client(struct tenon_client **client, struct tenon_error *err)
{
	struct tenon_config *config;
	int code = rig_config(&config, err);

	if (!code) {
		code = tenon_config_add_server(config, "a:1", "x", 1, err);
	}
	if (!code) {
		code = tenon_config_add_server(config, "b:1", "y", 2, err);
	}
	if (!code) {
		code = tenon_config_add_spare(config, "spare", "c:1", "z", 1,
					      err);
	}
	if (!code) {
		code = tenon_config_load_text(config, "test", POLICIES,
					      strlen(POLICIES), err);
	}
	if (!code) {
		code = tenon_config_check(config, err);
	}
	if (!code) {
		code = tenon_client_open(config, client, err);
	}
	tenon_config_destroy(config);
	return code;
}

START_TEST(a_client_without_memory_is_not_opened)
{
	struct tenon_client *client = NULL;
	struct tenon_error err;
	size_t nth = 0;
	int code;

	do {
		ck_assert_uint_lt(++nth, 2000);
		fail[_i](nth);
		code = open_client(&client, &err);
		tenon__memory_fail_from(0);
		ck_assert_msg(!code || code == TENON_ENOMEM, "%d %s", code,
			      err.message);
		ck_assert((client != NULL) == (!code));
	} while (code);
	ck_assert_uint_gt(nth, 40);
	tenon_client_close(client);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tcase = tcase_create("memory");

	scratch_begin();
	subjects_load(TENON_KIND_TRANSPORT);
	subjects_add_tests(suite);
	subjects_add_test(
		connecting_without_memory_fails_and_the_client_still_works);
	tcase_set_timeout(tcase, 60);
	LOOP(tcase, a_verb_without_memory_fails_and_the_client_still_works,
	     2 * TENON_VERB_COUNT);
	LOOP(tcase, a_call_without_memory_fails_and_the_client_still_works,
	     2 * (int)COUNT(calls));
	LOOP(tcase, hopping_without_memory_fails_and_the_client_still_works, 2);
	LOOP(tcase, a_client_without_memory_is_not_opened, 2);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
