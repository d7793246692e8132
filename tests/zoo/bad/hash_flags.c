/* SPDX-License-Identifier: BSD-3-Clause */
/* A flag that nobody knows. */
#define PLUGIN_NAME "flags"
#define PLUGIN_FLAGS 4
#include "hash_template.h"
