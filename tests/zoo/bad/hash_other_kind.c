/* SPDX-License-Identifier: BSD-3-Clause */
/* The kind differs from that in the file's name. */
#define PLUGIN_NAME "other_kind"
#define PLUGIN_KIND TENON_KIND_FAILOVER
#include "hash_template.h"
