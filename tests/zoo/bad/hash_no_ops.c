/* SPDX-License-Identifier: BSD-3-Clause */
/* No table of slots. */
#define PLUGIN_NAME "no_ops"
#define PLUGIN_OPS NULL
#include "hash_template.h"
