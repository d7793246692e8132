/* SPDX-License-Identifier: BSD-3-Clause */
/* The major version of the ABI is another. */
#define PLUGIN_NAME "major"
#define PLUGIN_MAJOR 2
#include "hash_template.h"
