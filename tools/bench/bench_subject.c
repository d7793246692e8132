/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_subject.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_DIGITS_MAX 5

size_t subject_size(const char *case_name, const char *prefix)
{
	size_t prefix_len = strlen(prefix);
	const char *digits = case_name + prefix_len;

	if (strncmp(case_name, prefix, prefix_len) != 0 ||
	    strspn(digits, "0123456789") != strlen(digits) ||
	    strlen(digits) > SIZE_DIGITS_MAX) {
		return 0;
	}
	return strtoul(digits, NULL, 10);
}

static int64_t run_ns(const struct subject *subject, void *self,
		      size_t operations)
{
	int64_t start_ns = clock_wall_ns();

	subject->run(self, operations);
	return clock_wall_ns() - start_ns;
}

/* Return a number of operations that fills at least half a slice. */
static size_t calibrate(const struct subject *subject, void *self,
			unsigned slice_ms)
{
	int64_t wanted_ns = (int64_t)slice_ms * 1000000;
	size_t operations = 1;

	while (run_ns(subject, self, operations) * 2 < wanted_ns) {
		operations *= 2;
	}
	return operations;
}

double subject_ns(const struct subject *subject,
		  const struct settings *settings, const char *client,
		  const char *case_name)
{
	void *self = subject->open(settings, client, case_name);
	int64_t least_ns = INT64_MAX;
	size_t operations;

	if (!self) {
		return -1;
	}
	operations = calibrate(subject, self, settings->slice_ms);
	for (unsigned round = 0; round < settings->rounds; round++) {
		int64_t took_ns = run_ns(subject, self, operations);

		least_ns = took_ns < least_ns ? took_ns : least_ns;
	}
	subject->close(self);
	return (double)least_ns / (double)operations;
}

bool subject_loop(const struct subject *subject,
		  const struct settings *settings, const char *client,
		  const char *case_name, size_t operations)
{
	void *self = subject->open(settings, client, case_name);

	if (!self) {
		return false;
	}
	subject->run(self, operations);
	subject->close(self);
	return true;
}
