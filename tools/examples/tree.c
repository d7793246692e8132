/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keep a tree of files in a cluster.
 *
 * usage: tree CONFIG store|fill|verify <LIST   (one path on each line)
 *
 * store stores every file under its path. fill stores only the files that are absent. verify
 * reads all files back, compares them byte for byte with the disk, and prints for each server
 * the number of its keys. The exit status is 0 unless a file came back wrong. Absent files are
 * only counted, since a server may be new and empty.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>
#include <unistd.h>

#define BATCH 100
#define BAR_WIDTH 40

struct file {
	char *path;
	char *bytes;
	size_t len;
};

struct tree {
	struct file *files;
	size_t count;
};

struct tally {
	size_t hits, misses, wrong, bytes;
	size_t *per_server;
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "tree: %s: %s\n", what, why);
	exit(2);
}

static void *must(void *memory)
{
	if (!memory) {
		die("memory", "out of memory");
	}
	return memory;
}

static void read_file(struct file *file)
{
	FILE *stream = fopen(file->path, "rb");
	long len = -1;

	if (stream && fseek(stream, 0, SEEK_END) == 0) {
		len = ftell(stream);
		rewind(stream);
	}
	if (len < 0) {
		die(file->path, strerror(errno));
	}
	file->len = (size_t)len;
	file->bytes = must(malloc(file->len + 1));
	if (fread(file->bytes, 1, file->len, stream) != file->len) {
		die(file->path, "cannot be read");
	}
	fclose(stream);
}

static void read_tree(struct tree *tree)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		tree->files = must(realloc(tree->files,
			(tree->count + 1) * sizeof(*tree->files)));
		struct file *file = &tree->files[tree->count++];
		file->path = must(strdup(line));
		read_file(file);
	}
}

static void show_progress(const char *what, size_t done, size_t count)
{
	if (isatty(STDERR_FILENO)) {
		fprintf(stderr, "\r%s %zu of %zu%s", what, done, count,
			done == count ? "\r\033[K" : "");
	}
}

/* Run one verb on all files, BATCH keys in a call, and call each() for every result. */
static void run(struct tenon_client *client, enum tenon_verb verb,
		const struct tree *tree, struct tally *tally,
		void (*each)(const struct file *, const struct tenon_result *,
			     struct tally *))
{
	struct tenon_item items[BATCH];
	const struct tenon_result *results;
	struct tenon_error err;

	for (size_t from = 0; from < tree->count; from += BATCH) {
		size_t n = tree->count - from < BATCH ? tree->count - from : BATCH;

		memset(items, 0, sizeof(items));
		for (size_t i = 0; i < n; i++) {
			const struct file *file = &tree->files[from + i];

			items[i].key = tenon_slice_of(file->path);
			items[i].value.data = file->bytes;
			items[i].value.len = file->len;
		}
		if (tenon_run(client, verb, items, n, NULL, &results, &err) != 0) {
			fprintf(stderr, "tree: %s\n", err.message);
			exit(3);
		}
		for (size_t i = 0; i < n; i++) {
			each(&tree->files[from + i], &results[i], tally);
		}
		show_progress(verb == TENON_GET ? "reading" : "storing",
			      from + n, tree->count);
	}
}

static void check_stored(const struct file *file,
			 const struct tenon_result *result, struct tally *tally)
{
	if (result->status == TENON_STORED) {
		tally->hits++;
		tally->bytes += file->len;
	} else if (result->status != TENON_NOT_STORED) {
		die(file->path, tenon_status_name(result->status));
	}
}

static void check_read(const struct file *file,
		       const struct tenon_result *result, struct tally *tally)
{
	if (result->status == TENON_MISS) {
		tally->misses++;
	} else if (result->value_len != file->len ||
		   memcmp(result->value, file->bytes, file->len) != 0) {
		tally->wrong++;
		fprintf(stderr, "tree: %s came back wrong\n", file->path);
	} else {
		tally->hits++;
		tally->per_server[result->server]++;
	}
}

static void show_servers(const struct tenon_client *client,
			 const struct tally *tally)
{
	size_t most = 1;
	size_t count = tenon_client_server_count(client);

	for (size_t i = 0; i < count; i++) {
		most = tally->per_server[i] > most ? tally->per_server[i] : most;
	}
	for (size_t i = 0; i < count; i++) {
		struct tenon_server_info info;
		size_t keys = tally->per_server[i];

		tenon_client_server(client, i, &info);
		printf("  %-10s %-18s %5zu keys  ", info.alias, info.address,
		       keys);
		for (size_t x = 0; x < keys * BAR_WIDTH / most; x++) {
			fputs("█", stdout);
		}
		putchar('\n');
	}
}

static void free_tree(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		free(tree->files[i].path);
		free(tree->files[i].bytes);
	}
	free(tree->files);
}

int main(int argc, char **argv)
{
	struct tenon_config *config;
	struct tenon_client *client;
	struct tenon_error err;
	struct tree tree = { 0 };
	struct tally tally = { 0 };

	if (argc != 3 || (strcmp(argv[2], "store") && strcmp(argv[2], "fill") &&
			  strcmp(argv[2], "verify"))) {
		die("usage", "tree CONFIG store|fill|verify <LIST");
	}
	if (tenon_config_create(&config, &err) ||
	    tenon_config_load_file(config, argv[1], &err) ||
	    tenon_client_open(config, &client, &err)) {
		die(argv[1], err.message);
	}
	tenon_config_destroy(config);
	read_tree(&tree);
	tally.per_server = must(calloc(tenon_client_server_count(client),
				       sizeof(size_t)));
	if (strcmp(argv[2], "verify") != 0) {
		run(client, strcmp(argv[2], "fill") ? TENON_SET : TENON_ADD,
		    &tree, &tally, check_stored);
		printf("  %zu files, %zu bytes stored\n", tally.hits,
		       tally.bytes);
	} else {
		run(client, TENON_GET, &tree, &tally, check_read);
		show_servers(client, &tally);
		printf("  %zu read back byte for byte, %zu absent, %zu wrong\n",
		       tally.hits, tally.misses, tally.wrong);
	}
	free(tally.per_server);
	free_tree(&tree);
	tenon_client_close(client);
	return tally.wrong ? 1 : 0;
}
