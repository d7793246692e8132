/* SPDX-License-Identifier: BSD-3-Clause */
/* build returns an error code that the contract does not allow. */
#include "tenon/plugin/distribution.h"

static int build(void *self, const struct tenon_ring_server *servers,
		 uint32_t count, const struct tenon_hash *key_hash,
		 struct tenon_error *err)
{
	(void)self;
	(void)servers;
	(void)count;
	(void)key_hash;
	(void)err;
	return -99;
}

static uint32_t locate(const void *self, const struct tenon_ring_key *key)
{
	(void)self;
	(void)key;
	return 0;
}

static uint32_t next(const void *self, struct tenon_ring_cursor *cursor)
{
	(void)self;
	(void)cursor;
	return TENON_NO_SERVER;
}

static const struct tenon_distribution_ops ops = {
	.size = sizeof(ops),
	.build = build,
	.locate = locate,
	.next = next,
};

TENON_PLUGIN_DEFINE(distribution_code, .kind = TENON_KIND_DISTRIBUTION,
		    .name = "code", .version = "1",
		    .summary = "build returns an unknown code", .ops = &ops)
