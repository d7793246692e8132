/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "wire/classic.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* ---- requests ---------------------------------------------------------- */

/* A key, four numbers of up to 20 digits, the verb, " noreply" and what goes between. */
#define REQUEST_LINE_MAX_BYTES (TENON_KEY_MAX_BYTES + 4 * 21 + 32)
/* Any argument of a server verb; the operation checked its length. */
#define FENCE "version\r\n"

static char *put_bytes(char *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

/* The whole name is copied, as that has a fixed size: what follows overwrites the rest. */
static char *put_name(char *at, const struct tenon__verb *verb)
{
	memcpy(at, verb->name, sizeof(verb->name));
	return at + verb->name_len;
}

/* Up to 20 digits; 20 bytes are copied, as those of a name. */
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

/* Bytes from `from` to `to` in the send buffer are the next piece. */
static void add_piece(struct tenon__link *link, const char *from,
		      const char *to)
{
	link->pieces[link->piece_count++] = (struct iovec){
		.iov_base = (char *)(uintptr_t)from,
		.iov_len = (size_t)(to - from),
	};
}

/* Room for one more request that begins at `at`? */
static bool has_room(const struct tenon__link *link, const char *at,
		     size_t bytes)
{
	size_t used = (size_t)(at - link->send_buffer);

	return link->send_capacity - used >= bytes;
}

/* May this slot go on in a retrieval line of that verb and exptime? */
static bool joins_line(const struct tenon__slot *slot,
		       const struct tenon__verb *verb, int64_t exptime)
{
	return slot->verb == verb &&
		(!verb->exptime || slot->item->exptime == exptime);
}

/* Write one retrieval line for as many keys as it and the buffer hold. */
static char *write_retrieve(struct tenon__link *link, char *at)
{
	const struct tenon__operation *op = link->operation;
	const char *line = at;
	uint32_t slot = link->send_slot;
	uint32_t last = slot;
	const struct tenon__verb *verb = op->slots[slot].verb;
	int64_t exptime = op->slots[slot].item->exptime;
	size_t line_max_bytes = verb->exptime ? TENON_GAT_LINE_MAX_BYTES :
						TENON_GET_LINE_MAX_BYTES;

	at = put_name(at, verb);
	if (verb->exptime) {
		*at++ = ' ';
		at = put_i64(at, exptime);
	}
	do {
		const struct tenon_slice *key = &op->keys[slot];

		*at++ = ' ';
		at = put_bytes(at, key->data, key->len);
		op->slots[slot].line_end = false; /* of an earlier try */
		last = slot;
		slot = op->slots[slot].next;
	} while (slot != TENON_SLOT_END &&
		 joins_line(&op->slots[slot], verb, exptime) &&
		 (size_t)(at - line) + op->keys[slot].len + 3 <=
			 line_max_bytes &&
		 has_room(link, at, op->keys[slot].len + 3));
	op->slots[last].line_end = true;
	link->send_slot = slot;
	return put_bytes(at, "\r\n", 2);
}

/*
 * Write one store request. A large value is sent from where it is: `*from` moves
 * on to where the next piece begins.
 */
static char *write_store(struct tenon__link *link, char *at, const char **from)
{
	const struct tenon__operation *op = link->operation;
	const struct tenon__verb *verb = op->slots[link->send_slot].verb;
	const struct tenon_item *item = op->slots[link->send_slot].item;
	const struct tenon_slice *key = &op->keys[link->send_slot];

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
	if (op->noreply) {
		at = put_bytes(at, " noreply", 8);
	}
	at = put_bytes(at, "\r\n", 2);
	if (item->value.len <= TENON_SEND_COPY_MAX_BYTES) {
		if (item->value.len > 0) {
			at = put_bytes(at, item->value.data, item->value.len);
		}
	} else {
		const char *value = item->value.data;

		add_piece(link, *from, at);
		add_piece(link, value, value + item->value.len);
		*from = at;
	}
	link->send_slot = op->slots[link->send_slot].next;
	return put_bytes(at, "\r\n", 2);
}

/* Write one request that is a single line. */
static char *write_line(struct tenon__link *link, char *at)
{
	const struct tenon__operation *op = link->operation;
	const struct tenon__slot *slot = &op->slots[link->send_slot];
	const struct tenon__verb *verb = slot->verb;

	at = put_name(at, verb);
	if (verb->shape == TENON_SHAPE_KEY) {
		const struct tenon_slice *key = &op->keys[link->send_slot];

		*at++ = ' ';
		at = put_bytes(at, key->data, key->len);
	}
	if (op->argument) {
		*at++ = ' ';
		at = put_bytes(at, op->argument, strlen(op->argument));
	}
	if (verb->exptime) {
		*at++ = ' ';
		at = put_i64(at, slot->item->exptime);
	}
	if (verb->delta) {
		*at++ = ' ';
		at = put_u64(at, slot->item->delta);
	}
	if (op->noreply && verb->noreply) {
		at = put_bytes(at, " noreply", 8);
	}
	link->send_slot = slot->next;
	return put_bytes(at, "\r\n", 2);
}

void tenon__classic_write(struct tenon__link *link)
{
	const struct tenon__operation *op = link->operation;
	size_t need = REQUEST_LINE_MAX_BYTES + TENON_SEND_COPY_MAX_BYTES + 2;
	char *at = link->send_buffer;
	const char *from = at;

	link->piece = 0;
	link->piece_count = 0;
	if (link->fence && !op->noreply && !link->fence_sent) {
		at = put_bytes(at, FENCE, sizeof(FENCE) - 1);
		link->fence_sent = true;
	}
	/* a store request takes up to three pieces, one of them begun already */
	do {
		switch (op->slots[link->send_slot].verb->shape) {
		case TENON_SHAPE_RETRIEVE:
			at = write_retrieve(link, at);
			break;
		case TENON_SHAPE_STORE:
			at = write_store(link, at, &from);
			break;
		default:
			at = write_line(link, at);
		}
	} while (link->send_slot != TENON_SLOT_END && has_room(link, at, need) &&
		 link->piece_count + 3 <= TENON_SEND_PIECES);
	add_piece(link, from, at);
	link->send_short = link->send_slot != TENON_SLOT_END &&
		!has_room(link, at, need);
}

/* ---- replies ----------------------------------------------------------- */

/* What was read leads to what is behind it; besides enum tenon_verdict. */
#define READ_ON 2

/* Give up the connection: what came is not what the protocol allows here. */
static int broken(struct tenon__link *link, const char *what, const char *line,
		  size_t len)
{
	int shown = len > 60 ? 60 : (int)len;
	char clean[60];

	for (int i = 0; i < shown; i++) {
		unsigned char byte = (unsigned char)line[i];

		clean[i] = byte < 0x20 || byte > 0x7e ? '.' : (char)byte;
	}
	snprintf(link->problem, sizeof(link->problem), shown > 0 ?
		 "%s: \"%.*s\"" : "%s", what, shown, clean);
	link->status = TENON_EPROTOCOL;
	link->blamed = true;
	return TENON_LINK_BROKEN;
}

/* What is being answered; there is something. */
static const struct tenon__verb *current_verb(const struct tenon__link *link)
{
	return link->operation->slots[link->line_slot].verb;
}

/* Record the answer of one slot. */
static struct tenon_result *answer(struct tenon__link *link, uint32_t slot,
				   int status)
{
	struct tenon_result *result = &link->operation->results[slot];

	link->operation->slots[slot].answered = true;
	result->status = status;
	return result;
}

/* Record the answer of the slot whose line was read, and go to the next. */
static struct tenon_result *answer_line(struct tenon__link *link, int status)
{
	uint32_t slot = link->line_slot;

	tenon__health_key(link->health, status);
	link->line_slot = link->operation->slots[slot].next;
	return answer(link, slot, status);
}

/* The retrieval line is over: every key that did not come has this status. */
static void end_retrieve(struct tenon__link *link, int status, const char *text)
{
	const struct tenon__slot *slots = link->operation->slots;
	uint32_t slot = link->line_slot;
	bool last;

	do {
		last = slots[slot].line_end;
		if (!slots[slot].answered) {
			if (status == TENON_MISS) {
				tenon__count(&link->health->misses, 1);
			} else {
				tenon__health_key(link->health, status);
			}
			answer(link, slot, status)->text = text;
		}
		slot = slots[slot].next;
	} while (!last);
	link->line_slot = slot;
	link->seek_slot = slot;
}

/* Is text[0..len) the word? */
#define IS(text, len, word) \
	((len) == sizeof(word) - 1 && memcmp(text, word, sizeof(word) - 1) == 0)
#define STARTS(text, len, word) \
	((len) >= sizeof(word) - 1 && memcmp(text, word, sizeof(word) - 1) == 0)

/* The status that an error line means, or 0 when it is none. */
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
 * An error line answers the current request. Behind a data block that the server
 * may have taken for commands, nothing can be matched any more.
 */
static int read_error(struct tenon__link *link, int status, char *line,
		      size_t len)
{
	enum tenon__shape shape = current_verb(link)->shape;

	line[len] = '\0';
	if (shape == TENON_SHAPE_RETRIEVE) {
		end_retrieve(link, status, line);
		return READ_ON;
	}
	answer_line(link, status)->text = line;
	if (shape == TENON_SHAPE_STORE && status != TENON_ESERVER) {
		link->status = TENON_ECLOSED;
		return TENON_LINK_BROKEN;
	}
	return READ_ON;
}

/* The value of a digit; above 9 for any other byte. */
static inline unsigned digit_of(char byte)
{
	return (unsigned char)(byte - '0');
}

/* Does a number of this many digits have 64 bits? Number is what it has modulo 2^64. */
static bool fits_u64(const char *digits, size_t count, uint64_t number)
{
	/* 19 digits always fit; the least of 20 that do not wraps to less */
	return count <= 19 || (count == 20 && *digits == '1' &&
			       number >= UINT64_C(10000000000000000000));
}

/*
 * Read decimal digits from `at`, which end before the NUL behind what arrived;
 * returns where they end. NULL: there are none, or the number has over 64 bits.
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

/* Read a space and a number; NULL in, NULL out. */
static inline const char *read_field(const char *at, uint64_t *out)
{
	return at && *at == ' ' ? read_u64(at + 1, out) : NULL;
}

/* Are the first len bytes the same? For short keys, where a call costs more than its work. */
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
 * What stays as it is while the values of a block are read. Read from here it is
 * not loaded anew behind every byte that is written.
 */
struct reading {
	const struct tenon_slice *keys;
	struct tenon__slot *slots;
	struct tenon_result *results;
	char *end; /* of what arrived */
};

/* Does this slot wait for a value under the key that starts at `key`? */
static inline bool awaits(const struct reading *in, uint32_t slot,
			  const char *key)
{
	const struct tenon_slice *want = &in->keys[slot];

	return !in->slots[slot].answered &&
		want->len < (size_t)(in->end - key) &&
		key[want->len] == ' ' && same_bytes(key, want->data, want->len);
}

/*
 * Find the slot of this line whose key starts at `key`; TENON_SLOT_END: none.
 * In order, as asked; a proxy may answer in another.
 */
static uint32_t find_key(const struct tenon__link *link,
			 const struct reading *in, const char *key)
{
	uint32_t slot = link->seek_slot;
	bool wrapped = false;

	for (;;) {
		if (awaits(in, slot, key)) {
			return slot;
		}
		if (!in->slots[slot].line_end) {
			slot = in->slots[slot].next;
		} else if (!wrapped) {
			wrapped = true;
			slot = link->line_slot;
		} else {
			return TENON_SLOT_END;
		}
	}
}

/* All of a value is here: check its end and hand it to its slot. */
static inline int end_value(struct tenon__link *link, struct tenon__slot *slot,
			    struct tenon_result *result, char *value, size_t len)
{
	if (memcmp(value + len, "\r\n", 2) != 0) {
		return broken(link, "no line end behind a value", value + len,
			      2);
	}
	value[len] = '\0';
	tenon__count(&link->health->hits, 1);
	slot->answered = true;
	result->status = TENON_HIT;
	result->value = value;
	result->value_len = len;
	link->parsed = (size_t)(value + len + 2 - link->block->data);
	link->keep_from = link->parsed;
	link->recv_state = TENON_RECV_LINE;
	return READ_ON;
}

/* Something is wrong with the line that begins at `line`, or it is not all here yet. */
static int incomplete(struct tenon__link *link, const char *why,
		      const char *line)
{
	size_t room = link->block->filled - link->parsed;
	const char *newline = memchr(line, '\n', room);

	if (newline) {
		return broken(link, why, line, (size_t)(newline - line));
	}
	if (room > TENON_REPLY_LINE_MAX_BYTES) {
		return broken(link, "an endless line", line, room);
	}
	return TENON_LINK_MORE;
}

/* The value goes into its slot's sink: what is here already, then the rest. */
static int begin_sink(struct tenon__link *link)
{
	const struct tenon__slot *slot =
		&link->operation->slots[link->value_slot];
	size_t here = link->block->filled - link->parsed;

	link->sink_filled = here < link->value_len ? here : link->value_len;
	memcpy(slot->sink, link->block->data + link->parsed, link->sink_filled);
	link->parsed += link->sink_filled;
	link->keep_from = link->parsed;
	link->recv_state = link->sink_filled == link->value_len ?
		TENON_RECV_TAIL : TENON_RECV_SINK;
	return READ_ON;
}

/* The line end behind a value that is in its sink. */
static int end_sink(struct tenon__link *link)
{
	const char *tail = link->block->data + link->parsed;

	if (memcmp(tail, "\r\n", 2) != 0) {
		return broken(link, "no line end behind a value", tail, 2);
	}
	link->parsed += 2;
	link->keep_from = link->parsed;
	link->recv_state = TENON_RECV_LINE;
	tenon__count(&link->health->hits, 1);
	uint32_t slot = link->value_slot;
	struct tenon_result *result = answer(link, slot, TENON_HIT);
	char *value = link->operation->slots[slot].sink;

	if (slot < link->operation->room.count) {
		value[link->value_len] = '\0';
	}
	result->value = value;
	result->value_len = link->value_len;
	return READ_ON;
}

/* Ask the caller for memory for a large value, on every try anew. */
static void ask_for_room(const struct tenon__operation *op, uint32_t slot,
			 uint64_t bytes)
{
	const struct tenon__room *room = &op->room;

	op->slots[slot].sink = NULL;
	if (bytes >= room->min_bytes &&
	    !(op->results[slot].flags & room->excluded)) {
		op->slots[slot].sink = room->fn(room->payload, slot,
						(size_t)bytes);
		op->slots[slot].sink_bytes = (size_t)bytes;
	}
}

/* The value's length is known: take it, receive the rest of it, or pass over it. */
static inline int begin_value(struct tenon__link *link,
			      const struct reading *in, uint32_t slot,
			      char *value, uint64_t bytes)
{
	struct tenon__operation *op = link->operation;
	bool asks = slot < op->room.count;
	const char *sink = asks ? NULL : in->slots[slot].sink;
	uint64_t most = sink ? in->slots[slot].sink_bytes :
			       link->assembly->max_value_bytes;
	size_t from = (size_t)(value - link->block->data);

	if (bytes <= most && bytes <= op->reply_left_bytes) {
		op->reply_left_bytes -= bytes;
		if (asks) {
			ask_for_room(op, slot, bytes);
			sink = in->slots[slot].sink;
		}
		if (!sink && (size_t)(in->end - value) >= bytes + 2) {
			return end_value(link, &in->slots[slot],
					 &in->results[slot], value,
					 (size_t)bytes);
		}
		link->parsed = from;
		link->keep_from = from;
		link->value_slot = slot;
		link->value_len = (size_t)bytes;
		link->recv_state = TENON_RECV_VALUE;
		return sink ? begin_sink(link) : READ_ON;
	}
	link->parsed = from;
	link->keep_from = from;
	if (bytes > UINT64_MAX - 2) {
		return broken(link, "a value of impossible length", "", 0);
	}
	tenon__health_key(link->health, TENON_ETOOBIG);
	answer(link, slot, TENON_ETOOBIG);
	link->recv_state = TENON_RECV_SKIP;
	link->skip_bytes = bytes + 2;
	return READ_ON;
}

/*
 * "VALUE <key> <flags> <bytes>[ <cas unique>]", read in one pass: where the line
 * ends shows when it has been read.
 */
static inline int read_value_line(struct tenon__link *link,
				  const struct reading *in, char *line)
{
	char *key = line + 6;
	uint32_t slot = link->seek_slot;
	uint64_t flags, bytes, cas = 0;

	if (!awaits(in, slot, key)) {
		slot = find_key(link, in, key);
	}
	if (slot == TENON_SLOT_END) {
		return incomplete(link,
				  "a value for a key that was not asked for",
				  line);
	}
	const char *at = read_field(key + in->keys[slot].len, &flags);
	at = read_field(at, &bytes);
	if (in->slots[slot].verb->cas) {
		at = read_field(at, &cas);
	}
	if (!at || at[0] != '\r' || at[1] != '\n' || flags > UINT32_MAX) {
		return incomplete(link, "a malformed VALUE line", line);
	}
	link->seek_slot = in->slots[slot].line_end ? link->line_slot :
						     in->slots[slot].next;
	in->results[slot].flags = (uint32_t)flags;
	in->results[slot].cas = cas;
	return begin_value(link, in, slot, line + (at + 2 - line), bytes);
}

static int read_number(struct tenon__link *link, const char *line, size_t len)
{
	const char *end = line + len;
	uint64_t number;

	while (end > line && end[-1] == ' ') {
		end--;
	}
	if (read_u64(line, &number) != end) {
		return broken(link, "a malformed number", line, len);
	}
	answer_line(link, TENON_HIT)->number = number;
	return READ_ON;
}

/*
 * Read the one-line replies of store verbs, delete, touch, incr and decr that are
 * words, each compared with its line end. Returns whether it was one.
 */
static inline bool read_word(struct tenon__link *link, const char *line,
			     size_t room)
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
	uint32_t answers = current_verb(link)->answers;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((answers >> words[i].status & 1) && room >= words[i].len &&
		    same_bytes(line, words[i].line, words[i].len)) {
			link->parsed += words[i].len;
			link->keep_from = link->parsed;
			answer_line(link, words[i].status);
			return true;
		}
	}
	return false;
}

/* version answers "VERSION <text>"; flush_all and verbosity answer "OK". */
static int read_server_line(struct tenon__link *link, char *line, size_t len)
{
	if (STARTS(line, len, "VERSION ")) {
		struct tenon_result *result = answer_line(link, TENON_OK);

		line[len] = '\0';
		result->value = line + 8;
		result->value_len = len - 8;
		return READ_ON;
	}
	if (!IS(line, len, "OK")) {
		return broken(link, "an unexpected reply", line, len);
	}
	answer_line(link, TENON_OK);
	return READ_ON;
}

/* stats: lines up to END; "stats reset" and its like answer one word. */
static int read_server_lines(struct tenon__link *link, const char *line,
			     size_t len)
{
	const char *first = link->block->data + link->keep_from;
	bool end = IS(line, len, "END");

	if (!end && !(line == first &&
		      (IS(line, len, "RESET") || IS(line, len, "OK")))) {
		if (link->parsed - link->keep_from > TENON_STATS_MAX_BYTES) {
			return broken(link, "endless stats", line, len);
		}
		return READ_ON;
	}
	struct tenon_result *result = answer_line(link, TENON_OK);
	result->value = first;
	result->value_len = end ? (size_t)(line - first) : 0;
	link->keep_from = link->parsed;
	return READ_ON;
}

/* Replies before VERSION belong to noreply commands: they answer nobody. */
static int read_fenced(struct tenon__link *link, const char *line, size_t len)
{
	if (STARTS(line, len, "VERSION ") && !link->operation->noreply) {
		link->fenced = false;
	} else if (error_status(line, len) != 0) {
		tenon__health_log(link->health, TENON_LOG_WARNING,
			tenon__now_ns() / 1000000,
			"a noreply command was answered: \"%.*s\"",
			len > 100 ? 100 : (int)len, line);
	} else {
		return broken(link, "an unexpected reply", line, len);
	}
	return READ_ON;
}

static int read_line(struct tenon__link *link, char *line, size_t len)
{
	if (link->fenced) {
		return read_fenced(link, line, len);
	}
	if (link->line_slot == link->send_slot) {
		return broken(link, "a reply that nobody asked for", line, len);
	}
	int status = error_status(line, len);
	if (status != 0) {
		return read_error(link, status, line, len);
	}
	switch (current_verb(link)->shape) {
	case TENON_SHAPE_RETRIEVE:
		return broken(link, "an unexpected reply", line, len);
	case TENON_SHAPE_LINE:
		return read_server_line(link, line, len);
	case TENON_SHAPE_LINES:
		return read_server_lines(link, line, len);
	default:
		return current_verb(link)->delta ?
			read_number(link, line, len) :
			broken(link, "an unexpected reply", line, len);
	}
}

/* Look at a line that ends where its first line end is. */
static int next_other(struct tenon__link *link)
{
	char *line = link->block->data + link->parsed;
	size_t room = link->block->filled - link->parsed;
	char *newline = memchr(line, '\n', room);
	if (!newline) {
		return incomplete(link, "", line);
	}
	size_t len = (size_t)(newline - line);
	if (len == 0 || newline[-1] != '\r' ||
	    len > TENON_REPLY_LINE_MAX_BYTES) {
		return broken(link, "a malformed line", line, len);
	}
	link->parsed += len + 1;
	if (link->fenced || current_verb(link)->shape != TENON_SHAPE_LINES) {
		link->keep_from = link->parsed;
	}
	return read_line(link, line, len - 1);
}

/* Read values up to END, as far as they are here. */
static int next_values(struct tenon__link *link)
{
	const struct tenon__operation *op = link->operation;
	const struct reading in = {
		.keys = op->keys,
		.slots = op->slots,
		.results = op->results,
		.end = link->block->data + link->block->filled,
	};
	int verdict = READ_ON;

	while (verdict == READ_ON && link->recv_state == TENON_RECV_LINE) {
		char *line = link->block->data + link->parsed;
		size_t room = (size_t)(in.end - line);

		if (STARTS(line, room, "VALUE ")) {
			verdict = read_value_line(link, &in, line);
		} else if (STARTS(line, room, "END\r\n")) {
			link->parsed += 5;
			link->keep_from = link->parsed;
			end_retrieve(link, TENON_MISS, NULL);
			return READ_ON;
		} else {
			return next_other(link);
		}
	}
	return verdict;
}

/* Look at the next reply. */
static inline int next_reply(struct tenon__link *link)
{
	if (link->fenced || link->line_slot == link->send_slot) {
		return next_other(link);
	}
	if (current_verb(link)->shape == TENON_SHAPE_RETRIEVE) {
		return next_values(link);
	}
	return read_word(link, link->block->data + link->parsed,
			 link->block->filled - link->parsed) ?
		READ_ON : next_other(link);
}

/* Pass over what is here of a value that nobody wants. */
static void skip(struct tenon__link *link)
{
	size_t room = link->block->filled - link->parsed;
	size_t n = link->skip_bytes < room ? (size_t)link->skip_bytes : room;

	link->parsed += n;
	link->keep_from = link->parsed;
	link->skip_bytes -= n;
	if (link->skip_bytes == 0) {
		link->recv_state = TENON_RECV_LINE;
	} else {
		/* nothing of it is kept, so the block may be filled again */
		link->block->filled = link->parsed;
	}
}

/* Go on with a value that was not all here. */
static int next_part(struct tenon__link *link)
{
	const struct tenon__operation *op = link->operation;
	struct tenon__block *block = link->block;

	switch (link->recv_state) {
	case TENON_RECV_VALUE:
		return block->filled - link->keep_from >= link->value_len + 2 ?
			end_value(link, &op->slots[link->value_slot],
				  &op->results[link->value_slot],
				  block->data + link->keep_from,
				  link->value_len) :
			TENON_LINK_MORE;
	case TENON_RECV_SINK:
		if (link->sink_filled < link->value_len) {
			return TENON_LINK_MORE;
		}
		link->recv_state = TENON_RECV_TAIL;
		return READ_ON;
	case TENON_RECV_TAIL:
		return block->filled - link->parsed >= 2 ? end_sink(link) :
							   TENON_LINK_MORE;
	case TENON_RECV_SKIP:
		skip(link);
		return link->recv_state == TENON_RECV_LINE ? READ_ON :
							     TENON_LINK_MORE;
	case TENON_RECV_LINE:
		break;
	}
	return READ_ON;
}

/* Every slot has its answer: nothing else may be on its way. */
static int end_exchange(struct tenon__link *link)
{
	if (link->piece < link->piece_count) {
		return broken(link, "an answer to half a request", "", 0);
	}
	if (link->parsed != link->block->filled) {
		return broken(link, "bytes behind the last reply",
			      link->block->data + link->parsed,
			      link->block->filled - link->parsed);
	}
	return TENON_LINK_DONE;
}

int tenon__classic_read(struct tenon__link *link)
{
	int verdict;

	/* where reading stops at the latest; a block has room for it */
	link->block->data[link->block->filled] = '\0';
	do {
		if (link->recv_state != TENON_RECV_LINE) {
			verdict = next_part(link);
		} else if (link->line_slot != TENON_SLOT_END || link->fenced) {
			verdict = next_reply(link);
		} else {
			return end_exchange(link);
		}
	} while (verdict == READ_ON);
	return verdict;
}
