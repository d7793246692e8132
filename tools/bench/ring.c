/* SPDX-License-Identifier: BSD-3-Clause */
/* The mode `ring`: it measures finding the server of a key. Nothing is sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver.h"
#include "bench_plugin.h"
#include "run.h"
#include "bench_subject.h"
#include "table.h"
#include "tool.h"

#define RING_KEYS	 65536
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

static const size_t sizes[] = { 20, 200, 2000, 10000 };

#define SIZE_COUNT (sizeof(sizes) / sizeof(sizes[0]))

/* ---- building, and looking up keys, again and again ---------------------- */

struct ring {
	const struct ring_driver *driver;
	struct address *servers;
	size_t server_count;
	void *opened; /* the client; NULL: the case opens clients */
	const char **keys;
	size_t next; /* index of the next key */
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

/* Make an array of keys. The caller frees the array and keys[0], which has all keys. */
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

static const struct ring_driver *find_driver(const char *client)
{
	for (size_t i = 0; i < DRIVER_COUNT; i++) {
		if (strcmp(drivers[i]->name, client) == 0) {
			return drivers[i];
		}
	}
	return NULL;
}

static void *build(const struct ring *self)
{
	void *opened = self->driver->open(self->servers, self->server_count);

	if (!opened) {
		fail("%s: %s", self->driver->name, driver_error());
	}
	return opened;
}

static void *ring_open(const struct settings *settings, const char *client,
		       const char *case_name)
{
	const struct ring_driver *driver = find_driver(client);
	size_t built_count = subject_size(case_name, "build-");
	size_t count = built_count > 0 ? built_count
				       : subject_size(case_name, "where-");
	struct ring *self;

	(void)settings;
	if (!driver || count == 0) {
		return NULL;
	}
	self = alloc_array(1, sizeof(*self));
	self->driver = driver;
	self->server_count = count;
	self->servers = make_servers(count);
	self->keys = make_keys(RING_KEYS);
	if (built_count == 0) {
		self->opened = build(self);
	}
	return self;
}

static void run_builds(const struct ring *self, size_t operations)
{
	for (size_t i = 0; i < operations; i++) {
		self->driver->close(build(self));
	}
}

static void run_lookups(struct ring *self, size_t operations)
{
	while (operations > 0) {
		size_t left = RING_KEYS - self->next;
		size_t part = operations < left ? operations : left;

		if (self->driver->where(self->opened, self->keys + self->next,
					part) == 0) {
			fail("%s: a key has no server", self->driver->name);
		}
		self->next = (self->next + part) % RING_KEYS;
		operations -= part;
	}
}

static void ring_run(void *opened, size_t operations)
{
	struct ring *self = opened;

	if (self->opened) {
		run_lookups(self, operations);
	} else {
		run_builds(self, operations);
	}
}

static void ring_close(void *opened)
{
	struct ring *self = opened;

	if (self->opened) {
		self->driver->close(self->opened);
	}
	free_keys(self->keys);
	free(self->servers);
	free(self);
}

const struct subject ring_subject = {
	.open = ring_open,
	.run = ring_run,
	.close = ring_close,
};

/* ---- the mode ------------------------------------------------------------ */

/* Measure in a child process, because libmemcached 1.1.4 aborts with many servers. */
static double measure_ns(const struct subject *subject,
			 const struct settings *settings, const char *client,
			 const char *case_name)
{
	double ns = -1;
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0) {
		fail("no pipe");
	}
	pid = child_fork(CPU_NONE);
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stderr)) {
			_exit(1);
		}
		ns = subject_ns(subject, settings, client, case_name);
		_exit(write(fds[1], &ns, sizeof(ns)) != sizeof(ns));
	}
	close(fds[1]);
	if (read(fds[0], &ns, sizeof(ns)) != sizeof(ns)) {
		ns = -1;
	}
	close(fds[0]);
	child_wait(pid);
	return ns;
}

static void measure(struct table *table, const struct subject *subject,
		    const struct settings *settings, const char *client,
		    size_t server_count)
{
	char *build_case = alloc_format("build-%zu", server_count);
	char *where_case = alloc_format("where-%zu", server_count);
	double build_ns = measure_ns(subject, settings, client, build_case);

	table_number(table, (double)server_count);
	table_text(table, client);
	table_number(table, build_ns < 0 ? -1 : build_ns / 1e6);
	table_number(table, measure_ns(subject, settings, client, where_case));
	table_number(table, count_instructions(settings, client, where_case,
					       COUNT_OPERATIONS));
	free(build_case);
	free(where_case);
}

/* Measure the clients, then the distribution plugins alone. */
static void measure_size(struct table *table, const struct settings *settings,
			 const struct plugins *distributions,
			 size_t server_count)
{
	for (size_t i = 0; i < DRIVER_COUNT; i++) {
		if (is_selected(settings->clients, drivers[i]->name)) {
			measure(table, &ring_subject, settings,
				drivers[i]->name, server_count);
		}
	}
	for (size_t i = 0; i < distributions->count; i++) {
		measure(table, &distribution_subject, settings,
			distributions->list[i]->name, server_count);
	}
}

int run_ring(const struct settings *settings)
{
	static const struct column columns[] = {
		{ "servers", "servers", COLUMN_COUNT },
		{ "client", "client", COLUMN_TEXT },
		{ "build_ms", "build ms", 2 },
		{ "lookup_ns", "key to server ns", 0 },
		{ "instructions", "instructions", 0 },
		{ NULL, NULL, 0 },
	};
	struct plugins distributions;
	struct table table;

	plugins_select(&distributions, "distribution", settings->clients);
	table_begin(&table, settings, "ring", columns);
	for (size_t i = 0; i < SIZE_COUNT; i++) {
		char *name = alloc_format("where-%zu", sizes[i]);

		if (is_selected(settings->cases, name)) {
			measure_size(&table, settings, &distributions,
				     sizes[i]);
		}
		free(name);
	}
	table_end(&table);
	return EXIT_SUCCESS;
}
