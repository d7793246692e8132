/* SPDX-License-Identifier: BSD-3-Clause */
/* What every file of tenon-bench knows: settings, failing, memory, processes. */
#ifndef TENON_BENCH_BENCH_H
#define TENON_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CPU_NONE (-1)
#define CPU_DEFAULT (-2) /* the command line did not say */

/* What the command line says. */
struct settings {
	const char *cases;   /* patterns with commas between; NULL: all */
	const char *clients; /* likewise */
	unsigned rounds;     /* 0: not said yet, as slice_ms */
	unsigned slice_ms;
	unsigned level; /* of codecs; 0: the default of each */
	int client_cpu; /* CPU_NONE: not pinned */
	int server_cpu;
	bool alone;          /* each client in a process of its own */
	bool help;
	bool json;
	bool markdown;
	const char *svg_path; /* NULL: no picture */
	const char *servers;  /* addresses with commas between; NULL: own ones */
};

/* Print "tenon-bench: " and one line on stderr, and exit. */
_Noreturn void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* The same line without the exit. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* count * size zeroed bytes, or the end of the program. */
void *alloc_array(size_t count, size_t size);

char *alloc_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Does name match one of the patterns (NULL: any name does)? */
bool is_selected(const char *patterns, const char *name);

/* Wall clock and CPU time of this process. */
int64_t clock_wall_ns(void);
int64_t clock_cpu_ns(void);

/* ---- processes ----------------------------------------------------------- */

/* Stop what was started and remove the scratch folder on every way out. */
void children_guard(void);

/*
 * fork(). The child is killed when this process ends, in whatever way, and is
 * pinned to cpu unless that is CPU_NONE.
 */
pid_t child_fork(int cpu);

/* Wait for its end; returns the status of waitpid(2). */
int child_wait(pid_t pid);

/* End it and wait. */
void child_stop(pid_t pid);

/* The path of a file in the scratch folder, for the caller to free. */
char *scratch_path(const char *name);

/*
 * Run a program, with standard output and error thrown away, and hand back what
 * it wrote to the file called scratch; NULL when it failed. For the caller to
 * free.
 */
char *run_tool(char *const argv[], const char *scratch);

/* ---- a bar on stderr when that is a terminal ----------------------------- */

void progress_begin(size_t steps);
/* One step is done; text says what is next. */
void progress_step(const char *text);
void progress_end(void);

#endif
