/* SPDX-License-Identifier: BSD-3-Clause */
/* A key's home server is its hash modulo the number of servers. A second hash is an option. */
#include "tenon/plugin/distribution.h"

#include "good.h"

struct good {
	struct good_ring ring; /* first: tests read it */
	const struct tenon_host *host;
	const struct good_distribution_options *options;
};

static const struct tenon_option good_options[] = {
	{ .name = "point_hash",
	  .type = TENON_OPTION_HASH,
	  .offset = offsetof(struct good_distribution_options, point_hash),
	  .def_text = "good",
	  .help = "hash of which the ring keeps one value" },
	{ .name = "shift",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct good_distribution_options, shift),
	  .min = 0,
	  .max = 7,
	  .def = 1,
	  .help = "added to the hash" },
	{ .name = NULL },
};

static int good_init(void *self, const void *options,
		     const struct tenon_host *host, struct tenon_error *err)
{
	struct good *good = self;

	(void)err;
	good->host = host;
	good->options = options;
	return 0;
}

static void good_fini(void *self)
{
	struct good *good = self;

	good->host->free(good->host->context, good->ring.memory);
}

static int good_build(void *self, const struct tenon_ring_server *servers,
		      uint32_t count, const struct tenon_hash *key_hash,
		      struct tenon_error *err)
{
	struct good *good = self;
	const struct tenon_hash *hash = good->options->point_hash;

	(void)key_hash;
	good->ring.memory = good->host->alloc(good->host->context, 64);
	if (!good->ring.memory) {
		return good->host->set_error(err, TENON_ENOMEM,
					     "out of memory");
	}
	for (uint32_t i = 0; i < count; i++) {
		good->ring.weights += servers[i].weight;
		if (servers[i].port == 666) {
			return good->host->set_error(err, TENON_ECONFIG,
						     "port 666 is %s",
						     "unlucky");
		}
	}
	good->ring.point = hash->ops->hash(hash->self, "x", 1);
	good->ring.server_count = count;
	good->ring.shift = (uint32_t)good->options->shift;
	return 0;
}

static uint32_t good_locate(const void *self, const struct tenon_ring_key *key)
{
	const struct good *good = self;

	return (uint32_t)((key->hash + good->ring.shift) %
			  good->ring.server_count);
}

static uint32_t good_next(const void *self, struct tenon_ring_cursor *cursor)
{
	const struct good *good = self;

	if (cursor->found_count == good->ring.server_count) {
		return TENON_NO_SERVER;
	}
	return (good_locate(self, cursor->key) + cursor->found_count) %
	       good->ring.server_count;
}

static const struct tenon_distribution_ops good_ops = {
	.size = sizeof(good_ops),
	.state_size = sizeof(struct good),
	.init = good_init,
	.fini = good_fini,
	.build = good_build,
	.locate = good_locate,
	.next = good_next,
};

TENON_PLUGIN_DEFINE(distribution_good, .kind = TENON_KIND_DISTRIBUTION,
		    .name = "good", .version = "1",
		    .summary = "hash modulo the number of servers", .ops = &good_ops,
		    .options_bytes = sizeof(struct good_distribution_options),
		    .options = good_options)
