/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/key.h"

#include <string.h>

#include "base/error.h"

void tenon__key_prefix(char *out, const char *prefix, size_t prefix_len,
		       const char *key, size_t len)
{
	if (*key == '?') {
		*out++ = '?';
		key++;
		len--;
	}
	memcpy(out, prefix, prefix_len);
	memcpy(out + prefix_len, key, len);
}

int tenon__key_explain(struct tenon_slice key, size_t prefix_len,
		       struct tenon_error *err)
{
	if (key.len == 0) {
		return tenon__error_set(err, TENON_EKEY, "the key is empty");
	}
	if (key.len + prefix_len > TENON_KEY_MAX_BYTES) {
		return tenon__error_set(err, TENON_EKEY,
			"the key has %zu bytes%s: memcached accepts at most %d",
			key.len + prefix_len, prefix_len ? " with prefix" : "",
			TENON_KEY_MAX_BYTES);
	}
	size_t at = 0;
	while (at + 1 < key.len &&
	       tenon__key_valid((const char *)key.data + at, 1)) {
		at++;
	}
	return tenon__error_set(err, TENON_EKEY,
		"the key has byte 0x%02x at offset %zu: space and control bytes cannot be sent",
		((const unsigned char *)key.data)[at], at);
}
