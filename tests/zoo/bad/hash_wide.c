/* SPDX-License-Identifier: BSD-3-Clause */
/* A known answer has more bits than the width that the plugin gives. */
#define PLUGIN_NAME "wide"
#define OPS_BITS 7
#include "hash_template.h"
