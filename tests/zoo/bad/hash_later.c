/* SPDX-License-Identifier: BSD-3-Clause */
/* Made for a later host. */
#define PLUGIN_NAME "later"
#define PLUGIN_NEEDS_MINOR 9
#include "hash_template.h"
