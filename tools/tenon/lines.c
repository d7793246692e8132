/* SPDX-License-Identifier: BSD-3-Clause */
#include "lines.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Far above the longest key. The rest of a longer line is passed over. */
#define LINE_MAX_BYTES (256 * 1024)

struct reader {
	char bytes[LINE_MAX_BYTES];
	size_t have;
	bool skips; /* the rest of a line that was too long is ignored */
};

/* Take every complete line, and move the rest to the front of the buffer. */
static void take_lines(struct reader *reader, line_fn take, void *payload)
{
	char *line = reader->bytes;
	char *end = reader->bytes + reader->have;
	char *newline;

	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		if (!reader->skips) {
			take(payload, line, (size_t)(newline - line));
		}
		reader->skips = false;
		line = newline + 1;
	}
	reader->have = (size_t)(end - line);
	if (reader->have == sizeof(reader->bytes) && !reader->skips) {
		take(payload, line, reader->have);
		reader->skips = true;
	}
	if (reader->skips) {
		reader->have = 0;
	}
	memmove(reader->bytes, line, reader->have);
}

int lines_read(int fd, line_fn take, void *payload)
{
	static struct reader reader;
	ssize_t got;
	int error = 0;

	reader.have = 0;
	reader.skips = false;
	do {
		got = read(fd, reader.bytes + reader.have,
			   sizeof(reader.bytes) - reader.have);
		error = got < 0 ? errno : 0;
		if (got > 0) {
			reader.have += (size_t)got;
			take_lines(&reader, take, payload);
		}
	} while (got > 0 || error == EINTR);
	if (reader.have > 0) {
		take(payload, reader.bytes, reader.have);
	}
	return error;
}
