/* SPDX-License-Identifier: BSD-3-Clause */
/* The codec encodes but has no decode slot. */
#define PLUGIN_NAME "no_decode"
#define OPS_DECODE NULL
#include "codec_template.h"
