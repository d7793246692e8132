/* SPDX-License-Identifier: BSD-3-Clause */
/* The plugin's version is missing. */
#define PLUGIN_NAME "version"
#define PLUGIN_VERSION NULL
#include "hash_template.h"
