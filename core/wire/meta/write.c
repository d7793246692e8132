/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the requests of the meta protocol. */
#include "wire/classic/classic.h"
#include "wire/digits.h"
#include "wire/meta/meta_flags.h"
#include "wire/meta/meta_protocol.h"
#include "wire/meta/opaque.h"
#include "wire/send.h"
#include "wire/verbatim.h"

/* The server answers MN, when it has answered everything in front. */
#define FENCE "mn\r\n"
/* A key, the flags of options, five more numbers (20 digits, a space and a flag each), and 32 bytes. */
#define REQUEST_LINE_MAX_BYTES \
	(TENON_KEY_MAX_BYTES + META_MORE_MAX_BYTES + 5 * 22 + 32)
/* Room that a request needs in the send buffer, with a fence in front of it. */
#define REQUEST_MAX_BYTES \
	(sizeof(FENCE) + REQUEST_LINE_MAX_BYTES + TENON_SEND_COPY_MAX_BYTES + 2)
/* Room that two requests of a batch need, with the fence behind it. */
#define BATCH_ROOM_BYTES (2 * (size_t)REQUEST_LINE_MAX_BYTES + sizeof(FENCE))

static char *write_fence(struct tenon__wire *wire, char *at)
{
	(void)wire;
	return tenon__send_bytes(at, FENCE, sizeof(FENCE) - 1);
}

/* Write the command and the key. */
static inline char *put_command(char *at, const struct tenon__request *req)
{
	at = tenon__send_bytes(at, req->verb->meta, 2);
	*at++ = ' ';
	return tenon__send_bytes(at, req->key.data, req->key.len);
}

/* Write the flag of a key in base64. It stands first. */
static inline char *put_form(char *at, const struct tenon__request *req)
{
	return req->bits & TENON_REQUEST_BINARY ? put_flag(at, 'b') : at;
}

/* Give the request the next opaque, and end its line. */
static inline char *end_line(struct tenon__wire *wire,
			     struct tenon__request *req, char *at)
{
	req->opaque = wire->meta.next++ & OPAQUE_MASK;
	return put_tail(at, req->opaque);
}

/* Write the mode of the command, the flag q of a noreply request, and the opaque. */
static char *end_change(struct tenon__wire *wire, struct tenon__request *req,
			char *at)
{
	if (req->verb->mode) {
		at = put_flag(at, 'M');
		*at++ = req->verb->mode;
	}
	if (req->bits & TENON_REQUEST_MORE) {
		at = tenon__meta_put_change(at, req);
	}
	if (req->bits & TENON_REQUEST_NOREPLY) {
		at = put_flag(at, 'q');
		wire->fence = true;
	}
	at = end_line(wire, req, at);
	tenon__send_mark(req);
	wire->queue = req->next;
	return at;
}

/* Write the flags of a request that retrieves a value, all but the opaque. */
static inline char *put_usual_get(char *at, const struct tenon__request *req,
				  bool quiet)
{
	at = quiet ? tenon__send_bytes(at, " q v f", 6)
		   : tenon__send_bytes(at, " v f", 4);
	if (req->verb->cas) {
		at = put_flag(at, 'c');
	}
	return req->verb->exptime
		       ? tenon__put_i64(put_flag(at, 'T'), req->item->exptime)
		       : at;
}

/* The same for a key in base64, or with options of the call. */
static char *put_rare_get(char *at, const struct tenon__request *req,
			  bool quiet)
{
	at = put_form(at, req);
	return req->bits & TENON_REQUEST_MORE
		       ? tenon__meta_put_get(at, req, quiet)
		       : put_usual_get(at, req, quiet);
}

/*
 * Write one request that retrieves a value. quiet: 0, or TENON_REQUEST_QUIET: it has no reply when the key
 * has no value.
 */
static inline char *write_get(struct tenon__request *req, uint8_t quiet,
			      uint32_t opaque, char *at)
{
	uint8_t lasting = req->bits & TENON_REQUEST_LASTING;

	at = put_command(at, req);
	at = lasting ? put_rare_get(at, req, quiet)
		     : put_usual_get(at, req, quiet);
	req->opaque = opaque & OPAQUE_MASK;
	req->bits = lasting | quiet;
	tenon__request_go(req, TENON_REQUEST_WRITTEN);
	return put_tail(at, opaque & OPAQUE_MASK);
}

/* What the requests of a batch have in common, kept apart from the wire, which the compiler reads anew. */
struct batch {
	const struct tenon__verb *verb;
	unsigned more;	  /* TENON_REQUEST_MORE, or 0 */
	const char *last; /* the last place in the send buffer with room for two requests */
};

/* Return true when one more request joins the batch, behind one that is not written yet. */
static inline bool joins_batch(const struct batch *batch, const char *at,
			       const struct tenon__request *req)
{
	return req && req->verb == batch->verb &&
	       (req->bits & TENON_REQUEST_MORE) == batch->more &&
	       at <= batch->last;
}

/* Write a batch: quiet requests and a fence behind them. A request that is alone is not quiet. */
static char *write_batch(struct tenon__wire *wire, char *at)
{
	struct tenon__request *req = wire->queue;
	const struct batch batch = {
		.verb = req->verb,
		.more = req->bits & TENON_REQUEST_MORE,
		.last = wire->send_buffer + wire->send_capacity - BATCH_ROOM_BYTES,
	};
	uint8_t quiet = joins_batch(&batch, at, req->next) ? TENON_REQUEST_QUIET
							   : 0;
	uint32_t opaque = wire->meta.next;
	bool more;

	for (;;) {
		more = joins_batch(&batch, at, req->next);
		at = write_get(req, quiet, opaque++, at);
		if (!more) {
			break;
		}
		req->line_end = false;
		req = req->next;
	}
	req->line_end = true;
	wire->meta.next = opaque;
	wire->queue = req->next;
	return quiet ? write_fence(wire, at) : at;
}

/* Write the flags of an item that is stored as a whole. 0 is the server's default. */
static char *put_item(char *at, const struct tenon_item *item)
{
	if (item->flags) {
		at = tenon__put_u64(put_flag(at, 'F'), item->flags);
	}
	if (item->exptime) {
		at = tenon__put_i64(put_flag(at, 'T'), item->exptime);
	}
	return at;
}

/* Write one store request. *from is as in tenon__send_value(). */
static char *write_store(struct tenon__wire *wire, char *at, const char **from)
{
	struct tenon__request *req = wire->queue;
	const struct tenon_item *item = req->item;

	at = put_command(at, req);
	*at++ = ' ';
	at = put_form(tenon__put_u64(at, item->value.len), req);
	if (req->verb->cas) {
		at = tenon__put_u64(put_flag(at, 'C'), item->cas);
	}
	if (!req->verb->modifies) {
		at = put_item(at, item);
	}
	at = end_change(wire, req, at);
	at = tenon__send_value(wire, at, &item->value, from);
	return tenon__send_bytes(at, "\r\n", 2);
}

/* Write delete, touch, incr or decr. A quiet incr does not ask for the value: no reply has it. */
static char *write_key(struct tenon__wire *wire, char *at)
{
	struct tenon__request *req = wire->queue;
	const struct tenon__verb *verb = req->verb;

	at = put_form(put_command(at, req), req);
	if (verb->exptime) {
		at = tenon__put_i64(put_flag(at, 'T'), req->item->exptime);
	}
	if (verb->delta) {
		at = tenon__put_u64(put_flag(at, 'D'), req->item->delta);
	}
	if (verb->delta && !(req->bits & TENON_REQUEST_NOREPLY)) {
		at = put_flag(at, 'v');
	}
	return end_change(wire, req, at);
}

/* A command for a whole server stays classic. It has no opaque: those in front of it are smaller. */
static char *write_line(struct tenon__wire *wire, char *at)
{
	wire->queue->opaque = wire->meta.next & OPAQUE_MASK;
	return tenon__classic_write_line(wire, at);
}

void tenon__meta_write(struct tenon__wire *wire)
{
	static const struct tenon__writer writer = {
		.fence = write_fence,
		.retrieve = write_batch,
		.store = write_store,
		.key = write_key,
		.line = write_line,
		.verbatim = tenon__verbatim_write,
		.room_bytes = REQUEST_MAX_BYTES,
	};

	if (wire->queue == wire->first) {
		wire->meta.errors = 0; /* of an exchange that broke */
	}
	tenon__send_requests(&writer, wire);
}
