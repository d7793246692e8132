/* SPDX-License-Identifier: BSD-3-Clause */
/* Has no flags of its own; seen only when a config names it. */
#define PLUGIN_NAME "zero"
#define FLAGS 0
#include "codec_template.h"
