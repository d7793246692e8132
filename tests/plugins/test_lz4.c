/* SPDX-License-Identifier: BSD-3-Clause */
/* Codec lz4: the layout that its README describes, and headers that lie. */
#include <lz4.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/codec_rig.h"
#include "runner/suite.h"

#define MAX_VALUE_BYTES ((uint64_t)1 << 20)
#define VALUE_BYTES 20000

static void open_lz4(struct codec *codec, const char *options)
{
	codec_open(codec, subject_named(TENON_KIND_CODEC, "lz4"), options,
		   MAX_VALUE_BYTES);
}

/* Encode a text, which compresses. */
static void encode_text(const char *options, char text[VALUE_BYTES],
			struct rig_output *output)
{
	struct codec codec;

	open_lz4(&codec, options);
	rig_output_init(output, MAX_VALUE_BYTES);
	ck_assert_int_eq(codec_encode(&codec,
				      make_value(text, VALUE_BYTES, VALUE_TEXT),
				      output),
			 1);
	codec_close(&codec);
}

START_TEST(layout_is_length_and_block)
{
	static const unsigned char header[] = { VALUE_BYTES & 0xff,
						VALUE_BYTES >> 8, 0, 0 };
	char text[VALUE_BYTES];
	char back[VALUE_BYTES];
	struct rig_output output;
	char options[40];

	snprintf(options, sizeof(options), "{level: %d}", _i);
	encode_text(options, text, &output);
	ck_assert_mem_eq(output.base.data, header, 4);
	ck_assert_int_eq(LZ4_decompress_safe(output.base.data + 4, back,
					     (int)output.base.len - 4,
					     VALUE_BYTES),
			 VALUE_BYTES);
	ck_assert_mem_eq(back, text, VALUE_BYTES);
	rig_output_fini(&output);
}
END_TEST

START_TEST(level_0_is_the_default_of_lz4)
{
	char text[VALUE_BYTES];
	char block[LZ4_COMPRESSBOUND(VALUE_BYTES)];
	struct rig_output output;
	int len;

	encode_text(NULL, text, &output);
	len = LZ4_compress_default(text, block, VALUE_BYTES, (int)sizeof(block));
	ck_assert_int_gt(len, 0);
	ck_assert_uint_eq(output.base.len, (size_t)len + 4);
	ck_assert_mem_eq(output.base.data + 4, block, (size_t)len);
	rig_output_fini(&output);
}
END_TEST

START_TEST(hc_is_smaller)
{
	char text[VALUE_BYTES];
	struct rig_output fast;
	struct rig_output hc;

	encode_text("{level: 0}", text, &fast);
	encode_text("{level: 9}", text, &hc);
	ck_assert_uint_lt(hc.base.len, fast.base.len);
	rig_output_fini(&fast);
	rig_output_fini(&hc);
}
END_TEST

START_TEST(values_above_the_threshold_are_compressed)
{
	static const char zeros[2000];
	struct codec codec;

	open_lz4(&codec, NULL);
	for (size_t len = 0; len < sizeof(zeros); len++) {
		struct rig_output output;

		rig_output_init(&output, MAX_VALUE_BYTES);
		ck_assert_int_eq(codec_encode(&codec,
					      (struct tenon_slice){ zeros, len },
					      &output),
				 len > 1024);
		rig_output_fini(&output);
	}
	codec_close(&codec);
}
END_TEST

START_TEST(one_byte_less_is_smaller)
{
	struct codec codec;
	char bytes[60];
	int as_long = 0;

	open_lz4(&codec, "{threshold: 0B}");
	for (size_t n = 0; n < 900; n++) {
		/* Noise and then zeros, in different proportions. */
		size_t zeros = n % 30;
		struct tenon_slice value =
			make_value(bytes, 1 + n / 30 + zeros, VALUE_NOISE);
		char block[LZ4_COMPRESSBOUND(sizeof(bytes))];
		struct rig_output output;
		size_t len;

		memset(bytes + value.len - zeros, 0, zeros);
		len = 4 + (size_t)LZ4_compress_default(bytes, block,
						       (int)value.len,
						       (int)sizeof(block));
		as_long += len == value.len;
		rig_output_init(&output, MAX_VALUE_BYTES);
		ck_assert_int_eq(codec_encode(&codec, value, &output),
				 len < value.len);
		rig_output_fini(&output);
	}
	ck_assert_int_gt(as_long, 0);
	codec_close(&codec);
}
END_TEST

START_TEST(room_for_the_worst_case_has_a_limit)
{
	const size_t len = (size_t)64 << 20;
	char *zeros = calloc(1, len);
	struct rig_output output;
	struct codec codec;

	ck_assert_ptr_nonnull(zeros);
	codec_open(&codec, subject_named(TENON_KIND_CODEC, "lz4"), NULL, len);
	rig_output_init(&output, len);
	ck_assert_uint_gt((size_t)LZ4_compressBound((int)len),
			  len + TENON_OUTPUT_EXTRA_BYTES);
	ck_assert_int_eq(codec_encode(&codec, (struct tenon_slice){ zeros, len },
				      &output),
			 1);
	rig_output_fini(&output);
	codec_close(&codec);
	free(zeros);
}
END_TEST

START_TEST(flag_is_its_own_or_one_bit_of_yours)
{
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_CODEC, "lz4");
	struct tenon_error err = { 0 };
	struct codec codec;

	open_lz4(&codec, NULL);
	ck_assert_uint_eq(codec.ops->flags(codec.self), 1 << 24);
	codec_close(&codec);
	open_lz4(&codec, "{flag: 65536}");
	ck_assert_uint_eq(codec.ops->flags(codec.self), 65536);
	codec_close(&codec);
	ck_assert_int_eq(codec_check(plugin, "{flag: 3}", &err), TENON_ECONFIG);
	subject_option_ends_at(plugin, "level", "12", "13");
	/* CODEC_THRESHOLD_MAX_BYTES */
	subject_option_ends_at(plugin, "threshold", "1GiB", "1073741825B");
}
END_TEST

/* Bytes that a server may send, and the result of decoding them. */
static const struct {
	const char *bytes;
	size_t len;
	int code;
	const char *says;
} hostile[] = {
	{ "", 0, TENON_EUNDECODABLE, "has 0 bytes" },
	{ "\x01\x00\x00", 3, TENON_EUNDECODABLE, "has 3 bytes" },
	{ "\x01\x00\x00\x00", 4, TENON_EUNDECODABLE, "has 4 bytes" },
	/* A literal of one byte, with the right length and with wrong lengths. */
	{ "\x01\x00\x00\x00\x10q", 6, 0, NULL },
	{ "\x02\x00\x00\x00\x10q", 6, TENON_EUNDECODABLE,
	  "holds 1 bytes, its header gives 2" },
	{ "\x00\x00\x00\x00\x10q", 6, TENON_EUNDECODABLE, "is broken" },
	/*
	 * The length is more than a block of two bytes can hold: refused without
	 * allocating.
	 */
	{ "\xff\x01\x00\x00\x10q", 6, TENON_EUNDECODABLE, "cannot hold the 511" },
	/* lz4.c: RATIO_MAX */
	{ "\xfe\x01\x00\x00\x10q", 6, TENON_EUNDECODABLE,
	  "holds 1 bytes, its header gives 510" },
	{ "\xff\xff\xff\xff\x10q", 6, TENON_EUNDECODABLE,
	  "cannot hold the 4294967295" },
	/* A match that begins before the start of the block. */
	{ "\x09\x00\x00\x00\x10q\x09\x00\x50qqqqq", 14, TENON_EUNDECODABLE,
	  "is broken" },
};

START_TEST(headers_that_lie_are_undecodable)
{
	struct rig_output output;
	struct codec codec;

	open_lz4(&codec, NULL);
	rig_output_init(&output, MAX_VALUE_BYTES);
	ck_assert_int_eq(codec_decode(&codec,
				      (struct tenon_slice){ hostile[_i].bytes,
							    hostile[_i].len },
				      &output),
			 hostile[_i].code);
	ck_assert(!hostile[_i].says ||
		  strstr(codec.err.message, hostile[_i].says) != NULL);
	ck_assert_uint_le(output.largest, 1000);
	rig_output_fini(&output);
	codec_close(&codec);
}
END_TEST

/* The codec reads only the length, so the block has six bytes of memory. */
START_TEST(a_block_that_lz4_cannot_count_is_undecodable)
{
	struct tenon_slice stored = { "\x01\x00\x00\x00\x10q",
				      (size_t)LZ4_MAX_INPUT_SIZE + 1 };
	struct rig_output output;
	struct codec codec;

	open_lz4(&codec, NULL);
	rig_output_init(&output, MAX_VALUE_BYTES);
	ck_assert_int_eq(codec.ops->decode(codec.self, &stored, &output.base,
					   &codec.err),
			 TENON_EUNDECODABLE);
	ck_assert_ptr_nonnull(strstr(codec.err.message, "cannot hold the 1"));
	ck_assert_uint_eq(output.calls, 0);
	rig_output_fini(&output);
	codec_close(&codec);
}
END_TEST

START_TEST(length_above_the_limit_is_refused_before_there_is_memory)
{
	char *block = calloc(1, 100000);
	struct rig_output output;
	struct codec codec;

	ck_assert_ptr_nonnull(block);
	memcpy(block, "\x01\x00\x10\x00", 4); /* 1 MiB and a byte */
	open_lz4(&codec, NULL);
	rig_output_init(&output, MAX_VALUE_BYTES);
	ck_assert_int_eq(codec_decode(&codec,
				      (struct tenon_slice){ block, 100000 },
				      &output),
			 TENON_ETOOBIG);
	ck_assert_ptr_nonnull(strstr(codec.err.message, "1048577"));
	ck_assert_uint_eq(output.calls, 0);
	rig_output_fini(&output);
	codec_close(&codec);
	free(block);
}
END_TEST

/* The form has no checksum: the codec promises only the length. */
START_TEST(flipped_bits_do_not_change_the_length)
{
	char text[VALUE_BYTES];
	struct rig_output stored;
	struct codec codec;
	size_t other = 0;

	encode_text(NULL, text, &stored);
	open_lz4(&codec, NULL);
	for (size_t bit = 0; bit < stored.base.len * 8; bit++) {
		struct rig_output output;

		rig_output_init(&output, MAX_VALUE_BYTES);
		stored.base.data[bit / 8] ^= (char)(1 << bit % 8);
		if (codec_decode(&codec, written(&stored), &output) == 0) {
			rig_assert(output.base.len == VALUE_BYTES,
				   "bit %zu makes a value of %zu bytes", bit,
				   output.base.len);
			other += memcmp(output.base.data, text, VALUE_BYTES) != 0;
		}
		stored.base.data[bit / 8] ^= (char)(1 << bit % 8);
		rig_output_fini(&output);
	}
	/* Some flipped bits do give another value. README.md warns of that. */
	ck_assert_uint_gt(other, 0);
	codec_close(&codec);
	rig_output_fini(&stored);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lz4");
	TCase *writing = tcase_create("writing");
	TCase *reading = tcase_create("reading");

	suite_add_tcase(suite, writing);
	tcase_add_loop_test(writing, layout_is_length_and_block, 0, 13);
	tcase_add_test(writing, level_0_is_the_default_of_lz4);
	tcase_add_test(writing, hc_is_smaller);
	tcase_add_test(writing, values_above_the_threshold_are_compressed);
	tcase_add_test(writing, one_byte_less_is_smaller);
	tcase_add_test(writing, room_for_the_worst_case_has_a_limit);
	tcase_add_test(writing, flag_is_its_own_or_one_bit_of_yours);
	suite_add_tcase(suite, reading);
	tcase_add_loop_test(reading, headers_that_lie_are_undecodable, 0,
			    (int)(sizeof(hostile) / sizeof(hostile[0])));
	tcase_add_test(reading, a_block_that_lz4_cannot_count_is_undecodable);
	tcase_add_test(reading,
		       length_above_the_limit_is_refused_before_there_is_memory);
	tcase_add_test(reading, flipped_bits_do_not_change_the_length);
	return suite_run(suite);
}
