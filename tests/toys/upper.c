/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol `upper`: a toy. It is the classic protocol, but its verbs are in upper case:
 * "GET k". It shows all that a second protocol takes: these functions, and a row in the table.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "wire/classic/classic.h"

/* The words of a store: verb, key, flags, exptime, and the length of the data block. */
#define LENGTH_WORD 4

/*
 * The length of the data block behind a line and of the line end behind it, in bytes. 0: no
 * data block. The line has its LF.
 */
static size_t data_bytes(const char *line)
{
	static const char *const stores[] = { "SET ", "ADD ", "REPLACE ",
					      "APPEND ", "PREPEND ", "CAS " };

	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		if (strncmp(line, stores[i], strlen(stores[i])) == 0) {
			for (int word = 0; word < LENGTH_WORD; word++) {
				line = strchr(line, ' ') + 1;
			}
			return (size_t)strtoull(line, NULL, 10) + 2;
		}
	}
	return 0;
}

/* Raise the verb of a line in the send buffer. Returns the begin of what is behind the line. */
static char *raise_verb(char *line)
{
	for (char *c = line; *c != ' ' && *c != '\r'; c++) {
		*c = (char)toupper((unsigned char)*c);
	}
	return strchr(line, '\n') + 1;
}

/*
 * A piece of the send buffer begins with a line, or with the line end behind a value that is a
 * piece of its own, which is the caller's memory and stays as it is.
 */
static void upper_write(struct tenon__wire *wire)
{
	size_t skip = 0;

	tenon__classic_write(wire);
	for (uint32_t i = 0; i < wire->piece_count; i++) {
		char *at = wire->pieces[i].iov_base;
		char *end = at + wire->pieces[i].iov_len;

		while (at < end) {
			size_t rest = (size_t)(end - at);
			size_t skipped = skip < rest ? skip : rest;
			char *line = at + skipped;

			skip -= skipped;
			at = line;
			if (line < end) {
				at = raise_verb(line);
				skip = data_bytes(line);
			}
		}
	}
}

static size_t upper_greet(char *out, const char *user, const char *password)
{
	size_t len = tenon__classic_greet(out, user, password);

	raise_verb(out);
	return len;
}

const struct tenon__protocol tenon__upper = {
	.write = upper_write,
	.read = tenon__classic_read,
	.greet = upper_greet,
	.greeted = tenon__classic_greeted,
	.are_unasked = tenon__classic_are_unasked,
};
