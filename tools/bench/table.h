/* SPDX-License-Identifier: BSD-3-Clause */
/* A table in Markdown or JSON. Its cells are given row by row, from left to right. */
#ifndef TENON_BENCH_TABLE_H
#define TENON_BENCH_TABLE_H

#include <jansson.h>

#include "bench.h"

/* The content of a column: the number of decimals, or one of these. */
#define COLUMN_TEXT  (-1)
#define COLUMN_COUNT (-2)

struct column {
	const char *key;   /* its name in JSON */
	const char *title; /* its name in Markdown */
	int decimals;
};

struct table {
	const char *mode;
	const struct column *columns; /* ends with key == NULL */
	size_t at;                    /* index of the next column to fill */
	bool json;
	json_t *rows;
	json_t *row;
};

void table_begin(struct table *table, const struct settings *settings,
		 const char *mode, const struct column *columns);
void table_text(struct table *table, const char *text);
/* Add a number. A negative number means that there is no figure: "-" in Markdown, null in JSON. */
void table_number(struct table *table, double number);
void table_end(struct table *table);

#endif
