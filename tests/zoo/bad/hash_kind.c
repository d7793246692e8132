/* SPDX-License-Identifier: BSD-3-Clause */
/* The kind is unknown. */
#define PLUGIN_NAME "kind"
#define PLUGIN_KIND 77
#include "hash_template.h"
