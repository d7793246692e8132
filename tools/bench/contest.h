/* SPDX-License-Identifier: BSD-3-Clause */
/* The contestants of one case: open, verify, run a slice. */
#ifndef TENON_BENCH_CONTEST_H
#define TENON_BENCH_CONTEST_H

#include "driver.h"

#define FLOOR_NAME "f_blk"
#define CONTESTANTS_MAX 16

struct contestant {
	char name[40];
	char variant[32];
	const struct driver *driver;
	bool is_out;    /* it could not be opened; why was said */
	void *self;     /* NULL: not open in this process */
	size_t next;    /* key of the next operation */
	pid_t pid;      /* alone: its process, else 0 */
	int to_fd;      /* alone: orders */
	int from_fd;    /* alone: samples */
};

/* Number 0 is the floor. */
struct contest {
	struct contestant list[CONTESTANTS_MAX];
	size_t count;
	const struct work *work;
};

/* What a slice cost. */
struct sample {
	int64_t wall_ns;
	int64_t cpu_ns;
	char error[200]; /* "": none */
};

/* All clients that this build knows and patterns select; the floor always. */
void contest_init(struct contest *contest, const char *patterns);

/*
 * Store the work's items, open every client and see that each reads what was
 * stored, or stores what can be read. A client that cannot be opened is out;
 * one that answers wrongly ends the program.
 */
void contest_open(struct contest *contest, const struct work *work, bool alone);
void contest_close(struct contest *contest);

/* Run that many operations; an error ends the program. */
struct sample contest_run(struct contest *contest, size_t index, size_t count);

#endif
