/* SPDX-License-Identifier: BSD-3-Clause */
/* A kind that nobody knows. */
#define PLUGIN_NAME "kind"
#define PLUGIN_KIND 77
#include "hash_template.h"
