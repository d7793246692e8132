/* SPDX-License-Identifier: BSD-3-Clause */
/* init returns an error code that the contract does not allow. */
#define PLUGIN_NAME "code"
#define OPS_INIT init
#include "tenon/plugin/codec.h"

static int init(void *self, const void *options, const struct tenon_host *host,
		const struct tenon_codec_setup *setup, struct tenon_error *err)
{
	(void)self;
	(void)options;
	(void)host;
	(void)setup;
	(void)err;
	return -99;
}

#include "codec_template.h"
