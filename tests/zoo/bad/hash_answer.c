/* SPDX-License-Identifier: BSD-3-Clause */
/* One known answer is wrong. */
#define PLUGIN_NAME "answer"
#define HASH_OF_AB 194
#include "hash_template.h"
