/* SPDX-License-Identifier: BSD-3-Clause */
/* Another name than its file says. */
#define PLUGIN_NAME "something"
#include "hash_template.h"
