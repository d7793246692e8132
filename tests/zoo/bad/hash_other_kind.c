/* SPDX-License-Identifier: BSD-3-Clause */
/* Another kind than its file says. */
#define PLUGIN_NAME "other_kind"
#define PLUGIN_KIND TENON_KIND_FAILOVER
#include "hash_template.h"
