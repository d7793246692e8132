/* SPDX-License-Identifier: BSD-3-Clause */
/* Another ABI. */
#define PLUGIN_NAME "major"
#define PLUGIN_MAJOR 2
#include "hash_template.h"
