/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/key_forms.h"

#include "base/memory.h"

int tenon__sent_key_replace(const struct tenon__assembly *assembly,
			    struct tenon_slice *out, struct tenon_slice key,
			    char *buffer)
{
	size_t prefix_len = assembly->prefix.len;
	size_t len = prefix_len + key.len;

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
