/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interface of a fuzz target. A target is linked with libFuzzer, or with main.c,
 * which replays known inputs.
 */
#ifndef TENON_TESTS_FUZZ_FUZZ_H
#define TENON_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The name of the target. Its folders are corpus/<name> and crashes/<name>. */
extern const char fuzz_name[];

/* Run one input; abort() when a check fails. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Release everything that the runs share. */
void fuzz_end(void);

static inline void fuzz_must(bool so, const char *what)
{
	if (!so) {
		fprintf(stderr, "not so: %s\n", what);
		abort();
	}
}

/* The bytes of an input that have not been used yet. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* Return the next byte, or 0 at the end of the input. */
static inline unsigned fuzz_byte(struct fuzz_input *input)
{
	if (input->left == 0) {
		return 0;
	}
	input->left--;
	return *input->at++;
}

/* Return the next two or four bytes as a number, lowest byte first. */
static inline unsigned fuzz_two(struct fuzz_input *input)
{
	unsigned low = fuzz_byte(input);

	return low | fuzz_byte(input) << 8;
}

static inline uint32_t fuzz_four(struct fuzz_input *input)
{
	uint32_t low = fuzz_two(input);

	return low | (uint32_t)fuzz_two(input) << 16;
}

/* Return the next len bytes, or all bytes that are left. */
static inline struct fuzz_input fuzz_take(struct fuzz_input *input, size_t len)
{
	struct fuzz_input part = { input->at,
				   len < input->left ? len : input->left };

	input->at += part.left;
	input->left -= part.left;
	return part;
}

/*
 * Return the bytes before the next `end`, and use up `end` as well. Without an `end`,
 * return all bytes that are left.
 */
static inline struct fuzz_input fuzz_until(struct fuzz_input *input, int end)
{
	size_t len = 0;

	while (len < input->left && input->at[len] != end) {
		len++;
	}
	struct fuzz_input part = fuzz_take(input, len);
	fuzz_take(input, 1);
	return part;
}

#endif
