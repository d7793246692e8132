/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a fuzz target is made of. It is linked with libFuzzer, or with main.c, which
 * replays what is known.
 */
#ifndef TENON_TESTS_FUZZ_FUZZ_H
#define TENON_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The target's: its folders are corpus/<name> and crashes/<name>. */
extern const char fuzz_name[];

/* Run one input; abort() where something is not as it must be. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Give back what the runs share. */
void fuzz_end(void);

static inline void fuzz_must(bool so, const char *what)
{
	if (!so) {
		fprintf(stderr, "not so: %s\n", what);
		abort();
	}
}

/* The bytes of an input that are not used up. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* The next byte; 0 where there is none. */
static inline unsigned fuzz_byte(struct fuzz_input *input)
{
	if (input->left == 0) {
		return 0;
	}
	input->left--;
	return *input->at++;
}

/* The next two or four bytes, the lowest first. */
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

/* The next len bytes, or all that are left. */
static inline struct fuzz_input fuzz_take(struct fuzz_input *input, size_t len)
{
	struct fuzz_input part = { input->at,
				   len < input->left ? len : input->left };

	input->at += part.left;
	input->left -= part.left;
	return part;
}

/* The next bytes up to `end`, which is used up with them, or all that are left. */
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
