/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flag that marks what a codec made: an option of every codec. Included, not
 * linked: a plugin stands alone.
 */
#ifndef TENON_CODEC_FLAG_H
#define TENON_CODEC_FLAG_H

#include "tenon/plugin/codec.h"

/* The row of the option `flag`, an int64_t in the codec's option struct. */
#define CODEC_FLAG_OPTION(owner, default_flag)                                 \
	{                                                                      \
		.name = "flag", .type = TENON_OPTION_INT,                      \
		.offset = offsetof(owner, flag), .min = 1,                     \
		.max = INT64_C(1) << 31, .def = (default_flag),                \
		.help = "bit of an item's flags that marks what this codec made" \
	}

/* Errors: TENON_ECONFIG unless it is one bit. */
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

#endif
