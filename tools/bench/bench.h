/* SPDX-License-Identifier: BSD-3-Clause */
/* Included by every file of tenon-bench: settings, errors, memory, clocks, processes. */
#ifndef TENON_BENCH_BENCH_H
#define TENON_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CPU_NONE (-1)
#define CPU_DEFAULT (-2) /* no --pin on the command line */

/* The settings of the command line. */
struct settings {
	const char *cases;   /* patterns, separated by commas; NULL: all */
	const char *clients; /* patterns, separated by commas; NULL: all */
	unsigned rounds;     /* 0: not set, for rounds and slice_ms */
	unsigned slice_ms;
	unsigned level; /* of compression; 0: the codec's default */
	int client_cpu; /* CPU_NONE: not pinned */
	int server_cpu;
	bool alone;          /* each client in a process of its own */
	bool help;
	bool json;
	bool markdown;
	const char *svg_path; /* NULL: no picture */
	const char *servers;  /* addresses, separated by commas; NULL: start servers */
	bool tls;             /* the servers speak TLS */
	const char *tls_ca;   /* with servers and tls: the file of the certificate that signed theirs */
};

/* Print "tenon-bench: " and one line on stderr, and end the program. */
_Noreturn void fail(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Print the same line, without ending the program. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Allocate count * size zeroed bytes. Ends the program when there is no memory. */
void *alloc_array(size_t count, size_t size);

char *alloc_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Return true when name matches one of the patterns. NULL matches every name. */
bool is_selected(const char *patterns, const char *name);

/* Return the wall clock, and the CPU time of this process, in nanoseconds. */
int64_t clock_wall_ns(void);
int64_t clock_cpu_ns(void);

/* ---- processes ----------------------------------------------------------- */

/*
 * Stop all child processes and remove the scratch folder when this process ends, also after a
 * signal.
 */
void children_guard(void);

/*
 * Call fork(). The child is pinned to cpu, unless cpu is CPU_NONE. The kernel kills the child when
 * this process ends, for any reason.
 */
pid_t child_fork(int cpu);

/* Wait until the child ends. Returns the status of waitpid(2). */
int child_wait(pid_t pid);

/* Stop the child and wait until it has ended. */
void child_stop(pid_t pid);

/* Return the path of a file in the scratch folder. The caller frees it. */
char *scratch_path(const char *name);

/* Remove this file of the scratch folder when this process ends, also after a signal. */
void scratch_remove_later(const char *path);

/* Run a program, and throw its output away. Returns true when its exit status is 0. */
bool run_program(char *const argv[]);

/*
 * Run a program, and return the text that it wrote to the file `scratch`. Its standard output and
 * error are thrown away. NULL when it failed. The caller frees the text.
 */
char *run_tool(char *const argv[], const char *scratch);

/* ---- a bar on stderr when that is a terminal ----------------------------- */

void progress_begin(size_t steps);
/* Count one step of the progress as done. text names the next step. */
void progress_step(const char *text);
void progress_end(void);

#endif
