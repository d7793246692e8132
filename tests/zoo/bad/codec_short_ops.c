/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of slots is shorter than that of ABI 1.0. */
#define PLUGIN_NAME "short_ops"
#define OPS_SIZE offsetof(struct tenon_codec_ops, owns_chunks)
#include "codec_template.h"
