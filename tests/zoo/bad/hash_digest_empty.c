/* SPDX-License-Identifier: BSD-3-Clause */
/* The digest has no words. */
#define PLUGIN_NAME "digest_empty"
#define OPS_DIGEST sum_digest
#include "hash_template.h"
