/* SPDX-License-Identifier: BSD-3-Clause */
/* One item with any flags and bytes, and chunks with any bytes, read through every codec. */
#ifndef TENON_TESTS_FUZZ_DECODE_H
#define TENON_TESTS_FUZZ_DECODE_H

#include <stddef.h>
#include <stdint.h>

#define DECODE_MAX_VALUE_BYTES 65536u
#define DECODE_CHUNK_BYTES 64u

/*
 * Read the item that the input describes and check the result; abort() when no reader
 * may get such a result.
 * Shape: the flags in 4 bytes and the length of the item in 2, lowest byte first; the
 *        item, at most to the end of the input; then its first 64 chunks in order, each
 *        with one byte of length before it. A chunk that the input does not have is
 *        absent.
 * Returns the status that the reader got.
 */
int fuzz_decode(const uint8_t *data, size_t size);

/* Release the client that all calls share. */
void fuzz_decode_end(void);

#endif
