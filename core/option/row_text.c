/* SPDX-License-Identifier: BSD-3-Clause */
#include "option/row_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "option/quantity.h"

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
		tenon__quantity_print(out, TENON__OPTION_TEXT_BYTES, row, row->def);
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
		tenon__quantity_print(least, sizeof(least), row, row->min);
		tenon__quantity_print(greatest, sizeof(greatest), row, row->max);
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

void tenon__option_print_expected(char out[TENON__EXPECTED_BYTES],
				  const struct tenon_option *row)
{
	const char *bare = tenon__quantity_bare_unit(row);
	char detail[TENON__OPTION_TEXT_BYTES];
	char units[TENON__OPTION_TEXT_BYTES];
	size_t size = TENON__EXPECTED_BYTES;

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
		tenon__quantity_print_units(units, row);
		snprintf(out, size, "a %s in %s: a whole number with a unit (%s)%s%s",
			 tenon__option_type_name(row), detail, units,
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
