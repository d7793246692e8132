/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of slots is shorter than that of ABI 1.0. */
#define PLUGIN_NAME "short_ops"
#define OPS_SIZE 16
#include "hash_template.h"
