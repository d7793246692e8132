/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The numbers of options: INT, SIZE, DURATION and FRACTION, between the text of a config ("25%",
 * "10ms") and the number in the field, which counts in the unit of its row.
 */
#ifndef TENON_CORE_QUANTITY_H
#define TENON_CORE_QUANTITY_H

#include "option/node.h"
#include "option/row.h"

/*
 * Read a number in the unit of the field. A number beyond the range of *out becomes INT64_MAX or
 * -INT64_MAX. Returns false when the value is no such number. Sets *too_fine when the value is not a
 * whole number of the field's unit, such as 1500us in a field of ms.
 */
bool tenon__quantity_read(const struct tenon_option *row,
			  const struct tenon__node *value, int64_t *out,
			  bool *too_fine);

/* Print a number of the field with the largest unit that divides it without a rest. */
void tenon__quantity_print(char *out, size_t size,
			   const struct tenon_option *row, int64_t value);

/* Print the names of the units: "us, ms, s, min, h". "" for a number without units. */
void tenon__quantity_print_units(char out[TENON__OPTION_TEXT_BYTES],
				 const struct tenon_option *row);

/* Return the unit in which the field of a SIZE or DURATION counts. */
const char *tenon__quantity_unit(const struct tenon_option *row);

/* Return the unit of a number without a unit in a config, or "" when a unit is required. */
const char *tenon__quantity_bare_unit(const struct tenon_option *row);

#endif
