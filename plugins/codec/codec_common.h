/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parts that codecs share. The functions are inline in a header, because a plugin links to no
 * library of tenon.
 */
#ifndef TENON_CODEC_COMMON_H
#define TENON_CODEC_COMMON_H

#include "tenon/plugin/codec.h"

/*
 * The row of option `flag`: the bit that marks stored forms of this codec. The codec's option
 * struct, `owner`, has a field `int64_t flag`.
 */
#define CODEC_FLAG_OPTION(owner, default_flag)                                 \
	{                                                                      \
		.name = "flag", .type = TENON_OPTION_INT,                      \
		.offset = offsetof(owner, flag), .min = 1,                     \
		.max = INT64_C(1) << 31, .def = (default_flag),                \
		.help = "bit in an item's flags that marks values stored by this codec" \
	}

/* Largest `threshold`: 1 GiB. */
#define CODEC_THRESHOLD_MAX_BYTES (INT64_C(1) << 30)

/*
 * The row of option `threshold`, for codecs that compress. The codec's option struct, `owner`,
 * has a field `int64_t threshold_bytes`.
 */
#define CODEC_THRESHOLD_OPTION(owner)                                          \
	{                                                                      \
		.name = "threshold", .type = TENON_OPTION_SIZE,                \
		.offset = offsetof(owner, threshold_bytes), .min = 0,          \
		.max = CODEC_THRESHOLD_MAX_BYTES, .def = 1024,                 \
		.help = "only values larger than this are compressed"          \
	}

/* Check that the option `flag` is one bit. Errors: TENON_ECONFIG. */
static inline int codec_check_flag(int64_t flag, const struct tenon_host *host,
				   struct tenon_error *err)
{
	if ((flag & (flag - 1)) == 0) {
		return 0;
	}
	return host->set_error(
		err, TENON_ECONFIG,
		"flag is %lld, expected one bit: 1, 2, 4, 8 and so on up to 2147483648",
		(long long)flag);
}

/* Make output->capacity at least `bytes`. Errors: TENON_ENOMEM, TENON_ETOOBIG. */
static inline int codec_reserve(const struct tenon_host *host,
				struct tenon_output *output, size_t bytes,
				struct tenon_error *err)
{
	int code = output->reserve(output, bytes);

	if (code) {
		host->set_error(err, code, "no room for %zu bytes", bytes);
	}
	return code;
}

#endif
