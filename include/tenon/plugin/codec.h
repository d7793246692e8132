/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/codec.h
 * @brief Codecs: from a value to its stored form and back.
 *
 * The config lists codecs in a chain. On its way out a value goes through them in
 * that order; each may take it and mark that in the item's flags. On its way back
 * they undo it in the opposite order, each when its flags are set. A codec either
 * encodes (one value becomes one other) or splits (one becomes several items); one
 * that splits is the last of its chain.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_CODEC_H
#define TENON_PLUGIN_CODEC_H

#include "tenon/plugin/plugin.h"

TENON_BEGIN_DECLS

/** What a codec is told when it is set up; lives during init. */
struct tenon_codec_setup {
	uint32_t size;            /**< sizeof this struct, as the core saw it */
	uint32_t reserved;        /**< 0 */
	uint64_t max_value_bytes; /**< the client's: no output may be larger */
	uint64_t item_value_bytes; /**< longest value that servers take under any key (the config's item_max); 0: unknown */
};

/** A buffer of the core that a codec writes into. */
struct tenon_output {
	uint32_t size;     /**< sizeof this struct, as the core saw it */
	uint32_t reserved; /**< 0 */
	char *data;      /**< capacity bytes; changes with reserve() */
	size_t len;      /**< the codec's: bytes written */
	size_t capacity; /**< what is there already, most often from earlier values */
	/**
	 * Make capacity at least `bytes`; the first len bytes are kept.
	 * Errors: TENON_ENOMEM; TENON_ETOOBIG above max_value_bytes plus what a
	 *         stored form may add to it (TENON_OUTPUT_EXTRA_BYTES).
	 */
	int (*reserve)(struct tenon_output *output, size_t bytes);
};

/** What a stored form may be larger than the largest value. */
#define TENON_OUTPUT_EXTRA_BYTES (64 * 1024 + 16 * 1024 * 1024 / 100)

/** One piece of a value that is split. */
struct tenon_chunk {
	struct tenon_slice key;   /**< as it is sent: no prefix is added */
	struct tenon_slice value; /**< writing: what to store; reading: see gather */
};

/** A list of the core that a splitting codec fills. */
struct tenon_chunks {
	uint32_t size;  /**< sizeof this struct, as the core saw it */
	uint32_t count; /**< chunks in the list */
	const struct tenon_chunk *list; /**< [count]; changes with add() */
	/**
	 * Append one chunk. key is copied; value is not (reading: data NULL, len
	 * is the longest that is accepted).
	 * Errors: TENON_ENOMEM; TENON_EKEY when the key cannot be sent;
	 *         TENON_ETOOBIG for more chunks than TENON_CHUNKS_MAX_COUNT.
	 */
	int (*add)(struct tenon_chunks *chunks, const void *key, size_t key_len,
		   struct tenon_slice value);
};

/** Most chunks that a value may have. */
#define TENON_CHUNKS_MAX_COUNT 4096

/** How a value is about to be stored, or was found. */
struct tenon_split_item {
	struct tenon_slice key;   /**< as it is sent, with prefix */
	struct tenon_slice value; /**< writing: after the codecs in front; reading: the parent's */
	uint32_t flags;       /**< with the bits of the codecs in front */
	uint32_t conditional; /**< writing: 1 for add, replace and cas */
};

/** The slots of a codec. One thread at a time; every client has its own instance. */
struct tenon_codec_ops {
	uint32_t size;       /**< sizeof(struct tenon_codec_ops) */
	uint32_t state_size; /**< bytes the core allocates, zeroed, as `self` */
	/**
	 * Prepare the instance. Errors: TENON_ENOMEM, TENON_ECONFIG. Must leave
	 * self safe for fini. OPTIONAL.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_codec_setup *setup,
		    struct tenon_error *err);
	/** Release the instance; also after a failed init. OPTIONAL. */
	void (*fini)(void *self);
	/** The flag bits that are this codec's own, after init; not 0. REQUIRED. */
	uint32_t (*flags)(const void *self);

	/**
	 * Encode a value, or leave it. Returns 1: output holds the stored form,
	 * whose flags get this codec's bits; 0: the value stays as it is (too
	 * small, no gain). Errors: TENON_ENOMEM, TENON_ETOOBIG, which become the
	 * key's status. REQUIRED unless it splits.
	 */
	int (*encode)(void *self, const struct tenon_slice *value,
		      struct tenon_output *output, struct tenon_error *err);
	/**
	 * Undo encode. `stored` came from a server: suspect. 0: output holds the
	 * value. Errors: TENON_EUNDECODABLE with a sentence; TENON_ETOOBIG;
	 * TENON_ENOMEM. REQUIRED with encode.
	 */
	int (*decode)(void *self, const struct tenon_slice *stored,
		      struct tenon_output *output, struct tenon_error *err);

	/**
	 * Split a value, or leave it. Returns 1: chunks are to be stored first,
	 * then `parent` (its value) under the key, with the item's flags and this
	 * codec's bits; 0: the item stays as it is. Errors: TENON_ENOMEM;
	 * TENON_ETOOBIG with a sentence that says which limit. REQUIRED unless it
	 * encodes.
	 */
	int (*scatter)(void *self, const struct tenon_split_item *item,
		       struct tenon_chunks *chunks, struct tenon_output *parent,
		       struct tenon_error *err);
	/**
	 * Name the chunks of a parent that was read, in order; the core reads
	 * them next to each other into one buffer. Errors: TENON_EUNDECODABLE with
	 * a sentence; TENON_ETOOBIG above max_value_bytes; TENON_ENOMEM. REQUIRED
	 * with scatter.
	 */
	int (*plan)(void *self, const struct tenon_split_item *parent,
		    struct tenon_chunks *chunks, struct tenon_error *err);
	/**
	 * Are these the chunks of that parent? list[i].value is what was found
	 * (data NULL: absent). 0: the value is all of them, one behind another.
	 * Errors: TENON_MISS with a sentence: one is absent, short, or not of this
	 * write; TENON_EUNDECODABLE. REQUIRED with scatter.
	 */
	int (*gather)(void *self, const struct tenon_split_item *parent,
		      const struct tenon_chunk *list, uint32_t count,
		      struct tenon_error *err);
	/**
	 * May chunks be stored by add, replace and cas, and is it right to touch
	 * and delete them with their parent? OPTIONAL, default: 0, no.
	 */
	uint32_t (*owns_chunks)(const void *self);
	/**
	 * How long is the shortest value that encode or scatter may take? The
	 * core does not ask them about shorter ones. After init. OPTIONAL,
	 * default: 0, any may be taken.
	 */
	uint64_t (*least_bytes)(const void *self);
};

TENON_END_DECLS

#endif
