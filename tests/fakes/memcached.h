/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real memcached processes. Each is started on a UNIX socket or a free loopback
 * port, is known by its pid, and is gone when it is stopped or when the process
 * that started it ends, in whatever way.
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
	char address[128]; /* as a config has it */
	char path[108];    /* the socket, or where the port is written */
	char option[64];   /* "": none */
};

/* Is there a memcached to start: $MEMCACHED, or one on the PATH? */
bool memcached_available(void);

/*
 * Start one and wait until it answers. option is one more argument, such as
 * "-I2m", or NULL. Returns false with a line on stderr.
 * Threads: it ends with the thread that called this.
 */
bool memcached_start(struct memcached *out, enum memcached_family family,
		     const char *option);

/*
 * Start it again, empty, at the address it had. For MEMCACHED_UNIX and
 * MEMCACHED_LOCAL: at others somebody else may listen by now.
 */
bool memcached_restart(struct memcached *memcached);

/* Stop it as SIGSTOP does, and wait until it has stopped; let it go on. */
void memcached_freeze(const struct memcached *memcached);
void memcached_thaw(const struct memcached *memcached);

/* Kill it and wait for its end. Nothing is running: nothing happens. */
void memcached_stop(struct memcached *memcached);

#endif
