/* SPDX-License-Identifier: BSD-3-Clause */
/* The digest has more words than a digest may have. */
#define PLUGIN_NAME "digest_wide"
#define OPS_DIGEST_WORDS 17
#define OPS_DIGEST sum_digest
#include "hash_template.h"
