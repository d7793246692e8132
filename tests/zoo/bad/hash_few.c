/* SPDX-License-Identifier: BSD-3-Clause */
/* Too few known answers. */
#define PLUGIN_NAME "few"
#define OPS_SELFTEST_COUNT 2
#include "hash_template.h"
