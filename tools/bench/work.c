/* SPDX-License-Identifier: BSD-3-Clause */
/* The cases, and the choice of keys for the servers of a case. */
#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_client.h"

#define KB 1000
/* All values share one memory. Each begins this many bytes after the value before it. */
#define VALUE_STEP 16

const struct bench_case bench_cases[] = {
	{ "get-100", "get 100 B, 1 server", CASE_GET, false, 64, 100, 1, 1,
	  512 },
	{ "get-100-20", "get 100 B, 20 servers", CASE_GET, false, 100, 100, 20,
	  20, 500 },
	{ "set-100", "set 100 B, 1 server", CASE_SET, false, 64, 100, 1, 1,
	  512 },
	{ "set-100-20", "set 100 B, 20 servers", CASE_SET, false, 100, 100, 20,
	  20, 500 },
	{ "get-4k", "get 4 KB", CASE_GET, false, 32, 4 * KB, 1, 1, 320 },
	{ "set-4k", "set 4 KB", CASE_SET, false, 32, 4 * KB, 1, 1, 320 },
	{ "get-100k", "get 100 KB", CASE_GET, false, 4, 100 * KB, 1, 1, 80 },
	{ "set-100k", "set 100 KB", CASE_SET, false, 4, 100 * KB, 1, 1, 80 },
	{ "get-990k", "get 990 KB", CASE_GET, false, 4, 990 * KB, 1, 1, 40 },
	{ "set-990k", "set 990 KB", CASE_SET, false, 4, 990 * KB, 1, 1, 40 },
	{ "mget-10", "get_multi 10, 20 servers", CASE_GET, true, 10, 100, 20,
	  7, 200 },
	{ "mget-100", "get_multi 100, 20 servers", CASE_GET, true, 100, 100,
	  20, 19, 50 },
	{ "mget-1000", "get_multi 1000, 20 servers", CASE_GET, true, 1000, 100,
	  20, 20, 10 },
	{ "mget-100-1", "get_multi 100, 1 server", CASE_GET, true, 100, 100, 1,
	  1, 50 },
	{ "mset-100", "set_multi 100, 20 servers", CASE_SET, true, 100, 100,
	  20, 19, 50 },
	{ "mset-100-noreply", "set_multi 100 noreply", CASE_SET_NOREPLY, true,
	  100, 100, 20, 19, 50 },
	{ NULL, NULL, CASE_GET, false, 0, 0, 0, 0, 0 }
};

const struct bench_case *case_find(const char *name)
{
	for (const struct bench_case *row = bench_cases; row->name; row++) {
		if (strcmp(row->name, name) == 0) {
			return row;
		}
	}
	return NULL;
}

const struct bench_case **cases_select(const char *patterns)
{
	size_t rows = sizeof(bench_cases) / sizeof(bench_cases[0]);
	const struct bench_case **selected = alloc_array(rows,
							 sizeof(*selected));
	size_t count = 0;

	for (const struct bench_case *row = bench_cases; row->name; row++) {
		if (is_selected(patterns, row->name)) {
			selected[count++] = row;
		}
	}
	if (count == 0) {
		free(selected);
		fail("no case matches '%s'; --list shows them", patterns);
	}
	return selected;
}

/* The generator of Numerical Recipes: the work is the same on every machine. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/*
 * Give each key a random home server, as a ring does, so that exactly touched_count servers have
 * keys. Ports, and with them the ring, differ from run to run. The work must not differ.
 */
static void choose_homes(struct work *work)
{
	size_t touched_count = work->bench_case->touched_count;
	uint32_t state = 1;
	size_t found;

	do {
		bool is_touched[SERVERS_MAX] = { false };

		found = 0;
		for (size_t i = 0; i < work->key_count; i++) {
			size_t server = next_random(&state) % touched_count;

			work->keys[i].server = server;
			found += !is_touched[server];
			is_touched[server] = true;
		}
	} while (found < touched_count);
}

/* Return the first key with this home server that has no name yet, or NULL. */
static struct work_key *find_waiting(struct work *work, size_t server)
{
	for (size_t i = 0; i < work->key_count; i++) {
		if (work->keys[i].server == server &&
		    work->keys[i].key[0] == '\0') {
			return &work->keys[i];
		}
	}
	return NULL;
}

/* Try names until every key has a name that the ring places on its home server. */
static void choose_names(struct work *work)
{
	struct tenon_error err;
	struct tenon_client *client = client_open(
		work->addresses, work->server_count, NULL, &err);
	size_t named = 0;

	if (!client) {
		fail("%s", err.message);
	}
	for (unsigned n = 0; named < work->key_count; n++) {
		char name[KEY_BYTES + 1];
		struct work_key *key;
		size_t server;

		snprintf(name, sizeof(name), "tenon:%013u", n);
		if (tenon_client_where(client,
				       (struct tenon_slice){ name, KEY_BYTES },
				       &server, NULL) != 0) {
			fail("the name '%s' has no server on the ring", name);
		}
		key = find_waiting(work, server);
		if (key) {
			memcpy(key->key, name, sizeof(name));
			named++;
		}
	}
	tenon_client_close(client);
}

static void make_values(struct work *work)
{
	size_t pool_bytes = work->value_len + work->key_count * VALUE_STEP;
	uint32_t state = 1;

	work->pool = alloc_array(pool_bytes, 1);
	for (size_t i = 0; i < pool_bytes; i++) {
		work->pool[i] = (char)('a' + next_random(&state) % 26);
	}
	for (size_t i = 0; i < work->key_count; i++) {
		work->keys[i].value = work->pool + i * VALUE_STEP;
	}
}

void work_init(struct work *work, const struct bench_case *bench_case,
	       const struct servers *servers)
{
	if (servers->count < bench_case->server_count) {
		fail("'%s' needs %zu servers, there are %zu", bench_case->name,
		     bench_case->server_count, servers->count);
	}
	*work = (struct work){
		.bench_case = bench_case,
		.server_count = bench_case->server_count,
		.tls_ca = servers->tls_ca,
		.key_count = bench_case->key_count,
		.value_len = bench_case->value_bytes,
	};
	memcpy(work->addresses, servers->addresses, sizeof(work->addresses));
	work->keys = alloc_array(work->key_count, sizeof(*work->keys));
	choose_homes(work);
	choose_names(work);
	make_values(work);
}

void work_fini(struct work *work)
{
	free(work->keys);
	free(work->pool);
}
