/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/codec.h
 * @brief Codecs: from a value to its stored form and back.
 *
 * The config lists codecs in a chain. When a value is stored, the value goes through the codecs in
 * this order. A codec that changes the value sets its own bits in the item's flags. When a value is
 * read, the codecs whose bits are set undo their changes, in the opposite order.
 *
 * The time that a codec takes is not part of an operation's deadline: while values are encoded or
 * split, the deadline moves by that time, and values are decoded after the last reply. Only plan
 * works against the deadline.
 *
 * A codec either encodes or splits. A codec that encodes makes one other value of a value, such as
 * a compressed one. A codec that splits makes several items of a value: chunks, and a parent, the
 * item under the value's own key, which names the chunks. A codec that splits is the last of its
 * chain.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_CODEC_H
#define TENON_PLUGIN_CODEC_H

#include "tenon/plugin/plugin.h"

TENON_BEGIN_DECLS

/** Facts about the client, for init. Valid during init only. */
struct tenon_codec_setup {
	uint32_t size;            /**< sizeof(struct tenon_codec_setup) when the host was compiled */
	uint32_t reserved;        /**< 0 */
	uint64_t max_value_bytes; /**< largest value of the client, in bytes */
	/**
	 * Longest value in bytes that the servers store under a key of any length; from item_max
	 * of the config. 0: unknown.
	 */
	uint64_t item_value_bytes;
};

/** A buffer of the host that a codec writes into. */
struct tenon_output {
	uint32_t size;     /**< sizeof(struct tenon_output) when the host was compiled */
	uint32_t reserved; /**< 0 */
	char *data;      /**< capacity bytes; reserve() can move them */
	size_t len;      /**< bytes written; set by the codec */
	size_t capacity; /**< bytes available; most often enough, from earlier values */
	/**
	 * Make capacity at least `bytes`. The first len bytes are kept.
	 * Returns: 0, or a negative enum tenon_status.
	 * Errors:  TENON_ENOMEM; TENON_ETOOBIG: more than max_value_bytes plus
	 *          TENON_OUTPUT_EXTRA_BYTES.
	 */
	int (*reserve)(struct tenon_output *output, size_t bytes);
	/**
	 * Key of the item, as sent, with prefix: for a codec that binds a value to its key, such as
	 * one that encrypts. Valid during the call.
	 */
	struct tenon_slice key;
	/**
	 * Flags of the item: those of the application, and the bits of the codecs whose changes the
	 * value has. Encoding: of the codecs in front. Decoding: of these and of this codec.
	 */
	uint32_t flags;
	uint32_t reserved_flags; /**< 0 */
};

/** A stored form may be this many bytes longer than max_value_bytes. */
#define TENON_OUTPUT_EXTRA_BYTES (64 * 1024 + 16 * 1024 * 1024 / 100)

/** One chunk of a value that is split. */
struct tenon_chunk {
	struct tenon_slice key;   /**< as sent: no prefix is added */
	struct tenon_slice value; /**< writing: the bytes to store; reading: see plan and gather */
};

/** A list of the host that a codec fills with chunks. */
struct tenon_chunks {
	uint32_t size;  /**< sizeof(struct tenon_chunks) when the host was compiled */
	uint32_t count; /**< chunks in the list */
	const struct tenon_chunk *list; /**< count entries; add() can move them */
	/**
	 * Append one chunk.
	 * Shape:   writing: value is the bytes to store. Reading: value.data is NULL, and value.len
	 *          is the longest chunk that is accepted.
	 * Returns: 0, or a negative enum tenon_status.
	 * Owns:    key is copied; the bytes of value are not.
	 * Errors:  TENON_ENOMEM; TENON_EKEY: the key cannot be sent; TENON_ETOOBIG: more than
	 *          TENON_CHUNKS_MAX_COUNT chunks, or more than max_chunks of the config for all
	 *          values of the operation.
	 */
	int (*add)(struct tenon_chunks *chunks, const void *key, size_t key_len,
		   struct tenon_slice value);
};

/** Largest number of chunks of a value. */
#define TENON_CHUNKS_MAX_COUNT 4096

/** An item before it is split, or a parent that was read. */
struct tenon_split_item {
	struct tenon_slice key;   /**< as sent, with prefix */
	struct tenon_slice value; /**< writing: after the codecs in front; reading: of the parent */
	uint32_t flags;       /**< with the bits of the codecs that changed the value */
	uint32_t conditional; /**< writing: 1 for add, replace and cas; else 0 */
};

/**
 * The slots of a codec. Every client has its own instance; the host calls its slots on one
 * thread at a time.
 */
struct tenon_codec_ops {
	uint32_t size;       /**< sizeof(struct tenon_codec_ops) */
	uint32_t state_size; /**< bytes, all zero, that the host allocates as `self`; 0: none */
	/**
	 * Prepare the instance. The host calls fini also when init fails, so init must leave self
	 * in a state that fini can release.
	 * Returns: 0, or a negative enum tenon_status.
	 * Errors:  TENON_ENOMEM, TENON_ECONFIG.
	 * OPTIONAL. NULL: nothing to prepare.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_codec_setup *setup,
		    struct tenon_error *err);
	/** Release the instance, also after a failed init. OPTIONAL. NULL: nothing to release. */
	void (*fini)(void *self);
	/** Return the bits of an item's flags that belong to this codec; not 0. After init. REQUIRED. */
	uint32_t (*flags)(const void *self);

	/**
	 * Encode a value, or leave it as it is.
	 * Returns: 1: output holds the stored form, and the host sets this codec's bits in the
	 *          flags. 0: the value stays as it is: too short, or not worth it. Or a negative
	 *          enum tenon_status, which becomes the status of the key.
	 * Errors:  TENON_ENOMEM, TENON_ETOOBIG.
	 * REQUIRED unless the codec splits.
	 */
	int (*encode)(void *self, const struct tenon_slice *value,
		      struct tenon_output *output, struct tenon_error *err);
	/**
	 * Undo encode. The bytes of `stored` come from a server and can be anything: check them.
	 * Returns: 0: output holds the value. Or a negative enum tenon_status.
	 * Errors:  TENON_EUNDECODABLE with one sentence; TENON_ETOOBIG; TENON_ENOMEM.
	 * REQUIRED with encode.
	 */
	int (*decode)(void *self, const struct tenon_slice *stored,
		      struct tenon_output *output, struct tenon_error *err);

	/**
	 * Split a value, or leave it as it is.
	 * Returns: 1: the host stores the chunks first. Then it stores the bytes of `parent` under
	 *          the item's key, with the item's flags and this codec's bits. 0: the item stays
	 *          as it is. Or a negative enum tenon_status.
	 * Errors:  TENON_ENOMEM; TENON_ETOOBIG with one sentence that names the limit.
	 * REQUIRED unless the codec encodes.
	 */
	int (*scatter)(void *self, const struct tenon_split_item *item,
		       struct tenon_chunks *chunks, struct tenon_output *parent,
		       struct tenon_error *err);
	/**
	 * List the chunks of a parent that was read, in the order of the value. The host then
	 * reads the chunks into one buffer, one behind the other. The parent comes from a server and
	 * can be anything: check it.
	 * Returns: 0, or a negative enum tenon_status.
	 * Errors:  TENON_EUNDECODABLE with one sentence; TENON_ETOOBIG: more than max_value_bytes;
	 *          TENON_ENOMEM.
	 * REQUIRED with scatter.
	 */
	int (*plan)(void *self, const struct tenon_split_item *parent,
		    struct tenon_chunks *chunks, struct tenon_error *err);
	/**
	 * Check that the chunks that were read belong to the parent.
	 * Shape:   list has count entries; list[i].value is the chunk as read. data NULL: the chunk
	 *          is absent.
	 * Returns: 0: the value is all chunks, one behind the other. Otherwise one of the errors.
	 * Errors:  TENON_MISS with one sentence: a chunk is absent, too short, or from another
	 *          write. TENON_EUNDECODABLE.
	 * REQUIRED with scatter.
	 */
	int (*gather)(void *self, const struct tenon_split_item *parent,
		      const struct tenon_chunk *list, uint32_t count,
		      struct tenon_error *err);
	/**
	 * Return 1 when add, replace and cas may store chunks, and when touch and delete of the
	 * parent may touch and delete its chunks. Return 0 otherwise: chunks can then have the same
	 * keys in two writes, so the host deletes the parent when a set fails after a chunk may
	 * have been stored.
	 * OPTIONAL. NULL: 0.
	 */
	uint32_t (*owns_chunks)(const void *self);
	/**
	 * Return the length in bytes of the shortest value that encode or scatter may change. The
	 * host does not call them for shorter values. After init.
	 * OPTIONAL. NULL: 0, values of any length.
	 */
	uint64_t (*least_bytes)(const void *self);
};

TENON_END_DECLS

#endif
