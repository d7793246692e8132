/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptor has an unknown flag. */
#define PLUGIN_NAME "flags"
#define PLUGIN_FLAGS 4
#include "hash_template.h"
