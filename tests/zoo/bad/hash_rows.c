/* SPDX-License-Identifier: BSD-3-Clause */
/* Option rows shorter than those of 1.0. */
#define PLUGIN_NAME "rows"
#define PLUGIN_OPTION_SIZE 16
#include "hash_template.h"
