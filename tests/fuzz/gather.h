/* SPDX-License-Identifier: BSD-3-Clause */
/* One key that is written twice as several items, which somebody damages and mixes. */
#ifndef TENON_TESTS_FUZZ_GATHER_H
#define TENON_TESTS_FUZZ_GATHER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Write, damage, read; abort() when a value comes back that nobody wrote and that
 * the format had to notice.
 * Shape: a byte of bits: 1 compressed, 2 libmc's format in place of sealed, 4 two
 *        writes, whose items are mixed, 8 the parent is the first write's; the
 *        length of the value in 2 bytes, up to GATHER_VALUE_MAX_BYTES; the number
 *        of damages (0..7), each what, which item, and 2 bytes of where; the rest
 *        is what the value consists of, over and over.
 * Returns the status that the reader got.
 */
int fuzz_gather(const uint8_t *data, size_t size);

#define GATHER_VALUE_MAX_BYTES 4000

/* Release the clients that all calls share. */
void fuzz_gather_end(void);

#endif
