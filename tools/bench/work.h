/* SPDX-License-Identifier: BSD-3-Clause */
/* What is measured: the cases, their keys and values. */
#ifndef TENON_BENCH_WORK_H
#define TENON_BENCH_WORK_H

#include "servers.h"

#define KEY_BYTES 19

enum case_kind { CASE_GET, CASE_SET, CASE_SET_NOREPLY };

struct bench_case {
	const char *name;
	const char *title;
	enum case_kind kind;
	bool is_multi;          /* one operation has all keys, else one of them */
	size_t key_count;
	size_t value_bytes;
	size_t server_count;    /* that the client knows */
	size_t touched_count;   /* that hold the keys */
	size_t count_operations; /* when calls and instructions are counted */
};

/* All cases; ends with name == NULL. */
extern const struct bench_case bench_cases[];

const struct bench_case *case_find(const char *name);

/* Those that patterns select; ends with NULL. For the caller to free. */
const struct bench_case **cases_select(const char *patterns);

struct work_key {
	char key[KEY_BYTES + 1];
	const char *value; /* value_bytes of the case; all keys share one memory */
	size_t server;     /* index of its home */
};

/* A case on given servers. */
struct work {
	const struct bench_case *bench_case;
	struct address addresses[SERVERS_MAX];
	size_t server_count;
	struct work_key *keys;
	size_t key_count;
	size_t value_len;
	char *pool; /* values are slices of it */
};

void work_init(struct work *work, const struct bench_case *bench_case,
	       const struct servers *servers);
void work_fini(struct work *work);

#endif
