/* SPDX-License-Identifier: BSD-3-Clause */
/* The mode that measures placing keys: no server is asked. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"
#include "ring.h"
#include "run.h"
#include "tool.h"

#define RING_KEYS	 65536
#define LOOKUP_ROUNDS	 5
#define BUILDS		 5
#define COUNT_OPERATIONS 2000

static const struct ring_driver *const drivers[] = {
	&tenon_ring_driver,
#ifdef HAVE_LIBMC
	&libmc_ring_driver,
#endif
#ifdef HAVE_LIBMEMCACHED
	&libmemcached_ring_driver,
#endif
};

#define DRIVER_COUNT (sizeof(drivers) / sizeof(drivers[0]))

static const size_t sizes[] = { 20, 200, 2000 };

#define SIZE_COUNT (sizeof(sizes) / sizeof(sizes[0]))

/* Negative: it cannot be measured. */
struct ring_result {
	double build_ms;
	double lookup_ns;
	double instructions;
};

static struct address *make_servers(size_t count)
{
	struct address *servers = alloc_array(count, sizeof(*servers));

	for (size_t i = 0; i < count; i++) {
		snprintf(servers[i].host, sizeof(servers[i].host), "10.0.%u.%u",
			 (unsigned)(i / 250 % 250), (unsigned)(i % 250));
		servers[i].port = 11211;
	}
	return servers;
}

/* Free the array and, as one, the keys. */
static const char **make_keys(size_t count)
{
	const char **keys = alloc_array(count, sizeof(*keys));
	char *bytes = alloc_array(count, KEY_BYTES + 1);

	for (size_t i = 0; i < count; i++) {
		keys[i] = bytes + i * (KEY_BYTES + 1);
		snprintf(bytes + i * (KEY_BYTES + 1), KEY_BYTES + 1,
			 "tenon:%013u", (unsigned)i);
	}
	return keys;
}

static void free_keys(const char **keys)
{
	free((char *)keys[0]);
	free(keys);
}

static double time_build_ms(const struct ring_driver *driver,
			    const struct address *servers, size_t count)
{
	double best_ms = -1;

	for (int i = 0; i < BUILDS; i++) {
		int64_t start_ns = clock_wall_ns();
		void *ring = driver->open(servers, count);
		double took_ms = (double)(clock_wall_ns() - start_ns) / 1e6;

		if (ring == NULL) {
			return -1;
		}
		driver->close(ring);
		best_ms = best_ms < 0 || took_ms < best_ms ? took_ms : best_ms;
	}
	return best_ms;
}

static double time_lookup_ns(const struct ring_driver *driver,
			     const struct address *servers, size_t count)
{
	const char **keys = make_keys(RING_KEYS);
	void *ring = driver->open(servers, count);
	double best_ns = -1;

	for (int i = 0; ring != NULL && i < LOOKUP_ROUNDS; i++) {
		int64_t start_ns = clock_wall_ns();
		uint64_t sum = driver->where(ring, keys, RING_KEYS);
		double took_ns =
			(double)(clock_wall_ns() - start_ns) / RING_KEYS;

		if (sum == 0) {
			break;
		}
		best_ns = best_ns < 0 || took_ns < best_ns ? took_ns : best_ns;
	}
	if (ring != NULL) {
		driver->close(ring);
	}
	free_keys(keys);
	return best_ns;
}

/* In a process of its own: libmemcached 1.1.4 aborts with many servers. */
static struct ring_result measure(const struct ring_driver *driver,
				  size_t count)
{
	struct ring_result result = { -1, -1, -1 };
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0) {
		fail("no pipe");
	}
	pid = child_fork(CPU_NONE);
	if (pid == 0) {
		struct address *servers = make_servers(count);

		freopen("/dev/null", "w", stderr);
		result.build_ms = time_build_ms(driver, servers, count);
		result.lookup_ns = time_lookup_ns(driver, servers, count);
		free(servers);
		_exit(write(fds[1], &result, sizeof(result)) != sizeof(result));
	}
	close(fds[1]);
	if (read(fds[0], &result, sizeof(result)) != sizeof(result)) {
		result = (struct ring_result){ -1, -1, -1 };
	}
	close(fds[0]);
	child_wait(pid);
	return result;
}

bool ring_loop(const char *client, const char *name, size_t operations)
{
	size_t count = 0;

	for (size_t i = 0; i < SIZE_COUNT; i++) {
		char *row = alloc_format("where-%zu", sizes[i]);

		count = strcmp(row, name) == 0 ? sizes[i] : count;
		free(row);
	}
	for (size_t i = 0; count > 0 && i < DRIVER_COUNT; i++) {
		const char **keys;
		struct address *servers;
		void *ring;

		if (strcmp(drivers[i]->name, client) != 0) {
			continue;
		}
		keys = make_keys(2 * COUNT_OPERATIONS);
		servers = make_servers(count);
		ring = drivers[i]->open(servers, count);
		for (size_t done = 0; ring != NULL && done < operations;) {
			size_t left = operations - done;
			size_t part = left < 2 * COUNT_OPERATIONS
					      ? left
					      : 2 * COUNT_OPERATIONS;

			drivers[i]->where(ring, keys, part);
			done += part;
		}
		if (ring == NULL) {
			fail("%s: %s", client, driver_error());
		}
		drivers[i]->close(ring);
		free(servers);
		free_keys(keys);
		return true;
	}
	return false;
}

static void print_number(double number, int decimals)
{
	if (number < 0) {
		printf(" - |");
	} else {
		printf(" %.*f |", decimals, number);
	}
}

static void print_table(struct ring_result results[][SIZE_COUNT],
			const bool *is_chosen)
{
	printf("| servers | client | build ms | key to server ns | "
	       "instructions |\n"
	       "|---:|---|---:|---:|---:|\n");
	for (size_t s = 0; s < SIZE_COUNT; s++) {
		for (size_t i = 0; i < DRIVER_COUNT; i++) {
			if (!is_chosen[i]) {
				continue;
			}
			printf("| %zu | %s |", sizes[s], drivers[i]->name);
			print_number(results[i][s].build_ms, 2);
			print_number(results[i][s].lookup_ns, 0);
			print_number(results[i][s].instructions, 0);
			printf("\n");
		}
	}
}

static json_t *number_or_null(double number)
{
	return number < 0 ? json_null() : json_real(number);
}

static void print_json(struct ring_result results[][SIZE_COUNT],
		       const bool *is_chosen)
{
	json_t *rows = json_array();
	json_t *root;

	for (size_t s = 0; s < SIZE_COUNT; s++) {
		for (size_t i = 0; i < DRIVER_COUNT; i++) {
			const struct ring_result *result = &results[i][s];

			if (!is_chosen[i]) {
				continue;
			}
			json_array_append_new(
				rows,
				json_pack(
					"{s:I, s:s, s:o, s:o, s:o}", "servers",
					(json_int_t)sizes[s], "client",
					drivers[i]->name, "build_ms",
					number_or_null(result->build_ms),
					"lookup_ns",
					number_or_null(result->lookup_ns),
					"instructions",
					number_or_null(result->instructions)));
		}
	}
	root = json_pack("{s:s, s:o}", "mode", "ring", "rows", rows);
	if (root == NULL ||
	    json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(8)) !=
		    0) {
		fail("the result cannot be written");
	}
	printf("\n");
	json_decref(root);
}

int run_ring(const struct settings *settings)
{
	struct ring_result results[DRIVER_COUNT][SIZE_COUNT];
	bool is_chosen[DRIVER_COUNT];

	progress_begin(DRIVER_COUNT * SIZE_COUNT);
	for (size_t i = 0; i < DRIVER_COUNT; i++) {
		is_chosen[i] = is_selected(settings->clients, drivers[i]->name);
		for (size_t s = 0; is_chosen[i] && s < SIZE_COUNT; s++) {
			char *row = alloc_format("where-%zu", sizes[s]);

			progress_step(drivers[i]->name);
			results[i][s] = measure(drivers[i], sizes[s]);
			results[i][s].instructions =
				count_instructions(settings, drivers[i]->name,
						   row, COUNT_OPERATIONS);
			free(row);
		}
	}
	progress_end();
	(settings->json ? print_json : print_table)(results, is_chosen);
	return EXIT_SUCCESS;
}
