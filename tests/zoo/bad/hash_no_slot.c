/* SPDX-License-Identifier: BSD-3-Clause */
/* Lacks the slot that makes it a hash. */
#define PLUGIN_NAME "no_slot"
#define OPS_HASH NULL
#include "hash_template.h"
