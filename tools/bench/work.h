/* SPDX-License-Identifier: BSD-3-Clause */
/* What is measured: the cases, their keys and values, the servers. */
#ifndef TENON_BENCH_WORK_H
#define TENON_BENCH_WORK_H

#include "bench.h"

#define SERVERS_MAX 20
#define KEY_BYTES 19

struct address {
	char host[16];
	uint16_t port;
};

/* Memcached servers: own processes, or some that a list names. */
struct servers {
	struct address addresses[SERVERS_MAX];
	size_t count;
	pid_t keeper; /* the process that started them; 0: they are not ours */
};

/* Start SERVERS_MAX of them on free loopback ports, or take those of the settings. */
void servers_init(struct servers *servers, const struct settings *settings);
void servers_stop(struct servers *servers);

/* "127.0.0.1:1000,127.0.0.1:1001", as settings have them; for the caller to free. */
char *servers_format(const struct servers *servers);

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
