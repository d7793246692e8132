/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands for whole servers: version, stats, flush_all, verbosity. Other text protocols share
 * them.
 */
#include <string.h>

#include "wire/classic/classic.h"
#include "wire/reply.h"

/* The reply to version is "VERSION <text>"; the reply to flush_all and verbosity is "OK". */
static int read_server_line(struct tenon__wire *wire, char *line,
			    size_t len)
{
	bool versioned = tenon__reply_verb(wire)->versioned;

	if (versioned && TENON__STARTS(line, len, "VERSION ")) {
		struct tenon_result *result = tenon__reply_answer_next(wire, TENON_OK);

		line[len] = '\0';
		result->value = line + 8;
		result->value_len = len - 8;
		return TENON_WIRE_READ_ON;
	}
	if (versioned || !TENON__IS(line, len, "OK")) {
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
	tenon__reply_answer_next(wire, TENON_OK);
	return TENON_WIRE_READ_ON;
}

/* Return true when the argument of stats is this word, perhaps with more words behind it. */
static bool is_argument(const struct tenon_slice *argument, const char *word)
{
	const char *at = argument->data;
	size_t left = argument->len;
	size_t len = strlen(word);

	while (left > 0 && *at == ' ') {
		at++;
		left--;
	}
	return left >= len && memcmp(at, word, len) == 0 &&
	       (left == len || at[len] == ' ');
}

/*
 * Return true when a line is the last one of a reply without END. memcached 1.6 answers
 * "stats sizes_enable" and "stats sizes_disable" by one line, or by two when it cannot do so. The
 * same line begins the reply to "stats sizes", which has an END.
 */
static bool is_last_line(const struct tenon__wire *wire, const char *line,
			 size_t len)
{
	const struct tenon_slice *argument = &wire->flight->key;

	return (TENON__IS(line, len, "STAT sizes_status enabled") ||
		TENON__IS(line, len, "STAT sizes_status disabled") ||
		TENON__STARTS(line, len, "STAT sizes_error ")) &&
	       (is_argument(argument, "sizes_enable") ||
		is_argument(argument, "sizes_disable"));
}

/* The reply ends with a line that belongs to it. A server may send END all the same. */
static int end_lines_early(struct tenon__wire *wire)
{
	const char *first = wire->block->data + wire->keep_from;
	const char *rest = wire->block->data + wire->parsed;
	size_t here = wire->block->filled - wire->parsed;
	struct tenon_result *result = tenon__reply_answer_next(wire, TENON_OK);

	result->value = first;
	result->value_len = (size_t)(rest - first);
	if (TENON__STARTS(rest, here, "END\r\n")) {
		wire->parsed += 5;
	}
	wire->keep_from = wire->parsed;
	return TENON_WIRE_READ_ON;
}

/* The reply to stats is lines up to END; the reply to "stats reset" and the like is one word. */
static int read_server_lines(struct tenon__wire *wire, const char *line,
			     size_t len)
{
	const char *first = wire->block->data + wire->keep_from;
	bool end = TENON__IS(line, len, "END");
	bool word = line == first &&
		    (TENON__IS(line, len, "RESET") || TENON__IS(line, len, "OK"));

	if (is_last_line(wire, line, len)) {
		return end_lines_early(wire);
	}
	if (word && wire->flight->key.len == 0) { /* plain stats has lines */
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
	if (!end && !word) {
		if (wire->parsed - wire->keep_from > TENON_STATS_MAX_BYTES) {
			return tenon__reply_broken(wire, "stats that are too long", line,
				      len);
		}
		return TENON_WIRE_READ_ON;
	}
	struct tenon_result *result = tenon__reply_answer_next(wire, TENON_OK);
	result->value = first;
	result->value_len = end ? (size_t)(line - first) : 0;
	wire->keep_from = wire->parsed;
	return TENON_WIRE_READ_ON;
}

int tenon__classic_read_server(struct tenon__wire *wire, char *line, size_t len)
{
	return tenon__reply_verb(wire)->shape == TENON_SHAPE_LINES
		       ? read_server_lines(wire, line, len)
		       : read_server_line(wire, line, len);
}
