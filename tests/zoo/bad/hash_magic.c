/* SPDX-License-Identifier: BSD-3-Clause */
/* Another magic. */
#define PLUGIN_NAME "magic"
#define PLUGIN_MAGIC 0xdeadbeefu
#include "hash_template.h"
