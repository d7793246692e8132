/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A codec and the core's side of it: outputs and lists that watch what they are
 * asked for and can fail. Whatever goes in lies in memory of its exact size, so
 * that reading beyond it is seen; every answer is held against the contract.
 */
#ifndef TENON_TESTS_CODEC_RIG_H
#define TENON_TESTS_CODEC_RIG_H

#include "conformance/subject.h"

/* As ck_assert_msg(), without its system call where all is well: for inner loops. */
#define rig_assert(condition, ...)                                             \
	do {                                                                   \
		if (!(condition)) {                                            \
			ck_abort_msg(__VA_ARGS__);                             \
		}                                                              \
	} while (0)

/* An output whose memory moves, and is no more than asked for, at each reserve(). */
struct rig_output {
	struct tenon_output base; /* first: reserve() is given this */
	uint64_t most_bytes;      /* reserve() above it: TENON_ETOOBIG */
	size_t calls;             /* of reserve() so far */
	size_t fail_from;         /* this one (1 is the first) and later ones fail; 0: none */
	size_t largest;           /* asked for so far */
};

void rig_output_init(struct rig_output *output, uint64_t max_value_bytes);
void rig_output_fini(struct rig_output *output);

/* A list of chunks. */
struct rig_chunks {
	struct tenon_chunks base; /* first: add() is given this */
	struct tenon_chunk *list;
	size_t calls;
	size_t fail_from;
};

void rig_chunks_init(struct rig_chunks *chunks);
void rig_chunks_fini(struct rig_chunks *chunks);

/* An instance. */
struct codec {
	const struct tenon__plugin *plugin;
	const struct tenon_codec_ops *ops;
	struct watched_host host;
	uint64_t max_value_bytes;
	void *options;
	void *self;
	struct tenon_error err; /* of the last call */
};

/* options: a map as in a config, "{threshold: 1KiB}"; NULL for defaults. */
void codec_open(struct codec *codec, const struct tenon__plugin *plugin,
		const char *options, uint64_t max_value_bytes);
void codec_close(struct codec *codec);

/* What the plugin says to such options: 0, or the code, with its sentence. */
int codec_check(const struct tenon__plugin *plugin, const char *options,
		struct tenon_error *err);

/* Call a slot; returns what it does. */
int codec_encode(struct codec *codec, struct tenon_slice value,
		 struct rig_output *output);
int codec_decode(struct codec *codec, struct tenon_slice stored,
		 struct rig_output *output);
int codec_scatter(struct codec *codec, const struct tenon_split_item *item,
		  struct rig_chunks *chunks, struct rig_output *parent);
int codec_plan(struct codec *codec, const struct tenon_split_item *parent,
	       struct rig_chunks *chunks);
/* list[i].value with data NULL is absent. */
int codec_gather(struct codec *codec, const struct tenon_split_item *parent,
		 const struct tenon_chunk *list, uint32_t count);

/* len bytes that nobody else has, for free(); never NULL. */
char *exact_copy(const void *bytes, size_t len);

/* What an output holds. */
struct tenon_slice written(const struct rig_output *output);

bool slices_equal(struct tenon_slice a, struct tenon_slice b);

/* Values to store; fills len bytes, the same in every run. */
enum value_kind { VALUE_ZEROS, VALUE_TEXT, VALUE_NOISE, VALUE_KINDS };
struct tenon_slice make_value(char *to, size_t len, enum value_kind kind);

/* SHA-256 of bytes, as 64 hexadecimal digits: how vectors name large values. */
void sha256_hex(char out[65], const void *bytes, size_t len);

#endif
