/* SPDX-License-Identifier: BSD-3-Clause */
/* A small operation that is repeated: to time it, and for the mode `loop`. */
#ifndef TENON_BENCH_SUBJECT_H
#define TENON_BENCH_SUBJECT_H

#include "bench.h"

struct subject {
	/* Open a client for a case. NULL when the subject does not have this client or case. */
	void *(*open)(const struct settings *settings, const char *client,
		      const char *case_name);
	/* Run a number of operations. An error ends the program. */
	void (*run)(void *self, size_t operations);
	void (*close)(void *self);
};

extern const struct subject codec_subject;
extern const struct subject distribution_subject;
extern const struct subject hash_subject;
extern const struct subject ring_subject;

/* Return the number after prefix in a case such as "where-20"; 0 for another case. */
size_t subject_size(const char *case_name, const char *prefix);

/*
 * Return the time of one operation in nanoseconds: the least of the rounds. The settings have the
 * number of rounds and their length. Negative: there is no such client or case.
 */
double subject_ns(const struct subject *subject,
		  const struct settings *settings, const char *client,
		  const char *case_name);

/* Run it for the mode `loop`. Returns false when there is no such client or case. */
bool subject_loop(const struct subject *subject,
		  const struct settings *settings, const char *client,
		  const char *case_name, size_t operations);

#endif
