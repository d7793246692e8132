/* SPDX-License-Identifier: BSD-3-Clause */
/* init fails. */
#include "tenon/plugin/hash.h"

static int fail(void *self, const void *options, const struct tenon_host *host,
		struct tenon_error *err)
{
	(void)self;
	(void)options;
	return host->set_error(err, TENON_ECONFIG, "found no %s", "mood");
}

#define PLUGIN_NAME "init"
#define OPS_INIT fail
#include "hash_template.h"
