/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A key's home server is its hash modulo the number of servers. The options make the ring describe
 * itself as any kind of ring, and give the first server more keys than the others, which is a warning in the log.
 */
#include "tenon/plugin/distribution.h"

struct nature_options {
	int64_t flags;
	int64_t absent_weight;
	int64_t crowd;
};

struct nature {
	const struct nature_options *options;
	uint32_t count;
};

static const struct tenon_option nature_options[] = {
	{ .name = "flags",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct nature_options, flags),
	  .min = 0,
	  .max = 63,
	  .help = "TENON_RING_* bits of the ring" },
	{ .name = "absent_weight",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct nature_options, absent_weight),
	  .min = 0,
	  .max = 1000,
	  .help = "weight of a server without a weight; 0: not told" },
	{ .name = "crowd",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct nature_options, crowd),
	  .min = 0,
	  .max = 100,
	  .help = "keys of a hundred that go to the first server beside its share" },
	{ .name = NULL },
};

static int nature_init(void *self, const void *options,
		       const struct tenon_host *host, struct tenon_error *err)
{
	struct nature *nature = self;

	(void)err;
	nature->options = options;
	if (nature->options->crowd > 0) {
		host->log(host->context, TENON_LOG_WARNING,
			  "the first server has a crowd");
	}
	return 0;
}

static int nature_build(void *self, const struct tenon_ring_server *servers,
			uint32_t count, const struct tenon_hash *key_hash,
			struct tenon_error *err)
{
	struct nature *nature = self;

	(void)servers;
	(void)key_hash;
	(void)err;
	nature->count = count;
	return 0;
}

static uint32_t nature_locate(const void *self,
			      const struct tenon_ring_key *key)
{
	const struct nature *nature = self;

	if ((int64_t)(key->hash / nature->count % 100) <
	    nature->options->crowd) {
		return 0;
	}
	return (uint32_t)(key->hash % nature->count);
}

static uint32_t nature_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct nature *nature = self;

	if (cursor->found_count == nature->count) {
		return TENON_NO_SERVER;
	}
	return (nature_locate(self, cursor->key) + cursor->found_count) %
	       nature->count;
}

static void nature_describe(const void *self, struct tenon_ring_traits *out)
{
	const struct nature *nature = self;

	out->flags = (uint32_t)nature->options->flags;
	out->absent_weight = (uint32_t)nature->options->absent_weight;
}

static const struct tenon_distribution_ops nature_ops = {
	.size = sizeof(nature_ops),
	.state_size = sizeof(struct nature),
	.init = nature_init,
	.build = nature_build,
	.locate = nature_locate,
	.next = nature_next,
	.describe = nature_describe,
};

TENON_PLUGIN_DEFINE(distribution_nature, .kind = TENON_KIND_DISTRIBUTION,
		    .name = "nature", .version = "1",
		    .summary = "a ring of any nature", .ops = &nature_ops,
		    .options_bytes = sizeof(struct nature_options),
		    .options = nature_options)
