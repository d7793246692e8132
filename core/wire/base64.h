/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes as base64, with padding. Source: RFC 4648, section 4. */
#ifndef TENON_CORE_BASE64_H
#define TENON_CORE_BASE64_H

#include "tenon/types.h"

/* The letters that len bytes become. */
#define TENON_BASE64_BYTES(len) (((len) + 2) / 3 * 4)

/* Write the letters of the bytes: TENON_BASE64_BYTES(bytes.len), without a NUL. */
void tenon__base64(char *out, struct tenon_slice bytes);

#endif
