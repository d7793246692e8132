/* SPDX-License-Identifier: BSD-3-Clause */
#include "option/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

const char *tenon__quantity_unit(const struct tenon_option *row)
{
	return row->type == TENON_OPTION_SIZE ? "bytes" : field_unit(row)->name;
}

const char *tenon__quantity_bare_unit(const struct tenon_option *row)
{
	if (row->flags & TENON__OPTION_BARE_SECONDS) {
		return "s";
	}
	if (!(row->flags & TENON_OPTION_BARE)) {
		return "";
	}
	return tenon__quantity_unit(row);
}

void tenon__quantity_print_units(char out[TENON__OPTION_TEXT_BYTES],
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

void tenon__quantity_print(char *out, size_t size,
			   const struct tenon_option *row, int64_t value)
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
	} else if (!value->plain || tenon__quantity_bare_unit(row)[0] == '\0') {
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

bool tenon__quantity_read(const struct tenon_option *row,
			  const struct tenon__node *value, int64_t *out,
			  bool *too_fine)
{
	*too_fine = false;
	if (row->type == TENON_OPTION_INT) {
		const char *rest = read_number(value->text, true, out);

		return value->plain && rest && *rest == '\0';
	}
	return row->type == TENON_OPTION_FRACTION
		       ? read_fraction(value->text, out)
		       : read_quantity(row, value, out, too_fine);
}
