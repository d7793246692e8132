/* SPDX-License-Identifier: BSD-3-Clause */
/* Does not say how wide it is. */
#define PLUGIN_NAME "no_bits"
#define OPS_BITS 0
#include "hash_template.h"
