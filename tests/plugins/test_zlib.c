/* SPDX-License-Identifier: BSD-3-Clause */
/* Codec zlib: libmc's format to the byte, and other zlib streams that a server may send. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "conformance/codec_rig.h"
#include "conformance/libmc_values.h"
#include "runner/suite.h"

#define MAX_VALUE_BYTES ((uint64_t)1 << 20)

static void open_zlib(struct codec *codec, const char *options)
{
	codec_open(codec, subject_named(TENON_KIND_CODEC, "zlib"), options,
		   MAX_VALUE_BYTES);
}

/* ---- writing ------------------------------------------------------------ */

/*
 * Check that encode makes the same stream as zlib.compress() of Python, which is
 * compress2().
 */
static void compare(struct codec *codec, struct tenon_slice value, int level)
{
	uLongf len = compressBound((uLong)value.len);
	Bytef *expected = malloc(len);
	struct rig_output output;

	rig_assert(expected != NULL, "out of memory");
	rig_assert(compress2(expected, &len, value.data, (uLong)value.len,
			     level) == Z_OK,
		   "compress2");
	rig_output_init(&output, MAX_VALUE_BYTES);
	rig_assert(codec_encode(codec, value, &output) == 1,
		   "%zu bytes stay as they are", value.len);
	rig_assert(slices_equal(written(&output),
				(struct tenon_slice){ expected, len }),
		   "level %d: another stream of %zu bytes", level, value.len);
	rig_output_fini(&output);
	free(expected);
}

START_TEST(streams_are_those_of_compress)
{
	static const size_t sizes[] = { 1,    2,     100,   1025,   4096,
					9999, 65536, 70000, 500000, 1 << 20 };
	char *bytes = malloc((size_t)1 << 20);
	struct codec codec;
	char options[80];
	int level = _i + 1;

	ck_assert_ptr_nonnull(bytes);
	snprintf(options, sizeof(options),
		 "{threshold: 0B, keep_if_smaller: no, level: %d}", level);
	open_zlib(&codec, options);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int kind = 0; kind < VALUE_KINDS; kind++) {
			compare(&codec,
				make_value(bytes, sizes[i],
					   (enum value_kind)kind),
				level);
		}
	}
	codec_close(&codec);
	free(bytes);
}
END_TEST

static void check_libmc(const struct libmc_case *libmc, void *payload)
{
	const struct libmc_item *item =
		libmc_find(libmc, libmc->key, strlen(libmc->key));
	const struct tenon_slice value = { libmc->value, libmc->len };
	char bytes[100];
	struct tenon_slice stored = { bytes, 0 };
	size_t *checked = payload;
	struct rig_output output;
	struct codec codec;
	unsigned threshold;
	char options[80];

	if (sscanf(libmc->option, "comp_threshold=%u", &threshold) != 1) {
		return;
	}
	ck_assert_ptr_nonnull(item);
	snprintf(options, sizeof(options),
		 "{threshold: %uB, keep_if_smaller: no}", threshold);
	open_zlib(&codec, options);
	rig_output_init(&output, MAX_VALUE_BYTES);
	if ((item->flags & codec.ops->flags(codec.self)) == 0) {
		ck_assert_int_eq(codec_encode(&codec, value, &output), 0);
	} else {
		stored.len = libmc_item_bytes(item, bytes, sizeof(bytes));
		ck_assert_int_eq(codec_decode(&codec, stored, &output), 0);
		ck_assert(slices_equal(written(&output), value));
		ck_assert_int_eq(codec_encode(&codec, value, &output), 1);
		/* Another implementation of deflate makes another stream. */
		ck_assert(slices_equal(written(&output), stored) ||
			  strstr(zlibVersion(), "zlib-ng") != NULL);
	}
	rig_output_fini(&output);
	codec_close(&codec);
	(*checked)++;
}

START_TEST(items_are_those_of_libmc)
{
	size_t checked = 0;

	libmc_values_each(check_libmc, &checked);
	ck_assert_uint_eq(checked, 2);
}
END_TEST

static int encode_zeros(struct codec *codec, size_t len)
{
	static const char zeros[4096];
	struct rig_output output;
	int code;

	rig_output_init(&output, MAX_VALUE_BYTES);
	code = codec_encode(codec, (struct tenon_slice){ zeros, len }, &output);
	rig_output_fini(&output);
	return code;
}

START_TEST(values_above_the_threshold_are_compressed)
{
	struct codec codec;

	open_zlib(&codec, NULL);
	ck_assert_int_eq(encode_zeros(&codec, 0), 0);
	ck_assert_int_eq(encode_zeros(&codec, 1023), 0);
	ck_assert_int_eq(encode_zeros(&codec, 1024), 0);
	ck_assert_int_eq(encode_zeros(&codec, 1025), 1);
	codec_close(&codec);
	open_zlib(&codec, "{threshold: 4095B}");
	ck_assert_int_eq(encode_zeros(&codec, 4095), 0);
	ck_assert_int_eq(encode_zeros(&codec, 4096), 1);
	codec_close(&codec);
}
END_TEST

START_TEST(a_value_that_gets_no_smaller_is_stored_plain_by_default)
{
	char noise[2000];
	const struct tenon_slice value =
		make_value(noise, sizeof(noise), VALUE_NOISE);
	struct rig_output output;
	struct codec codec;

	rig_output_init(&output, MAX_VALUE_BYTES);
	open_zlib(&codec, NULL);
	ck_assert_int_eq(codec_encode(&codec, value, &output), 0);
	codec_close(&codec);
	open_zlib(&codec, "{keep_if_smaller: no}");
	ck_assert_int_eq(codec_encode(&codec, value, &output), 1);
	ck_assert_uint_gt(output.base.len, sizeof(noise));
	codec_close(&codec);
	rig_output_fini(&output);
}
END_TEST

START_TEST(one_byte_less_is_smaller)
{
	struct codec codec;
	int smaller = 0;

	open_zlib(&codec, "{threshold: 0B}");
	for (size_t len = 1; len < 64; len++) {
		const Bytef zeros[64] = { 0 };
		uLongf compressed = 100;
		Bytef bytes[100];
		int code = encode_zeros(&codec, len);

		ck_assert_int_eq(compress2(bytes, &compressed, zeros,
					   (uLong)len, 6),
				 Z_OK);
		ck_assert_int_eq(code, compressed < len);
		smaller += code;
	}
	codec_close(&codec);
	ck_assert_int_gt(smaller, 0);
	ck_assert_int_lt(smaller, 63);
}
END_TEST

START_TEST(flag_is_libmcs_or_one_bit_of_yours)
{
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_CODEC, "zlib");
	struct tenon_error err = { 0 };
	struct codec codec;

	open_zlib(&codec, NULL);
	ck_assert_uint_eq(codec.ops->flags(codec.self), 16);
	codec_close(&codec);
	open_zlib(&codec, "{flag: 2147483648}");
	ck_assert_uint_eq(codec.ops->flags(codec.self), 0x80000000);
	codec_close(&codec);
	ck_assert_int_eq(codec_check(plugin, "{flag: 24}", &err), TENON_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.message, "flag is 24"));
	ck_assert_int_eq(codec_check(plugin, "{flag: 0}", &err), TENON_ECONFIG);
	ck_assert_int_eq(codec_check(plugin, "{level: 0}", &err), TENON_ECONFIG);
}
END_TEST

/* CODEC_THRESHOLD_MAX_BYTES, zlib.c: LEVEL_MAX */
START_TEST(each_option_has_a_largest_value)
{
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_CODEC, "zlib");

	subject_option_ends_at(plugin, "threshold", "1GiB", "1073741825B");
	subject_option_ends_at(plugin, "level", "9", "10");
}
END_TEST

/* zlib.c: VALUE_MAX_BYTES. The codec reads only the length, so the value has one byte of memory. */
START_TEST(a_value_that_zlib_cannot_count_is_stored_plain)
{
	struct tenon_slice value = { "x", (size_t)UINT_MAX / 2 + 1 };
	struct rig_output output;
	struct codec codec;

	open_zlib(&codec, NULL);
	rig_output_init(&output, MAX_VALUE_BYTES);
	ck_assert_int_eq(codec.ops->encode(codec.self, &value, &output.base,
					   &codec.err),
			 0);
	ck_assert_int_eq(codec.ops->decode(codec.self, &value, &output.base,
					   &codec.err),
			 TENON_ETOOBIG);
	ck_assert_ptr_nonnull(strstr(codec.err.message, "is too long"));
	ck_assert_uint_eq(output.calls, 0);
	rig_output_fini(&output);
	codec_close(&codec);
}
END_TEST

/* ---- reading ------------------------------------------------------------ */

/*
 * Make a stream of `value` with deflateInit2() and, unless it is NULL, a dictionary.
 * Returns its length.
 */
static size_t make_stream(Bytef *to, uInt size, struct tenon_slice value,
			  int window_bits, const char *dictionary)
{
	z_stream stream = { 0 };

	ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	if (dictionary) {
		ck_assert_int_eq(deflateSetDictionary(&stream,
						      (const Bytef *)dictionary,
						      (uInt)strlen(dictionary)),
				 Z_OK);
	}
	stream.next_in = (Bytef *)(uintptr_t)value.data;
	stream.avail_in = (uInt)value.len;
	stream.next_out = to;
	stream.avail_out = size;
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return size - stream.avail_out;
}

/* Decode the bytes. Returns the result of decode. */
static int decode(struct codec *codec, const void *bytes, size_t len,
		  struct tenon_slice expected)
{
	struct rig_output output;
	int code;

	rig_output_init(&output, MAX_VALUE_BYTES);
	code = codec_decode(codec, (struct tenon_slice){ bytes, len }, &output);
	ck_assert(code || slices_equal(written(&output), expected));
	rig_output_fini(&output);
	return code;
}

#define says(codec, text) ck_assert_ptr_nonnull(strstr((codec)->err.message, text))

START_TEST(any_zlib_stream_is_read)
{
	char *bytes = malloc(100000);
	Bytef *stream = malloc(110000);
	struct codec codec;

	ck_assert(bytes && stream != NULL);
	open_zlib(&codec, NULL);
	for (int bits = 9; bits <= 15; bits++) {
		for (int kind = 0; kind < VALUE_KINDS; kind++) {
			struct tenon_slice value = make_value(
				bytes, 100000, (enum value_kind)kind);
			size_t len = make_stream(stream, 110000, value, bits,
						 NULL);

			ck_assert_int_eq(decode(&codec, stream, len, value), 0);
		}
	}
	codec_close(&codec);
	free(stream);
	free(bytes);
}
END_TEST

START_TEST(other_streams_are_undecodable_and_say_why)
{
	static const struct tenon_slice value = { "hello, hello, hello", 19 };
	Bytef stream[100];
	struct codec codec;
	size_t len;

	open_zlib(&codec, NULL);
	len = make_stream(stream, sizeof(stream), value, -15, NULL);
	ck_assert_int_eq(decode(&codec, stream, len, value), TENON_EUNDECODABLE);
	says(&codec, "is broken after 0 bytes");
	len = make_stream(stream, sizeof(stream), value, 31, NULL); /* gzip */
	ck_assert_int_eq(decode(&codec, stream, len, value), TENON_EUNDECODABLE);
	says(&codec, "incorrect header check");
	len = make_stream(stream, sizeof(stream), value, 15, "hello");
	ck_assert_int_eq(decode(&codec, stream, len, value), TENON_EUNDECODABLE);
	says(&codec, "needs a dictionary");
	len = make_stream(stream, sizeof(stream), value, 15, NULL);
	ck_assert_int_eq(decode(&codec, stream, len, value), 0);
	stream[len - 1] ^= 1;
	ck_assert_int_eq(decode(&codec, stream, len, value), TENON_EUNDECODABLE);
	says(&codec, "incorrect data check");
	ck_assert_int_eq(decode(&codec, stream, len - 4, value),
			 TENON_EUNDECODABLE);
	says(&codec, "ends early, after 19 bytes");
	ck_assert_int_eq(decode(&codec, stream, 0, value), TENON_EUNDECODABLE);
	says(&codec, "ends early, after 0 bytes");
	codec_close(&codec);
}
END_TEST

START_TEST(the_number_of_appended_bytes_is_in_the_message)
{
	static const struct tenon_slice value = { "hello, hello, hello", 19 };
	Bytef stream[100] = { 0 };
	struct codec codec;
	size_t len;

	open_zlib(&codec, NULL);
	len = make_stream(stream, sizeof(stream), value, 15, NULL);
	ck_assert_int_eq(decode(&codec, stream, len + 5, value),
			 TENON_EUNDECODABLE);
	says(&codec, "ends 5 bytes before");
	codec_close(&codec);
}
END_TEST

START_TEST(room_grows_by_doubling)
{
	const size_t len = (size_t)1 << 20;
	char *zeros = calloc(1, len);
	Bytef *stream = malloc(2000);
	struct rig_output output;
	struct codec codec;
	size_t stream_len;

	ck_assert(zeros && stream != NULL);
	open_zlib(&codec, NULL);
	stream_len = make_stream(stream, 2000,
				 (struct tenon_slice){ zeros, len }, 15, NULL);
	rig_output_init(&output, MAX_VALUE_BYTES);
	ck_assert_int_eq(codec_decode(&codec,
				      (struct tenon_slice){ stream, stream_len },
				      &output),
			 0);
	ck_assert_uint_le(output.largest, len);
	/*
	 * The output grows from four times the stream's length, a thousandth of the
	 * value, to the whole value.
	 */
	ck_assert_uint_ge(output.calls, 8);
	ck_assert_uint_le(output.calls, 10);
	/* The output does not grow when it is large enough at first. */
	output.calls = 0;
	ck_assert_int_eq(codec_decode(&codec,
				      (struct tenon_slice){ stream, stream_len },
				      &output),
			 0);
	ck_assert_uint_eq(output.calls, 0);
	rig_output_fini(&output);
	codec_close(&codec);
	free(stream);
	free(zeros);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zlib");
	TCase *writing = tcase_create("writing");
	TCase *reading = tcase_create("reading");

	suite_add_tcase(suite, writing);
	tcase_add_loop_test(writing, streams_are_those_of_compress, 0, 9);
	tcase_add_test(writing, items_are_those_of_libmc);
	tcase_add_test(writing, values_above_the_threshold_are_compressed);
	tcase_add_test(writing, each_option_has_a_largest_value);
	tcase_add_test(writing, a_value_that_zlib_cannot_count_is_stored_plain);
	tcase_add_test(writing,
		       a_value_that_gets_no_smaller_is_stored_plain_by_default);
	tcase_add_test(writing, one_byte_less_is_smaller);
	tcase_add_test(writing, flag_is_libmcs_or_one_bit_of_yours);
	suite_add_tcase(suite, reading);
	tcase_add_test(reading, any_zlib_stream_is_read);
	tcase_add_test(reading, other_streams_are_undecodable_and_say_why);
	tcase_add_test(reading, the_number_of_appended_bytes_is_in_the_message);
	tcase_add_test(reading, room_grows_by_doubling);
	return suite_run(suite);
}
