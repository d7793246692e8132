/* SPDX-License-Identifier: BSD-3-Clause */
/* The library of a codec called directly: what its plugin is up against. */
#ifndef TENON_BENCH_CODEC_LIBRARY_H
#define TENON_BENCH_CODEC_LIBRARY_H

#include "bench.h"
#include "tenon/types.h"

struct codec_library {
	const char *client; /* its name in the table */
	const char *codec;
	size_t header_bytes; /* of the plugin, in front of what the library knows */
	/* Make a state that is kept between values. level 0: the codec's default. */
	void *(*open)(unsigned level);
	/* Return the length of what was written, or 0. */
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
