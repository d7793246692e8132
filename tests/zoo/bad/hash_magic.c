/* SPDX-License-Identifier: BSD-3-Clause */
/* The magic number is wrong. */
#define PLUGIN_NAME "magic"
#define PLUGIN_MAGIC 0xdeadbeefu
#include "hash_template.h"
