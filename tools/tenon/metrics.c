/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics.h"

#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "tenon/health.h"
#include "tenon/plugin/plugin.h"

/* ---- for people ----------------------------------------------------------- */

enum { COLUMN_PLUGIN, COLUMN_METRIC, COLUMN_VALUE, COLUMN_HELP, COLUMN_COUNT };

/* Titles, and a line in front of them. */
#define LINES_ABOVE 2

size_t metrics_lines(const struct tenon_client *client)
{
	struct tenon_metric_info metric;
	size_t count = 0;

	while (tenon_client_metric(client, count, &metric) == 0) {
		count++;
	}
	return count > 0 ? count + LINES_ABOVE : 0;
}

void metrics_print(const struct tenon_client *client, size_t columns)
{
	static const unsigned char left_out_first[] = { COLUMN_HELP,
							COLUMN_PLUGIN };
	static const char *const titles[COLUMN_COUNT] = { "PLUGIN", "METRIC",
							  "VALUE", "HELP" };
	struct table table = { .columns = COLUMN_COUNT,
			       .right = 1u << COLUMN_VALUE };
	struct tenon_metric_info metric;

	if (metrics_lines(client) == 0) {
		return;
	}
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; tenon_client_metric(client, i, &metric) == 0; i++) {
		table_add(&table, STYLE_BOLD, "%s %s", metric.kind,
			  metric.plugin);
		table_add(&table, STYLE_NONE, "%s", metric.name);
		table_add(&table, STYLE_NONE, "%" PRId64, metric.value);
		table_add(&table, STYLE_DIM, "%s", metric.help);
	}
	table_fit(&table, left_out_first, sizeof(left_out_first), columns);
	output_newline();
	for (size_t i = 0; i < table_rows(&table); i++) {
		table_print_row(&table, i);
	}
	table_fini(&table);
}

/* ---- for machines --------------------------------------------------------- */

json_t *metrics_json(const struct tenon_client *client)
{
	struct tenon_metric_info metric;
	json_t *array = json_array();

	for (size_t i = 0; tenon_client_metric(client, i, &metric) == 0; i++) {
		json_t *object = json_object();

		js_put_text(object, "kind", metric.kind);
		js_put_text(object, "plugin", metric.plugin);
		js_put_text(object, "name", metric.name);
		js_put_text(object, "type",
			    metric.type == TENON_METRIC_COUNTER ? "counter"
								: "gauge");
		js_put(object, "value", json_integer(metric.value));
		js_put_bytes(object, "help", metric.help, strlen(metric.help));
		js_append(array, object);
	}
	return array;
}
