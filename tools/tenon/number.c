/* SPDX-License-Identifier: BSD-3-Clause */
#include "number.h"

#include <stdlib.h>
#include <string.h>

bool parse_u64(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (*text == '\0') {
		return false;
	}
	for (; *text != '\0'; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text < '0' || *text > '9' || digit > max ||
		    value > (max - digit) / 10) {
			return false;
		}
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

struct unit {
	const char *name;
	double size;
};

/* Read a number and the name of a unit. Returns 0 for another text. */
static double read_printed(const char *text, const struct unit *units)
{
	char *name = NULL;
	double number = (double)strtoll(text, &name, 10);

	for (; units->name; units++) {
		if (strcmp(name, units->name) == 0) {
			return number * units->size;
		}
	}
	return 0;
}

int64_t printed_ms(const char *text)
{
	static const struct unit units[] = { { "us", 1e-3 }, { "ms", 1 },
					     { "s", 1e3 },   { "min", 6e4 },
					     { "h", 3.6e6 }, { NULL, 0 } };
	double ms = read_printed(text, units);

	return ms > 0 && ms < 1 ? 1 : (int64_t)ms;
}

uint64_t printed_bytes(const char *text)
{
	static const struct unit units[] = {
		{ "B", 1 },	   { "kB", 1e3 },      { "MB", 1e6 },
		{ "GB", 1e9 },	   { "KiB", 1 << 10 }, { "MiB", 1 << 20 },
		{ "GiB", 1 << 30 }, { NULL, 0 }
	};

	return (uint64_t)read_printed(text, units);
}
