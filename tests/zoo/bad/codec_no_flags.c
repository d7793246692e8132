/* SPDX-License-Identifier: BSD-3-Clause */
/* Does not say which flags are its own. */
#define PLUGIN_NAME "no_flags"
#define OPS_FLAGS NULL
#include "codec_template.h"
