/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugins/ring_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/server_line.h"

#define SERVERS_MAX 1000
#define LINE_BYTES 2048
#define WALK_COMPARED 64 /* servers of a walk that are compared */

/* ---- rings -------------------------------------------------------------- */

void ring_prepare(struct ring *ring, const char *distribution,
		  const char *options)
{
	struct tenon_error err = { 0 };

	ring_begin(ring, subject_named(TENON_KIND_DISTRIBUTION, distribution));
	ck_assert_msg(subject_options_read(ring->plugin, options, &ring->host,
					   &ring->options, &err) == 0,
		      "%s: %s", distribution, err.message);
}

void ring_make(struct ring *ring, const char *distribution, const char *options,
	       const struct tenon_ring_server *servers, uint32_t count,
	       const struct tenon_hash *hash)
{
	struct tenon_error err = { 0 };

	ring_prepare(ring, distribution, options);
	ring_init(ring);
	ck_assert_msg(ring_build(ring, servers, count, hash, &err) == 0,
		      "%s: %s", distribution, err.message);
}

uint32_t ring_traits(const struct ring *ring)
{
	struct tenon_ring_traits traits = { .size = sizeof(traits) };

	ring->ops->describe(ring->self, &traits);
	ck_assert_uint_eq(traits.points, 0);
	return traits.flags;
}

uint32_t ring_home(const struct ring *ring, const struct tenon_hash *hash,
		   const char *key, size_t key_len)
{
	const struct tenon_ring_key ring_key = {
		hash ? hash->ops->hash(hash->self, key, key_len) : 0, key,
		key_len
	};

	return ring->ops->locate(ring->self, &ring_key);
}

uint32_t ring_nth(const struct ring *ring, uint64_t hash, const char *key,
		  size_t key_len, uint32_t nth)
{
	const struct tenon_ring_key ring_key = { hash, key, key_len };

	return ring_walk_nth(ring, &ring_key, nth);
}

/* ---- files -------------------------------------------------------------- */

struct reader {
	const struct ring_file *file;
	const char *peer_hash; /* NULL: any */
	const struct tenon_hash *hash;
	struct tenon__server servers[SERVERS_MAX];
	struct tenon_ring_server list[SERVERS_MAX];
	uint32_t count;
	size_t keys;
	bool built;
	struct ring ring;
};

/* Cut a text at its first `end`. Returns the text behind it, or NULL. */
static char *cut(char *text, char end)
{
	char *at = strchr(text, end);

	if (!at) {
		return NULL;
	}
	*at = '\0';
	return at + 1;
}

/* Cut twemproxy's weight out of "host:port:weight name". Returns 0 when there is no weight. */
static uint32_t cut_weight(char *spec)
{
	char *name = strchr(spec, ' ');
	char *colon = strchr(spec, ':');
	char *second = colon && spec[0] != '[' ? strchr(colon + 1, ':') : NULL;
	uint32_t weight;

	if (!second || (name && second > name)) {
		return 0;
	}
	weight = (uint32_t)strtoul(second + 1, NULL, 10);
	memmove(second, name ? name : "", name ? strlen(name) + 1 : 1);
	return weight;
}

/* more is "weight=N" or NULL. */
static void take_server(struct reader *reader, char *spec, const char *more)
{
	struct tenon__server *server = &reader->servers[reader->count];
	uint32_t weight = cut_weight(spec);
	struct tenon_error err;

	ck_assert_uint_lt(reader->count, SERVERS_MAX);
	ck_assert_msg(tenon__server_parse(server, spec, strlen(spec), &err) ==
			      0,
		      "%s", err.message);
	if (more) {
		ck_assert_int_eq(sscanf(more, "weight=%u", &weight), 1);
	}
	reader->list[reader->count++] = (struct tenon_ring_server){
		.alias = server->alias,
		.host = server->host,
		.port = server->port,
		.weight = weight ? weight : 1,
		.weight_given = weight > 0,
	};
}

static uint64_t hash_of(const struct reader *reader, const char *key)
{
	const struct tenon_hash *hash = reader->hash;

	return hash ? hash->ops->hash(hash->self, key, strlen(key)) : 0;
}

static void check_home(struct reader *reader, const char *key,
		       const char *index)
{
	uint32_t home = ring_home(&reader->ring, reader->hash, key, strlen(key));

	ck_assert_msg(home == strtoul(index, NULL, 10),
		      "%s: key '%s' has server %u, expected %s",
		      reader->file->name, key, (unsigned)home, index);
	reader->keys++;
}

/*
 * "0 2 1": the servers that the peer tries for a key, in this order. A server that came before
 * is no new server of the walk.
 */
static void check_walk(const struct reader *reader, const char *key,
		       const char *indexes)
{
	bool seen[SERVERS_MAX] = { false };
	uint64_t hash = hash_of(reader, key);
	uint32_t nth = 0;

	while (*indexes && nth < WALK_COMPARED) {
		char *end;
		unsigned long expected = strtoul(indexes, &end, 10);

		ck_assert_uint_lt(expected, reader->count);
		if (!seen[expected]) {
			uint32_t found = ring_nth(&reader->ring, hash, key,
						  strlen(key), nth);

			ck_assert_msg(found == expected,
				      "%s: server %u of the walk of key '%s' is %u, expected %lu",
				      reader->file->name, (unsigned)nth, key,
				      (unsigned)found, expected);
			nth++;
		}
		seen[expected] = true;
		indexes = end;
	}
}

bool ring_file_cut(char *line, char **value, char **more)
{
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '#' || line[0] == '\0') {
		return false;
	}
	*value = cut(line, '\t');
	ck_assert_ptr_nonnull(*value);
	*more = cut(*value, '\t');
	return true;
}

static void take_meta(const struct reader *reader, const char *name,
		      const char *text)
{
	if (strcmp(name, "hash") == 0 && reader->peer_hash) {
		ck_assert_str_eq(text, reader->peer_hash);
	}
}

static void take_key(struct reader *reader, const char *kind, const char *key,
		     const char *indexes)
{
	ck_assert_ptr_nonnull(indexes);
	if (!reader->built) {
		ring_make(&reader->ring, reader->file->distribution,
			  reader->file->options, reader->list, reader->count,
			  reader->hash);
		reader->built = true;
	}
	if (strcmp(kind, "key") == 0) {
		check_home(reader, key, indexes);
	} else {
		check_walk(reader, key, indexes);
	}
}

static void take_line(struct reader *reader, char *line)
{
	char *value;
	char *more;

	if (!ring_file_cut(line, &value, &more)) {
		return;
	}
	if (strcmp(line, "meta") == 0) {
		take_meta(reader, value, more);
	} else if (strcmp(line, "server") == 0) {
		take_server(reader, value, more);
	} else {
		take_key(reader, line, value, more);
	}
}

void ring_file_check(const struct ring_file *file)
{
	ring_file_check_of(file, NULL);
}

void ring_file_check_of(const struct ring_file *file, const char *peer_hash)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	const char *source = getenv("abs_top_srcdir");
	char line[LINE_BYTES];
	char path[4096];
	FILE *stream;

	ck_assert_ptr_nonnull(reader);
	reader->file = file;
	reader->peer_hash = peer_hash;
	reader->hash = file->hash ? subject_hash(file->hash) : NULL;
	snprintf(path, sizeof(path), "%s/tests/vectors/rings/%s.tsv",
		 source ? source : ".", file->name);
	stream = fopen(path, "r");
	ck_assert_msg(stream != NULL, "%s: cannot be read", path);
	while (fgets(line, sizeof(line), stream)) {
		take_line(reader, line);
	}
	fclose(stream);
	ck_assert_msg(reader->keys == file->keys, "%s: %zu keys", path,
		      reader->keys);
	ring_free(&reader->ring);
	for (uint32_t i = 0; i < reader->count; i++) {
		tenon__server_fini(&reader->servers[i]);
	}
	free(reader);
}
