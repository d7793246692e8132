/* SPDX-License-Identifier: BSD-3-Clause */
/* The option rows are shorter than those of ABI 1.0. */
#define PLUGIN_NAME "rows"
#define PLUGIN_OPTION_SIZE 16
#include "hash_template.h"
