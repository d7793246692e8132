/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The values of options, for plugins and for the core. The functions check the values of a config against
 * rows (row.h), and write them into the option struct that the rows describe.
 */
#ifndef TENON_CORE_OPTION_H
#define TENON_CORE_OPTION_H

#include "option/node.h"
#include "option/row.h"

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

/*
 * Return true for a word that means yes or no in a config: true, yes, on, false, no, off, in any
 * case. *out becomes 1 or 0.
 */
bool tenon__option_bool(const char *word, int32_t *out);

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

#endif
