/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void say(const char *format, va_list args)
	__attribute__((format(printf, 1, 0)));

static void say(const char *format, va_list args)
{
	fflush(stdout);
	fputs("tenon-bench: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void fail(const char *format, ...)
{
	va_list args;

	progress_end();
	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(EXIT_FAILURE);
}

void warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void *alloc_array(size_t count, size_t size)
{
	void *memory = calloc(count, size); /* fails when count * size overflows */

	if (!memory) {
		fail("out of memory");
	}
	return memory;
}

char *alloc_format(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0) {
		fail("out of memory");
	}
	return text;
}

bool is_selected(const char *patterns, const char *name)
{
	while (patterns && *patterns != '\0') {
		size_t len = strcspn(patterns, ",");
		char *pattern = alloc_format("%.*s", (int)len, patterns);
		bool matches = fnmatch(pattern, name, 0) == 0;

		free(pattern);
		if (matches) {
			return true;
		}
		patterns += len + (patterns[len] == ',');
	}
	return !patterns;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t clock_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* ---- progress ------------------------------------------------------------ */

#define BAR_WIDTH 30

static struct {
	bool is_on;
	size_t done;
	size_t steps;
	int64_t start_ns;
} progress;

void progress_begin(size_t steps)
{
	progress.is_on = isatty(STDERR_FILENO) == 1 && steps > 0;
	progress.done = 0;
	progress.steps = steps;
	progress.start_ns = clock_wall_ns();
}

void progress_step(const char *text)
{
	double part;
	int filled;
	long left_s;

	if (!progress.is_on) {
		return;
	}
	part = (double)progress.done / (double)progress.steps;
	filled = (int)(part * BAR_WIDTH);
	left_s = progress.done == 0 ?
			 0 :
			 (long)((double)(clock_wall_ns() - progress.start_ns) /
				1e9 * (1 - part) / part);
	fprintf(stderr, "\r\033[K[%.*s%*s] %3.0f %%  %ld:%02ld left  %s",
		filled, "##############################", BAR_WIDTH - filled,
		"", part * 100, left_s / 60, left_s % 60, text);
	progress.done += progress.done < progress.steps;
}

void progress_end(void)
{
	if (progress.is_on) {
		fputs("\r\033[K", stderr);
	}
	progress.is_on = false;
}
