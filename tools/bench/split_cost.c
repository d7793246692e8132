/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * usage: split_cost [ROUNDS]
 * What a value of 5 MB that is split over 20 servers costs its client, beside five
 * values of 1 MB through raw sockets, one after the other (the floor of
 * tenon-bench), and through tenon itself, each received into memory of its own, as
 * somebody needs it who wants all 5 MB. Prints CPU time of the client for each,
 * median and quartiles of the ratio to the floor of the same round.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"
#include "tenon/tenon.h"

#define PIECES 5
#define PIECE_BYTES 1000000u
#define ROUNDS 61
#define OPERATIONS 8 /* of each in a round */
/* Keys of chunks have KEY_BYTES then. */
#define KEY "split:value:00"

static const struct bench_case pieces_case = {
	"split", "values of 1 MB", CASE_SET, false, PIECES, PIECE_BYTES,
	SERVERS_MAX, PIECES, 1
};

static struct servers servers;
static struct work work;

/* Somebody who stores and reads the same bytes. */
struct rival {
	const char *name;
	const char *codecs; /* of a client that splits; NULL: five values */
	const struct driver *driver; /* of those */
	void *selves[PIECES]; /* one for each, so that all values are there at the end */
	struct tenon_client *client;
};

static struct rival rivals[] = {
	{ "raw sockets, five of 1 MB", NULL, &floor_driver, { NULL }, NULL },
	{ "tenon, five of 1 MB", NULL, &tenon_driver, { NULL }, NULL },
	{ "split, libmc's format", "split", NULL, { NULL }, NULL },
	{ "split, sealed", "{split: {format: sealed}}", NULL, { NULL }, NULL },
};
#define RIVALS (sizeof(rivals) / sizeof(rivals[0]))

static struct tenon_client *open_client(const char *codecs)
{
	struct tenon_config *config;
	struct tenon_client *client;
	struct tenon_error err;
	int code = tenon_config_create(&config, &err);

	for (size_t i = 0; i < servers.count && !code; i++) {
		char *address = alloc_format("%s:%u",
					     servers.addresses[i].host,
					     servers.addresses[i].port);

		code = tenon_config_add_server(config, address, NULL, 1, &err);
		free(address);
	}
	if (code || tenon_config_set(config, "codecs", codecs, &err) ||
	    tenon_config_set(config, "connect_timeout", "5s", &err) ||
	    tenon_config_set(config, "poll_timeout", "10s", &err) ||
	    tenon_client_open(config, &client, &err)) {
		fail("%s", err.message);
	}
	tenon_config_destroy(config);
	return client;
}

/* The pieces live where libmc's chunks do. */
static void begin(void)
{
	const struct settings settings = { .client_cpu = CPU_NONE,
					   .server_cpu = CPU_NONE };
	struct tenon_client *client;

	servers_init(&servers, &settings);
	client = open_client("none");
	work = (struct work){ .bench_case = &pieces_case,
			      .server_count = servers.count,
			      .key_count = PIECES,
			      .value_len = PIECE_BYTES };
	memcpy(work.addresses, servers.addresses, sizeof(work.addresses));
	work.keys = alloc_array(PIECES, sizeof(*work.keys));
	work.pool = alloc_array(PIECES, PIECE_BYTES);
	for (size_t i = 0; i < (size_t)PIECES * PIECE_BYTES; i++) {
		work.pool[i] = (char)('a' + i * i / 7 % 26);
	}
	for (size_t i = 0; i < PIECES; i++) {
		struct work_key *key = &work.keys[i];
		struct tenon_error err;

		snprintf(key->key, sizeof(key->key), "~14" KEY "/%zu", i);
		key->value = work.pool + i * PIECE_BYTES;
		if (tenon_client_where(client,
				       (struct tenon_slice){ key->key,
							     KEY_BYTES },
				       &key->server, &err) != 0) {
			fail("%s", err.message);
		}
	}
	tenon_client_close(client);
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

static void run_split(const struct rival *rival, bool reads)
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

static void run(const struct rival *rival, bool reads)
{
	if (rival->codecs) {
		run_split(rival, reads);
	} else {
		run_pieces(rival, reads);
	}
}

/* CPU time of one operation, in us. */
static double measure(const struct rival *rival, bool reads)
{
	int64_t start_ns;

	/* Readers read their own format: it is stored before, and untimed. */
	run(rival, false);
	run(rival, reads);
	start_ns = clock_cpu_ns();
	for (int i = 0; i < OPERATIONS; i++) {
		run(rival, reads);
	}
	return (double)(clock_cpu_ns() - start_ns) / OPERATIONS / 1e3;
}

/* ---- main ---------------------------------------------------------------- */

static void compete(bool reads, unsigned rounds)
{
	double *times = alloc_array(RIVALS * rounds, sizeof(*times));
	double *ratios = alloc_array(rounds, sizeof(*ratios));

	for (unsigned round = 0; round < rounds; round++) {
		/* each is first, second, ... as often as the others */
		for (size_t i = 0; i < RIVALS; i++) {
			size_t at = (i + round) % RIVALS;

			times[at * rounds + round] =
				measure(&rivals[at], reads);
		}
	}
	/* from the last on: the floor's row is sorted when it is not needed any more */
	for (size_t i = RIVALS; i-- > 0;) {
		struct quartiles ratio;

		for (unsigned round = 0; round < rounds; round++) {
			ratios[round] = times[i * rounds + round] /
					times[round];
		}
		ratio = quartiles_of(ratios, rounds);
		printf("| %s 5 MB, %s | %.0f | %.2f (%.2f-%.2f) |\n",
		       reads ? "get" : "set", rivals[i].name,
		       quartiles_of(times + i * rounds, rounds).median,
		       ratio.median, ratio.lower, ratio.upper);
	}
	free(ratios);
	free(times);
}

static void open_rival(struct rival *rival)
{
	if (rival->codecs) {
		rival->client = open_client(rival->codecs);
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

int main(int argc, char **argv)
{
	char *end = NULL;
	unsigned long rounds = argc > 1 ? strtoul(argv[1], &end, 10) : ROUNDS;

	if (argc > 2 || rounds < 1 || rounds > 10000 || (end && *end)) {
		fprintf(stderr, "usage: split_cost [ROUNDS]\n");
		return 2;
	}
	children_guard();
	begin();
	for (size_t i = 0; i < RIVALS; i++) {
		open_rival(&rivals[i]);
	}
	printf("| | CPU us | ratio (quartiles) |\n|---|---|---|\n");
	compete(false, (unsigned)rounds);
	compete(true, (unsigned)rounds);
	for (size_t i = 0; i < RIVALS; i++) {
		close_rival(&rivals[i]);
	}
	free(work.keys);
	free(work.pool);
	servers_stop(&servers);
	return 0;
}
