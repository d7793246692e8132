/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the requests of the classic protocol. */
#include <string.h>

#include "wire/classic/classic.h"
#include "wire/digits.h"

/* A key, four numbers (20 digits and a space each), and 32 bytes for verb, " noreply" and CR LF. */
#define REQUEST_LINE_MAX_BYTES (TENON_KEY_MAX_BYTES + 4 * 21 + 32)
/*
 * The fence in front of the first request after noreply requests: replies that come before its
 * reply are errors of the noreply requests. `version` costs the server least. Some servers and
 * proxies do not know it: they answer ERROR, another line, or nothing. All know `get`, whose
 * reply END is the reply to nothing else here. So the first fence to a server has both, which
 * tells whether the server knows `version`.
 */
#define FENCE_VERSION "version\r\n"
#define FENCE_GET     "get tenon:fence\r\n"
/* Room that a request needs in the send buffer, with a fence in front of it. */
#define REQUEST_MAX_BYTES                                             \
	(sizeof(FENCE_VERSION FENCE_GET) + REQUEST_LINE_MAX_BYTES +   \
	 TENON_SEND_COPY_MAX_BYTES + 2)

static char *put_bytes(char *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

/* Copies the whole array, as a fixed size is fast to copy. The next bytes overwrite the rest. */
static char *put_name(char *at, const struct tenon__verb *verb)
{
	memcpy(at, verb->name, sizeof(verb->name));
	return at + verb->name_len;
}

/* Append the bytes from `from` to `to` to the pieces to send. */
static void add_piece(struct tenon__wire *wire, const char *from,
		      const char *to)
{
	wire->pieces[wire->piece_count++] = (struct iovec){
		.iov_base = (char *)(uintptr_t)from,
		.iov_len = (size_t)(to - from),
	};
}

/* Return true when the send buffer has `bytes` bytes of room from `at` on. */
static bool fits(const struct tenon__wire *wire, const char *at,
		 size_t bytes)
{
	size_t used = (size_t)(at - wire->send_buffer);

	return wire->send_capacity - used >= bytes;
}

static char *write_fence(struct tenon__wire *wire, char *at)
{
	if (wire->version != TENON_VERSION_MISSING) {
		at = put_bytes(at, FENCE_VERSION, sizeof(FENCE_VERSION) - 1);
	}
	if (wire->version != TENON_VERSION_THERE) {
		wire->version = wire->version == TENON_VERSION_MISSING
					? TENON_VERSION_MISSING
					: TENON_VERSION_UNKNOWN;
		at = put_bytes(at, FENCE_GET, sizeof(FENCE_GET) - 1);
	}
	wire->fence = false;
	return at;
}

/* Return true when this request can share a retrieval line of that verb and exptime. */
static bool joins_line(const struct tenon__request *req,
		       const struct tenon__verb *verb, int64_t exptime)
{
	return req->verb == verb &&
	       (!verb->exptime || req->item->exptime == exptime);
}

/* The request is in the send buffer. An earlier try may have set its bits. */
static inline void mark_written(struct tenon__request *req)
{
	tenon__request_go(req, TENON_REQUEST_WRITTEN);
	req->bits &= TENON_REQUEST_NOREPLY;
	req->line_end = false;
}

/* Write one retrieval line with as many keys as the line and the send buffer can hold. */
static char *write_retrieve(struct tenon__wire *wire, char *at)
{
	const char *line = at;
	struct tenon__request *req = wire->queue;
	struct tenon__request *last;
	const struct tenon__verb *verb = req->verb;
	int64_t exptime = req->item->exptime;
	size_t line_max_bytes = verb->exptime ? TENON_GAT_LINE_MAX_BYTES :
						TENON_GET_LINE_MAX_BYTES;

	at = put_name(at, verb);
	if (verb->exptime) {
		*at++ = ' ';
		at = tenon__put_i64(at, exptime);
	}
	do {
		*at++ = ' ';
		at = put_bytes(at, req->key.data, req->key.len);
		mark_written(req);
		last = req;
		req = req->next;
	} while (req && joins_line(req, verb, exptime) &&
		 (size_t)(at - line) + req->key.len + 3 <= line_max_bytes &&
		 fits(wire, at, req->key.len + 3));
	last->line_end = true;
	wire->queue = req;
	return put_bytes(at, "\r\n", 2);
}

static char *put_noreply(struct tenon__wire *wire,
			 const struct tenon__request *req, char *at)
{
	if (!(req->bits & TENON_REQUEST_NOREPLY)) {
		return at;
	}
	wire->fence = true;
	return put_bytes(at, " noreply", 8);
}

/*
 * Write one store request. A value above TENON_SEND_COPY_MAX_BYTES is not copied:
 * the caller's memory becomes a piece of its own. Then *from is moved to the start
 * of the next piece in the send buffer.
 */
static char *write_store(struct tenon__wire *wire, char *at,
			 const char **from)
{
	struct tenon__request *req = wire->queue;
	const struct tenon_item *item = req->item;

	at = put_name(at, req->verb);
	*at++ = ' ';
	at = put_bytes(at, req->key.data, req->key.len);
	*at++ = ' ';
	at = tenon__put_u64(at, item->flags);
	*at++ = ' ';
	at = tenon__put_i64(at, item->exptime);
	*at++ = ' ';
	at = tenon__put_u64(at, item->value.len);
	if (req->verb->cas) {
		*at++ = ' ';
		at = tenon__put_u64(at, item->cas);
	}
	at = put_noreply(wire, req, at);
	at = put_bytes(at, "\r\n", 2);
	if (item->value.len <= TENON_SEND_COPY_MAX_BYTES) {
		if (item->value.len > 0) {
			at = put_bytes(at, item->value.data, item->value.len);
		}
	} else {
		const char *value = item->value.data;

		add_piece(wire, *from, at);
		add_piece(wire, value, value + item->value.len);
		*from = at;
	}
	mark_written(req);
	wire->queue = req->next;
	return put_bytes(at, "\r\n", 2);
}

/* Write one request that is a single line: with a key, with an argument, or with neither. */
static char *write_line(struct tenon__wire *wire, char *at)
{
	struct tenon__request *req = wire->queue;
	const struct tenon__verb *verb = req->verb;

	at = put_name(at, verb);
	if (req->key.len > 0) {
		*at++ = ' ';
		at = put_bytes(at, req->key.data, req->key.len);
	}
	if (verb->exptime) {
		*at++ = ' ';
		at = tenon__put_i64(at, req->item->exptime);
	}
	if (verb->delta) {
		*at++ = ' ';
		at = tenon__put_u64(at, req->item->delta);
	}
	if (verb->noreply) {
		at = put_noreply(wire, req, at);
	}
	mark_written(req);
	wire->queue = req->next;
	return put_bytes(at, "\r\n", 2);
}

/* Write the requests of one send, from `at` on. *from is as in write_store(). Returns the end. */
static inline char *write_requests(struct tenon__wire *wire, char *at,
				   const char **from)
{
	struct tenon__request *req = wire->queue;
	bool fenced = wire->fence && !(req->bits & TENON_REQUEST_NOREPLY);

	if (fenced) {
		at = write_fence(wire, at);
	}
	switch (req->verb->shape) {
	case TENON_SHAPE_RETRIEVE:
		at = write_retrieve(wire, at);
		break;
	case TENON_SHAPE_STORE:
		at = write_store(wire, at, from);
		break;
	default:
		at = write_line(wire, at);
	}
	if (fenced) {
		req->bits |= TENON_REQUEST_FENCED;
	}
	return at;
}

void tenon__classic_write(struct tenon__wire *wire)
{
	char *at = wire->send_buffer;
	const char *from = at;

	wire->piece = 0;
	wire->piece_count = 0;
	wire->buffered = wire->queue;
	/* a request adds at most two pieces, and one piece is left for the end of the buffer */
	do {
		at = write_requests(wire, at, &from);
	} while (wire->queue && fits(wire, at, REQUEST_MAX_BYTES) &&
		 wire->piece_count + 3 <= TENON_SEND_PIECES);
	add_piece(wire, from, at);
	wire->send_short = wire->queue && !fits(wire, at, REQUEST_MAX_BYTES);
}
