/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real servers and two clients of them: one with the codecs under test, and one
 * without, which sees and stores items as they are.
 */
#ifndef TENON_TESTS_FAKES_CLUSTER_H
#define TENON_TESTS_FAKES_CLUSTER_H

#include "memcached.h"
#include "rig.h"

#define CLUSTER_SERVERS_MAX 8

struct cluster {
	struct memcached servers[CLUSTER_SERVERS_MAX];
	size_t count;
	struct rig rig; /* with codecs */
	struct rig raw; /* without */
};

/* Start servers that hold a gigabyte each; once for many tests. */
void cluster_start(struct cluster *cluster, size_t count);
void cluster_stop(struct cluster *cluster);

/* Open both clients, the first with these settings (YAML), or NULL. */
void cluster_open(struct cluster *cluster, const char *settings);
void cluster_close(struct cluster *cluster);

/* Give the first client other settings. */
void cluster_reopen(struct cluster *cluster, const char *settings);

/* Store an item as it is. */
void cluster_put(struct cluster *cluster, const char *key, uint32_t flags,
		 const void *value, size_t len);
void cluster_put_text(struct cluster *cluster, const char *key, uint32_t flags,
		      const char *value);

/* Read an item as it is: its status, and the rest in cluster->raw.result. */
int cluster_peek(struct cluster *cluster, const char *key);

/* Is exactly this stored? */
bool cluster_holds(struct cluster *cluster, const char *key, uint32_t flags,
		   const void *value, size_t len);

void cluster_drop(struct cluster *cluster, const char *key);

/* Through the codecs: one key and any bytes. Statuses are returned. */
int cluster_store(struct cluster *cluster, enum tenon_verb verb,
		  const char *key, const void *value, size_t len);
int cluster_set(struct cluster *cluster, const char *key, const void *value,
		size_t len);
int cluster_run(struct cluster *cluster, enum tenon_verb verb, const char *key);

/* Does get give exactly this? Says on stderr what it gives instead. */
bool cluster_gives(struct cluster *cluster, const char *key, const void *value,
		   size_t len);

/* len bytes that do not compress, or that do; to be freed. */
char *noise(size_t len, unsigned seed);
char *prose(size_t len, unsigned seed);

#endif
