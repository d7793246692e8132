/* SPDX-License-Identifier: BSD-3-Clause */
/* The codec decodes but has no encode slot. */
#define PLUGIN_NAME "no_encode"
#define OPS_ENCODE NULL
#include "codec_template.h"
