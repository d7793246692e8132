/* SPDX-License-Identifier: BSD-3-Clause */
/* Encodes what nobody can decode. */
#define PLUGIN_NAME "no_decode"
#define OPS_DECODE NULL
#include "codec_template.h"
