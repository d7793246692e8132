/* SPDX-License-Identifier: BSD-3-Clause */
/* The flags slot returns 0. The core notices only when a config uses the codec. */
#define PLUGIN_NAME "zero"
#define FLAGS 0
#include "codec_template.h"
