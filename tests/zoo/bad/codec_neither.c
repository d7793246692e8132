/* SPDX-License-Identifier: BSD-3-Clause */
/* The codec neither encodes nor splits. */
#define PLUGIN_NAME "neither"
#define OPS_ENCODE NULL
#define OPS_DECODE NULL
#include "codec_template.h"
