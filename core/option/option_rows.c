/* SPDX-License-Identifier: BSD-3-Clause */
/* Are names and rows of plugins in order? */
#include "option/option.h"

#include <stdio.h>
#include <string.h>

bool tenon__name_is_valid(const char *name)
{
	size_t len = 0;

	if (!name || name[0] < 'a' || name[0] > 'z') {
		return false;
	}
	for (; name[len] != '\0'; len++) {
		bool fine = (name[len] >= 'a' && name[len] <= 'z') ||
			    (name[len] >= '0' && name[len] <= '9') ||
			    name[len] == '_';

		if (!fine || len + 1 >= TENON_PLUGIN_NAME_BYTES) {
			return false;
		}
	}
	return true;
}

/* Returns what is wrong with a row's field, or NULL. */
static const char *field_problem(const struct tenon_option *row,
				 size_t options_bytes)
{
	size_t bytes = tenon__option_field_bytes(row->type);

	if (row->offset > options_bytes ||
	    options_bytes - row->offset < bytes) {
		return "lies outside the option struct";
	}
	return row->offset % bytes != 0 ? "is not aligned" : NULL;
}

/* Returns what is wrong with a row's default or range, or NULL. */
static const char *value_problem(const struct tenon_option *row, bool hashes)
{
	switch (row->type) {
	case TENON_OPTION_BOOL:
		return NULL;
	case TENON_OPTION_STRING:
		if (row->min < 0 || row->min > row->max) {
			return "has no sensible range of lengths";
		}
		return !row->def_text ||
				       strlen(row->def_text) <
					       (size_t)row->min ||
				       strlen(row->def_text) > (size_t)row->max
			       ? "has no default text in its range"
			       : NULL;
	case TENON_OPTION_CHOICE:
		if (!row->choices || !row->choices[0]) {
			return "has no choices";
		}
		return !row->def_text || tenon__option_choice(row,
							      row->def_text) < 0
			       ? "has no default among its choices"
			       : NULL;
	case TENON_OPTION_HASH:
		if (!hashes) {
			return "names a hash, which a hash may not";
		}
		return !tenon__name_is_valid(row->def_text) ?
			       "has no hash as default" :
			       NULL;
	default:
		if (row->type != TENON_OPTION_INT && row->min < 0) {
			return "has a negative range";
		}
		return row->def < row->min || row->def > row->max ?
			       "has a default outside its range" :
			       NULL;
	}
}

/* Returns what is wrong with a row, or NULL. */
static const char *row_problem(const struct tenon_option *row,
			       size_t options_bytes, bool hashes)
{
	const char *problem;

	if (tenon__option_field_bytes(row->type) == 0) {
		return "has an unknown type";
	}
	if ((row->flags & ~TENON_OPTION_BARE) != 0) {
		return "has unknown flags";
	}
	if ((row->flags & TENON_OPTION_BARE) != 0 &&
	    row->type != TENON_OPTION_SIZE &&
	    row->type != TENON_OPTION_DURATION) {
		return "is bare, but has no unit that could be left out";
	}
	if (row->type == TENON_OPTION_DURATION &&
	    (row->unit < TENON_UNIT_US || row->unit > TENON_UNIT_S)) {
		return "has no unit";
	}
	if (!row->help) {
		return "has no help";
	}
	problem = field_problem(row, options_bytes);
	return problem ? problem : value_problem(row, hashes);
}

static bool overlap(const struct tenon_option *a, const struct tenon_option *b)
{
	return a->offset < b->offset + tenon__option_field_bytes(b->type) &&
	       b->offset < a->offset + tenon__option_field_bytes(a->type);
}

bool tenon__option_rows_valid(const struct tenon_option *rows,
			      size_t options_bytes, bool hashes,
			      char problem[TENON__PROBLEM_BYTES])
{
	for (size_t i = 0; rows && rows[i].name; i++) {
		const char *found = "has a name that is not lower_snake";

		if (tenon__name_is_valid(rows[i].name)) {
			found = row_problem(&rows[i], options_bytes, hashes);
		}
		for (size_t j = 0; j < i && !found; j++) {
			if (strcmp(rows[i].name, rows[j].name) == 0) {
				found = "is there twice";
			} else if (overlap(&rows[i], &rows[j])) {
				found = "shares its field with another one";
			}
		}
		if (found) {
			snprintf(problem, TENON__PROBLEM_BYTES,
				 "option '%.60s' %s", rows[i].name, found);
			return false;
		}
	}
	return true;
}
