/* SPDX-License-Identifier: BSD-3-Clause */
/* One key that is written twice as split items, which are then damaged and mixed. */
#ifndef TENON_TESTS_FUZZ_GATHER_H
#define TENON_TESTS_FUZZ_GATHER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Write, damage and read the value; abort() when the reader gets a value that no client
 * wrote and that the format had to notice.
 * Shape: a byte of bits: 1 compressed, 2 format libmc in place of sealed, 4 two writes,
 *        whose items are mixed, 8 the parent is that of the first write; the length of
 *        the value in 2 bytes, at most GATHER_VALUE_MAX_BYTES; the number of damages
 *        (0..7), and for each its kind, the item, and 2 bytes for the place; the rest
 *        is the text that the value repeats.
 * Returns the status that the reader got.
 */
int fuzz_gather(const uint8_t *data, size_t size);

#define GATHER_VALUE_MAX_BYTES 4000

/* Release the clients that all calls share. */
void fuzz_gather_end(void);

#endif
