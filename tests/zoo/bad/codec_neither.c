/* SPDX-License-Identifier: BSD-3-Clause */
/* Neither encodes nor splits. */
#define PLUGIN_NAME "neither"
#define OPS_ENCODE NULL
#define OPS_DECODE NULL
#include "codec_template.h"
