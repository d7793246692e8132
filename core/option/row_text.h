/* SPDX-License-Identifier: BSD-3-Clause */
/* Option rows as text for people: what tables, man pages and errors say of an option. */
#ifndef TENON_CORE_ROW_TEXT_H
#define TENON_CORE_ROW_TEXT_H

#include "option/row.h"

/*
 * Print parts of a row: the default ("10ms"), range ("1ms..1h") and choices ("a, b, c"). The text is ""
 * when the row has no such part.
 */
void tenon__option_print_default(char out[TENON__OPTION_TEXT_BYTES],
				 const struct tenon_option *row);
void tenon__option_print_range(char out[TENON__OPTION_TEXT_BYTES],
			       const struct tenon_option *row);
void tenon__option_print_choices(char out[TENON__OPTION_TEXT_BYTES],
				 const struct tenon_option *row);

/*
 * Describe the values that an option accepts, for the "expected ..." of an error. Example:
 * "a duration in 1ms..1h: a whole number with a unit (us, ms, s, min, h), or a bare whole number in ms".
 */
#define TENON__EXPECTED_BYTES (3 * TENON__OPTION_TEXT_BYTES)
void tenon__option_print_expected(char out[TENON__EXPECTED_BYTES],
				  const struct tenon_option *row);

#endif
