/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values that say what they are: a head, and a body that follows from it, so that
 * every byte of a value can be told right or wrong by whoever reads it.
 */
#ifndef TENON_TESTS_FAKES_VALUE_H
#define TENON_TESTS_FAKES_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct value_head {
	uint64_t key;   /* the number of the key it was written to */
	uint64_t write; /* which write: no other of this key has it */
	uint64_t len;   /* of the whole value, VALUE_HEAD_BYTES or more */
	uint64_t prose; /* 1: the body compresses, 0: it does not */
};

#define VALUE_HEAD_BYTES (sizeof(struct value_head))

/* Write the value of a head: head->len bytes. */
void value_make(char *out, const struct value_head *head);

/*
 * Is this, from its first byte to its last, a value that was made for that key?
 * *head says which.
 */
bool value_is_whole(const char *value, size_t len, uint64_t key,
		    struct value_head *head);

#endif
