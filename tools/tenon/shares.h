/* SPDX-License-Identifier: BSD-3-Clause */
/* How the servers share the keys: bars for where --count, and the simulated keys of check. */
#ifndef TENON_CLI_SHARES_H
#define TENON_CLI_SHARES_H

#include <jansson.h>
#include <stdint.h>

struct app;

/*
 * A bar of 40 characters for the server with the most keys, and shorter ones for the others, exact
 * to an eighth of a character. The caller frees the text.
 */
char *share_bar(uint64_t keys, uint64_t most);

/* Print the share of every server of the main ring from simulated keys, as a picture. */
void shares_print(const struct app *app);

/* Make the same as JSON: an object for each server, and the ratios. */
json_t *shares_json(const struct app *app);

#endif
