/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the requests of the classic protocol. */
#include <string.h>

#include "wire/classic/classic.h"
#include "wire/digits.h"
#include "wire/send.h"
#include "wire/verbatim.h"

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

static char *write_fence(struct tenon__wire *wire, char *at)
{
	if (wire->version != TENON_VERSION_MISSING) {
		at = tenon__send_bytes(at, FENCE_VERSION, sizeof(FENCE_VERSION) - 1);
	}
	if (wire->version != TENON_VERSION_THERE) {
		wire->version = wire->version == TENON_VERSION_MISSING
					? TENON_VERSION_MISSING
					: TENON_VERSION_UNKNOWN;
		at = tenon__send_bytes(at, FENCE_GET, sizeof(FENCE_GET) - 1);
	}
	return at;
}

/* Return true when this request can share a retrieval line of that verb and exptime. */
static bool joins_line(const struct tenon__request *req,
		       const struct tenon__verb *verb, int64_t exptime)
{
	return req->verb == verb &&
	       (!verb->exptime || req->item->exptime == exptime);
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

	at = tenon__send_name(at, verb);
	if (verb->exptime) {
		*at++ = ' ';
		at = tenon__put_i64(at, exptime);
	}
	do {
		*at++ = ' ';
		at = tenon__send_bytes(at, req->key.data, req->key.len);
		tenon__send_mark(req);
		last = req;
		req = req->next;
	} while (req && joins_line(req, verb, exptime) &&
		 (size_t)(at - line) + req->key.len + 3 <= line_max_bytes &&
		 tenon__send_fits(wire, at, req->key.len + 3));
	last->line_end = true;
	wire->queue = req;
	return tenon__send_bytes(at, "\r\n", 2);
}

static char *put_noreply(struct tenon__wire *wire,
			 const struct tenon__request *req, char *at)
{
	if (!(req->bits & TENON_REQUEST_NOREPLY)) {
		return at;
	}
	wire->fence = true;
	return tenon__send_bytes(at, " noreply", 8);
}

/* Write one store request. *from is as in tenon__send_value(). */
static char *write_store(struct tenon__wire *wire, char *at,
			 const char **from)
{
	struct tenon__request *req = wire->queue;
	const struct tenon_item *item = req->item;

	at = tenon__send_name(at, req->verb);
	*at++ = ' ';
	at = tenon__send_bytes(at, req->key.data, req->key.len);
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
	at = tenon__send_bytes(at, "\r\n", 2);
	at = tenon__send_value(wire, at, &item->value, from);
	tenon__send_mark(req);
	wire->queue = req->next;
	return tenon__send_bytes(at, "\r\n", 2);
}

char *tenon__classic_write_line(struct tenon__wire *wire, char *at)
{
	struct tenon__request *req = wire->queue;
	const struct tenon__verb *verb = req->verb;

	at = tenon__send_name(at, verb);
	if (req->key.len > 0) {
		*at++ = ' ';
		at = tenon__send_bytes(at, req->key.data, req->key.len);
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
	tenon__send_mark(req);
	wire->queue = req->next;
	return tenon__send_bytes(at, "\r\n", 2);
}

void tenon__classic_write(struct tenon__wire *wire)
{
	static const struct tenon__writer writer = {
		.fence = write_fence,
		.retrieve = write_retrieve,
		.store = write_store,
		.key = tenon__classic_write_line,
		.line = tenon__classic_write_line,
		.verbatim = tenon__verbatim_write,
		.room_bytes = REQUEST_MAX_BYTES,
	};

	tenon__send_requests(&writer, wire);
}
