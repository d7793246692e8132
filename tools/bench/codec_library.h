/* SPDX-License-Identifier: BSD-3-Clause */
/* Direct calls of a codec's library, to which the codec's plugin is compared. */
#ifndef TENON_BENCH_CODEC_LIBRARY_H
#define TENON_BENCH_CODEC_LIBRARY_H

#include "bench.h"
#include "tenon/types.h"

struct codec_library {
	const char *client; /* its name in the table */
	const char *codec;
	size_t header_bytes; /* that the plugin writes before the library's bytes */
	/* Make a state, which is kept between values. level 0: the codec's default. */
	void *(*open)(unsigned level);
	/* Return the number of bytes written to `to`, or 0 after an error. */
	size_t (*compress)(void *self, struct tenon_slice from, char *to,
			   size_t to_bytes);
	size_t (*decompress)(void *self, struct tenon_slice from, char *to,
			     size_t to_bytes);
	void (*close)(void *self);
};

#ifdef WITH_LZ4
extern const struct codec_library lz4_library;
#endif
#ifdef WITH_ZLIB
extern const struct codec_library zlib_library;
#endif

#endif
