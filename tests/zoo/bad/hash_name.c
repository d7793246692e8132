/* SPDX-License-Identifier: BSD-3-Clause */
/* The name is not lower_snake. */
#define PLUGIN_NAME "No-Name"
#include "hash_template.h"
