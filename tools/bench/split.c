/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mode `split`. It measures a value of 5 MB that is split over 20 servers. For comparison it
 * measures five values of 1 MB, one after the other, through raw sockets (the floor) and through
 * tenon. Each of the five values is received into memory of its own, because a program that wants
 * all 5 MB has to keep all five.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_client.h"
#include "driver.h"
#include "quartiles.h"
#include "run.h"
#include "table.h"

#define PIECES 5
#define PIECE_BYTES 1000000u
#define OPERATIONS 8 /* of each in a round */
/* With this key, the keys of the chunks have KEY_BYTES. */
#define KEY "split:value:00"

static const struct bench_case pieces_case = {
	"split", "values of 1 MB", CASE_SET, false, PIECES, PIECE_BYTES,
	SERVERS_MAX, PIECES, 1
};

static struct work work;

/* One way to store and read the 5 MB. */
struct rival {
	const char *name;
	const char *codecs; /* config of a client that splits the value; NULL: five values */
	const struct driver *driver; /* of the five values */
	void *selves[PIECES]; /* one for each value, so that all stay in memory */
	struct tenon_client *client;
};

static struct rival rivals[] = {
	{ "floor, five of 1 MB", NULL, &floor_driver, { NULL }, NULL },
	{ "tenon, five of 1 MB", NULL, &tenon_driver, { NULL }, NULL },
	{ "split, libmc's format", "split", NULL, { NULL }, NULL },
	{ "split, sealed", "{split: {format: sealed}}", NULL, { NULL }, NULL },
};
#define RIVALS (sizeof(rivals) / sizeof(rivals[0]))

static struct tenon_client *open_splitter(const struct servers *servers,
					  const char *codecs)
{
	struct tenon_error err;
	const struct config_key keys[] = { { "codecs", codecs }, { NULL, NULL } };
	struct tenon_client *client = client_open(
		servers->addresses, servers->count, keys, &err);

	if (!client) {
		fail("%s", err.message);
	}
	return client;
}

/* Name the pieces as libmc names chunks, so that they have the same home servers. */
static void name_pieces(const struct servers *servers)
{
	struct tenon_client *client = open_splitter(servers, "none");

	for (size_t i = 0; i < PIECES; i++) {
		struct work_key *key = &work.keys[i];
		struct tenon_slice name = { key->key, KEY_BYTES };
		struct tenon_error err;

		snprintf(key->key, sizeof(key->key), "~14" KEY "/%zu", i);
		key->value = work.pool + i * PIECE_BYTES;
		if (tenon_client_where(client, name, &key->server, &err) != 0) {
			fail("%s", err.message);
		}
	}
	tenon_client_close(client);
}

static void make_work(const struct servers *servers)
{
	work = (struct work){ .bench_case = &pieces_case,
			      .server_count = servers->count,
			      .key_count = PIECES,
			      .value_len = PIECE_BYTES };
	memcpy(work.addresses, servers->addresses, sizeof(work.addresses));
	work.keys = alloc_array(PIECES, sizeof(*work.keys));
	work.pool = alloc_array(PIECES, PIECE_BYTES);
	for (size_t i = 0; i < (size_t)PIECES * PIECE_BYTES; i++) {
		work.pool[i] = (char)('a' + i * i / 7 % 26);
	}
	name_pieces(servers);
}

/* ---- operations ---------------------------------------------------------- */

static void run_pieces(const struct rival *rival, bool reads)
{
	for (size_t i = 0; i < PIECES; i++) {
		if ((reads ? rival->driver->get(rival->selves[i], i, NULL) :
			     rival->driver->set(rival->selves[i], i)) != 0) {
			fail("%s: %s", rival->name, driver_error());
		}
	}
}

static void run_split_value(const struct rival *rival, bool reads)
{
	const struct tenon_item item = {
		.key = TENON_LITERAL(KEY),
		.value = { work.pool, (size_t)PIECES * PIECE_BYTES },
	};
	struct tenon_result result;
	struct tenon_error err;

	if ((reads ? tenon_get(rival->client, item.key, &result, &err) :
		     tenon_set(rival->client, &item, &result, &err)) != 0) {
		fail("%s: %s", rival->name, err.message);
	}
	if (reads && (result.status != TENON_HIT ||
		      result.value_len != item.value.len)) {
		fail("%s: %s", rival->name, tenon_status_name(result.status));
	}
}

static void run_rival(const struct rival *rival, bool reads)
{
	if (rival->codecs) {
		run_split_value(rival, reads);
	} else {
		run_pieces(rival, reads);
	}
}

/* Return the CPU time of one operation in microseconds. */
static double measure_us(const struct rival *rival, bool reads)
{
	int64_t start_ns;

	/* Each rival reads its own format, which it stores before, outside the measured time. */
	run_rival(rival, false);
	run_rival(rival, reads);
	start_ns = clock_cpu_ns();
	for (int i = 0; i < OPERATIONS; i++) {
		run_rival(rival, reads);
	}
	return (double)(clock_cpu_ns() - start_ns) / OPERATIONS / 1e3;
}

/* ---- the mode ------------------------------------------------------------ */

static void open_rival(struct rival *rival, const struct servers *servers)
{
	if (rival->codecs) {
		rival->client = open_splitter(servers, rival->codecs);
		return;
	}
	for (size_t i = 0; i < PIECES; i++) {
		rival->selves[i] = rival->driver->open(&work, "poll");
		if (!rival->selves[i]) {
			fail("%s", driver_error());
		}
	}
}

static void close_rival(struct rival *rival)
{
	tenon_client_close(rival->client);
	for (size_t i = 0; i < PIECES && !rival->codecs; i++) {
		rival->driver->close(rival->selves[i]);
	}
}

/* Fill times_us[rivals][rounds]. The order rotates: each rival is first as often as the others. */
static void compete(double *times_us, bool reads, unsigned rounds)
{
	for (unsigned round = 0; round < rounds; round++) {
		progress_step(reads ? "get" : "set");
		for (size_t i = 0; i < RIVALS; i++) {
			size_t at = (i + round) % RIVALS;

			times_us[at * rounds + round] =
				measure_us(&rivals[at], reads);
		}
	}
}

static void show(struct table *table, bool reads, const struct rival *rival,
		 double *times_us, const double *floor_us, unsigned rounds)
{
	double *ratios = alloc_array(rounds, sizeof(*ratios));
	struct quartiles ratio;

	for (unsigned round = 0; round < rounds; round++) {
		ratios[round] = times_us[round] / floor_us[round];
	}
	ratio = quartiles_of(ratios, rounds);
	free(ratios);
	table_text(table, reads ? "get" : "set");
	table_text(table, rival->name);
	table_number(table, quartiles_of(times_us, rounds).median);
	table_number(table, ratio.median);
	table_number(table, ratio.lower);
	table_number(table, ratio.upper);
}

static void run_call(struct table *table, bool reads, unsigned rounds)
{
	double *times_us = alloc_array(RIVALS * rounds, sizeof(*times_us));
	double *floor_us = alloc_array(rounds, sizeof(*floor_us));

	progress_begin(rounds);
	compete(times_us, reads, rounds);
	progress_end();
	/* quartiles_of() sorts its array, but the ratios need the times in the order of rounds. */
	memcpy(floor_us, times_us, rounds * sizeof(*floor_us));
	for (size_t i = 0; i < RIVALS; i++) {
		show(table, reads, &rivals[i], times_us + i * rounds, floor_us,
		     rounds);
	}
	free(floor_us);
	free(times_us);
}

int run_split(const struct settings *settings)
{
	static const struct column columns[] = {
		{ "call", "5 MB", COLUMN_TEXT },
		{ "client", "client", COLUMN_TEXT },
		{ "cpu_us", "CPU us", 0 },
		{ "ratio", "ratio", 2 },
		{ "lower", "lower", 2 },
		{ "upper", "upper", 2 },
		{ NULL, NULL, 0 },
	};
	struct servers servers;
	struct table table;

	servers_init(&servers, settings);
	make_work(&servers);
	for (size_t i = 0; i < RIVALS; i++) {
		open_rival(&rivals[i], &servers);
	}
	table_begin(&table, settings, "split", columns);
	run_call(&table, false, settings->rounds);
	run_call(&table, true, settings->rounds);
	table_end(&table);
	for (size_t i = 0; i < RIVALS; i++) {
		close_rival(&rivals[i]);
	}
	free(work.keys);
	free(work.pool);
	servers_stop(&servers);
	return EXIT_SUCCESS;
}
