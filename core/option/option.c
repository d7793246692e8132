/* SPDX-License-Identifier: BSD-3-Clause */
#include "option/option.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "option/suggest.h"
#include "option/texts.h"

/* A unit by its name in a config, and its size in the smallest unit of its table. */
struct unit {
	const char *name;
	int64_t factor;
};

/* From small to large. A value is printed in the last unit that divides it without a rest. */
static const struct unit durations[] = {
	{ "us", 1 },	    { "ms", 1000 },	       { "s", 1000000 },
	{ "min", 60000000 }, { "h", INT64_C(3600000000) }, { NULL, 0 },
};

static const struct unit sizes[] = {
	{ "B", 1 },	     { "kB", 1000 },	    { "MB", 1000000 },
	{ "GB", 1000000000 }, { "KiB", 1024 },	    { "MiB", 1048576 },
	{ "GiB", 1073741824 }, { NULL, 0 },
};

static const struct {
	const char *word;
	int32_t value;
} bools[] = {
	{ "true", 1 },	{ "false", 0 }, { "yes", 1 },
	{ "no", 0 },	{ "on", 1 },	{ "off", 0 },
};

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
};

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

size_t tenon__option_field_bytes(uint32_t type)
{
	return type < TYPE_COUNT ? types[type].bytes : 0;
}

static void *field(void *out, const struct tenon_option *row)
{
	return (char *)out + row->offset;
}

static void put(void *out, const struct tenon_option *row, const void *value)
{
	memcpy(field(out, row), value, types[row->type].bytes);
}

static void put_node(void *out, const struct tenon_option *row,
		     const struct tenon__node *value)
{
	memcpy(field(out, row), &value, sizeof(value));
}

static void put_int32(void *out, const struct tenon_option *row, int32_t value)
{
	put(out, row, &value);
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++) {
		if (strcmp(units->name, name) == 0) {
			return units;
		}
	}
	return NULL;
}

/* Return the unit in which the field of a DURATION counts. */
static const struct unit *field_unit(const struct tenon_option *row)
{
	return &durations[row->unit - TENON_UNIT_US];
}

/* ---- to text ------------------------------------------------------------ */

/* Print millionths: 250000 is "0.25". */
static void print_fraction(char *out, size_t size, int64_t value)
{
	char decimals[16];
	size_t len = sizeof(".000000") - 1;

	snprintf(decimals, sizeof(decimals), ".%06d",
		 (int)(value % TENON_FRACTION_ONE));
	while (len > 0 && (decimals[len - 1] == '0' || decimals[len - 1] == '.')) {
		len--;
	}
	snprintf(out, size, "%" PRId64 "%.*s", value / TENON_FRACTION_ONE,
		 (int)len, decimals);
}

static void print_value(char *out, size_t size, const struct tenon_option *row,
			int64_t value)
{
	const struct unit *units = row->type == TENON_OPTION_SIZE ? sizes :
								    durations;
	const struct unit *own = units;
	const struct unit *best;

	if (row->type == TENON_OPTION_INT) {
		snprintf(out, size, "%" PRId64, value);
		return;
	}
	if (row->type == TENON_OPTION_FRACTION) {
		print_fraction(out, size, value);
		return;
	}
	if (row->type == TENON_OPTION_DURATION) {
		own = field_unit(row);
	}
	best = own;
	for (const struct unit *unit = own; value != 0 && unit->name; unit++) {
		if (value % (unit->factor / own->factor) == 0) {
			best = unit;
		}
	}
	snprintf(out, size, "%" PRId64 "%s",
		 value / (best->factor / own->factor), best->name);
}

const char *tenon__option_type_name(const struct tenon_option *row)
{
	return types[row->type].name;
}

const char *tenon__option_bare_unit(const struct tenon_option *row)
{
	if (row->flags & TENON__OPTION_BARE_SECONDS) {
		return "s";
	}
	if (!(row->flags & TENON_OPTION_BARE)) {
		return "";
	}
	return row->type == TENON_OPTION_SIZE ? "bytes" : field_unit(row)->name;
}

void tenon__option_print_default(char out[TENON__OPTION_TEXT_BYTES],
				 const struct tenon_option *row)
{
	switch (row->type) {
	case TENON_OPTION_BOOL:
		snprintf(out, TENON__OPTION_TEXT_BYTES, "%s",
			 row->def != 0 ? "true" : "false");
		break;
	case TENON_OPTION_INT:
	case TENON_OPTION_SIZE:
	case TENON_OPTION_DURATION:
	case TENON_OPTION_FRACTION:
		print_value(out, TENON__OPTION_TEXT_BYTES, row, row->def);
		break;
	case TENON_OPTION_LIST:
		snprintf(out, TENON__OPTION_TEXT_BYTES, "[]");
		break;
	case TENON_OPTION_MAP:
		snprintf(out, TENON__OPTION_TEXT_BYTES, "{}");
		break;
	default:
		snprintf(out, TENON__OPTION_TEXT_BYTES, "%s", row->def_text);
		break;
	}
}

void tenon__option_print_range(char out[TENON__OPTION_TEXT_BYTES],
			       const struct tenon_option *row)
{
	char least[40];
	char greatest[40];

	switch (row->type) {
	case TENON_OPTION_INT:
	case TENON_OPTION_SIZE:
	case TENON_OPTION_DURATION:
	case TENON_OPTION_FRACTION:
		print_value(least, sizeof(least), row, row->min);
		print_value(greatest, sizeof(greatest), row, row->max);
		snprintf(out, TENON__OPTION_TEXT_BYTES, "%s..%s", least,
			 greatest);
		break;
	case TENON_OPTION_STRING:
		snprintf(out, TENON__OPTION_TEXT_BYTES,
			 "%" PRId64 "..%" PRId64 " bytes", row->min, row->max);
		break;
	case TENON_OPTION_LIST:
	case TENON_OPTION_MAP:
		snprintf(out, TENON__OPTION_TEXT_BYTES,
			 "%" PRId64 "..%" PRId64 " entries", row->min, row->max);
		break;
	default:
		out[0] = '\0';
		break;
	}
}

void tenon__option_print_choices(char out[TENON__OPTION_TEXT_BYTES],
				 const struct tenon_option *row)
{
	size_t used = 0;

	out[0] = '\0';
	if (row->type != TENON_OPTION_CHOICE) {
		return;
	}
	for (size_t i = 0; row->choices[i]; i++) {
		int len = snprintf(out + used, TENON__OPTION_TEXT_BYTES - used,
				   "%s%s", i > 0 ? ", " : "", row->choices[i]);

		used += (size_t)len;
		if (used >= TENON__OPTION_TEXT_BYTES) {
			return;
		}
	}
}

void tenon__option_print_units(char out[TENON__OPTION_TEXT_BYTES],
			       const struct tenon_option *row)
{
	const struct unit *units = row->type == TENON_OPTION_SIZE ? sizes :
								    durations;
	size_t used = 0;

	out[0] = '\0';
	if (row->type != TENON_OPTION_SIZE &&
	    row->type != TENON_OPTION_DURATION) {
		return;
	}
	for (size_t i = 0; units[i].name; i++) {
		used += (size_t)snprintf(out + used,
					 TENON__OPTION_TEXT_BYTES - used,
					 "%s%s", i > 0 ? ", " : "",
					 units[i].name);
	}
}

#define EXPECTED_BYTES (3 * TENON__OPTION_TEXT_BYTES)

/*
 * Describe the values that an option accepts, for the "expected ..." of an error. Example:
 * "a duration in 1ms..1h: a whole number with a unit (us, ms, s, min, h), or a bare whole number in ms".
 */
static void print_expected(char out[EXPECTED_BYTES],
			   const struct tenon_option *row)
{
	const char *bare = tenon__option_bare_unit(row);
	char detail[TENON__OPTION_TEXT_BYTES];
	char units[TENON__OPTION_TEXT_BYTES];
	size_t size = EXPECTED_BYTES;

	tenon__option_print_range(detail, row);
	switch (row->type) {
	case TENON_OPTION_BOOL:
		snprintf(out, size, "true or false");
		break;
	case TENON_OPTION_INT:
		snprintf(out, size, "a whole number in %s", detail);
		break;
	case TENON_OPTION_SIZE:
	case TENON_OPTION_DURATION:
		tenon__option_print_units(units, row);
		snprintf(out, size, "a %s in %s: a whole number with a unit (%s)%s%s",
			 types[row->type].name, detail, units,
			 bare[0] != '\0' ? ", or a bare whole number in " : "", bare);
		break;
	case TENON_OPTION_STRING:
		snprintf(out, size, "a string of %s", detail);
		break;
	case TENON_OPTION_CHOICE:
		tenon__option_print_choices(detail, row);
		snprintf(out, size, "one of %s", detail);
		break;
	case TENON_OPTION_LIST:
		snprintf(out, size, "a list of %s, each a text", detail);
		break;
	case TENON_OPTION_MAP:
		snprintf(out, size, "a map of %s, each a text", detail);
		break;
	case TENON_OPTION_FRACTION:
		snprintf(out, size, "a fraction in %s, such as 0.25 or 25%%",
			 detail);
		break;
	default:
		snprintf(out, size, "the name of a hash plugin");
		break;
	}
}

/* ---- errors ------------------------------------------------------------- */

/* Name the option in an error: "plugin 'mine': option 'limit'", or "key 'prefix'" in the core. */
#define LABEL_BYTES 340
static void print_label(char out[LABEL_BYTES], const struct tenon_option *row,
			const struct tenon__option_owner *owner)
{
	if (!owner->subject) {
		snprintf(out, LABEL_BYTES, "key '%s'", row->name);
	} else {
		snprintf(out, LABEL_BYTES, "%s: option '%s'", owner->subject,
			 row->name);
	}
}

static int refuse(const struct tenon_option *row,
		  const struct tenon__node *value, const char *expected,
		  const struct tenon__option_owner *owner,
		  struct tenon_error *err)
{
	char found[TENON__NODE_FOUND_BYTES];
	char label[LABEL_BYTES];

	print_label(label, row, owner);
	return tenon__error_place(err, TENON_ECONFIG, &value->place,
				  "%s: found %s, expected %s", label,
				  tenon__node_found(found, value), expected);
}

static int unexpected(const struct tenon_option *row,
		      const struct tenon__node *value,
		      const struct tenon__option_owner *owner,
		      struct tenon_error *err)
{
	char expected[EXPECTED_BYTES];

	print_expected(expected, row);
	return refuse(row, value, expected, owner, err);
}

/* ---- from text ---------------------------------------------------------- */

/*
 * Read digits, and a '-' before them if may_be_negative. A number beyond the range of *out
 * becomes INT64_MAX or -INT64_MAX. Returns the text after the digits, or NULL when there are no
 * digits.
 */
static const char *read_number(const char *text, bool may_be_negative,
			       int64_t *out)
{
	bool negative = may_be_negative && *text == '-';
	int64_t number = 0;
	const char *at = negative ? text + 1 : text;

	if (*at < '0' || *at > '9') {
		return NULL;
	}
	for (; *at >= '0' && *at <= '9'; at++) {
		int digit = *at - '0';

		if (number > (INT64_MAX - digit) / 10) {
			number = INT64_MAX;
		} else {
			number = number * 10 + digit;
		}
	}
	*out = negative ? -number : number;
	return at;
}

static int64_t saturated_product(int64_t number, int64_t factor)
{
	return number > INT64_MAX / factor ? INT64_MAX : number * factor;
}

/*
 * Read a SIZE or DURATION and convert it to the unit of the field. Returns false when the value
 * is not a number with a known unit. Sets *too_fine when the value is not a whole number of the
 * field's unit, such as 1500us in a field of ms.
 */
static bool read_quantity(const struct tenon_option *row,
			  const struct tenon__node *value, int64_t *out,
			  bool *too_fine)
{
	bool is_size = row->type == TENON_OPTION_SIZE;
	int64_t own = is_size ? 1 : field_unit(row)->factor;
	int64_t factor = own;
	const char *unit = read_number(value->text, false, out);

	if (!unit) {
		return false;
	}
	if (*unit != '\0') {
		const struct unit *found;

		while (*unit == ' ') {
			unit++;
		}
		found = find_unit(is_size ? sizes : durations, unit);
		if (!found) {
			return false;
		}
		factor = found->factor;
	} else if (!value->plain || tenon__option_bare_unit(row)[0] == '\0') {
		return false;
	} else if (row->flags & TENON__OPTION_BARE_SECONDS) {
		factor = find_unit(durations, "s")->factor;
	}
	if (factor >= own) {
		*out = saturated_product(*out, factor / own);
	} else {
		*too_fine = *out % (own / factor) != 0;
		*out /= own / factor;
	}
	return true;
}

/*
 * Read a FRACTION: "0.25" or "25%", with up to six decimals. Returns false when the text is not
 * one.
 */
static bool read_fraction(const char *text, int64_t *out)
{
	int64_t millionths = 0, digit_value = TENON_FRACTION_ONE / 10;
	const char *rest = read_number(text, false, out);

	if (!rest) {
		return false;
	}
	if (*rest == '.') {
		for (rest++; *rest >= '0' && *rest <= '9' && digit_value > 0;
		     rest++, digit_value /= 10) {
			millionths += (*rest - '0') * digit_value;
		}
	}
	*out = saturated_product(*out, TENON_FRACTION_ONE);
	*out = *out > INT64_MAX - millionths ? INT64_MAX : *out + millionths;
	if (*rest == '%') {
		*out /= 100;
		rest++;
	}
	return *rest == '\0';
}

static int set_number(const struct tenon_option *row, void *out,
		      const struct tenon__node *value,
		      const struct tenon__option_owner *owner,
		      struct tenon_error *err)
{
	int64_t number = 0;
	bool too_fine = false;
	bool is_number;

	if (row->type == TENON_OPTION_INT) {
		const char *rest = read_number(value->text, true, &number);

		is_number = value->plain && rest && *rest == '\0';
	} else if (row->type == TENON_OPTION_FRACTION) {
		is_number = read_fraction(value->text, &number);
	} else {
		is_number = read_quantity(row, value, &number, &too_fine);
	}
	if (too_fine) {
		char expected[40];

		snprintf(expected, sizeof(expected), "a whole number of %s",
			 field_unit(row)->name);
		return refuse(row, value, expected, owner, err);
	}
	if (!is_number || number < row->min || number > row->max) {
		return unexpected(row, value, owner, err);
	}
	put(out, row, &number);
	return 0;
}

bool tenon__option_bool(const char *word, int32_t *out)
{
	for (size_t i = 0; i < sizeof(bools) / sizeof(bools[0]); i++) {
		if (tenon__same_word(word, bools[i].word)) {
			*out = bools[i].value;
			return true;
		}
	}
	return false;
}

static int set_bool(const struct tenon_option *row, void *out,
		    const struct tenon__node *value,
		    const struct tenon__option_owner *owner,
		    struct tenon_error *err)
{
	int32_t number;

	if (!value->plain || !tenon__option_bool(value->text, &number)) {
		return unexpected(row, value, owner, err);
	}
	put_int32(out, row, number);
	return 0;
}

/* Put memory into a field, and free the memory that it replaces. */
static int put_memory(const struct tenon_option *row, void *out, void *memory,
		      struct tenon_error *err)
{
	void *old;

	if (!memory) {
		return tenon__error_no_memory(err);
	}
	memcpy(&old, field(out, row), sizeof(old));
	tenon__free(old);
	put(out, row, &memory);
	return 0;
}

static int put_string(const struct tenon_option *row, void *out,
		      const char *text, struct tenon_error *err)
{
	return put_memory(row, out, tenon__strndup(text, strlen(text)), err);
}

/* Put a LIST or MAP of the texts of a node; value NULL: an empty one. */
static int put_texts(const struct tenon_option *row, void *out,
		     const struct tenon__node *value, struct tenon_error *err)
{
	return put_memory(row, out,
			  row->type == TENON_OPTION_LIST
				  ? (void *)tenon__list_make(value)
				  : (void *)tenon__map_make(value),
			  err);
}

static int set_texts(const struct tenon_option *row, void *out,
		     const struct tenon__node *value,
		     const struct tenon__option_owner *owner,
		     struct tenon_error *err)
{
	bool is_list = row->type == TENON_OPTION_LIST;
	bool is_scalar = value->type == TENON__NODE_SCALAR;
	int64_t count = is_scalar ? 1 : (int64_t)value->count;

	if (value->type == (is_list ? TENON__NODE_MAP : TENON__NODE_LIST) ||
	    (is_scalar && !is_list) || !tenon__node_has_texts(value) ||
	    count < row->min || count > row->max) {
		return unexpected(row, value, owner, err);
	}
	return put_texts(row, out, value, err);
}

/* Put a path behind the folder that it is relative to. */
static int put_path(const struct tenon_option *row, void *out,
		    const char *folder, const char *path,
		    struct tenon_error *err)
{
	char *joined = tenon__path_join(folder, path);
	int code = joined ? put_string(row, out, joined, err)
			  : tenon__error_no_memory(err);

	tenon__free(joined);
	return code;
}

static int set_string(const struct tenon_option *row, void *out,
		      const struct tenon__node *value,
		      const struct tenon__option_owner *owner,
		      struct tenon_error *err)
{
	size_t len = strlen(value->text);

	if (len < (size_t)row->min || len > (size_t)row->max) {
		return unexpected(row, value, owner, err);
	}
	if ((row->flags & TENON_OPTION_PATH) && owner->folder && len > 0) {
		return put_path(row, out, owner->folder, value->text, err);
	}
	return put_string(row, out, value->text, err);
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

static int set_choice(const struct tenon_option *row, void *out,
		      const struct tenon__node *value,
		      const struct tenon__option_owner *owner,
		      struct tenon_error *err)
{
	int32_t index = tenon__option_choice(row, value->text);

	if (index < 0) {
		return unexpected(row, value, owner, err);
	}
	put_int32(out, row, index);
	return 0;
}

static int set_hash(const struct tenon_option *row, void *out,
		    const char *name, const struct tenon__place *place,
		    const struct tenon__option_owner *owner,
		    struct tenon_error *err)
{
	const struct tenon_hash *hash = NULL;
	char label[LABEL_BYTES];
	int code;

	print_label(label, row, owner);
	code = owner->hash(owner->payload, &hash, label, name, place, err);
	if (!code) {
		put(out, row, &hash);
	}
	return code;
}

int tenon__option_reset(const struct tenon_option *row, void *out,
			const struct tenon__option_owner *owner,
			const struct tenon__place *place,
			struct tenon_error *err)
{
	switch (row->type) {
	case TENON_OPTION_BOOL:
		put_int32(out, row, row->def != 0);
		return 0;
	case TENON_OPTION_STRING:
		return put_string(row, out, row->def_text, err);
	case TENON_OPTION_LIST:
	case TENON_OPTION_MAP:
		return put_texts(row, out, NULL, err);
	case TENON_OPTION_CHOICE:
		put_int32(out, row, tenon__option_choice(row, row->def_text));
		return 0;
	case TENON_OPTION_HASH:
		return set_hash(row, out, row->def_text, place, owner, err);
	case TENON__OPTION_NODE:
		put_node(out, row, NULL);
		return 0;
	default:
		put(out, row, &row->def);
		return 0;
	}
}

int tenon__option_set(const struct tenon_option *row, void *out,
		      const struct tenon__node *value,
		      const struct tenon__option_owner *owner,
		      struct tenon_error *err)
{
	if (tenon__node_is_null(value)) {
		return tenon__option_reset(row, out, owner, &value->place, err);
	}
	if (row->type == TENON__OPTION_NODE) {
		put_node(out, row, value);
		return 0;
	}
	if (row->type == TENON_OPTION_LIST || row->type == TENON_OPTION_MAP) {
		return set_texts(row, out, value, owner, err);
	}
	if (value->type != TENON__NODE_SCALAR) {
		return unexpected(row, value, owner, err);
	}
	switch (row->type) {
	case TENON_OPTION_BOOL:
		return set_bool(row, out, value, owner, err);
	case TENON_OPTION_STRING:
		return set_string(row, out, value, owner, err);
	case TENON_OPTION_CHOICE:
		return set_choice(row, out, value, owner, err);
	case TENON_OPTION_HASH:
		return set_hash(row, out, value->text, &value->place, owner,
				err);
	default:
		return set_number(row, out, value, owner, err);
	}
}

/* ---- whole structs ------------------------------------------------------ */

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

static int unknown_option(const struct tenon_option *rows,
			  const struct tenon__node *entry,
			  const struct tenon__option_owner *owner,
			  struct tenon_error *err)
{
	struct tenon__suggestion near;
	char hint[TENON__SUGGESTION_BYTES];
	char names[TENON__OPTION_TEXT_BYTES] = "no option";
	size_t used = 0;

	tenon__suggest_begin(&near, entry->key);
	for (; rows && rows->name; rows++) {
		tenon__suggest_offer(&near, rows->name);
		if (used < sizeof(names)) {
			used += (size_t)snprintf(names + used,
						 sizeof(names) - used, "%s%s",
						 used > 0 ? ", " : "",
						 rows->name);
		}
	}
	tenon__suggest_print(hint, &near);
	return tenon__error_place(err, TENON_ECONFIG, &entry->key_place,
				  "%s: unknown option '%.60s', expected %s%s",
				  owner->subject, entry->key, names, hint);
}

int tenon__option_fill(const struct tenon_option *rows, void *out,
		       const struct tenon__node *map,
		       const struct tenon__option_owner *owner,
		       const struct tenon__place *place,
		       struct tenon_error *err)
{
	const struct tenon__node *seen[TENON_OPTION_MAX_COUNT] = { NULL };
	int code = 0;

	for (const struct tenon__node *entry = map ? map->first : NULL; entry;
	     entry = entry->next) {
		const struct tenon_option *row =
			tenon__option_find(rows, entry->key);

		if (!row) {
			return unknown_option(rows, entry, owner, err);
		}
		if (seen[row - rows]) {
			return tenon__error_place(
				err, TENON_ECONFIG, &entry->key_place,
				"%s: option '%s' is set twice, first in line %u, expected once",
				owner->subject, row->name,
				(unsigned)seen[row - rows]->key_place.line);
		}
		seen[row - rows] = entry;
	}
	for (size_t i = 0; rows && rows[i].name && !code; i++) {
		code = seen[i] ? tenon__option_set(&rows[i], out, seen[i],
						   owner, err)
			       : tenon__option_reset(&rows[i], out, owner,
						     place, err);
	}
	return code;
}

void tenon__option_fini(const struct tenon_option *rows, void *out)
{
	for (; out && rows && rows->name; rows++) {
		void *memory;

		if (rows->type == TENON_OPTION_STRING ||
		    rows->type == TENON_OPTION_LIST ||
		    rows->type == TENON_OPTION_MAP) {
			memcpy(&memory, field(out, rows), sizeof(memory));
			tenon__free(memory);
			memory = NULL;
			put(out, rows, &memory);
		}
	}
}
