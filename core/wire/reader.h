/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop of a reader: inline in the readers of all protocols. */
#ifndef TENON_CORE_READER_H
#define TENON_CORE_READER_H

#include "wire/reply_value.h"

/* The steps of a reader. A step returns an enum tenon__verdict, or TENON_WIRE_READ_ON. */
struct tenon__reader {
	/* Read from the next reply as much as has arrived. A request in flight has a reply. */
	int (*next_reply)(struct tenon__wire *wire);
	/* Read the next line, when no request in flight has a reply. */
	int (*next_line)(struct tenon__wire *wire);
};

/*
 * Every request has its answer. Bytes left to parse now are the server's error, and so are bytes
 * left to send, except behind an error line: the server refused a value while it was sent.
 */
static inline int tenon__reader_end(struct tenon__wire *wire)
{
	if (wire->piece < wire->piece_count && wire->erred) {
		wire->status = TENON_ECLOSED;
		return TENON_WIRE_BROKEN;
	}
	if (wire->piece < wire->piece_count) {
		return tenon__reply_broken(wire, "an answer before the request was sent",
			      "", 0);
	}
	if (wire->parsed != wire->block->filled) {
		return tenon__reply_broken(wire, "bytes after the last reply",
			      wire->block->data + wire->parsed,
			      wire->block->filled - wire->parsed);
	}
	return TENON_WIRE_DONE;
}

/* No request in flight has a reply: judge the bytes that are left. */
static inline __attribute__((always_inline)) int tenon__reader_unasked(
	const struct tenon__reader *reader, struct tenon__wire *wire)
{
	if (wire->parsed != wire->block->filled &&
	    (wire->queue || wire->fence)) {
		return reader->next_line(wire);
	}
	if (wire->queue || (wire->fence && wire->piece < wire->piece_count)) {
		return TENON_WIRE_MORE;
	}
	return tenon__reader_end(wire);
}

/* Read the bytes that have arrived: the function `read` of a protocol. */
static inline __attribute__((always_inline)) int tenon__reader_run(
	const struct tenon__reader *reader, struct tenon__wire *wire)
{
	int verdict;

	/* reading stops here at the latest; a block has one byte more than its capacity for it */
	wire->block->data[wire->block->filled] = '\0';
	do {
		if (wire->recv_state != TENON_RECV_LINE) {
			verdict = tenon__value_continue(wire);
		} else if (tenon__wire_awaits(wire)) {
			verdict = reader->next_reply(wire);
		} else {
			verdict = tenon__reader_unasked(reader, wire);
		}
	} while (verdict == TENON_WIRE_READ_ON);
	return verdict;
}

#endif
