/* SPDX-License-Identifier: BSD-3-Clause */
/* The entry returns nothing. */
#define PLUGIN_NAME "nothing"
#define ENTRY_RESULT NULL
#include "hash_template.h"
