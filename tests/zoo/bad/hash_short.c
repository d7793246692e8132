/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor ends before the last field of ABI 1.0. */
#define PLUGIN_NAME "short"
#define PLUGIN_SIZE offsetof(struct tenon_plugin, check)
#include "hash_template.h"
