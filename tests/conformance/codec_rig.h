/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A codec, and the core's side of its interface: outputs and lists of chunks that check
 * the codec's requests and can fail. All input lies in memory of its exact size, so
 * that a sanitizer sees a read beyond the end. Every result is checked against the
 * contract.
 */
#ifndef TENON_TESTS_CODEC_RIG_H
#define TENON_TESTS_CODEC_RIG_H

#include "conformance/subject.h"

/* As ck_assert_msg(), but without a system call when the condition holds: for inner loops. */
#define rig_assert(condition, ...)                                             \
	do {                                                                   \
		if (!(condition)) {                                            \
			ck_abort_msg(__VA_ARGS__);                             \
		}                                                              \
	} while (0)

/* An output that allocates anew at each reserve(), with exactly the requested size. */
struct rig_output {
	struct tenon_output base; /* must be first: reserve() gets a pointer to it */
	uint64_t most_bytes;      /* a reserve() of more gives TENON_ETOOBIG */
	size_t calls;             /* calls of reserve() so far */
	size_t fail_from;         /* calls from this one on fail (1 is the first); 0: none */
	size_t largest;           /* the largest request so far */
};

void rig_output_init(struct rig_output *output, uint64_t max_value_bytes);
void rig_output_fini(struct rig_output *output);

/* A list of chunks. Each add() moves the list to new memory. */
struct rig_chunks {
	struct tenon_chunks base; /* must be first: add() gets a pointer to it */
	struct tenon_chunk *list;
	size_t calls;
	size_t fail_from;
};

void rig_chunks_init(struct rig_chunks *chunks);
void rig_chunks_fini(struct rig_chunks *chunks);

/* An instance of a codec. */
struct codec {
	const struct tenon__plugin *plugin;
	const struct tenon_codec_ops *ops;
	struct watched_host host;
	uint64_t max_value_bytes;
	void *options;
	void *self;
	struct tenon_error err; /* error of the last call */
};

/*
 * Open a codec. options is a map as in a config, "{threshold: 1KiB}", or NULL for the
 * defaults.
 */
void codec_open(struct codec *codec, const struct tenon__plugin *plugin,
		const char *options, uint64_t max_value_bytes);
void codec_close(struct codec *codec);

/*
 * Return the plugin's result for these options: 0, or an error code with its message in
 * err.
 */
int codec_check(const struct tenon__plugin *plugin, const char *options,
		struct tenon_error *err);

/* Call a slot and return its result. */
int codec_encode(struct codec *codec, struct tenon_slice value,
		 struct rig_output *output);
int codec_decode(struct codec *codec, struct tenon_slice stored,
		 struct rig_output *output);
int codec_scatter(struct codec *codec, const struct tenon_split_item *item,
		  struct rig_chunks *chunks, struct rig_output *parent);
int codec_plan(struct codec *codec, const struct tenon_split_item *parent,
	       struct rig_chunks *chunks);
/* A chunk whose list[i].value.data is NULL is absent. */
int codec_gather(struct codec *codec, const struct tenon_split_item *parent,
		 const struct tenon_chunk *list, uint32_t count);

/* Return a copy of exactly len bytes, for free(); never NULL. */
char *exact_copy(const void *bytes, size_t len);

/* Return the bytes of an output. */
struct tenon_slice written(const struct rig_output *output);

/* Fill len bytes with a value of this kind, the same in every run. */
enum value_kind { VALUE_ZEROS, VALUE_TEXT, VALUE_NOISE, VALUE_KINDS };
struct tenon_slice make_value(char *to, size_t len, enum value_kind kind);

/* Write the SHA-256 of bytes as 64 hexadecimal digits. Vectors name large values by it. */
void sha256_hex(char out[65], const void *bytes, size_t len);

#endif
