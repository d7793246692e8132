/* SPDX-License-Identifier: BSD-3-Clause */
/* Running a verb on keys and telling what became of each. */
#ifndef TENON_CLI_ITEMS_H
#define TENON_CLI_ITEMS_H

#include "cli.h"
#include "json.h"

struct items_call {
	enum tenon_verb verb;
	struct tenon_item *items;
	size_t count;
	/*
	 * Shows one key that the server complied with, in the plain form; NULL:
	 * a terminal gets a line, anything else silence. Returns enum
	 * exit_status.
	 */
	int (*show)(struct app *app, const struct tenon_item *item,
		    const struct tenon_result *result);
	/* Adds to the JSON object of such a key; may be NULL. Returns likewise. */
	int (*add_json)(struct app *app, json_t *object,
			const struct tenon_result *result);
};

/* One item per operand, with the expiry of the options. For the caller to free. */
struct tenon_item *items_of_operands(struct app *app);

/* --ttl and --exptime: refuse both, and none where one is needed. */
int items_check_expiry(struct app *app, bool needed);

/* Open the client, run the call and print everything. Returns enum exit_status. */
int items_run(struct app *app, const struct items_call *call);

#endif
