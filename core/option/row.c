/* SPDX-License-Identifier: BSD-3-Clause */
#include "option/row.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* The name of each type, and the size of its field in an option struct. */
static const struct {
	const char *name;
	size_t bytes;
} types[] = {
	[TENON_OPTION_BOOL] = { "bool", sizeof(int32_t) },
	[TENON_OPTION_INT] = { "int", sizeof(int64_t) },
	[TENON_OPTION_SIZE] = { "size", sizeof(int64_t) },
	[TENON_OPTION_DURATION] = { "duration", sizeof(int64_t) },
	[TENON_OPTION_STRING] = { "string", sizeof(char *) },
	[TENON_OPTION_CHOICE] = { "choice", sizeof(int32_t) },
	[TENON_OPTION_HASH] = { "hash", sizeof(struct tenon_hash *) },
	[TENON_OPTION_LIST] = { "list", sizeof(struct tenon_list *) },
	[TENON_OPTION_MAP] = { "map", sizeof(struct tenon_map *) },
	[TENON_OPTION_FRACTION] = { "fraction", sizeof(int64_t) },
	[TENON_OPTION_PLUGIN] = { "plugin", sizeof(struct tenon_inner *) },
};

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

size_t tenon__option_field_bytes(uint32_t type)
{
	return type < TYPE_COUNT ? types[type].bytes : 0;
}

const char *tenon__option_type_name(const struct tenon_option *row)
{
	return types[row->type].name;
}

const struct tenon_option *tenon__option_find(const struct tenon_option *rows,
					      const char *name)
{
	for (; rows && rows->name; rows++) {
		if (tenon__same_word(rows->name, name)) {
			return rows;
		}
	}
	return NULL;
}

int32_t tenon__option_choice(const struct tenon_option *row, const char *word)
{
	for (int32_t i = 0; row->choices[i]; i++) {
		if (tenon__same_word(row->choices[i], word)) {
			return i;
		}
	}
	return -1;
}

/* ---- checks of the rows of a plugin ------------------------------------------ */

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

/* Check the place of a row's field. Returns the problem, or NULL. */
static const char *field_problem(const struct tenon_option *row,
				 size_t options_bytes)
{
	size_t bytes = tenon__option_field_bytes(row->type);

	if (row->offset > options_bytes ||
	    options_bytes - row->offset < bytes) {
		return "has a field outside the option struct, expected offset + size <= options_bytes";
	}
	return row->offset % bytes != 0 ?
		"has a field that is not aligned, expected an offset from offsetof()" :
		NULL;
}

/* Check a row's default and range. Returns the problem, or NULL. */
static const char *value_problem(const struct tenon_option *row, bool hashes)
{
	switch (row->type) {
	case TENON_OPTION_BOOL:
		return NULL;
	case TENON_OPTION_STRING:
		if (row->min < 0 || row->min > row->max) {
			return "has a wrong range of lengths, expected 0 <= min <= max";
		}
		return !row->def_text ||
				       strlen(row->def_text) <
					       (size_t)row->min ||
				       strlen(row->def_text) > (size_t)row->max
			       ? "has no default text with a length in min..max"
			       : NULL;
	case TENON_OPTION_CHOICE:
		if (!row->choices || !row->choices[0]) {
			return "has no choices, expected one word or more";
		}
		return !row->def_text || tenon__option_choice(row,
							      row->def_text) < 0
			       ? "has a default that is not one of its choices"
			       : NULL;
	case TENON_OPTION_HASH:
		if (!hashes) {
			return "has the type HASH, which a hash plugin may not use";
		}
		return !tenon__name_is_valid(row->def_text) ?
			       "has no valid default, expected the name of a hash plugin" :
			       NULL;
	case TENON_OPTION_PLUGIN:
		if (!hashes) {
			return "has the type PLUGIN, which a hash plugin may not use";
		}
		if (row->def < TENON_KIND_HASH || row->def > TENON_KIND_SECURE) {
			return "has no kind in def, expected one of enum tenon_plugin_kind";
		}
		return !tenon__name_is_valid(row->def_text) ?
			       "has no valid default, expected the name of a plugin" :
			       NULL;
	case TENON_OPTION_LIST:
	case TENON_OPTION_MAP:
		return row->min < 0 || row->max < 1 || row->min > row->max
			       ? "has a wrong number of entries, expected 0 <= min <= max, and max of 1 or more"
			       : NULL;
	default:
		if (row->type != TENON_OPTION_INT && row->min < 0) {
			return "has a negative min, expected 0 or more";
		}
		return row->def < row->min || row->def > row->max ?
			       "has a default outside its range, expected min <= def <= max" :
			       NULL;
	}
}

/* Check one row. Returns the problem, or NULL. */
static const char *row_problem(const struct tenon_option *row,
			       size_t options_bytes, bool hashes)
{
	const char *problem;

	if (tenon__option_field_bytes(row->type) == 0) {
		return "has an unknown type, expected one of enum tenon_option_type";
	}
	if ((row->flags & ~(TENON_OPTION_BARE | TENON_OPTION_PATH)) != 0) {
		return "has unknown flags, expected 0, TENON_OPTION_BARE or TENON_OPTION_PATH";
	}
	if ((row->flags & TENON_OPTION_PATH) != 0 &&
	    row->type != TENON_OPTION_STRING) {
		return "has TENON_OPTION_PATH, which only a STRING may have";
	}
	if ((row->flags & TENON_OPTION_BARE) != 0 &&
	    row->type != TENON_OPTION_SIZE &&
	    row->type != TENON_OPTION_DURATION) {
		return "has TENON_OPTION_BARE, which only a SIZE or DURATION may have";
	}
	if (row->type == TENON_OPTION_DURATION &&
	    (row->unit < TENON_UNIT_US || row->unit > TENON_UNIT_S)) {
		return "has no unit, expected TENON_UNIT_US, TENON_UNIT_MS or TENON_UNIT_S";
	}
	if (!row->help) {
		return "has no help, expected one line";
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
		const char *found =
			"has a wrong name, expected lower_snake of 1..47 bytes";

		if (tenon__name_is_valid(rows[i].name)) {
			found = row_problem(&rows[i], options_bytes, hashes);
		}
		for (size_t j = 0; j < i && !found; j++) {
			if (strcmp(rows[i].name, rows[j].name) == 0) {
				found = "has two rows, expected one";
			} else if (overlap(&rows[i], &rows[j])) {
				found = "has a field that overlaps another option's";
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
