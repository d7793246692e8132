/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cluster_start(struct cluster *cluster, size_t count)
{
	memset(cluster, 0, sizeof(*cluster));
	ck_assert_uint_le(count, CLUSTER_SERVERS_MAX);
	for (; cluster->count < count; cluster->count++) {
		ck_assert(memcached_start(&cluster->servers[cluster->count],
					  MEMCACHED_UNIX, "-m1024"));
	}
}

void cluster_stop(struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->count; i++) {
		memcached_stop(&cluster->servers[i]);
	}
	cluster->count = 0;
}

static void open_one(const struct cluster *cluster, struct rig *rig,
		     const char *settings)
{
	const char *lines[CLUSTER_SERVERS_MAX];

	memset(rig, 0, sizeof(*rig));
	for (size_t i = 0; i < cluster->count; i++) {
		lines[i] = cluster->servers[i].address;
	}
	rig_codecs = NULL;
	rig_open_at(rig, lines, cluster->count, settings);
}

void cluster_open(struct cluster *cluster, const char *settings)
{
	open_one(cluster, &cluster->rig, settings);
	open_one(cluster, &cluster->raw, "codecs: []\n");
}

void cluster_close(struct cluster *cluster)
{
	rig_close(&cluster->rig);
	rig_close(&cluster->raw);
}

void cluster_reopen(struct cluster *cluster, const char *settings)
{
	rig_close(&cluster->rig);
	open_one(cluster, &cluster->rig, settings);
}

void cluster_put(struct cluster *cluster, const char *key, uint32_t flags,
		 const void *value, size_t len)
{
	const struct tenon_item one = { .key = slice(key),
					.value = { value, len },
					.flags = flags };

	ck_assert_int_eq(rig_one(&cluster->raw, TENON_SET, &one, 0),
			 TENON_STORED);
}

void cluster_put_text(struct cluster *cluster, const char *key, uint32_t flags,
		      const char *value)
{
	cluster_put(cluster, key, flags, value, strlen(value));
}

int cluster_peek(struct cluster *cluster, const char *key)
{
	return rig_get(&cluster->raw, key);
}

bool cluster_holds(struct cluster *cluster, const char *key, uint32_t flags,
		   const void *value, size_t len)
{
	return cluster_peek(cluster, key) == TENON_HIT &&
	       cluster->raw.result.flags == flags &&
	       result_value_is(&cluster->raw.result, value, len);
}

void cluster_drop(struct cluster *cluster, const char *key)
{
	const struct tenon_item one = item(key, NULL);

	rig_one(&cluster->raw, TENON_DELETE, &one, 0);
}

int cluster_store(struct cluster *cluster, enum tenon_verb verb,
		  const char *key, const void *value, size_t len)
{
	const struct tenon_item one = { .key = slice(key),
					.value = { value, len } };

	return rig_one(&cluster->rig, verb, &one, 0);
}

int cluster_set(struct cluster *cluster, const char *key, const void *value,
		size_t len)
{
	return cluster_store(cluster, TENON_SET, key, value, len);
}

int cluster_run(struct cluster *cluster, enum tenon_verb verb, const char *key)
{
	const struct tenon_item one = { .key = slice(key), .delta = 1 };

	return rig_one(&cluster->rig, verb, &one, 0);
}

bool cluster_gives(struct cluster *cluster, const char *key, const void *value,
		   size_t len)
{
	const struct tenon_result *result = &cluster->rig.result;

	if (rig_get(&cluster->rig, key) == TENON_HIT &&
	    result_value_is(result, value, len)) {
		return true;
	}
	fprintf(stderr, "%s: %s, %zu bytes, expected %zu; %s\n", key,
		tenon_status_name(result->status), result->value_len, len,
		result->text ? result->text : "");
	return false;
}

char *noise(size_t len, unsigned seed)
{
	uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	char *out = malloc(len + 1);

	ck_assert_ptr_nonnull(out);
	for (size_t i = 0; i < len; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		out[i] = (char)(state >> 32);
	}
	return out;
}

char *prose(size_t len, unsigned seed)
{
	static const char words[] = "the quick brown fox jumps over a lazy dog ";
	char *out = malloc(len + 1);

	ck_assert_ptr_nonnull(out);
	for (size_t i = 0; i < len; i++) {
		out[i] = words[(i + seed + i / 97) % (sizeof(words) - 1)];
	}
	return out;
}
