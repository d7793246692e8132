/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: ring_cost SERVERS [LOOKUPS]
 * Build a ketama ring of SERVERS servers and look up that many hashes; say how
 * long each took.
 *
 * Instructions per lookup, which no noise touches, are the difference of two
 * runs under valgrind --tool=callgrind with different LOOKUPS, divided by the
 * difference of those (tools/bench/hash_instructions.c shows the commands).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/plugin/builtin.h"
#include "tenon/plugin/distribution.h"

#define HASHES_COUNT 65536 /* different ones; a power of two */
#define BUILDS 5

static void *host_alloc(void *context, size_t bytes)
{
	(void)context;
	return calloc(1, bytes);
}

static void host_free(void *context, void *memory)
{
	(void)context;
	free(memory);
}

static int host_set_error(struct tenon_error *err, int code,
			  const char *format, ...)
{
	va_list args;

	(void)err;
	va_start(args, format);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	return code;
}

static const struct tenon_host host = {
	.size = sizeof(struct tenon_host),
	.abi_major = TENON_PLUGIN_ABI_MAJOR,
	.abi_minor = TENON_PLUGIN_ABI_MINOR,
	.alloc = host_alloc,
	.free = host_free,
	.set_error = host_set_error,
};

static const void *find_ops(uint32_t kind, const char *name)
{
	for (size_t i = 0; i < tenon__builtin_plugin_count; i++) {
		const struct tenon_plugin *plugin = tenon__builtin_plugins[i]();

		if (plugin->kind == kind && strcmp(plugin->name, name) == 0) {
			return plugin->ops;
		}
	}
	fprintf(stderr, "'%s' is not a built-in plugin\n", name);
	exit(1);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static unsigned long parse_number(const char *text, unsigned long max)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || number < 1 || number > max) {
		fprintf(stderr, "'%s': expected a number in 1..%lu\n", text,
			max);
		exit(2);
	}
	return number;
}

static struct tenon_ring_server *make_servers(uint32_t count)
{
	struct tenon_ring_server *servers = calloc(count, sizeof(*servers));

	if (servers == NULL) {
		exit(1);
	}
	for (uint32_t i = 0; i < count; i++) {
		char *hostname = malloc(32);

		if (hostname == NULL) {
			exit(1);
		}
		snprintf(hostname, 32, "cache-%" PRIu32 ".example", i);
		servers[i].host = hostname;
		servers[i].port = 11211 + i % 3;
		servers[i].weight = 1;
	}
	return servers;
}

/* What ketama's option comes down to. */
struct options {
	const struct tenon_hash *point_hash;
};

static void *build_ring(const struct tenon_distribution_ops *ops,
			const struct tenon_hash *md5,
			const struct tenon_ring_server *servers, uint32_t count)
{
	const struct options options = { md5 };
	void *ring = calloc(1, ops->state_size);

	if (ring == NULL || ops->init(ring, &options, &host, NULL) != 0 ||
	    ops->build(ring, servers, count, md5, NULL) != 0) {
		exit(1);
	}
	return ring;
}

/* Returns the shortest of some builds. */
static double time_build_ns(const struct tenon_distribution_ops *ops,
			    const struct tenon_hash *md5,
			    const struct tenon_ring_server *servers,
			    uint32_t count)
{
	double best_ns = 1e18;

	for (int i = 0; i < BUILDS; i++) {
		double start_ns = now_ns();
		void *ring = build_ring(ops, md5, servers, count);
		double took_ns = now_ns() - start_ns;

		best_ns = took_ns < best_ns ? took_ns : best_ns;
		ops->fini(ring);
		free(ring);
	}
	return best_ns;
}

/* Returns the time of one lookup on average; *sum keeps them from vanishing. */
static double time_lookup_ns(const struct tenon_distribution_ops *ops,
			     const struct tenon_hash *md5, const void *ring,
			     unsigned long lookups, uint64_t *sum)
{
	static uint32_t hashes[HASHES_COUNT];
	struct tenon_ring_key key = { 0 };
	double start_ns;

	for (uint32_t i = 0; i < HASHES_COUNT; i++) {
		hashes[i] = (uint32_t)md5->ops->hash(md5->self, &i, sizeof(i));
	}
	start_ns = now_ns();
	for (unsigned long i = 0; i < lookups; i++) {
		key.hash = hashes[i % HASHES_COUNT];
		*sum += ops->locate(ring, &key);
	}
	return (now_ns() - start_ns) / (double)lookups;
}

int main(int argc, char **argv)
{
	const struct tenon_distribution_ops *ops;
	struct tenon_ring_server *servers;
	unsigned long lookups = 1000000;
	struct tenon_hash md5;
	double lookup_ns;
	uint64_t sum = 0;
	uint32_t count;
	void *ring;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: ring_cost SERVERS [LOOKUPS]\n");
		return 2;
	}
	count = (uint32_t)parse_number(argv[1], 65535);
	if (argc > 2) {
		lookups = parse_number(argv[2], 1000000000);
	}
	md5 = (struct tenon_hash){ NULL, find_ops(TENON_KIND_HASH, "md5") };
	ops = find_ops(TENON_KIND_DISTRIBUTION, "ketama");
	servers = make_servers(count);
	ring = build_ring(ops, &md5, servers, count);
	lookup_ns = time_lookup_ns(ops, &md5, ring, lookups, &sum);
	printf("%" PRIu32 " servers: build %.2f ms, lookup %.1f ns (%" PRIu64
	       ")\n",
	       count, time_build_ns(ops, &md5, servers, count) / 1e6,
	       lookup_ns, sum);
	return 0;
}
