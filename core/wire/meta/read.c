/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads the replies of the meta protocol. Replies come in the order of the requests. A reply has
 * the opaque of its request, except for error lines and MN. In a batch a miss has no reply: it is
 * known by the reply to a later request of the batch, or by MN at the end.
 */
#include <string.h>

#include "wire/classic/classic.h"
#include "wire/meta/meta_flags.h"
#include "wire/meta/meta_protocol.h"
#include "wire/meta/opaque.h"
#include "wire/reader.h"
#include "wire/verbatim.h"

/* Most bytes of the value that answers incr or decr: 20 digits, perhaps padded with spaces. */
#define NUMBER_MAX_BYTES 64

/* ---- the parts of a line -------------------------------------------------- */

/* Read a space, a flag and its number. Returns NULL also when `at` is NULL. */
static inline const char *read_flag(const char *at, char flag, uint64_t *out)
{
	return at && at[0] == ' ' && at[1] == flag ? tenon__read_u64(at + 2, out)
						   : NULL;
}

/*
 * Read "VA <bytes>", and the flags f and c when the request has asked for them. Returns their end;
 * NULL: the line is malformed, or has not arrived completely.
 */
static inline __attribute__((always_inline)) const char *read_head(
	const struct tenon__verb *verb, const char *line,
	struct tenon__value_head *out)
{
	*out = (struct tenon__value_head){ 0 };
	const char *at = tenon__read_field(line + 2, &out->bytes);
	if (verb->shape == TENON_SHAPE_RETRIEVE) {
		at = read_flag(at, 'f', &out->flags);
	}
	if (verb->cas) {
		at = read_flag(at, 'c', &out->cas);
	}
	return out->flags <= UINT32_MAX ? at : NULL;
}

/* ---- the requests of a batch ------------------------------------------------ */

/* Return the request of the batch behind this one; NULL: this is the last one. */
static inline struct tenon__request *next_of_batch(
	const struct tenon__request *req)
{
	return req->line_end ? NULL : req->next;
}

/* Go on with the request behind the current one, which has its last reply. */
static inline void end_request(struct tenon__wire *wire)
{
	wire->meta.heard = wire->flight->opaque + 1;
	wire->flight = wire->flight->next;
	wire->seek = wire->flight;
}

/* The request has its answer: the next reply of the batch is to a later one. */
static inline void go_behind(struct tenon__wire *wire,
			     struct tenon__request *req)
{
	wire->seek = next_of_batch(req);
	wire->flight = wire->seek ? wire->seek : req;
}

/* Answer a request that had no reply of its own. */
static void answer_without_reply(struct tenon__wire *wire,
				 struct tenon__request *req)
{
	const struct tenon__meta_state *meta = &wire->meta;

	if (meta->errors == 0) {
		tenon__count(&wire->tally->misses, 1);
		tenon__reply_answer(req, TENON_MISS);
		return;
	}
	tenon__tally_key(wire->tally, meta->error_status);
	tenon__reply_answer(req, meta->error_status)->text = meta->error_text;
}

/*
 * Answer the requests of the batch in front of `until`, and the whole rest when until is NULL.
 * They are misses. When error lines came instead of replies, it is not known to which of them,
 * so all get the error. Returns false when there were more error lines than requests.
 */
static bool answer_up_to(struct tenon__wire *wire,
			 const struct tenon__request *until)
{
	uint32_t count = 0;

	for (struct tenon__request *req = wire->seek; req != until;
	     req = next_of_batch(req)) {
		answer_without_reply(wire, req);
		wire->flight = req;
		count++;
	}
	bool fits = wire->meta.errors <= count;
	wire->meta.errors = 0;
	return fits;
}

/*
 * Find the request of the batch that a reply with this opaque answers, and answer those in front
 * of it. Returns NULL, and gives up the connection, when the reply answers none.
 */
static struct tenon__request *find_request(struct tenon__wire *wire,
					   uint32_t number, const char *line,
					   size_t len)
{
	struct tenon__request *req = wire->seek;

	while (req && req->opaque != number) {
		req = next_of_batch(req);
	}
	if (!req) {
		tenon__reply_broken(wire, "a reply with a wrong opaque", line, len);
		return NULL;
	}
	if (!answer_up_to(wire, req)) {
		tenon__reply_broken(wire, "more error lines than requests", line, len);
		return NULL;
	}
	return req;
}

/* MN has come: every request of the batch has its answer. */
static int end_batch(struct tenon__wire *wire)
{
	if (!answer_up_to(wire, NULL)) {
		return tenon__reply_broken(wire, "more error lines than requests", "MN", 2);
	}
	end_request(wire);
	return TENON_WIRE_READ_ON;
}

/* ---- values ------------------------------------------------------------------ */

/*
 * Take the value whose line begins at `line`, when it is the usual case: the reply is that to req,
 * and the value has arrived completely and stays in the block. Otherwise nothing changes, and
 * read_value() reads the line again. Returns the end of the value's line; NULL: another case.
 */
static inline char *take_value(const struct tenon__wire *wire,
			       struct tenon__request *req, char *line,
			       const char *end)
{
	struct tenon__value_head said;
	const char *at = read_head(req->verb, line, &said);

	if (!at || end - at < TAIL_BYTES || !has_tail(at, req->opaque) ||
	    req->asks || req->sink) {
		return NULL;
	}
	return tenon__value_take(wire, req, line + (at + TAIL_BYTES - line),
				 &said, end);
}

/*
 * Take the values of the usual case, up to the first line that is something else. Behind an error
 * line nothing is usual.
 */
static inline void take_values(struct tenon__wire *wire, const char *end)
{
	char *line = wire->block->data + wire->parsed;
	struct tenon__request *req = wire->meta.errors ? NULL : wire->seek;
	struct tenon__request *last = NULL;
	uint64_t hits = 0;

	while (req && TENON__STARTS(line, (size_t)(end - line), "VA ")) {
		char *next = take_value(wire, req, line, end);

		if (!next) {
			break;
		}
		line = next;
		hits++;
		last = req;
		req = next_of_batch(req);
	}
	if (!last) {
		return;
	}
	go_behind(wire, last);
	tenon__count(&wire->tally->hits, hits);
	wire->parsed = (size_t)(line - wire->block->data);
	wire->keep_from = wire->parsed;
}

/* Answer a request whose line says that it gets no value, and skip the bytes that come all the same. */
static int pass_value(struct tenon__wire *wire, struct tenon__request *req,
		      int status, uint64_t bytes)
{
	int verdict = tenon__value_pass(wire, bytes);

	if (verdict == TENON_WIRE_BROKEN) {
		return verdict;
	}
	if (status == TENON_MISS) {
		tenon__count(&wire->tally->misses, 1);
		tenon__meta_keep_vacant(req->result);
	} else {
		tenon__count(&wire->tally->hits, 1);
	}
	tenon__reply_answer(req, status);
	return verdict;
}

/* Return true when the value is the one that the caller has already. */
static bool is_known(const struct tenon__request *req,
		     const struct tenon__meta_flags *said)
{
	const struct tenon_call *call = tenon__request_more(req);

	return call && (call->options & TENON_COMPARE) &&
	       said->cas == req->item->cas;
}

/* Read the line of a value, and begin its value. */
static int read_value(struct tenon__wire *wire, char *line, const char *end)
{
	struct tenon__meta_flags said;
	uint64_t bytes = 0;
	const char *value = tenon__meta_read_flags(
		tenon__read_field(line + 2, &bytes), end,
		tenon__meta_asked(wire->flight), &said);

	if (!value) {
		return tenon__reply_incomplete(wire, "a malformed VA line", line);
	}
	struct tenon__request *req = find_request(wire, said.opaque, line,
						  (size_t)(value - line) - 2);
	if (!req) {
		return TENON_WIRE_BROKEN;
	}
	go_behind(wire, req);
	tenon__meta_keep_flags(req->result, &said);
	wire->parsed = (size_t)(value - wire->block->data);
	if (tenon__meta_is_vacant(bytes, said.marks)) {
		return pass_value(wire, req, TENON_MISS, bytes);
	}
	if (is_known(req, &said)) {
		return pass_value(wire, req, TENON_NOT_MODIFIED, bytes);
	}
	return tenon__value_begin(wire, req, line + (value - line), bytes);
}

/* Read the number that answers incr or decr: a line, and the digits as its value. */
static int read_number(struct tenon__wire *wire, const char *line,
		       const char *end)
{
	struct tenon__meta_flags said;
	uint64_t bytes = 0;
	const char *value = tenon__meta_read_flags(
		tenon__read_field(line + 2, &bytes), end, 0, &said);

	if (!value) {
		return tenon__reply_incomplete(wire, "a malformed VA line", line);
	}
	if (said.opaque != wire->flight->opaque) {
		return tenon__reply_broken(wire, "a reply with a wrong opaque", line,
					   (size_t)(value - line) - 2);
	}
	if (bytes > NUMBER_MAX_BYTES) {
		return tenon__reply_broken(wire, "a malformed number", line,
					   (size_t)(value - line) - 2);
	}
	if ((size_t)(end - value) < bytes + 2) {
		return TENON_WIRE_MORE;
	}
	if (memcmp(value + bytes, "\r\n", 2) != 0) {
		return tenon__reply_broken(wire, "no line end after a value",
					   value + bytes, 2);
	}
	wire->parsed = (size_t)(value + bytes + 2 - wire->block->data);
	wire->keep_from = wire->parsed;
	wire->meta.heard = said.opaque + 1;
	return tenon__value_number(wire, value, (size_t)bytes);
}

/* ---- lines ------------------------------------------------------------------- */

/* The status of a reply of two letters to this request; 0: no such reply. */
static int status_of(const struct tenon__request *req, const char *code)
{
	const struct tenon__verb *verb = req->verb;
	static const struct {
		char code[3];
		char command; /* the second letter of the command */
		uint8_t status;
	} replies[] = {
		{ "HD", 's', TENON_STORED },	 { "HD", 'd', TENON_DELETED },
		{ "HD", 'g', TENON_TOUCHED },	 { "NS", 's', TENON_NOT_STORED },
		{ "EX", 's', TENON_EXISTS },	 { "NF", 's', TENON_MISS },
		{ "NF", 'd', TENON_MISS },	 { "NF", 'a', TENON_MISS },
		{ "EN", 'g', TENON_MISS },
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (verb->meta[1] == replies[i].command &&
		    memcmp(code, replies[i].code, 2) == 0 &&
		    (verb->answers >> replies[i].status & 1)) {
			return replies[i].status;
		}
	}
	return req->bits & TENON_REQUEST_MORE ? tenon__meta_status_more(req, code) : 0;
}

/* Return true when a line begins with a code that answers a request without a value. */
static bool has_code(const char *line, size_t len)
{
	return TENON__STARTS(line, len, "HD") || TENON__STARTS(line, len, "NS") ||
	       TENON__STARTS(line, len, "EX") || TENON__STARTS(line, len, "NF") ||
	       TENON__STARTS(line, len, "EN");
}

/*
 * Read the usual reply of two letters: it has arrived completely, and its only flag is the opaque
 * of the current request. Returns false when it is something else.
 */
static inline bool read_code(struct tenon__wire *wire, const char *line,
			     size_t here)
{
	struct tenon__request *req = wire->flight;

	if (here < 2 + TAIL_BYTES || !has_tail(line + 2, req->opaque)) {
		return false;
	}
	int status = status_of(req, line);
	if (status == 0) {
		return false;
	}
	wire->parsed += 2 + TAIL_BYTES;
	wire->keep_from = wire->parsed;
	wire->meta.heard = req->opaque + 1;
	tenon__reply_answer_next(wire, status);
	return true;
}

/* A line without a value answers a request that retrieves: a miss, or what the options asked for. */
static int read_retrieved(struct tenon__wire *wire, int status,
			  const struct tenon__meta_flags *said,
			  const char *line, size_t len)
{
	struct tenon__request *req = find_request(wire, said->opaque, line, len);

	if (!req) {
		return TENON_WIRE_BROKEN;
	}
	tenon__meta_keep_flags(req->result, said);
	if (status == TENON_HIT &&
	    tenon__meta_is_vacant(said->size_bytes, said->marks)) {
		status = TENON_MISS;
		tenon__meta_keep_vacant(req->result);
	}
	if (status == TENON_MISS) {
		answer_without_reply(wire, req);
	} else {
		tenon__count(&wire->tally->hits, 1);
		tenon__reply_answer(req, status);
	}
	go_behind(wire, req);
	return TENON_WIRE_READ_ON;
}

/* Read any reply of two letters. The line end stands behind the line. */
static int read_code_line(struct tenon__wire *wire, const char *line,
			  size_t len)
{
	const struct tenon__request *req = wire->flight;
	bool is_code = len == 2 || (len > 2 && line[2] == ' ');
	int status = is_code ? status_of(req, line) : 0;
	bool has_facts = status == TENON_HIT || status == TENON_NOT_MODIFIED;
	struct tenon__meta_flags said;

	if (status == 0) {
		return tenon__reply_broken(wire, "an unexpected reply", line, len);
	}
	if (!tenon__meta_read_flags(line + 2, line + len + 2,
				    has_facts ? tenon__meta_asked(req) : 0,
				    &said)) {
		return tenon__reply_broken(wire,
			"a reply without the opaque of its request, or with other flags",
			line, len);
	}
	if (req->verb->shape == TENON_SHAPE_RETRIEVE) {
		return read_retrieved(wire, status, &said, line, len);
	}
	if (said.opaque != req->opaque) {
		return tenon__reply_broken(wire, "a reply with a wrong opaque", line, len);
	}
	wire->meta.heard = said.opaque + 1;
	tenon__reply_answer_next(wire, status);
	return TENON_WIRE_READ_ON;
}

/*
 * The server knows no meta commands, or not this one. It answers every line with ERROR, and those of a
 * value too. So all requests get this answer, and the connection is closed. A server that answers the
 * first meta command of a new connection so, and has never answered one, does not fit the config: it is
 * held back. On a connection in use the line may be one that nobody asked for.
 */
static int end_unknown(struct tenon__wire *wire)
{
	if (!wire->meta.known && wire->fresh) {
		return tenon__reply_reject(wire, TENON_EUNKNOWN,
					   TENON_META_UNKNOWN, "", 0);
	}
	for (struct tenon__request *req = wire->flight; req; req = req->next) {
		if (!tenon__request_is_done(req)) {
			tenon__tally_key(wire->tally, TENON_EUNKNOWN);
			tenon__reply_answer(req, TENON_EUNKNOWN)->text =
				TENON_META_UNKNOWN;
		}
	}
	wire->status = TENON_ECLOSED;
	return TENON_WIRE_BROKEN;
}

/* The number of requests of the batch without an answer. */
static uint32_t unanswered(const struct tenon__wire *wire)
{
	uint32_t count = 0;

	for (const struct tenon__request *req = wire->seek; req;
	     req = next_of_batch(req)) {
		count++;
	}
	return count;
}

/* An error line came in a batch. It has no opaque: the next reply shows which requests have none. */
static int note_batch_error(struct tenon__wire *wire, int status,
			    const char *line, size_t len)
{
	struct tenon__meta_state *meta = &wire->meta;

	if (meta->errors == 0) {
		meta->error_status = status;
		meta->error_text = line;
	}
	meta->errors++;
	return meta->errors > unanswered(wire)
		       ? tenon__reply_broken(wire, "more error lines than requests",
					     line, len)
		       : TENON_WIRE_READ_ON;
}

static int read_error(struct tenon__wire *wire, int status, char *line,
		      size_t len)
{
	const struct tenon__request *req = wire->flight;
	int verdict = tenon__reply_note_error(wire, status, line, len);

	if (verdict != TENON_WIRE_READ_ON) {
		return verdict;
	}
	if (status == TENON_EUNKNOWN && req->verb->meta[0]) {
		return end_unknown(wire);
	}
	if (req->bits & TENON_REQUEST_QUIET) {
		return note_batch_error(wire, status, line, len);
	}
	wire->meta.heard = req->opaque + 1;
	return tenon__reply_error(wire, status, line);
}

/*
 * Return true when a line answers a noreply request that was written before the opaque `limit`,
 * behind the last one that was answered. Quiet commands say when they changed nothing.
 */
static bool answers_noreply(struct tenon__wire *wire, const char *line,
			    size_t len, uint32_t limit)
{
	struct tenon__meta_state *meta = &wire->meta;
	struct tenon__meta_flags said;

	if (!has_code(line, len) ||
	    !tenon__meta_read_flags(line + 2, line + len + 2, 0, &said) ||
	    opaque_distance(meta->heard, said.opaque) >=
		    opaque_distance(meta->heard, limit)) {
		return false;
	}
	meta->heard = said.opaque + 1;
	return true;
}

/*
 * An error line before the reply to a fence. ERROR from a server that has never answered a meta
 * command may be its answer to `mn` as well, so nothing more is read: a new connection shows
 * whether the server knows meta commands.
 */
static int read_fenced_error(struct tenon__wire *wire, int status,
			     const char *line, size_t len)
{
	if (wire->fresh && tenon__reply_check_fresh(wire, status, line, len) !=
				   TENON_WIRE_READ_ON) {
		return TENON_WIRE_BROKEN;
	}
	tenon__reply_tell_unasked(wire, status, line, len);
	wire->erred = (uint8_t)-status;
	if (status != TENON_EUNKNOWN || wire->meta.known) {
		return TENON_WIRE_READ_ON;
	}
	return wire->fresh ? end_unknown(wire)
			   : tenon__reply_give_up(wire, TENON_ECLOSED,
						  "ERROR to a noreply request",
						  line, len);
}

/* Replies before the reply to a fence are those of noreply requests. They answer nothing in flight. */
static int read_fenced(struct tenon__wire *wire, const char *line, size_t len)
{
	int status = tenon__reply_error_status(line, len);

	if (TENON__IS(line, len, "MN")) {
		tenon__reply_end_fence(wire);
		return TENON_WIRE_READ_ON;
	}
	if (status != 0) {
		return read_fenced_error(wire, status, line, len);
	}
	return answers_noreply(wire, line, len, wire->flight->opaque)
		       ? TENON_WIRE_READ_ON
		       : tenon__reply_broken(wire, "an unexpected reply", line, len);
}

static int read_line(struct tenon__wire *wire, char *line, size_t len)
{
	if (!tenon__wire_awaits(wire)) {
		return wire->fence && answers_noreply(wire, line, len,
						      wire->meta.next)
			       ? TENON_WIRE_READ_ON
			       : tenon__reply_unasked(wire, line, len);
	}
	if (wire->flight->bits & TENON_REQUEST_FENCED) {
		return read_fenced(wire, line, len);
	}
	int status = tenon__reply_error_status(line, len);
	if (status != 0) {
		return read_error(wire, status, line, len);
	}
	return tenon__reply_verb(wire)->meta[0]
		       ? read_code_line(wire, line, len)
		       : tenon__classic_read_server(wire, line, len);
}

static int next_line(struct tenon__wire *wire)
{
	return tenon__reply_take_line(wire, read_line);
}

/* ---- the reader --------------------------------------------------------------- */

/* Read the replies to a batch, or to a request that is alone, as far as they have arrived. */
static int next_values(struct tenon__wire *wire)
{
	const char *end = wire->block->data + wire->block->filled;
	bool quiet = wire->flight->bits & TENON_REQUEST_QUIET;

	take_values(wire, end);
	char *line = wire->block->data + wire->parsed;
	size_t here = (size_t)(end - line);

	if (!quiet && !wire->seek) {
		end_request(wire);
		return TENON_WIRE_READ_ON;
	}
	if (quiet && TENON__STARTS(line, here, "MN\r\n")) {
		wire->parsed += 4;
		wire->keep_from = wire->parsed;
		return end_batch(wire);
	}
	return TENON__STARTS(line, here, "VA ") ? read_value(wire, line, end)
						: next_line(wire);
}

/* Read the reply to a fence, or to a command that is not one of the client's own meta commands. */
static int next_rare(struct tenon__wire *wire)
{
	const struct tenon__request *req = wire->flight;

	return !(req->bits & TENON_REQUEST_FENCED) &&
			       req->verb->shape == TENON_SHAPE_VERBATIM
		       ? tenon__verbatim_next(wire)
		       : next_line(wire);
}

/* Read the next reply. */
static inline int next_reply(struct tenon__wire *wire)
{
	const struct tenon__request *req = wire->flight;
	char *line = wire->block->data + wire->parsed;
	const char *end = wire->block->data + wire->block->filled;
	size_t here = (size_t)(end - line);

	if ((req->bits & TENON_REQUEST_FENCED) || !req->verb->meta[0]) {
		return next_rare(wire);
	}
	if (req->verb->shape == TENON_SHAPE_RETRIEVE) {
		return next_values(wire);
	}
	if (req->verb->delta && TENON__STARTS(line, here, "VA ")) {
		return read_number(wire, line, end);
	}
	return read_code(wire, line, here) ? TENON_WIRE_READ_ON
					   : next_line(wire);
}

static int meta_read(struct tenon__wire *wire)
{
	static const struct tenon__reader reader = {
		.next_reply = next_reply,
		.next_line = next_line,
	};

	int verdict = tenon__reader_run(&reader, wire);
	if (verdict == TENON_WIRE_DONE && wire->first &&
	    wire->first->verb->meta[0]) {
		wire->meta.known = true;
	}
	return verdict;
}

/*
 * Return true when a line may answer a noreply request. Such replies are usual here, so the last
 * line that is seen may well lack its end.
 */
static bool may_be_unasked(const char *line, size_t len)
{
	static const char *const begins[] = { "HD ", "NS ", "EX ", "NF ", "EN ",
					      "SERVER_ERROR", "CLIENT_ERROR",
					      "ERROR" };
	struct tenon__meta_flags said;

	if (line[len - 1] == '\n') {
		return tenon__reply_error_status(line, len) != 0 ||
		       (has_code(line, len) &&
			tenon__meta_read_flags(line + 2, line + len, 0, &said) ==
				line + len);
	}
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		size_t known = strlen(begins[i]);

		if (memcmp(line, begins[i], len < known ? len : known) == 0) {
			return true;
		}
	}
	return false;
}

static bool meta_are_unasked(const char *bytes, size_t len)
{
	return tenon__reply_are_lines(bytes, len, may_be_unasked);
}

const struct tenon__protocol tenon__meta = {
	.write = tenon__meta_write,
	.read = meta_read,
	.greet = tenon__classic_greet, /* memcached has one way for both */
	.greeted = tenon__classic_greeted,
	.are_unasked = meta_are_unasked,
	.sends_binary_keys = true,
	.sends_more = true,
	.unknown = TENON_META_UNKNOWN,
	.closed = TENON_META_CLOSED,
};
