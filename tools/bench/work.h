/* SPDX-License-Identifier: BSD-3-Clause */
/* The cases that are measured, their keys and values. */
#ifndef TENON_BENCH_WORK_H
#define TENON_BENCH_WORK_H

#include "servers.h"

#define KEY_BYTES 19

enum case_kind { CASE_GET, CASE_SET, CASE_SET_NOREPLY };

struct bench_case {
	const char *name;
	const char *title;
	enum case_kind kind;
	bool is_multi;          /* an operation has all keys; else it has one */
	size_t key_count;
	size_t value_bytes;
	size_t server_count;    /* servers in the client's config */
	size_t touched_count;   /* servers that have keys */
	size_t count_operations; /* operations for counting calls and instructions */
};

/* All cases. The last has name == NULL. */
extern const struct bench_case bench_cases[];

const struct bench_case *case_find(const char *name);

/*
 * Return the cases that the patterns select, with a NULL at the end. The caller frees the array.
 */
const struct bench_case **cases_select(const char *patterns);

struct work_key {
	char key[KEY_BYTES + 1];
	const char *value; /* of the case's value_bytes; part of the memory `pool` */
	size_t server;     /* index of the home server */
};

/* A case, with its keys chosen for the servers. */
struct work {
	const struct bench_case *bench_case;
	struct address addresses[SERVERS_MAX];
	size_t server_count;
	const char *tls_ca; /* as in struct servers */
	struct work_key *keys;
	size_t key_count;
	size_t value_len;
	char *pool; /* memory of all values, which overlap in it */
};

void work_init(struct work *work, const struct bench_case *bench_case,
	       const struct servers *servers);
void work_fini(struct work *work);

#endif
