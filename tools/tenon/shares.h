/* SPDX-License-Identifier: BSD-3-Clause */
/* How the servers share the keys: the simulated keys of check, and the bars of where --count too. */
#ifndef TENON_CLI_SHARES_H
#define TENON_CLI_SHARES_H

#include <jansson.h>
#include <stdint.h>

struct app;

/* Columns of the bar of the server with the most keys, for output_bar(). */
#define SHARE_BAR_COLUMNS 40

/* Print the share of every server of the main ring from simulated keys, as a picture. */
void shares_print(const struct app *app);

/* Make the same as JSON: an object for each server, and the ratios. */
json_t *shares_json(const struct app *app);

#endif
