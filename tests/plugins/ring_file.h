/* SPDX-License-Identifier: BSD-3-Clause */
/* For tests of distributions: rings, and files of tests/vectors/rings/ to compare rings with. */
#ifndef TENON_TESTS_RING_FILE_H
#define TENON_TESTS_RING_FILE_H

#include <stdbool.h>

#include "conformance/ring_rig.h"

/*
 * Choose the distribution of a ring and read its options, which are as in a config; NULL: the
 * defaults. ring_init() and ring_build() come next.
 */
void ring_prepare(struct ring *ring, const char *distribution,
		  const char *options);

/*
 * Build a ring of a distribution with options as in a config, "{weights: repeat}". The hash may
 * be NULL when the distribution does not use it.
 */
void ring_make(struct ring *ring, const char *distribution, const char *options,
	       const struct tenon_ring_server *servers, uint32_t count,
	       const struct tenon_hash *hash);

/* Return the TENON_RING_* bits that the ring describes itself with. */
uint32_t ring_traits(const struct ring *ring);

/* Return the home server of a key; its hash is 0 when hash is NULL. */
uint32_t ring_home(const struct ring *ring, const struct tenon_hash *hash,
		   const char *key, size_t key_len);

/* Return the nth server of a key's walk; 0 is the home server. */
uint32_t ring_nth(const struct ring *ring, uint64_t hash, const char *key,
		  size_t key_len, uint32_t nth);

/* The way to read a file of tests/vectors/rings/. */
struct ring_file {
	const char *name;         /* path without ".tsv" */
	const char *distribution; /* the plugin */
	const char *options;      /* its options, NULL: its defaults */
	const char *hash;         /* the hash plugin, NULL: the distribution hashes keys itself */
	size_t keys;              /* lines of keys in the file */
};

/*
 * Cut a line of a file at its tabs into *line, *value and *more, which is NULL when there is no
 * second tab. Returns false for a comment or an empty line.
 */
bool ring_file_cut(char *line, char **value, char **more);

/*
 * Compare a ring with each line of a file: `key` with the home server, `walk` and `tries` with
 * the walk. README.md of that folder describes the lines.
 */
void ring_file_check(const struct ring_file *file);

/* The same, for a file that has to name this hash as the program's. */
void ring_file_check_of(const struct ring_file *file, const char *peer_hash);

#endif
