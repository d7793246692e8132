/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics that plugins count, as health shows them: tenon_client_metric() for people and programs. */
#ifndef TENON_CLI_METRICS_H
#define TENON_CLI_METRICS_H

#include <jansson.h>

#include "output.h"
#include "tenon/tenon.h"

/* Return the number of lines that metrics_print() prints; 0 when there is no metric. */
size_t metrics_lines(const struct tenon_client *client);

/*
 * Print an empty line and a table of the metrics, or nothing when there is none. Columns are left
 * out until the table fits into so many: HELP, then PLUGIN.
 */
void metrics_print(const struct tenon_client *client, size_t columns);

/* Make an array with an object for each metric. */
json_t *metrics_json(const struct tenon_client *client);

#endif
