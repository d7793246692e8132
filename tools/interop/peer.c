/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver of libmemcached; README.md describes its command line. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libmemcached/memcached.h>

struct name {
	const char *text;
	uint64_t value;
};

static const struct name distributions[] = {
	{ "modula", MEMCACHED_DISTRIBUTION_MODULA },
	{ "consistent", MEMCACHED_DISTRIBUTION_CONSISTENT },
	{ "ketama", MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA },
	{ "weighted", MEMCACHED_DISTRIBUTION_CONSISTENT_WEIGHTED },
	{ "spy", MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY },
	{ NULL, 0 },
};

static const struct name hashes[] = {
	{ "one_at_a_time", MEMCACHED_HASH_DEFAULT },
	{ "md5", MEMCACHED_HASH_MD5 },
	{ "crc", MEMCACHED_HASH_CRC },
	{ "fnv1_64", MEMCACHED_HASH_FNV1_64 },
	{ "fnv1a_64", MEMCACHED_HASH_FNV1A_64 },
	{ "fnv1_32", MEMCACHED_HASH_FNV1_32 },
	{ "fnv1a_32", MEMCACHED_HASH_FNV1A_32 },
	{ "murmur", MEMCACHED_HASH_MURMUR },
	{ "murmur3", MEMCACHED_HASH_MURMUR3 },
	{ "jenkins", MEMCACHED_HASH_JENKINS },
	{ NULL, 0 },
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "peer.c: %s: %s\n", what, why);
	exit(1);
}

static uint64_t value_of(const struct name *names, const char *text)
{
	for (; names->text; names++) {
		if (!strcmp(names->text, text)) {
			return names->value;
		}
	}
	fail(text, "unknown name");
	return 0;
}

static FILE *open_file(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

/* Read a line without its newline. Return false at the end of the file. */
static bool read_line(FILE *file, char *line, int size)
{
	if (!fgets(line, size, file)) {
		return false;
	}
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static void set_behavior(memcached_st *client, memcached_behavior_t behavior,
			 uint64_t value)
{
	memcached_return_t code =
		memcached_behavior_set(client, behavior, value);

	if (code != MEMCACHED_SUCCESS) {
		fail("behavior", memcached_strerror(client, code));
	}
}

static void set_namespace(memcached_st *client, const char *text)
{
	memcached_return_t code = memcached_callback_set(
		client, MEMCACHED_CALLBACK_NAMESPACE, text);

	if (code != MEMCACHED_SUCCESS) {
		fail("namespace", memcached_strerror(client, code));
	}
}

/* Apply "distribution=...,hash=...,ketama_weighted=1" in the order of the words. */
static void apply_settings(memcached_st *client, char *settings)
{
	for (char *word = strtok(settings, ","); word;
	     word = strtok(NULL, ",")) {
		char *value = strchr(word, '=');

		if (!value) {
			fail(word, "has no value");
		}
		*value++ = '\0';
		if (!strcmp(word, "distribution")) {
			set_behavior(client, MEMCACHED_BEHAVIOR_DISTRIBUTION,
				     value_of(distributions, value));
		} else if (!strcmp(word, "hash")) {
			set_behavior(client, MEMCACHED_BEHAVIOR_HASH,
				     value_of(hashes, value));
		} else if (!strcmp(word, "ketama")) {
			set_behavior(client, MEMCACHED_BEHAVIOR_KETAMA, 1);
		} else if (!strcmp(word, "ketama_weighted")) {
			set_behavior(client, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED,
				     1);
		} else if (!strcmp(word, "namespace")) {
			set_namespace(client, value);
		} else if (!strcmp(word, "hash_with_namespace")) {
			set_behavior(client,
				     MEMCACHED_BEHAVIOR_HASH_WITH_PREFIX_KEY,
				     1);
		} else {
			fail(word, "unknown setting");
		}
	}
}

/* Add the servers of a file whose lines are "host<TAB>port<TAB>weight<TAB>name". */
static void add_servers(memcached_st *client, const char *path)
{
	FILE *file = open_file(path);
	char line[1024];

	while (read_line(file, line, sizeof(line))) {
		char *host = strtok(line, "\t");
		int port = atoi(strtok(NULL, "\t"));
		uint32_t weight = (uint32_t)atoi(strtok(NULL, "\t"));
		memcached_return_t code =
			port ? memcached_server_add_with_weight(
				       client, host, (in_port_t)port, weight)
			     : memcached_server_add_unix_socket_with_weight(
				       client, host, weight);

		if (code != MEMCACHED_SUCCESS) {
			fail(host, memcached_strerror(client, code));
		}
	}
	fclose(file);
}

static void store(memcached_st *client, const char *key)
{
	size_t len = strlen(key);
	memcached_return_t code =
		memcached_set(client, key, len, key, len, 0, 0);

	if (code != MEMCACHED_SUCCESS) {
		fail(key, memcached_strerror(client, code));
	}
}

static void load(memcached_st *client, const char *key)
{
	size_t len = 0;
	uint32_t flags;
	memcached_return_t code;
	char *value =
		memcached_get(client, key, strlen(key), &len, &flags, &code);

	printf("%.*s\n", (int)len, value ? value : "");
	free(value);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fail("usage", "store|load SETTINGS SERVERS KEYS");
	}
	memcached_st *client = memcached_create(NULL);
	bool stores = !strcmp(argv[1], "store");
	FILE *keys = open_file(argv[4]);
	char key[1024];

	apply_settings(client, argv[2]);
	add_servers(client, argv[3]);
	while (read_line(keys, key, sizeof(key))) {
		if (stores) {
			store(client, key);
		} else {
			load(client, key);
		}
	}
	fclose(keys);
	memcached_free(client);
	return 0;
}
