/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/reply.h"

#include <stdio.h>

/* Most bytes of an unexpected reply that an error message quotes. */
#define SHOWN_REPLY_MAX_BYTES 60

int tenon__reply_give_up(struct tenon__wire *wire, int status, const char *what,
		   const char *line, size_t len)
{
	int shown = len > SHOWN_REPLY_MAX_BYTES ? SHOWN_REPLY_MAX_BYTES
						: (int)len;
	char clean[SHOWN_REPLY_MAX_BYTES];

	for (int i = 0; i < shown; i++) {
		unsigned char byte = (unsigned char)line[i];

		clean[i] = byte < 0x20 || byte > 0x7e ? '.' : (char)byte;
	}
	snprintf(wire->problem, sizeof(wire->problem),
		 shown > 0 ? "%s: \"%.*s\"" : "%s", what, shown, clean);
	wire->status = status;
	return TENON_WIRE_BROKEN;
}

int tenon__reply_broken(struct tenon__wire *wire, const char *what, const char *line,
		  size_t len)
{
	return tenon__reply_give_up(wire, TENON_EPROTOCOL, what, line, len);
}

int tenon__reply_incomplete(struct tenon__wire *wire, const char *why,
		      const char *line)
{
	size_t here = wire->block->filled - wire->parsed;
	const char *newline = memchr(line, '\n', here);

	if (newline) {
		return tenon__reply_broken(wire, why, line, (size_t)(newline - line));
	}
	if (here > TENON_REPLY_LINE_MAX_BYTES) {
		return tenon__reply_broken(wire, "a reply line that is too long", line, here);
	}
	return TENON_WIRE_MORE;
}
