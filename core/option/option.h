/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options: from rows of struct tenon_option and a config's values to the option
 * struct of a plugin (or of the core), and back to text for people.
 */
#ifndef TENON_CORE_OPTION_H
#define TENON_CORE_OPTION_H

#include "option/node.h"
#include "tenon/plugin/hash.h"

/* Most options of one plugin. */
#define TENON_OPTION_MAX_COUNT 64

/*
 * For the core's own rows: a bare number counts seconds, whatever the field's
 * unit. libmc's retry_timeout.
 */
#define TENON__OPTION_BARE_SECONDS 0x80000000u

/* Whose options they are. */
struct tenon__option_owner {
	const char *subject; /* begins errors: "plugin 'mine'"; NULL: the core */
	/*
	 * Make the instance that a HASH option names; asker is that option, for
	 * errors. NULL where rows have none.
	 */
	int (*hash)(void *payload, const struct tenon_hash **out,
		    const char *asker, const char *name,
		    const struct tenon__place *place, struct tenon_error *err);
	void *payload;
};

/* Is it lower_snake of 1..47 bytes? For names of plugins and options. */
bool tenon__name_is_valid(const char *name);

/*
 * Are the rows of a plugin in order? What is wrong becomes one sentence in
 * problem. hashes: may they name hash plugins?
 */
#define TENON__PROBLEM_BYTES 200
bool tenon__option_rows_valid(const struct tenon_option *rows,
			      size_t options_bytes, bool hashes,
			      char problem[TENON__PROBLEM_BYTES]);

/* Find a row by name, case ignored; NULL when there is none. rows may be NULL. */
const struct tenon_option *tenon__option_find(const struct tenon_option *rows,
					      const char *name);

/* What a value of this type takes up in an option struct; 0: no such type. */
size_t tenon__option_field_bytes(uint32_t type);

/* The index of a word among the choices, case ignored, or -1. */
int32_t tenon__option_choice(const struct tenon_option *row, const char *word);

/*
 * Write the default of one row; place is where errors point to.
 * Owns:   strings in *out are for tenon__option_fini().
 * Errors: TENON_ENOMEM, and what owner->hash returns.
 */
int tenon__option_reset(const struct tenon_option *row, void *out,
			const struct tenon__option_owner *owner,
			const struct tenon__place *place,
			struct tenon_error *err);

/*
 * Write a config's value; null is the default. Errors: as above, TENON_ECONFIG.
 */
int tenon__option_set(const struct tenon_option *row, void *out,
		      const struct tenon__node *value,
		      const struct tenon__option_owner *owner,
		      struct tenon_error *err);

/*
 * Write defaults, then what map says (NULL: nothing). *out was zeroed before,
 * and is for tenon__option_fini() also after an error. Errors: as above.
 */
int tenon__option_fill(const struct tenon_option *rows, void *out,
		       const struct tenon__node *map,
		       const struct tenon__option_owner *owner,
		       const struct tenon__place *place,
		       struct tenon_error *err);

/* Free the strings in *out. rows or out may be NULL. */
void tenon__option_fini(const struct tenon_option *rows, void *out);

/* For people: "duration", "10ms", "1ms..1h", "a, b, c"; "" where it says nothing. */
#define TENON__OPTION_TEXT_BYTES 256
const char *tenon__option_type_name(const struct tenon_option *row);
void tenon__option_print_default(char out[TENON__OPTION_TEXT_BYTES],
				 const struct tenon_option *row);
void tenon__option_print_range(char out[TENON__OPTION_TEXT_BYTES],
			       const struct tenon_option *row);
void tenon__option_print_choices(char out[TENON__OPTION_TEXT_BYTES],
				 const struct tenon_option *row);
void tenon__option_print_units(char out[TENON__OPTION_TEXT_BYTES],
			       const struct tenon_option *row);
/* The unit that a bare number has, or "". */
const char *tenon__option_bare_unit(const struct tenon_option *row);

#endif
