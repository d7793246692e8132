/* SPDX-License-Identifier: BSD-3-Clause */
/* The required slot `hash` is missing. */
#define PLUGIN_NAME "no_slot"
#define OPS_HASH NULL
#include "hash_template.h"
