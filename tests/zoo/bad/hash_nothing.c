/* SPDX-License-Identifier: BSD-3-Clause */
/* The entry function returns NULL. */
#define PLUGIN_NAME "nothing"
#define ENTRY_RESULT NULL
#include "hash_template.h"
