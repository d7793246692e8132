/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items that no client wrote, and items that were damaged, read through every codec.
 * The random numbers follow from a seed, which is in the test's number, so every run
 * does the same.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/cluster.h"
#include "fakes/random.h"
#include "fakes/scratch.h"
#include "fuzz/decode.h"
#include "fuzz/gather.h"
#include "runner/suite.h"

#define SEEDS 4
#define ROUNDS 5000

static uint64_t state;

static uint32_t any(uint32_t below)
{
	return (uint32_t)(random_next(&state) % below);
}

/* ---- any flags, any bytes ------------------------------------------------ */

/* Return the flags of zlib, lz4 and split, alone and together, or any others. */
static uint32_t any_flags(void)
{
	static const uint32_t own[] = { 0, 16, 1 << 24, 4096, 4112,
					0xffffffff };

	return any(3) == 0 ? any(UINT32_MAX) : own[any(COUNT(own))];
}

static size_t any_bytes(uint8_t *out, size_t max)
{
	size_t len = any((uint32_t)max + 1);

	for (size_t i = 0; i < len; i++) {
		out[i] = (uint8_t)any(256);
	}
	return len;
}

/* Write bytes that resemble a parent or the beginning of a stream, or neither. */
static size_t any_item(uint8_t *out)
{
	static const uint8_t zlib_head[] = { 0x78, 0x9c };
	size_t len;

	switch (any(4)) {
	case 0:
		return (size_t)snprintf((char *)out, 24, "%u", any(70));
	case 1:
		return (size_t)snprintf((char *)out, 80,
					"S1 %u %u %08x%08x %08x%08x",
					any(2000), any(9), any(UINT32_MAX),
					any(UINT32_MAX), any(UINT32_MAX),
					any(UINT32_MAX));
	case 2:
		memcpy(out, zlib_head, sizeof(zlib_head));
		len = sizeof(zlib_head);
		return len + any_bytes(out + len, 300);
	default:
		return any_bytes(out, 300);
	}
}

static size_t any_input(uint8_t *out)
{
	uint32_t flags = any_flags();
	size_t len = any_item(out + 6);
	size_t at = 6 + len;

	for (int i = 0; i < 4; i++) {
		out[i] = (uint8_t)(flags >> (8 * i));
	}
	out[4] = (uint8_t)len;
	out[5] = (uint8_t)(len >> 8);
	for (uint32_t chunks = any(8); chunks > 0; chunks--) {
		size_t chunk_len = any(4) ? DECODE_CHUNK_BYTES : any(70);

		out[at++] = (uint8_t)chunk_len;
		for (size_t i = 0; i < chunk_len; i++) {
			out[at++] = (uint8_t)any(256);
		}
	}
	return at;
}

START_TEST(any_flags_and_bytes_are_a_value_or_have_a_reason)
{
	size_t seen[4] = { 0 };

	state = (uint64_t)_i;
	for (int round = 0; round < ROUNDS; round++) {
		uint8_t room[2048];
		size_t len = any_input(room);
		/* exact size, so that a sanitizer sees a read beyond the end */
		uint8_t *input = malloc(len);

		ck_assert_ptr_nonnull(input);
		memcpy(input, room, len);
		switch (fuzz_decode(input, len)) {
		case TENON_HIT:
			seen[0]++;
			break;
		case TENON_MISS:
			seen[1]++;
			break;
		case TENON_EUNDECODABLE:
			seen[2]++;
			break;
		default:
			seen[3]++;
		}
		free(input);
	}
	fuzz_decode_end();
	/* the random items reach every outcome */
	ck_assert_uint_gt(seen[0], 100);
	ck_assert_uint_gt(seen[1], 100);
	ck_assert_uint_gt(seen[2], 100);
}
END_TEST

/* ---- stored values, damaged --------------------------------------------- */

#define VALUE_BYTES 2500
#define DAMAGES_MAX 3

/* Values that are split, compressed and split, or only compressed. */
static const struct {
	bool compressed;
	bool prose;
} kinds[] = { { false, false }, { true, false }, { true, true } };

/*
 * Write the input of fuzz_gather() (gather.h): two writes, up to three damages, and the
 * text of the values.
 */
static size_t any_mix(uint8_t *out, const char *text, bool compressed)
{
	uint32_t damages = any(DAMAGES_MAX + 1);
	size_t at = 0;

	out[at++] = (uint8_t)(4 | any(2) << 3 | compressed);
	out[at++] = VALUE_BYTES & 0xff;
	out[at++] = VALUE_BYTES >> 8;
	out[at++] = (uint8_t)damages;
	for (uint32_t i = 0; i < 4 * damages; i++) {
		out[at++] = (uint8_t)any(256);
	}
	memcpy(out + at, text, VALUE_BYTES);
	return at + VALUE_BYTES;
}

START_TEST(a_damaged_or_mixed_value_is_never_taken_for_a_value)
{
	char *text = kinds[_i].prose ? prose(VALUE_BYTES, 0) :
				       noise(VALUE_BYTES, 0);
	size_t hits = 0, others = 0;

	state = 100 + (uint64_t)_i;
	for (int round = 0; round < ROUNDS; round++) {
		uint8_t input[4 + 4 * DAMAGES_MAX + VALUE_BYTES];
		size_t len = any_mix(input, text, kinds[_i].compressed);

		if (fuzz_gather(input, len) == TENON_HIT) {
			hits++;
		} else {
			others++;
		}
	}
	ck_assert_uint_gt(hits, ROUNDS / 20);
	ck_assert_uint_gt(others, ROUNDS / 20);
	fuzz_gather_end();
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("codec_fuzz");
	TCase *tcase = tcase_create("fuzz");

	scratch_begin();
	tcase_set_timeout(tcase, 60);
	LOOP(tcase, any_flags_and_bytes_are_a_value_or_have_a_reason, SEEDS);
	LOOP(tcase, a_damaged_or_mixed_value_is_never_taken_for_a_value,
	     COUNT(kinds));
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
