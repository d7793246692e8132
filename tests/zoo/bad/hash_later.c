/* SPDX-License-Identifier: BSD-3-Clause */
/* The plugin needs a later minor version of the host. */
#define PLUGIN_NAME "later"
#define PLUGIN_NEEDS_MINOR 9
#include "hash_template.h"
