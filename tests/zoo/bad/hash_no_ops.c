/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of slots is missing. */
#define PLUGIN_NAME "no_ops"
#define PLUGIN_OPS NULL
#include "hash_template.h"
