/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/base64.h"

/* Write the four letters of up to three bytes. */
static void put_group(char *out, const unsigned char *bytes, size_t len)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t group = (uint32_t)bytes[0] << 16;

	group |= len > 1 ? (uint32_t)bytes[1] << 8 : 0;
	group |= len > 2 ? bytes[2] : 0;
	out[0] = letters[group >> 18];
	out[1] = letters[group >> 12 & 63];
	out[2] = len > 1 ? letters[group >> 6 & 63] : '=';
	out[3] = len > 2 ? letters[group & 63] : '=';
}

void tenon__base64(char *out, struct tenon_slice bytes)
{
	const unsigned char *data = bytes.data;

	for (size_t at = 0; at < bytes.len; at += 3) {
		put_group(out, data + at, bytes.len - at);
		out += 4;
	}
}
