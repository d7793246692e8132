/* SPDX-License-Identifier: BSD-3-Clause */
#include "option/option.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "option/quantity.h"
#include "option/row_text.h"
#include "option/suggest.h"
#include "option/texts.h"

static const struct {
	const char *word;
	int32_t value;
} bools[] = {
	{ "true", 1 },	{ "false", 0 }, { "yes", 1 },
	{ "no", 0 },	{ "on", 1 },	{ "off", 0 },
};

static void *field(void *out, const struct tenon_option *row)
{
	return (char *)out + row->offset;
}

static void put(void *out, const struct tenon_option *row, const void *value)
{
	memcpy(field(out, row), value, tenon__option_field_bytes(row->type));
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
	/* To YAML, `app:` is a map. Prefixes often end so. */
	static const char quote[] = "; put a text that has a ':' in quotes";
	bool is_quotable = row->type == TENON_OPTION_STRING &&
			   value->type == TENON__NODE_MAP;
	char expected[TENON__EXPECTED_BYTES];
	char advised[TENON__EXPECTED_BYTES + sizeof(quote)];

	tenon__option_print_expected(expected, row);
	snprintf(advised, sizeof(advised), "%s%s", expected,
		 is_quotable ? quote : "");
	return refuse(row, value, advised, owner, err);
}

/* ---- from text ---------------------------------------------------------- */

static int set_number(const struct tenon_option *row, void *out,
		      const struct tenon__node *value,
		      const struct tenon__option_owner *owner,
		      struct tenon_error *err)
{
	int64_t number = 0;
	bool too_fine = false;
	bool is_number = tenon__quantity_read(row, value, &number, &too_fine);

	if (too_fine) {
		char expected[40];

		snprintf(expected, sizeof(expected), "a whole number of %s",
			 tenon__quantity_unit(row));
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

static int make_inner(const struct tenon_option *row, void *out,
		      const char *name, const struct tenon__node *options,
		      const struct tenon__place *place,
		      const struct tenon__option_owner *owner,
		      struct tenon_error *err)
{
	const struct tenon_inner *inner = NULL;
	char label[LABEL_BYTES];
	int code;

	print_label(label, row, owner);
	if (!owner->inner) {
		return tenon__error_place(
			err, TENON_ECONFIG, place,
			"%s: a plugin within this plugin is made for clients only",
			label);
	}
	code = owner->inner(owner->payload, &inner, (uint32_t)row->def, label,
			    name, options, place, owner->folder, err);
	if (!code) {
		put(out, row, &inner);
	}
	return code;
}

static int set_inner(const struct tenon_option *row, void *out,
		     const struct tenon__node *value,
		     const struct tenon__option_owner *owner,
		     struct tenon_error *err)
{
	const struct tenon__node *options, *wrong;
	struct tenon__place place;
	const char *name;

	wrong = tenon__node_choice(value, &name, &place, &options);
	return wrong ? refuse(row, wrong, TENON__CHOICE_EXPECTED(wrong, value),
			      owner, err)
		     : make_inner(row, out, name, options, &place, owner, err);
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
	case TENON_OPTION_PLUGIN:
		return make_inner(row, out, row->def_text, NULL, place, owner,
				  err);
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
	if (row->type == TENON_OPTION_PLUGIN) {
		return set_inner(row, out, value, owner, err);
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
