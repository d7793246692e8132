/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TENON_BENCH_SERVERS_H
#define TENON_BENCH_SERVERS_H

#include "bench.h"

#define SERVERS_MAX 20

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

#endif
