/* SPDX-License-Identifier: BSD-3-Clause */
/* A distribution plugin without a client: build a ring, find the server of a hash. */
#include "tenon/plugin/distribution.h"

#include <stdlib.h>

#include "bench_plugin.h"
#include "bench_subject.h"

#define HASHES_COUNT 65536

struct distribution {
	const char *name;
	const struct tenon_distribution_ops *ops;
	void *options;
	struct tenon_ring_server *servers;
	uint32_t server_count;
	void *built; /* the ring; NULL: the case builds rings */
	uint64_t *hashes;
	size_t next;
	uint64_t sum; /* keeps the compiler from removing lookups */
};

static struct tenon_ring_server *make_servers(uint32_t count)
{
	struct tenon_ring_server *servers =
		alloc_array(count, sizeof(*servers));

	for (uint32_t i = 0; i < count; i++) {
		servers[i].host =
			alloc_format("10.0.%u.%u", i / 250 % 250, i % 250);
		servers[i].port = 11211;
		servers[i].weight = 1;
	}
	return servers;
}

/* Make random hashes of 32 bits, the size of most hash functions. */
static uint64_t *make_hashes(void)
{
	uint64_t *hashes = alloc_array(HASHES_COUNT, sizeof(*hashes));
	uint64_t state = 1;

	for (size_t i = 0; i < HASHES_COUNT; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		hashes[i] = state >> 32;
	}
	return hashes;
}

static void *build(const struct distribution *self)
{
	void *built = alloc_array(1, self->ops->state_size + 1);
	const struct tenon_hash *md5 = plugin_hash("md5");

	if (!md5 ||
	    (self->ops->init && self->ops->init(built, self->options,
						&plugin_host, NULL) != 0) ||
	    self->ops->build(built, self->servers, self->server_count, md5,
			     NULL) != 0) {
		fail("%s cannot be built", self->name);
	}
	return built;
}

static void destroy(const struct distribution *self, void *built)
{
	if (self->ops->fini) {
		self->ops->fini(built);
	}
	free(built);
}

static void *distribution_open(const struct settings *settings,
			       const char *client, const char *case_name)
{
	size_t built_count = subject_size(case_name, "build-");
	size_t count = built_count > 0 ? built_count
				       : subject_size(case_name, "where-");
	const struct tenon_plugin *plugin;
	struct distribution *self;

	(void)settings;
	plugin = count > 0 ? plugin_find("distribution", client) : NULL;
	if (!plugin) {
		return NULL;
	}
	self = alloc_array(1, sizeof(*self));
	self->name = plugin->name;
	self->ops = plugin->ops;
	self->options = plugin_options(plugin);
	self->server_count = (uint32_t)count;
	self->servers = make_servers(self->server_count);
	self->hashes = make_hashes();
	if (built_count == 0) {
		self->built = build(self);
	}
	return self;
}

static void run_builds(const struct distribution *self, size_t operations)
{
	for (size_t i = 0; i < operations; i++) {
		destroy(self, build(self));
	}
}

static void run_lookups(struct distribution *self, size_t operations)
{
	const struct tenon_distribution_ops *ops = self->ops;
	struct tenon_ring_key key = { 0 };
	size_t end = self->next + operations;
	uint64_t sum = 0;

	for (size_t i = self->next; i < end; i++) {
		key.hash = self->hashes[i % HASHES_COUNT];
		sum += ops->locate(self->built, &key);
	}
	self->next = end % HASHES_COUNT;
	self->sum += sum;
}

static void distribution_run(void *opened, size_t operations)
{
	struct distribution *self = opened;

	if (self->built) {
		run_lookups(self, operations);
	} else {
		run_builds(self, operations);
	}
}

static void distribution_close(void *opened)
{
	struct distribution *self = opened;

	if (self->built) {
		destroy(self, self->built);
	}
	for (uint32_t i = 0; i < self->server_count; i++) {
		free((char *)(uintptr_t)self->servers[i].host);
	}
	free(self->servers);
	free(self->hashes);
	free(self->options);
	free(self);
}

const struct subject distribution_subject = {
	.open = distribution_open,
	.run = distribution_run,
	.close = distribution_close,
};
