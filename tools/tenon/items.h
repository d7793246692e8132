/* SPDX-License-Identifier: BSD-3-Clause */
/* Running one verb on the keys of the command line, and reporting each result. */
#ifndef TENON_CLI_ITEMS_H
#define TENON_CLI_ITEMS_H

#include "cli.h"
#include "json.h"

struct items_call {
	enum tenon_verb verb;
	unsigned options; /* of struct tenon_call, beside those of the command line */
	struct tenon_item *items;
	size_t count;
	/* Called for each result before it is printed. May be NULL. */
	void (*see)(void *payload, const struct tenon_item *item,
		    const struct tenon_result *result);
	void *payload; /* of see() */
	/*
	 * Print one result that is a success, when the output is not JSON. May be
	 * NULL: then a terminal gets a line for the key, and a file or a pipe gets
	 * nothing. Returns enum exit_status.
	 */
	int (*show)(struct app *app, const struct tenon_item *item,
		    const struct tenon_result *result);
	/* Add fields to the JSON object of such a result. May be NULL. Returns enum exit_status. */
	int (*add_json)(struct app *app, json_t *object,
			const struct tenon_result *result);
};

/* Make an item of a key, with the exptime and the routing key of the options. */
struct tenon_item item_of_operand(const struct app *app, const char *key);

/* Make one item for each operand. The caller frees the array. */
struct tenon_item *items_of_operands(struct app *app);

/*
 * Check --ttl and --exptime: both at once are an error, and so is neither when needed is
 * true. Returns EXIT_DONE, or EXIT_USAGE after a report.
 */
int items_check_expiry(struct app *app, bool needed);

/* Open the client, run the call, and print all results and errors. Returns enum exit_status. */
int items_run(struct app *app, const struct items_call *call);

#endif
