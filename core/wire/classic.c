/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/classic.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* ---- requests ---------------------------------------------------------- */

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

/* Writes up to 20 digits. Like put_name(), always copies 20 bytes. */
static char *put_digits(char *at, uint64_t number)
{
	enum { MOST = 20 };
	char digits[2 * MOST];
	size_t first = MOST;

	do {
		digits[--first] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	memcpy(at, digits + first, MOST);
	return at + MOST - first;
}

static inline char *put_u64(char *at, uint64_t number)
{
	if (number < 10) {
		*at = (char)('0' + number);
		return at + 1;
	}
	return put_digits(at, number);
}

static inline char *put_i64(char *at, int64_t number)
{
	if (number < 0) {
		*at++ = '-';
		return put_u64(at, 0 - (uint64_t)number);
	}
	return put_u64(at, (uint64_t)number);
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
	const struct tenon__requests *rs = wire->requests;
	const char *line = at;
	uint32_t req = wire->send_req;
	uint32_t last = req;
	const struct tenon__verb *verb = rs->list[req].verb;
	int64_t exptime = rs->list[req].item->exptime;
	size_t line_max_bytes = verb->exptime ? TENON_GAT_LINE_MAX_BYTES :
						TENON_GET_LINE_MAX_BYTES;

	at = put_name(at, verb);
	if (verb->exptime) {
		*at++ = ' ';
		at = put_i64(at, exptime);
	}
	do {
		const struct tenon_slice *key = &rs->keys[req];

		*at++ = ' ';
		at = put_bytes(at, key->data, key->len);
		rs->list[req].line_end = false; /* an earlier try may have set it */
		last = req;
		req = rs->list[req].next;
	} while (req != TENON_REQUEST_END &&
		 joins_line(&rs->list[req], verb, exptime) &&
		 (size_t)(at - line) + rs->keys[req].len + 3 <=
			 line_max_bytes &&
		 fits(wire, at, rs->keys[req].len + 3));
	rs->list[last].line_end = true;
	wire->send_req = req;
	return put_bytes(at, "\r\n", 2);
}

/*
 * Write one store request. A value above TENON_SEND_COPY_MAX_BYTES is not copied:
 * the caller's memory becomes a piece of its own. Then *from is moved to the start
 * of the next piece in the send buffer.
 */
static char *write_store(struct tenon__wire *wire, char *at,
			 const char **from)
{
	const struct tenon__requests *rs = wire->requests;
	const struct tenon__verb *verb = rs->list[wire->send_req].verb;
	const struct tenon_item *item = rs->list[wire->send_req].item;
	const struct tenon_slice *key = &rs->keys[wire->send_req];

	at = put_name(at, verb);
	*at++ = ' ';
	at = put_bytes(at, key->data, key->len);
	*at++ = ' ';
	at = put_u64(at, item->flags);
	*at++ = ' ';
	at = put_i64(at, item->exptime);
	*at++ = ' ';
	at = put_u64(at, item->value.len);
	if (verb->cas) {
		*at++ = ' ';
		at = put_u64(at, item->cas);
	}
	if (rs->noreply) {
		at = put_bytes(at, " noreply", 8);
	}
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
	wire->send_req = rs->list[wire->send_req].next;
	return put_bytes(at, "\r\n", 2);
}

/* Write one request that is a single line. */
static char *write_line(struct tenon__wire *wire, char *at)
{
	const struct tenon__requests *rs = wire->requests;
	const struct tenon__request *req = &rs->list[wire->send_req];
	const struct tenon__verb *verb = req->verb;

	at = put_name(at, verb);
	if (verb->shape == TENON_SHAPE_KEY) {
		const struct tenon_slice *key = &rs->keys[wire->send_req];

		*at++ = ' ';
		at = put_bytes(at, key->data, key->len);
	}
	if (rs->argument) {
		*at++ = ' ';
		at = put_bytes(at, rs->argument, strlen(rs->argument));
	}
	if (verb->exptime) {
		*at++ = ' ';
		at = put_i64(at, req->item->exptime);
	}
	if (verb->delta) {
		*at++ = ' ';
		at = put_u64(at, req->item->delta);
	}
	if (rs->noreply && verb->noreply) {
		at = put_bytes(at, " noreply", 8);
	}
	wire->send_req = req->next;
	return put_bytes(at, "\r\n", 2);
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
	wire->fence_sent = true;
	return at;
}

void tenon__classic_write(struct tenon__wire *wire)
{
	const struct tenon__requests *rs = wire->requests;
	size_t need = REQUEST_LINE_MAX_BYTES + TENON_SEND_COPY_MAX_BYTES + 2;
	char *at = wire->send_buffer;
	const char *from = at;

	wire->piece = 0;
	wire->piece_count = 0;
	if (wire->fence && !rs->noreply && !wire->fence_sent) {
		at = write_fence(wire, at);
	}
	wire->buffer_req = wire->send_req;
	/* a request adds at most two pieces, and one piece is left for the end of the buffer */
	do {
		switch (rs->list[wire->send_req].verb->shape) {
		case TENON_SHAPE_RETRIEVE:
			at = write_retrieve(wire, at);
			break;
		case TENON_SHAPE_STORE:
			at = write_store(wire, at, &from);
			break;
		default:
			at = write_line(wire, at);
		}
	} while (wire->send_req != TENON_REQUEST_END && fits(wire, at, need) &&
		 wire->piece_count + 3 <= TENON_SEND_PIECES);
	add_piece(wire, from, at);
	wire->send_short =
		wire->send_req != TENON_REQUEST_END && !fits(wire, at, need);
}

/* ---- replies ----------------------------------------------------------- */

/* A result of the functions below, besides those of enum tenon_verdict: go on reading. */
#define READ_ON 2
/* Most bytes of an unexpected reply that an error message quotes, and that a log line quotes. */
#define SHOWN_REPLY_MAX_BYTES 60
#define LOGGED_REPLY_MAX_BYTES 100

/* Give up the connection with this status, because of the line, which the sentence quotes. */
static int give_up(struct tenon__wire *wire, int status, const char *what,
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
	return TENON_VERDICT_BROKEN;
}

/* Give up the connection, because the protocol does not allow these bytes here. */
static int broken(struct tenon__wire *wire, const char *what, const char *line,
		  size_t len)
{
	return give_up(wire, TENON_EPROTOCOL, what, line, len);
}

/* The verb of the request that the next reply answers. There is such a request. */
static const struct tenon__verb *current_verb(
	const struct tenon__wire *wire)
{
	return wire->requests->list[wire->line_req].verb;
}

/* Record the answer of one request. */
static struct tenon_result *answer(struct tenon__wire *wire, uint32_t req,
				   int status)
{
	struct tenon_result *result = &wire->requests->results[req];

	wire->requests->list[req].answered = true;
	result->status = status;
	return result;
}

/* Record the answer of the current request, and make the next request the current one. */
static struct tenon_result *answer_line(struct tenon__wire *wire,
					int status)
{
	uint32_t req = wire->line_req;

	tenon__health_key(wire->health, status);
	wire->line_req = wire->requests->list[req].next;
	return answer(wire, req, status);
}

/* Ask the caller for memory for a large value. A repeated exchange asks again. */
static void ask_for_sink(const struct tenon__requests *rs, uint32_t req,
			 uint64_t bytes)
{
	const struct tenon__sink_rule *rule = &rs->sink_rule;

	rs->list[req].sink = NULL;
	if (bytes >= rule->min_bytes &&
	    !(rs->results[req].flags & rule->excluded)) {
		rs->list[req].sink =
			rule->fn(rule->payload, req, (size_t)bytes);
		rs->list[req].sink_bytes = (size_t)bytes;
	}
}

/* The value of a request is in the memory of another: ask the caller for memory, and copy it. */
static void copy_to_sink(const struct tenon__requests *rs, uint32_t req)
{
	struct tenon_result *result = &rs->results[req];

	ask_for_sink(rs, req, result->value_len);
	if (rs->list[req].sink) {
		memcpy(rs->list[req].sink, result->value, result->value_len + 1);
		result->value = rs->list[req].sink;
	}
}

/* Return one of the lower 63 bits for a key. Different keys may share a bit. */
static uint64_t key_bit(const struct tenon_slice *key)
{
	const unsigned char *bytes = key->data;

	return UINT64_C(1)
	       << ((bytes[key->len - 1] + 7u * bytes[0] + key->len) % 63);
}

/*
 * Return the bits of the keys of the current retrieval line that have a value. A line without
 * values gives a bit that no key has, not 0.
 */
static uint64_t bits_of_hits(const struct tenon__wire *wire)
{
	const struct tenon__requests *rs = wire->requests;
	uint32_t req = wire->line_req;
	uint64_t bits = UINT64_C(1) << 63;

	for (;; req = rs->list[req].next) {
		if (rs->list[req].answered &&
		    rs->results[req].status == TENON_HIT) {
			bits |= key_bit(&rs->keys[req]);
		}
		if (rs->list[req].line_end) {
			return bits;
		}
	}
}

/*
 * Return the request of the current retrieval line that has the same key as req, and a value;
 * TENON_REQUEST_END when there is none.
 */
static uint32_t find_twin(const struct tenon__wire *wire, uint32_t req)
{
	const struct tenon__requests *rs = wire->requests;
	const struct tenon_slice *key = &rs->keys[req];
	uint32_t at = wire->line_req;

	for (;; at = rs->list[at].next) {
		if (rs->list[at].answered &&
		    rs->results[at].status == TENON_HIT &&
		    rs->keys[at].len == key->len &&
		    memcmp(rs->keys[at].data, key->data, key->len) == 0) {
			return at;
		}
		if (rs->list[at].line_end) {
			return TENON_REQUEST_END;
		}
	}
}

/*
 * Some proxies answer once for a key that a retrieval line has twice. Give the value to the
 * second request too. *hits are the bits of the keys with a value; 0: not known yet.
 * Returns false when no request of the line with this key has a value.
 */
static bool answer_as_twin(struct tenon__wire *wire, uint32_t req,
			   uint64_t *hits)
{
	struct tenon__requests *rs = wire->requests;

	if (*hits == 0) {
		*hits = bits_of_hits(wire);
	}
	if (!(*hits & key_bit(&rs->keys[req]))) {
		return false;
	}
	uint32_t twin = find_twin(wire, req);
	if (twin == TENON_REQUEST_END) {
		return false;
	}
	uint32_t server = rs->results[req].server;
	rs->results[req] = rs->results[twin];
	rs->results[req].server = server;
	rs->list[req].answered = true;
	tenon__count(&wire->health->hits, 1);
	if (rs->list[twin].sink) {
		copy_to_sink(rs, req);
	}
	return true;
}

/*
 * Answer a request of a retrieval line whose reply is complete without a value for it. Not
 * inline, so that a line of hits stays short.
 */
__attribute__((noinline)) static void answer_without_value(struct tenon__wire *wire, uint32_t req,
				 int status, const char *text, uint64_t *hits)
{
	if (status != TENON_MISS) {
		tenon__health_key(wire->health, status);
	} else if (answer_as_twin(wire, req, hits)) {
		return;
	} else {
		tenon__count(&wire->health->misses, 1);
	}
	answer(wire, req, status)->text = text;
}

/* The reply to a retrieval line is complete: every key without a value gets this status. */
static void end_retrieve(struct tenon__wire *wire, int status,
			 const char *text)
{
	const struct tenon__request *requests = wire->requests->list;
	uint32_t req = wire->line_req;
	uint64_t hits = 0;
	bool last;

	do {
		last = requests[req].line_end;
		if (!requests[req].answered) {
			answer_without_value(wire, req, status, text, &hits);
		}
		req = requests[req].next;
	} while (!last);
	wire->line_req = req;
	wire->seek_req = req;
}

/* True when text[0..len) is this word, or starts with it. */
#define IS(text, len, word) \
	((len) == sizeof(word) - 1 && memcmp(text, word, sizeof(word) - 1) == 0)
#define STARTS(text, len, word) \
	((len) >= sizeof(word) - 1 && memcmp(text, word, sizeof(word) - 1) == 0)

/* The status of an error line; 0 when the line is no error line. */
static int error_status(const char *line, size_t len)
{
	if (STARTS(line, len, "SERVER_ERROR")) {
		return TENON_ESERVER;
	}
	if (STARTS(line, len, "CLIENT_ERROR")) {
		return TENON_ECLIENT;
	}
	return STARTS(line, len, "ERROR") ? TENON_EUNKNOWN : 0;
}

/*
 * Return true when this error line, the first reply on a new connection, refuses the connection:
 * memcached's own words, or the second new connection in a row that the server closes behind
 * an error line.
 * Source: memcached.c, "Too many open connections" (option maxconns_fast).
 */
static bool refuses_connection(const struct tenon__wire *wire, int status,
			       const char *line, size_t len)
{
	return wire->fresh && wire->line_req == wire->first &&
	       (IS(line, len, "ERROR Too many open connections") ||
		(wire->suspect && status != TENON_ECLIENT));
}

/*
 * An error line answers the current request. After CLIENT_ERROR or ERROR to a store
 * request, the server may read the data block as commands and answer those too. Then no
 * later reply can be matched with a request, so the connection is closed.
 */
static int read_error(struct tenon__wire *wire, int status, char *line,
		      size_t len)
{
	enum tenon__shape shape = current_verb(wire)->shape;

	if (refuses_connection(wire, status, line, len)) {
		wire->rejected = true;
		return give_up(wire, TENON_ECONNECT,
			       "the server refuses the connection", line, len);
	}
	wire->erred = (uint8_t)-status;
	line[len] = '\0';
	wire->health->unsettled = true; /* the server may refuse every request */
	if (shape == TENON_SHAPE_RETRIEVE) {
		end_retrieve(wire, status, line);
		return READ_ON;
	}
	answer_line(wire, status)->text = line;
	if (shape == TENON_SHAPE_STORE && status != TENON_ESERVER) {
		wire->status = TENON_ECLOSED;
		return TENON_VERDICT_BROKEN;
	}
	return READ_ON;
}

/* The value of a digit; above 9 for any other byte. */
static inline unsigned digit_of(char byte)
{
	return (unsigned char)(byte - '0');
}

/* Return true when these `count` digits fit into 64 bits. number is their value modulo 2^64. */
static bool fits_u64(const char *digits, size_t count, uint64_t number)
{
	/* 19 digits always fit. 20 digits above 2^64 - 1 wrap to a number below 10^19. */
	return count <= 19 || (count == 20 && *digits == '1' &&
			       number >= UINT64_C(10000000000000000000));
}

/*
 * Read decimal digits from `at` on; a NUL stands after the bytes that arrived.
 * Returns the end of the digits; NULL when there are no digits or the number has
 * more than 64 bits.
 */
static inline const char *read_u64(const char *at, uint64_t *out)
{
	const char *from = at;
	uint64_t number = 0;

	for (; digit_of(*at) <= 9; at++) {
		number = number * 10 + digit_of(*at);
	}
	*out = number;
	return at != from && fits_u64(from, (size_t)(at - from), number) ?
		at : NULL;
}

/* Read a space and a number, as read_u64(). Returns NULL also when `at` is NULL. */
static inline const char *read_field(const char *at, uint64_t *out)
{
	return at && *at == ' ' ? read_u64(at + 1, out) : NULL;
}

/*
 * Return true when the first len bytes are the same. For keys and short lines, a call
 * of memcmp() costs more time than the comparison.
 */
static inline bool same_bytes(const char *a, const char *b, size_t len)
{
	uint64_t x, y;

	if (len < sizeof(x)) {
		return memcmp(a, b, len) == 0;
	}
	for (size_t at = 0; at + sizeof(x) < len; at += sizeof(x)) {
		memcpy(&x, a + at, sizeof(x));
		memcpy(&y, b + at, sizeof(y));
		if (x != y) {
			return false;
		}
	}
	memcpy(&x, a + len - sizeof(x), sizeof(x));
	memcpy(&y, b + len - sizeof(y), sizeof(y));
	return x == y;
}

/*
 * The pointers that do not change while the values of a block are read. As they are in a
 * local struct, the compiler need not load them again after every byte that is written.
 */
struct reading {
	const struct tenon_slice *keys;
	struct tenon__request *requests;
	struct tenon_result *results;
	char *end; /* of the bytes that arrived */
};

/* Return true when this request has the key that starts at `key` and has no answer yet. */
static inline bool awaits(const struct reading *in, uint32_t req,
			  const char *key)
{
	const struct tenon_slice *want = &in->keys[req];

	return !in->requests[req].answered &&
	       want->len < (size_t)(in->end - key) && key[want->len] == ' ' &&
	       same_bytes(key, want->data, want->len);
}

/*
 * Find the request of this retrieval line whose key starts at `key`. Values come in the
 * order of the keys in the line, except from some proxies; so the search starts at the
 * expected request and goes round the whole line.
 * Returns TENON_REQUEST_END when no request has this key.
 */
static uint32_t find_key(const struct tenon__wire *wire,
			 const struct reading *in, const char *key)
{
	uint32_t req = wire->seek_req;
	bool wrapped = false;

	for (;;) {
		if (awaits(in, req, key)) {
			return req;
		}
		if (!in->requests[req].line_end) {
			req = in->requests[req].next;
		} else if (!wrapped) {
			wrapped = true;
			req = wire->line_req;
		} else {
			return TENON_REQUEST_END;
		}
	}
}

/* All bytes of a value have arrived: check its line end and make it the request's result. */
static inline int end_value(struct tenon__wire *wire,
			    struct tenon__request *req,
			    struct tenon_result *result, char *value,
			    size_t len)
{
	if (memcmp(value + len, "\r\n", 2) != 0) {
		return broken(wire, "no line end after a value", value + len,
			      2);
	}
	value[len] = '\0';
	tenon__count(&wire->health->hits, 1);
	req->answered = true;
	result->status = TENON_HIT;
	result->value = value;
	result->value_len = len;
	wire->parsed = (size_t)(value + len + 2 - wire->block->data);
	wire->keep_from = wire->parsed;
	wire->recv_state = TENON_RECV_LINE;
	return READ_ON;
}

/*
 * The line that begins at `line` cannot be read. Returns TENON_VERDICT_MORE when the line has
 * not arrived completely; otherwise TENON_VERDICT_BROKEN, with `why` as the problem.
 */
static int incomplete(struct tenon__wire *wire, const char *why,
		      const char *line)
{
	size_t here = wire->block->filled - wire->parsed;
	const char *newline = memchr(line, '\n', here);

	if (newline) {
		return broken(wire, why, line, (size_t)(newline - line));
	}
	if (here > TENON_REPLY_LINE_MAX_BYTES) {
		return broken(wire, "a reply line that is too long", line, here);
	}
	return TENON_VERDICT_MORE;
}

/*
 * Receive a value into its request's sink. The bytes that have arrived are copied; the
 * transport receives the rest directly into the sink.
 */
static int begin_sink(struct tenon__wire *wire)
{
	const struct tenon__request *req =
		&wire->requests->list[wire->value_req];
	size_t here = wire->block->filled - wire->parsed;

	wire->sink_filled = here < wire->value_len ? here : wire->value_len;
	memcpy(req->sink, wire->block->data + wire->parsed, wire->sink_filled);
	wire->parsed += wire->sink_filled;
	wire->keep_from = wire->parsed;
	wire->recv_state = wire->sink_filled == wire->value_len
				   ? TENON_RECV_TAIL
				   : TENON_RECV_SINK;
	return READ_ON;
}

/* Read the line end after a value that was received into a sink. */
static int end_sink(struct tenon__wire *wire)
{
	const char *tail = wire->block->data + wire->parsed;

	if (memcmp(tail, "\r\n", 2) != 0) {
		return broken(wire, "no line end after a value", tail, 2);
	}
	wire->parsed += 2;
	wire->keep_from = wire->parsed;
	wire->recv_state = TENON_RECV_LINE;
	tenon__count(&wire->health->hits, 1);
	uint32_t req = wire->value_req;
	struct tenon_result *result = answer(wire, req, TENON_HIT);
	char *value = wire->requests->list[req].sink;

	if (req < wire->requests->sink_rule.count) {
		value[wire->value_len] = '\0';
	}
	result->value = value;
	result->value_len = wire->value_len;
	return READ_ON;
}

/*
 * The length of a value is known: take the value when all of it has arrived, receive the
 * rest, or skip a value that is too large.
 */
static inline int begin_value(struct tenon__wire *wire,
			      const struct reading *in, uint32_t req,
			      char *value, uint64_t bytes)
{
	struct tenon__requests *rs = wire->requests;
	bool asks = req < rs->sink_rule.count;
	const char *sink = asks ? NULL : in->requests[req].sink;
	uint64_t most = sink ? in->requests[req].sink_bytes
			     : wire->max_value_bytes;
	size_t from = (size_t)(value - wire->block->data);

	if (bytes <= most && bytes <= rs->reply_left_bytes) {
		rs->reply_left_bytes -= bytes;
		if (asks) {
			ask_for_sink(rs, req, bytes);
			sink = in->requests[req].sink;
		}
		if (!sink && (size_t)(in->end - value) >= bytes + 2) {
			return end_value(wire, &in->requests[req],
					 &in->results[req], value,
					 (size_t)bytes);
		}
		wire->parsed = from;
		wire->keep_from = from;
		wire->value_req = req;
		wire->value_len = (size_t)bytes;
		wire->recv_state = TENON_RECV_VALUE;
		return sink ? begin_sink(wire) : READ_ON;
	}
	wire->parsed = from;
	wire->keep_from = from;
	if (bytes > UINT64_MAX - 2) {
		return broken(wire, "a value of impossible length", "", 0);
	}
	tenon__health_key(wire->health, TENON_ETOOBIG);
	answer(wire, req, TENON_ETOOBIG);
	if (bytes > rs->reply_left_bytes && bytes <= wire->max_value_bytes) {
		in->results[req].text = TENON_OPERATION_TOO_BIG;
	}
	wire->recv_state = TENON_RECV_SKIP;
	wire->skip_bytes = bytes + 2;
	return READ_ON;
}

/*
 * Read "VALUE <key> <flags> <bytes>[ <cas unique>]" in one pass, without a search for the
 * end of the line first.
 */
static inline int read_value_line(struct tenon__wire *wire,
				  const struct reading *in, char *line)
{
	char *key = line + 6;
	uint32_t req = wire->seek_req;
	uint64_t flags, bytes, cas = 0;

	if (!awaits(in, req, key)) {
		req = find_key(wire, in, key);
	}
	if (req == TENON_REQUEST_END) {
		return incomplete(
			wire, "a value for a key that was not asked for", line);
	}
	const char *at = read_field(key + in->keys[req].len, &flags);
	at = read_field(at, &bytes);
	if (in->requests[req].verb->cas) {
		at = read_field(at, &cas);
	}
	if (!at || at[0] != '\r' || at[1] != '\n' || flags > UINT32_MAX) {
		return incomplete(wire, "a malformed VALUE line", line);
	}
	wire->seek_req = in->requests[req].line_end ? wire->line_req
						    : in->requests[req].next;
	in->results[req].flags = (uint32_t)flags;
	in->results[req].cas = cas;
	return begin_value(wire, in, req, line + (at + 2 - line), bytes);
}

static int read_number(struct tenon__wire *wire, const char *line,
		       size_t len)
{
	const char *end = line + len;
	uint64_t number;

	while (end > line && end[-1] == ' ') {
		end--;
	}
	if (read_u64(line, &number) != end) {
		return broken(wire, "a malformed number", line, len);
	}
	answer_line(wire, TENON_HIT)->number = number;
	return READ_ON;
}

/*
 * Read a reply that is one word and its line end: the replies of store verbs, delete and
 * touch, and NOT_FOUND of incr and decr. Returns false when the line is no such reply.
 */
static inline bool read_word(struct tenon__wire *wire, const char *line,
			     size_t here)
{
	static const struct {
		char line[14]; /* longest: "NOT_STORED\r\n" */
		uint8_t len;
		uint8_t status;
	} words[] = {
#define WORD(text, status) { text "\r\n", sizeof(text "\r\n") - 1, status }
		WORD("STORED", TENON_STORED),
		WORD("NOT_STORED", TENON_NOT_STORED),
		WORD("EXISTS", TENON_EXISTS),
		WORD("NOT_FOUND", TENON_MISS),
		WORD("DELETED", TENON_DELETED),
		WORD("TOUCHED", TENON_TOUCHED),
#undef WORD
	};
	uint32_t answers = current_verb(wire)->answers;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((answers >> words[i].status & 1) && here >= words[i].len &&
		    same_bytes(line, words[i].line, words[i].len)) {
			wire->parsed += words[i].len;
			wire->keep_from = wire->parsed;
			answer_line(wire, words[i].status);
			return true;
		}
	}
	return false;
}

/* The reply to version is "VERSION <text>"; the reply to flush_all and verbosity is "OK". */
static int read_server_line(struct tenon__wire *wire, char *line,
			    size_t len)
{
	bool versioned = current_verb(wire)->versioned;

	if (versioned && STARTS(line, len, "VERSION ")) {
		struct tenon_result *result = answer_line(wire, TENON_OK);

		line[len] = '\0';
		result->value = line + 8;
		result->value_len = len - 8;
		return READ_ON;
	}
	if (versioned || !IS(line, len, "OK")) {
		return broken(wire, "an unexpected reply", line, len);
	}
	answer_line(wire, TENON_OK);
	return READ_ON;
}

/* Return true when the argument of stats is this word, perhaps with more words behind it. */
static bool is_argument(const char *argument, const char *word)
{
	size_t len = strlen(word);

	while (argument && *argument == ' ') {
		argument++;
	}
	return argument && strncmp(argument, word, len) == 0 &&
	       (argument[len] == '\0' || argument[len] == ' ');
}

/*
 * Return true when a line is the last one of a reply without END. memcached 1.6 answers
 * "stats sizes_enable" and "stats sizes_disable" by one line, or by two when it cannot do so. The
 * same line begins the reply to "stats sizes", which has an END.
 */
static bool is_last_line(const struct tenon__wire *wire, const char *line,
			 size_t len)
{
	const char *argument = wire->requests->argument;

	return (IS(line, len, "STAT sizes_status enabled") ||
		IS(line, len, "STAT sizes_status disabled") ||
		STARTS(line, len, "STAT sizes_error ")) &&
	       (is_argument(argument, "sizes_enable") ||
		is_argument(argument, "sizes_disable"));
}

/* The reply ends with a line that belongs to it. A server may send END all the same. */
static int end_lines_early(struct tenon__wire *wire)
{
	const char *first = wire->block->data + wire->keep_from;
	const char *rest = wire->block->data + wire->parsed;
	size_t here = wire->block->filled - wire->parsed;
	struct tenon_result *result = answer_line(wire, TENON_OK);

	result->value = first;
	result->value_len = (size_t)(rest - first);
	if (STARTS(rest, here, "END\r\n")) {
		wire->parsed += 5;
	}
	wire->keep_from = wire->parsed;
	return READ_ON;
}

/* The reply to stats is lines up to END; the reply to "stats reset" and the like is one word. */
static int read_server_lines(struct tenon__wire *wire, const char *line,
			     size_t len)
{
	const char *first = wire->block->data + wire->keep_from;
	bool end = IS(line, len, "END");

	if (is_last_line(wire, line, len)) {
		return end_lines_early(wire);
	}
	if (!end && !(line == first &&
		      (IS(line, len, "RESET") || IS(line, len, "OK")))) {
		if (wire->parsed - wire->keep_from > TENON_STATS_MAX_BYTES) {
			return broken(wire, "stats that are too long", line,
				      len);
		}
		return READ_ON;
	}
	struct tenon_result *result = answer_line(wire, TENON_OK);
	result->value = first;
	result->value_len = end ? (size_t)(line - first) : 0;
	wire->keep_from = wire->parsed;
	return READ_ON;
}

/* A noreply request, or a fence that the server does not know, was answered with this line. */
static void log_fenced(struct tenon__wire *wire, const char *line, size_t len)
{
	tenon__health_log(wire->health, TENON_LOG_WARNING,
			  tenon__now_ns() / 1000000,
			  "a noreply command was answered: \"%.*s\"",
			  len > LOGGED_REPLY_MAX_BYTES ? LOGGED_REPLY_MAX_BYTES
						       : (int)len,
			  line);
}

/*
 * Replies before the reply to the fence are errors of noreply requests. They answer nothing in
 * this exchange.
 */
static int read_fenced(struct tenon__wire *wire, const char *line,
		       size_t len)
{
	bool noreply = wire->requests->noreply;

	if (!noreply && STARTS(line, len, "VERSION ") &&
	    wire->version != TENON_VERSION_MISSING) {
		wire->fenced = wire->version != TENON_VERSION_THERE;
		if (wire->fenced) {
			wire->version = TENON_VERSION_HEARD;
		}
	} else if (!noreply && IS(line, len, "END") &&
		   wire->version != TENON_VERSION_THERE) {
		wire->fenced = false;
		wire->version = wire->version == TENON_VERSION_HEARD
					? TENON_VERSION_THERE
					: TENON_VERSION_MISSING;
	} else if (error_status(line, len) != 0) {
		log_fenced(wire, line, len);
	} else if (noreply || wire->version != TENON_VERSION_UNKNOWN ||
		   STARTS(line, len, "VALUE ")) {
		return broken(wire, "an unexpected reply", line, len);
	}
	return READ_ON; /* in the first fence, any line may be the reply to `version` */
}

bool tenon__classic_are_errors(const char *bytes, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t line_len =
			newline ? (size_t)(newline - bytes) + 1 : len;

		if (!newline || error_status(bytes, line_len) == 0) {
			return false;
		}
		bytes += line_len;
		len -= line_len;
	}
	return true;
}

static int read_line(struct tenon__wire *wire, char *line, size_t len)
{
	if (wire->fenced) {
		return read_fenced(wire, line, len);
	}
	if (wire->line_req == wire->send_req) {
		return broken(wire, "a reply without a request", line, len);
	}
	int status = error_status(line, len);
	if (status != 0) {
		return read_error(wire, status, line, len);
	}
	switch (current_verb(wire)->shape) {
	case TENON_SHAPE_RETRIEVE:
		return broken(wire, "an unexpected reply", line, len);
	case TENON_SHAPE_LINE:
		return read_server_line(wire, line, len);
	case TENON_SHAPE_LINES:
		return read_server_lines(wire, line, len);
	default:
		return current_verb(wire)->delta
			       ? read_number(wire, line, len)
			       : broken(wire, "an unexpected reply", line, len);
	}
}

/* Read a reply line that is no VALUE line: find its end first. */
static int next_other(struct tenon__wire *wire)
{
	char *line = wire->block->data + wire->parsed;
	size_t here = wire->block->filled - wire->parsed;
	char *newline = memchr(line, '\n', here);
	if (!newline) {
		return incomplete(wire, "", line);
	}
	size_t len = (size_t)(newline - line);
	if (len == 0 || newline[-1] != '\r' ||
	    len > TENON_REPLY_LINE_MAX_BYTES) {
		return broken(wire, "a malformed line", line, len);
	}
	wire->parsed += len + 1;
	if (wire->fenced || current_verb(wire)->shape != TENON_SHAPE_LINES) {
		wire->keep_from = wire->parsed;
	}
	return read_line(wire, line, len - 1);
}

/* Read values up to END, as far as they have arrived. */
static int next_values(struct tenon__wire *wire)
{
	const struct tenon__requests *rs = wire->requests;
	const struct reading in = {
		.keys = rs->keys,
		.requests = rs->list,
		.results = rs->results,
		.end = wire->block->data + wire->block->filled,
	};
	int verdict = READ_ON;

	while (verdict == READ_ON && wire->recv_state == TENON_RECV_LINE) {
		char *line = wire->block->data + wire->parsed;
		size_t here = (size_t)(in.end - line);

		if (STARTS(line, here, "VALUE ")) {
			verdict = read_value_line(wire, &in, line);
		} else if (STARTS(line, here, "END\r\n")) {
			wire->parsed += 5;
			wire->keep_from = wire->parsed;
			end_retrieve(wire, TENON_MISS, NULL);
			return READ_ON;
		} else {
			return next_other(wire);
		}
	}
	return verdict;
}

/* Read the next reply. */
static inline int next_reply(struct tenon__wire *wire)
{
	if (wire->fenced || wire->line_req == wire->send_req) {
		return next_other(wire);
	}
	if (current_verb(wire)->shape == TENON_SHAPE_RETRIEVE) {
		return next_values(wire);
	}
	return read_word(wire, wire->block->data + wire->parsed,
			 wire->block->filled - wire->parsed)
		       ? READ_ON
		       : next_other(wire);
}

/* Skip the bytes that have arrived of a value that is not kept. */
static void skip(struct tenon__wire *wire)
{
	size_t here = wire->block->filled - wire->parsed;
	size_t n = wire->skip_bytes < here ? (size_t)wire->skip_bytes : here;

	wire->parsed += n;
	wire->keep_from = wire->parsed;
	wire->skip_bytes -= n;
	if (wire->skip_bytes == 0) {
		wire->recv_state = TENON_RECV_LINE;
	} else {
		/* receive the next bytes into the same place of the block */
		wire->block->filled = wire->parsed;
	}
}

/* Continue a value that had not arrived completely. */
static int next_part(struct tenon__wire *wire)
{
	const struct tenon__requests *rs = wire->requests;
	struct tenon__block *block = wire->block;

	switch (wire->recv_state) {
	case TENON_RECV_VALUE:
		return block->filled - wire->keep_from >= wire->value_len + 2
			       ? end_value(wire, &rs->list[wire->value_req],
					   &rs->results[wire->value_req],
					   block->data + wire->keep_from,
					   wire->value_len)
			       : TENON_VERDICT_MORE;
	case TENON_RECV_SINK:
		if (wire->sink_filled < wire->value_len) {
			return TENON_VERDICT_MORE;
		}
		wire->recv_state = TENON_RECV_TAIL;
		return READ_ON;
	case TENON_RECV_TAIL:
		return block->filled - wire->parsed >= 2 ? end_sink(wire)
							 : TENON_VERDICT_MORE;
	case TENON_RECV_SKIP:
		skip(wire);
		return wire->recv_state == TENON_RECV_LINE ? READ_ON
							   : TENON_VERDICT_MORE;
	case TENON_RECV_LINE:
		break;
	}
	return READ_ON;
}

/*
 * Every request has its answer. Bytes left to parse now are the server's error, and so are bytes
 * left to send, except behind an error line: the server refused a value while it was sent.
 */
static int end_exchange(struct tenon__wire *wire)
{
	if (wire->piece < wire->piece_count && wire->erred) {
		wire->status = TENON_ECLOSED;
		return TENON_VERDICT_BROKEN;
	}
	if (wire->piece < wire->piece_count) {
		return broken(wire, "an answer before the request was sent",
			      "", 0);
	}
	if (wire->parsed != wire->block->filled) {
		return broken(wire, "bytes after the last reply",
			      wire->block->data + wire->parsed,
			      wire->block->filled - wire->parsed);
	}
	return TENON_VERDICT_DONE;
}

int tenon__classic_read(struct tenon__wire *wire)
{
	int verdict;

	/* reading stops here at the latest; a block has one byte more than its capacity for it */
	wire->block->data[wire->block->filled] = '\0';
	do {
		if (wire->recv_state != TENON_RECV_LINE) {
			verdict = next_part(wire);
		} else if (wire->line_req != TENON_REQUEST_END ||
			   wire->fenced) {
			verdict = next_reply(wire);
		} else {
			return end_exchange(wire);
		}
	} while (verdict == READ_ON);
	return verdict;
}
