/* SPDX-License-Identifier: BSD-3-Clause */
/* One item of any flags and bytes, and chunks of any bytes, read through every codec. */
#ifndef TENON_TESTS_FUZZ_DECODE_H
#define TENON_TESTS_FUZZ_DECODE_H

#include <stddef.h>
#include <stdint.h>

#define DECODE_MAX_VALUE_BYTES 65536u
#define DECODE_CHUNK_BYTES 64u

/*
 * Read what the input describes and look at what comes of it; abort() when it is
 * none of what a reader may get.
 * Shape: flags in 4 bytes and the length of the item in 2, lowest byte first; the
 *        item, up to the input's end; then its first 64 chunks in order, each
 *        with its length in a byte in front. What is missing is absent.
 * Returns the status that the reader got.
 */
int fuzz_decode(const uint8_t *data, size_t size);

/* Release the client that all calls share. */
void fuzz_decode_end(void);

#endif
