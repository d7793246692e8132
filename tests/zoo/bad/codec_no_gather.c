/* SPDX-License-Identifier: BSD-3-Clause */
/* The codec splits but has no gather slot. */
#define PLUGIN_NAME "no_gather"
#define OPS_ENCODE NULL
#define OPS_DECODE NULL
#define OPS_SCATTER scatter
#define OPS_PLAN plan
#include "codec_template.h"
