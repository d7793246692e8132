/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Option rows. An array of struct tenon_option, which ends with name NULL, describes the fields of an
 * option struct: their names, types, places, ranges and defaults.
 */
#ifndef TENON_CORE_ROW_H
#define TENON_CORE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* The longest text that describes a part of a row, with its NUL. */
#define TENON__OPTION_TEXT_BYTES 256

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

/* Return the name of the row's type, such as "duration". */
const char *tenon__option_type_name(const struct tenon_option *row);

/* Return the index of a word among the choices, ignoring case; -1 when it is not a choice. */
int32_t tenon__option_choice(const struct tenon_option *row, const char *word);

#endif
