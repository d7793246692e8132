/* SPDX-License-Identifier: BSD-3-Clause */
/* Something small that is repeated: for the clock, and in the mode loop. */
#ifndef TENON_BENCH_SUBJECT_H
#define TENON_BENCH_SUBJECT_H

#include "bench.h"

struct subject {
	/* NULL: the subject has no such client or no such case. */
	void *(*open)(const struct settings *settings, const char *client,
		      const char *case_name);
	/* What goes wrong ends the program. */
	void (*run)(void *self, size_t operations);
	void (*close)(void *self);
};

extern const struct subject codec_subject;
extern const struct subject distribution_subject;
extern const struct subject hash_subject;
extern const struct subject ring_subject;

/* The number behind prefix, for cases such as "where-20"; 0: it is another case. */
size_t subject_size(const char *case_name, const char *prefix);

/*
 * The time of one operation: the least of the settings' rounds, each of which
 * lasts as long as the settings say. Negative: there is no such client or case.
 */
double subject_ns(const struct subject *subject,
		  const struct settings *settings, const char *client,
		  const char *case_name);

/* Run it as the mode loop does; false: there is no such client or case. */
bool subject_loop(const struct subject *subject,
		  const struct settings *settings, const char *client,
		  const char *case_name, size_t operations);

#endif
