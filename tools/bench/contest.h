/* SPDX-License-Identifier: BSD-3-Clause */
/* The clients that are measured with one case: open, verify, run a slice. */
#ifndef TENON_BENCH_CONTEST_H
#define TENON_BENCH_CONTEST_H

#include "driver.h"

#define FLOOR_NAME "f_blk"
#define CONTESTANTS_MAX 16

struct contestant {
	char name[40];
	char variant[32];
	const struct driver *driver;
	bool is_out;    /* it could not be opened; the reason was printed */
	void *self;     /* NULL: not open in this process */
	size_t next;    /* key of the next operation */
	pid_t pid;      /* of its process with --alone, else 0 */
	int to_fd;      /* with --alone: tasks for its process */
	int from_fd;    /* with --alone: samples from its process */
};

/* list[0] is the floor. */
struct contest {
	struct contestant list[CONTESTANTS_MAX];
	size_t count;
	const struct work *work;
};

/* The measured cost of a slice. */
struct sample {
	int64_t wall_ns;
	int64_t cpu_ns;
	char error[200]; /* "": no error */
};

/* Collect the clients of this build that the patterns select. The floor is always in the list. */
void contest_init(struct contest *contest, const char *patterns);

/*
 * Store the items of the work, open every client, and verify each client: for a case that reads,
 * it must read the stored values; for a case that stores, the floor must read its values. A
 * client that cannot be opened is left out. A wrong answer ends the program.
 */
void contest_open(struct contest *contest, const struct work *work, bool alone);
void contest_close(struct contest *contest);

/* Run `count` operations. An error ends the program. */
struct sample contest_run(struct contest *contest, size_t index, size_t count);

#endif
