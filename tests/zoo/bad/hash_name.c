/* SPDX-License-Identifier: BSD-3-Clause */
/* A name that is not lower_snake. */
#define PLUGIN_NAME "No-Name"
#include "hash_template.h"
