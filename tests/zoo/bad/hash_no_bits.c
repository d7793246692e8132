/* SPDX-License-Identifier: BSD-3-Clause */
/* The width of the hash in bits is missing. */
#define PLUGIN_NAME "no_bits"
#define OPS_BITS 0
#include "hash_template.h"
