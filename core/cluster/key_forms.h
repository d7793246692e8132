/* SPDX-License-Identifier: BSD-3-Clause */
/* The forms of a key: the caller's, the one that is sent, and the part that is hashed. */
#ifndef TENON_CORE_KEY_FORMS_H
#define TENON_CORE_KEY_FORMS_H

#include "cluster/assembly.h"
#include "wire/protocol.h"

/* The longest key that a key_rule shortens, prefix included. */
#define TENON_LONG_KEY_MAX_BYTES 65536

/* The longest key that is sent as base64, prefix included: its 248 letters are a key for the server. */
#define TENON_BINARY_KEY_MAX_BYTES 186

/* Return true when tenon__sent_key_replace() can make keys. */
static inline bool tenon__replaces_keys(const struct tenon__assembly *assembly)
{
	return assembly->key_digest || assembly->protocol->sends_binary_keys;
}

/*
 * Make the key that takes the place of a key that cannot be sent as it is, by the config's key_rule.
 * Without a rule, and with a protocol that sends binary keys, that is the same key with the prefix; the
 * request has its base64.
 * Shape:  *out points into buffer, which has TENON_KEY_MAX_BYTES bytes.
 * Errors: TENON_EKEY: the key stays refused; TENON_ENOMEM. *out is then untouched.
 */
int tenon__sent_key_replace(const struct tenon__assembly *assembly,
			    struct tenon_slice *out, struct tenon_slice key,
			    char *buffer);

/* Make the key that is sent, as tenon__key_make() and tenon__sent_key_replace() together. */
static inline int tenon__sent_key(const struct tenon__assembly *assembly,
				  struct tenon_slice *out,
				  struct tenon_slice key, char *buffer)
{
	int code = tenon__key_make(out, key, &assembly->prefix, buffer);

	return code && tenon__replaces_keys(assembly) ?
		       tenon__sent_key_replace(assembly, out, key, buffer) :
		       code;
}

/* Write into err why tenon__sent_key() refuses this key. Returns TENON_EKEY. */
int tenon__sent_key_explain(const struct tenon__assembly *assembly,
			    struct tenon_slice key, struct tenon_error *err);

/*
 * Return the bytes that decide the server of an item. sent is the key that is sent. key is the
 * caller's own, of length 0 for a key that a codec made.
 */
static inline struct tenon_slice tenon__hashed_part(
	const struct tenon__assembly *assembly, struct tenon_slice routing_key,
	struct tenon_slice key, struct tenon_slice sent)
{
	if (routing_key.len > 0) {
		return routing_key;
	}
	if (!assembly->hashes_parts) {
		return sent;
	}
	/* a key_rule may replace an illegal key by one of the same length */
	if (!assembly->hashes_prefix && key.len > 0 &&
	    sent.len == key.len + assembly->prefix.len &&
	    (!assembly->key_digest || tenon__key_valid(key.data, key.len))) {
		sent = key;
	}
	return tenon__part_of(&assembly->part, sent);
}

#endif
