/* SPDX-License-Identifier: BSD-3-Clause */
/* A descriptor that ends before its last field of 1.0. */
#define PLUGIN_NAME "short"
#define PLUGIN_SIZE offsetof(struct tenon_plugin, check)
#include "hash_template.h"
