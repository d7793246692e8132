/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/key_forms.h"

#include "base/error.h"
#include "base/memory.h"

/* Put the prefix into a binary key. Errors: TENON_EKEY. */
static int make_binary(const struct tenon__prefix *prefix,
		       struct tenon_slice *out, struct tenon_slice key,
		       char *buffer)
{
	size_t len = prefix->len + key.len;

	if (key.len == 0 || len > TENON_BINARY_KEY_MAX_BYTES) {
		return TENON_EKEY;
	}
	tenon__key_prefix(buffer, prefix, key.data, key.len);
	*out = (struct tenon_slice){ buffer, len };
	return 0;
}

int tenon__sent_key_replace(const struct tenon__assembly *assembly,
			    struct tenon_slice *out, struct tenon_slice key,
			    char *buffer)
{
	size_t prefix_len = assembly->prefix.len;
	size_t len = prefix_len + key.len;

	if (!assembly->key_digest) {
		return make_binary(&assembly->prefix, out, key, buffer);
	}
	if (key.len == 0 || len > TENON_LONG_KEY_MAX_BYTES) {
		return TENON_EKEY;
	}
	char *whole = tenon__alloc(len);
	if (!whole) {
		return TENON_ENOMEM;
	}
	tenon__key_prefix(whole, &assembly->prefix, key.data, key.len);
	size_t sent_len = tenon__key_shorten(
		assembly->key_rule, assembly->key_digest,
		(struct tenon_slice){ whole, len }, prefix_len > 0, buffer);
	tenon__free(whole);
	if (sent_len == 0) {
		return TENON_EKEY;
	}
	*out = (struct tenon_slice){ buffer, sent_len };
	return 0;
}

int tenon__sent_key_explain(const struct tenon__assembly *assembly,
			    struct tenon_slice key, struct tenon_error *err)
{
	size_t len = assembly->prefix.len + key.len;

	if (assembly->key_digest || !assembly->protocol->sends_binary_keys ||
	    len <= TENON_BINARY_KEY_MAX_BYTES || len > TENON_KEY_MAX_BYTES) {
		return tenon__key_explain(key, assembly->prefix.len, err);
	}
	return tenon__error_set(err, TENON_EKEY,
		"the key has %zu bytes%s: a key with spaces or control bytes may have %d over the meta protocol",
		len, assembly->prefix.len ? " with prefix" : "",
		TENON_BINARY_KEY_MAX_BYTES);
}
