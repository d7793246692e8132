/* SPDX-License-Identifier: BSD-3-Clause */
/* A known answer wider than it says. */
#define PLUGIN_NAME "wide"
#define OPS_BITS 7
#include "hash_template.h"
