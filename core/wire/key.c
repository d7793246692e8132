/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/key.h"

#include <string.h>

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
