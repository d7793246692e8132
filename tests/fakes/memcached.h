/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real memcached processes. Each listens on a UNIX socket or on a free loopback port. A
 * process ends when it is stopped, or when the process that started it ends, in
 * whatever way that ends. Only processes that were started here are signalled, by pid.
 */
#ifndef TENON_TESTS_FAKES_MEMCACHED_H
#define TENON_TESTS_FAKES_MEMCACHED_H

#include <stdbool.h>
#include <sys/types.h>

enum memcached_family {
	MEMCACHED_UNIX = 0,
	MEMCACHED_INET = 1,
	MEMCACHED_INET6 = 2,
	MEMCACHED_LOCAL = 3 /* IPv4, on a loopback address that no other process uses */
};

struct memcached {
	pid_t pid; /* 0: not running */
	enum memcached_family family;
	char address[128]; /* as a line of `servers:` */
	char path[108];    /* the socket, or the file with the port number */
	char option[512];  /* options with spaces between; "": none */
};

/*
 * Go on when memcached can be started: $MEMCACHED, or memcached on the PATH. Otherwise
 * end the program with every test skipped. Call this first in main().
 */
void memcached_require(void);

/*
 * Start memcached and wait until it answers. option has further arguments with spaces
 * between, such as "-I2m" or "-m256 -c80", or is NULL. Returns false with a line on stderr.
 * Threads: the process ends when the thread that called this ends.
 */
bool memcached_start(struct memcached *out, enum memcached_family family,
		     const char *option);

/*
 * Start the process again, empty, at the same address. Only for MEMCACHED_UNIX and
 * MEMCACHED_LOCAL: with another family some other program may listen at the address by
 * now.
 */
bool memcached_restart(struct memcached *memcached);

/*
 * Freeze: send SIGSTOP and wait until the process has stopped. Thaw: let the process
 * continue.
 */
void memcached_freeze(const struct memcached *memcached);
void memcached_thaw(const struct memcached *memcached);

/* Kill the process and wait for its end. Does nothing when no process runs. */
void memcached_stop(struct memcached *memcached);

#endif
