/* SPDX-License-Identifier: BSD-3-Clause */
/* The bytes of requests in the send buffer: inline in the writers of all protocols. */
#ifndef TENON_CORE_SEND_H
#define TENON_CORE_SEND_H

#include <string.h>

#include "wire/wire.h"

static inline char *tenon__send_bytes(char *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

/* Copies the whole array, as a fixed size is fast to copy. The next bytes overwrite the rest. */
static inline char *tenon__send_name(char *at, const struct tenon__verb *verb)
{
	memcpy(at, verb->name, sizeof(verb->name));
	return at + verb->name_len;
}

/* Append the bytes from `from` to `to` to the pieces to send. */
static inline void tenon__send_piece(struct tenon__wire *wire, const char *from,
				     const char *to)
{
	wire->pieces[wire->piece_count++] = (struct iovec){
		.iov_base = (char *)(uintptr_t)from,
		.iov_len = (size_t)(to - from),
	};
}

/* Return true when the send buffer has `bytes` bytes of room from `at` on. */
static inline bool tenon__send_fits(const struct tenon__wire *wire,
				    const char *at, size_t bytes)
{
	size_t used = (size_t)(at - wire->send_buffer);

	return wire->send_capacity - used >= bytes;
}

/* The request is in the send buffer. An earlier try may have set its bits. */
static inline void tenon__send_mark(struct tenon__request *req)
{
	tenon__request_go(req, TENON_REQUEST_WRITTEN);
	req->bits &= TENON_REQUEST_NOREPLY | TENON_REQUEST_LASTING;
	req->line_end = false;
}

/*
 * Write a value. A value above TENON_SEND_COPY_MAX_BYTES is not copied: the caller's memory
 * becomes a piece of its own. Then *from is moved to the start of the next piece in the send
 * buffer.
 */
static inline char *tenon__send_value(struct tenon__wire *wire, char *at,
				      const struct tenon_slice *value,
				      const char **from)
{
	const char *data = value->data;

	if (value->len > TENON_SEND_COPY_MAX_BYTES) {
		tenon__send_piece(wire, *from, at);
		tenon__send_piece(wire, data, data + value->len);
		*from = at;
		return at;
	}
	return value->len > 0 ? tenon__send_bytes(at, data, value->len) : at;
}

/*
 * What differs between the writers of the protocols. A function writes the next requests, from
 * wire->queue on, at `at`, and returns the end; *from is as in tenon__send_value().
 */
struct tenon__writer {
	/* Write a fence. */
	char *(*fence)(struct tenon__wire *wire, char *at);
	/* Write as many requests of TENON_SHAPE_RETRIEVE as can be together. */
	char *(*retrieve)(struct tenon__wire *wire, char *at);
	/* Write one request of TENON_SHAPE_STORE. */
	char *(*store)(struct tenon__wire *wire, char *at, const char **from);
	/* Write one request of TENON_SHAPE_KEY. */
	char *(*key)(struct tenon__wire *wire, char *at);
	/* Write one request of TENON_SHAPE_LINE or TENON_SHAPE_LINES. */
	char *(*line)(struct tenon__wire *wire, char *at);
	/* Write one request of TENON_SHAPE_VERBATIM, which is alone: tenon__verbatim_write(). */
	char *(*verbatim)(struct tenon__wire *wire, char *at, const char **from);
	/* Room that one of the others needs in the send buffer, with a fence in front. */
	size_t room_bytes;
};

/* Write the next requests. */
static inline __attribute__((always_inline)) char *tenon__send_next(
	const struct tenon__writer *writer, struct tenon__wire *wire, char *at,
	const char **from)
{
	struct tenon__request *req = wire->queue;
	bool fenced = wire->fence && !(req->bits & TENON_REQUEST_NOREPLY);

	if (fenced) {
		at = writer->fence(wire, at);
		wire->fence = false;
	}
	switch (req->verb->shape) {
	case TENON_SHAPE_RETRIEVE:
		at = writer->retrieve(wire, at);
		break;
	case TENON_SHAPE_STORE:
		at = writer->store(wire, at, from);
		break;
	case TENON_SHAPE_KEY:
		at = writer->key(wire, at);
		break;
	default:
		at = req->verb->shape == TENON_SHAPE_VERBATIM
			     ? writer->verbatim(wire, at, from)
			     : writer->line(wire, at);
	}
	if (fenced) {
		req->bits |= TENON_REQUEST_FENCED;
	}
	return at;
}

/* Write the requests of one send: the function `write` of a protocol. */
static inline __attribute__((always_inline)) void tenon__send_requests(
	const struct tenon__writer *writer, struct tenon__wire *wire)
{
	char *at = wire->send_buffer;
	const char *from = at;

	wire->piece = 0;
	wire->piece_count = 0;
	wire->buffered = wire->queue;
	/* a request adds at most two pieces, and one piece is left for the end of the buffer */
	do {
		at = tenon__send_next(writer, wire, at, &from);
	} while (wire->queue && tenon__send_fits(wire, at, writer->room_bytes) &&
		 wire->piece_count + 3 <= TENON_SEND_PIECES);
	tenon__send_piece(wire, from, at);
	wire->send_short = wire->queue &&
			   !tenon__send_fits(wire, at, writer->room_bytes);
}

#endif
