/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values that a reader can check without knowing the writer. A value is a head and a
 * body, and the body follows from the head. So the reader can tell for every byte
 * whether it is right.
 */
#ifndef TENON_TESTS_FAKES_VALUE_H
#define TENON_TESTS_FAKES_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct value_head {
	uint64_t key;   /* number of the key that the value was written to */
	uint64_t write; /* number of the write, unique for the key */
	uint64_t len;   /* length of the whole value, VALUE_HEAD_BYTES or more */
	uint64_t prose; /* 1: the body compresses, 0: it does not */
};

#define VALUE_HEAD_BYTES (sizeof(struct value_head))

/* Write the value that belongs to the head: head->len bytes. */
void value_make(char *out, const struct value_head *head);

/*
 * Return true when the value is whole: every byte, from the first to the last, is as it
 * was written for that key. *head then has the head.
 */
bool value_is_whole(const char *value, size_t len, uint64_t key,
		    struct value_head *head);

#endif
