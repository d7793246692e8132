/* SPDX-License-Identifier: BSD-3-Clause */
/* Decodes what nobody has encoded. */
#define PLUGIN_NAME "no_encode"
#define OPS_ENCODE NULL
#include "codec_template.h"
