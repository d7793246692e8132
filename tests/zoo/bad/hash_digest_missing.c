/* SPDX-License-Identifier: BSD-3-Clause */
/* The plugin has the words of a digest but no slot. */
#define PLUGIN_NAME "digest_missing"
#define OPS_DIGEST_WORDS 4
#include "hash_template.h"
