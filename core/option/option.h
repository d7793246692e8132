/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of plugins and of the core. An array of struct tenon_option rows describes the
 * fields of an option struct. The functions here check the values of a config against the rows,
 * write them into the option struct, and print rows as text for people.
 */
#ifndef TENON_CORE_OPTION_H
#define TENON_CORE_OPTION_H

#include "option/node.h"
#include "tenon/plugin/hash.h"

/* The most options that one plugin may have. */
#define TENON_OPTION_MAX_COUNT 64

/*
 * A flag for the core's own rows: a number without a unit counts seconds, even if the field has
 * another unit. Source: libmc's retry_timeout, which is in seconds.
 */
#define TENON__OPTION_BARE_SECONDS 0x80000000u

/*
 * A type for the core's own rows: const struct tenon__node *, the value as it stands in the config,
 * which another reader reads later; NULL: null or missing.
 */
#define TENON__OPTION_NODE 0x80000000u

/* The plugin (or the core) that the options belong to. */
struct tenon__option_owner {
	const char *subject; /* the beginning of errors: "plugin 'mine'"; NULL: the core */
	/*
	 * Make the hash that a HASH option names. asker is the text that errors begin with,
	 * such as "plugin 'x': option 'hash'". NULL when no row is a HASH.
	 */
	int (*hash)(void *payload, const struct tenon_hash **out,
		    const char *asker, const char *name,
		    const struct tenon__place *place, struct tenon_error *err);
	/*
	 * Make the plugin that a PLUGIN option names. options is a map of its options; NULL: the
	 * defaults. Relative paths start from folder. NULL when no row is a PLUGIN.
	 */
	int (*inner)(void *payload, const struct tenon_inner **out,
		     uint32_t kind, const char *asker, const char *name,
		     const struct tenon__node *options,
		     const struct tenon__place *place, const char *folder,
		     struct tenon_error *err);
	void *payload;
	const char *folder; /* that relative paths start from; NULL or "": the working folder */
};

/* Return true when the name of a plugin or option is lower_snake and has 1..47 bytes. */
bool tenon__name_is_valid(const char *name);

/*
 * Return true when the rows of a plugin are valid. Otherwise write the first problem to
 * `problem`, as one sentence. hashes: the rows may have the types HASH and PLUGIN. rows may be NULL.
 */
#define TENON__PROBLEM_BYTES 200
bool tenon__option_rows_valid(const struct tenon_option *rows,
			      size_t options_bytes, bool hashes,
			      char problem[TENON__PROBLEM_BYTES]);

/* Find a row by its name, ignoring case. Returns NULL when there is none. rows may be NULL. */
const struct tenon_option *tenon__option_find(const struct tenon_option *rows,
					      const char *name);

/* Return the size in bytes of a field of this type in an option struct; 0 for an unknown type. */
size_t tenon__option_field_bytes(uint32_t type);

/*
 * Return true for a word that means yes or no in a config: true, yes, on, false, no, off, in any
 * case. *out becomes 1 or 0.
 */
bool tenon__option_bool(const char *word, int32_t *out);

/* Return the index of a word among the choices, ignoring case; -1 when it is not a choice. */
int32_t tenon__option_choice(const struct tenon_option *row, const char *word);

/*
 * Write the default of one row into the option struct *out. place is the place in the config
 * that errors name.
 * Owns:   strings in *out are freed by tenon__option_fini().
 * Errors: TENON_ENOMEM, and the errors of owner->hash.
 */
int tenon__option_reset(const struct tenon_option *row, void *out,
			const struct tenon__option_owner *owner,
			const struct tenon__place *place,
			struct tenon_error *err);

/*
 * Write a value of the config into the option struct *out. The value null means the default.
 * Owns:   strings in *out are freed by tenon__option_fini().
 * Errors: TENON_ECONFIG, TENON_ENOMEM, and the errors of owner->hash.
 */
int tenon__option_set(const struct tenon_option *row, void *out,
		      const struct tenon__node *value,
		      const struct tenon__option_owner *owner,
		      struct tenon_error *err);

/*
 * Fill a whole option struct: the values of map, and the default for each option that is not in
 * map. map may be NULL. *out is zeroed before.
 * Owns:   *out is released by tenon__option_fini(), also after an error.
 * Errors: TENON_ECONFIG, TENON_ENOMEM, and the errors of owner->hash.
 */
int tenon__option_fill(const struct tenon_option *rows, void *out,
		       const struct tenon__node *map,
		       const struct tenon__option_owner *owner,
		       const struct tenon__place *place,
		       struct tenon_error *err);

/* Free the strings in *out, not *out itself. rows or out may be NULL. */
void tenon__option_fini(const struct tenon_option *rows, void *out);

/*
 * Print parts of a row for people: the type ("duration"), default ("10ms"), range ("1ms..1h"),
 * choices ("a, b, c") and units ("us, ms, s"). The text is "" when the row has no such part.
 */
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
/* Return the unit of a number without a unit, or "" when a unit is required. */
const char *tenon__option_bare_unit(const struct tenon_option *row);

#endif
