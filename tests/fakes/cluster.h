/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real memcached servers and two clients of them: `rig` has the codecs under test,
 * `raw` has no codecs. A test uses `raw` to see and to store items exactly as a server
 * holds them.
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

/* Start memcached servers that hold a gigabyte each. Once for many tests. */
void cluster_start(struct cluster *cluster, size_t count);
void cluster_stop(struct cluster *cluster);

/* Open both clients. settings is YAML for the client with codecs, or NULL. */
void cluster_open(struct cluster *cluster, const char *settings);
void cluster_close(struct cluster *cluster);

/* Close the client with codecs and open it again with other settings. */
void cluster_reopen(struct cluster *cluster, const char *settings);

/* Store an item without codecs. */
void cluster_put(struct cluster *cluster, const char *key, uint32_t flags,
		 const void *value, size_t len);
void cluster_put_text(struct cluster *cluster, const char *key, uint32_t flags,
		      const char *value);

/* Read an item without codecs. Returns its status; the rest is in cluster->raw.result. */
int cluster_peek(struct cluster *cluster, const char *key);

/* Return true when a server holds exactly these flags and bytes under the key. */
bool cluster_holds(struct cluster *cluster, const char *key, uint32_t flags,
		   const void *value, size_t len);

void cluster_drop(struct cluster *cluster, const char *key);

/*
 * Run a verb through the codecs, with one key and a value of any bytes. Returns the
 * status.
 */
int cluster_store(struct cluster *cluster, enum tenon_verb verb,
		  const char *key, const void *value, size_t len);
int cluster_set(struct cluster *cluster, const char *key, const void *value,
		size_t len);
int cluster_run(struct cluster *cluster, enum tenon_verb verb, const char *key);

/*
 * Return true when a get through the codecs gives exactly this value. When it does not,
 * stderr shows the result.
 */
bool cluster_gives(struct cluster *cluster, const char *key, const void *value,
		   size_t len);

/* Make len bytes that do not compress (noise) or that do (prose). Free them with free(). */
char *noise(size_t len, unsigned seed);
char *prose(size_t len, unsigned seed);

#endif
