/* SPDX-License-Identifier: BSD-3-Clause */
/* A check of stored zlib streams, for test programs that link zlib. */
#ifndef TENON_TESTS_CODEC_INFLATES_H
#define TENON_TESTS_CODEC_INFLATES_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Check that the stored bytes are a zlib stream of exactly this value. */
static inline void check_inflates(const char *stored, size_t stored_len,
				  const char *value, size_t len)
{
	uLongf room = len + 1;
	char *out = malloc(room);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(uncompress((Bytef *)out, &room,
				    (const Bytef *)stored, stored_len), Z_OK);
	ck_assert_uint_eq(room, len);
	ck_assert(memcmp(out, value, len) == 0);
	free(out);
}

#endif
