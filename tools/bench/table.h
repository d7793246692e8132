/* SPDX-License-Identifier: BSD-3-Clause */
/* A table that is filled from left to right: in Markdown, or as JSON. */
#ifndef TENON_BENCH_TABLE_H
#define TENON_BENCH_TABLE_H

#include <jansson.h>

#include "bench.h"

/* What is in a column: a number with that many decimals, or one of these. */
#define COLUMN_TEXT  (-1)
#define COLUMN_COUNT (-2)

struct column {
	const char *key;   /* in JSON */
	const char *title; /* in Markdown */
	int decimals;
};

struct table {
	const char *mode;
	const struct column *columns; /* ends with key == NULL */
	size_t at;                    /* the column that is filled next */
	bool json;
	json_t *rows;
	json_t *row;
};

void table_begin(struct table *table, const struct settings *settings,
		 const char *mode, const struct column *columns);
void table_text(struct table *table, const char *text);
/* A negative number stands for one that is not to be had: "-", or null. */
void table_number(struct table *table, double number);
void table_end(struct table *table);

#endif
