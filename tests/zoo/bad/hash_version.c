/* SPDX-License-Identifier: BSD-3-Clause */
/* No version. */
#define PLUGIN_NAME "version"
#define PLUGIN_VERSION NULL
#include "hash_template.h"
