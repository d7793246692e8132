/* SPDX-License-Identifier: BSD-3-Clause */
#include "table.h"

#include <stdio.h>

void table_begin(struct table *table, const struct settings *settings,
		 const char *mode, const struct column *columns)
{
	*table = (struct table){ .mode = mode,
				 .columns = columns,
				 .json = settings->json };
	if (table->json) {
		table->rows = json_array();
		return;
	}
	for (const struct column *column = columns; column->key; column++) {
		printf("| %s ", column->title);
	}
	printf("|\n");
	for (const struct column *column = columns; column->key; column++) {
		printf(column->decimals == COLUMN_TEXT ? "|---" : "|---:");
	}
	printf("|\n");
}

static void put(struct table *table, const char *text, json_t *value)
{
	if (table->json) {
		if (table->at == 0) {
			table->row = json_object();
			json_array_append_new(table->rows, table->row);
		}
		json_object_set_new(table->row, table->columns[table->at].key,
				    value);
	} else {
		printf("| %s ", text);
	}
	table->at++;
	if (!table->columns[table->at].key) {
		table->at = 0;
		fputs(table->json ? "" : "|\n", stdout);
		fflush(stdout);
	}
}

void table_text(struct table *table, const char *text)
{
	put(table, text, table->json ? json_string(text) : NULL);
}

static json_t *json_number(double number, int decimals)
{
	if (number < 0) {
		return json_null();
	}
	return decimals == COLUMN_COUNT ? json_integer((json_int_t)number)
					: json_real(number);
}

void table_number(struct table *table, double number)
{
	int decimals = table->columns[table->at].decimals;
	char text[32] = "-";

	if (number >= 0) {
		snprintf(text, sizeof(text), "%.*f",
			 decimals > 0 ? decimals : 0, number);
	}
	put(table, text, table->json ? json_number(number, decimals) : NULL);
}

void table_end(struct table *table)
{
	json_t *root;

	if (!table->json) {
		return;
	}
	root = json_pack("{s:s, s:o}", "mode", table->mode, "rows",
			 table->rows);
	if (!root || json_dumpf(root, stdout,
				JSON_INDENT(1) | JSON_REAL_PRECISION(8)) != 0) {
		fail("the result cannot be written");
	}
	printf("\n");
	json_decref(root);
}
