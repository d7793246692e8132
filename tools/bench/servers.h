/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TENON_BENCH_SERVERS_H
#define TENON_BENCH_SERVERS_H

#include "bench.h"

#define SERVERS_MAX 20

struct address {
	char host[16];
	uint16_t port;
};

/* Memcached servers: child processes, or the servers of --servers. */
struct servers {
	struct address addresses[SERVERS_MAX];
	size_t count;
	char *tls_ca; /* they speak TLS: the file of the certificate that signed theirs; else NULL */
	pid_t keeper; /* the process that started them; 0: servers of --servers */
};

/* Start SERVERS_MAX servers on free loopback ports, or use those of the settings. */
void servers_init(struct servers *servers, const struct settings *settings);
void servers_stop(struct servers *servers);

/*
 * Return the addresses in the form of --servers, such as "127.0.0.1:1000,127.0.0.1:1001". The
 * caller frees the text.
 */
char *servers_format(const struct servers *servers);

#endif
