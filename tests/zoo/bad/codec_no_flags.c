/* SPDX-License-Identifier: BSD-3-Clause */
/* The codec has no flags slot. */
#define PLUGIN_NAME "no_flags"
#define OPS_FLAGS NULL
#include "codec_template.h"
