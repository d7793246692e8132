/* SPDX-License-Identifier: BSD-3-Clause */
/* There are too few known answers. */
#define PLUGIN_NAME "few"
#define OPS_SELFTEST_COUNT 2
#include "hash_template.h"
