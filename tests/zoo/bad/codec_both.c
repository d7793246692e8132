/* SPDX-License-Identifier: BSD-3-Clause */
/* The codec both encodes and splits. */
#define PLUGIN_NAME "both"
#define OPS_SCATTER scatter
#define OPS_PLAN plan
#define OPS_GATHER gather
#include "codec_template.h"
