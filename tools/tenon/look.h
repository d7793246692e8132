/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A look at the servers: every server is asked for its statistics and, several times, for its
 * version; with `protocol: meta` also for mn. The client that asks is the program's own, so its
 * health record says only how these requests went; the load of other programs shows in the
 * statistics of the server.
 */
#ifndef TENON_CLI_LOOK_H
#define TENON_CLI_LOOK_H

#include "cli.h"
#include "tenon/health.h"

/* Numbers from the statistics of a server. */
struct counts {
	uint64_t uptime_s;
	uint64_t operations; /* commands that take a key */
	uint64_t hits;
	uint64_t misses;
};

/* One server. */
struct row {
	/*
	 * The last look as the library recorded it. latency has the version requests only. A
	 * server that did not answer is never up. failures counts failed looks in a row.
	 */
	struct tenon_health health;
	bool answered;         /* the server did at least one request of the last look */
	struct tenon_error unfit; /* why it cannot do what `protocol: meta` needs; code 0: it can */
	int64_t failing_at_ms; /* library's clock; 0: the library's state is used */
	bool has_total;      /* the server answered stats in the last look */
	struct counts total; /* since the server started */
	int64_t total_at_ms;
	bool has_interval;      /* the server answered stats in the last two looks */
	struct counts interval; /* between these looks; uptime_s is 0 */
	double interval_s;
	char *version; /* NULL until the server has told it */
};

struct look {
	struct row *rows;
	size_t count;
};

/* Allocate the rows of an open client. look_fini() frees them. */
void look_init(struct look *look, const struct app *app);
void look_fini(struct look *look);

/*
 * Ask all servers, and write the answers into the rows. Returns false when no server could be
 * asked; err has the reason.
 */
bool look_again(struct look *look, struct app *app, struct tenon_error *err);

bool row_is_up(const struct row *row);

/* The state in a word. A server that a local limit kept from being asked is "not asked". */
const char *row_state_name(const struct row *row);

/* How long the server has been in its state, in milliseconds; -1 when that is not known. */
int64_t row_state_ms(const struct row *row);

#endif
