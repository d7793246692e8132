/* SPDX-License-Identifier: BSD-3-Clause */
/* Classic replies become replies of the meta protocol. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/interpreter_parts.h"

static bool begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

static bool is_error(const char *line)
{
	return begins(line, "ERROR") || begins(line, "SERVER_ERROR") ||
	       begins(line, "CLIENT_ERROR");
}

/* Send a reply with the opaque of a request. */
static void reply(struct interpreter *it, const char *code,
		  const struct interpreter_request *req)
{
	parts_append_text(&it->replies, code);
	parts_append_text(&it->replies, " ");
	parts_append_text(&it->replies, req->opaque);
	parts_append_text(&it->replies, "\r\n");
}

/* VALUE <key> <flags> <bytes> [<cas>]. Returns false when it answers no get of the line. */
static bool say_value(struct interpreter *it, const char *line, size_t len)
{
	struct words words;
	struct interpreter_request *req = it->first;
	char code[4 * WORD_MAX_BYTES];

	if (!parts_split(&words, line, len) || words.count < 4) {
		return false;
	}
	while (req->answered || strcmp(req->key, words.text[1]) != 0) {
		if (req->ends_line) {
			return false;
		}
		req = req->next;
	}
	if (words.count != (req->cas ? 5 : 4)) {
		return false;
	}
	snprintf(code, sizeof(code), "VA %s f%s%s%s", words.text[3],
		 words.text[2], req->cas ? " c" : "",
		 req->cas ? words.text[4] : "");
	reply(it, code, req);
	req->answered = true;
	it->said_data = (size_t)strtoull(words.text[3], NULL, 10) + 2;
	return true;
}

/* END, or an error line, ends the replies to a line of gets. */
static void end_gets(struct interpreter *it, bool misses)
{
	bool ends;

	do {
		struct interpreter_request *req = it->first;

		ends = req->ends_line;
		if (!req->quiet && !req->answered && misses) {
			reply(it, "EN", req);
		}
		if (req->ends_batch) {
			parts_append_text(&it->replies, "MN\r\n");
		}
		parts_pop(it);
	} while (!ends);
}

/* Say a line as it is. */
static void say_as_is(struct interpreter *it, const char *line, size_t len)
{
	parts_append(&it->replies, line, len);
	parts_append_text(&it->replies, "\r\n");
}

/* The replies to a fence: see read_fenced() in core/wire/classic/read.c. */
static void say_fence(struct interpreter *it, const char *line, size_t len)
{
	bool version = begins(line, "VERSION ") &&
		       it->version != VERSION_MISSING;
	bool end = strcmp(line, "END") == 0 && it->version != VERSION_THERE;

	if (version && it->version != VERSION_THERE) {
		it->version = VERSION_HEARD;
	} else if (version || end) {
		if (end) {
			it->version = it->version == VERSION_HEARD
					      ? VERSION_THERE
					      : VERSION_MISSING;
		}
		parts_append_text(&it->replies, "MN\r\n");
		parts_pop(it);
	} else {
		say_as_is(it, line, len);
	}
}

static void say_word(struct interpreter *it, const char *line, size_t len)
{
	static const char *const codes[][2] = {
		{ "STORED", "HD" }, { "NOT_STORED", "NS" }, { "EXISTS", "EX" },
		{ "DELETED", "HD" }, { "TOUCHED", "HD" }, { "NOT_FOUND", "NF" },
	};
	const struct interpreter_request *req = it->first;
	size_t digits = strspn(line, "0123456789");

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(line, codes[i][0]) == 0) {
			reply(it,
			      req->touches && i == 5 ? "EN" : codes[i][1], req);
			return;
		}
	}
	if (digits > 0 && digits + strspn(line + digits, " ") == strlen(line)) {
		char code[WORD_MAX_BYTES];

		snprintf(code, sizeof(code), "VA %zu", strlen(line));
		reply(it, code, req);
	}
	say_as_is(it, line, len);
}

/* A line behind a line of gets: a value, the end, or something that a server may not say. */
static void say_to_gets(struct interpreter *it, const char *line, size_t len)
{
	bool end = strcmp(line, "END") == 0;

	if (begins(line, "VALUE ") && say_value(it, line, len + 2)) {
		return;
	}
	if (!end) {
		say_as_is(it, line, len);
	}
	if (end || is_error(line)) {
		end_gets(it, end);
	}
}

/* Say a line; len is without the line end, which is a NUL here. */
static void say_line(struct interpreter *it, const char *line, size_t len)
{
	if (!it->first) {
		say_as_is(it, line, len);
		return;
	}
	switch (it->first->kind) {
	case FENCE:
		say_fence(it, line, len);
		break;
	case GET:
		say_to_gets(it, line, len);
		break;
	case WORD:
		say_word(it, line, len);
		parts_pop(it);
		break;
	case LINES:
		say_as_is(it, line, len);
		it->first->answered = true;
	}
}

/* Return true when the begin of a line may become a line that is translated. */
static bool may_be_word(const struct interpreter_bytes *said)
{
	static const char *const words[] = {
		"VALUE ", "END\r\n", "STORED\r\n", "NOT_STORED\r\n",
		"EXISTS\r\n", "DELETED\r\n", "TOUCHED\r\n", "NOT_FOUND\r\n",
		"VERSION ", "SERVER_ERROR", "CLIENT_ERROR", "ERROR", "OK\r\n",
		"RESET\r\n", "STAT ",
	};
	const char *begin = said->data + said->from;
	size_t len = parts_left(said);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t known = strlen(words[i]);

		if (memcmp(begin, words[i], len < known ? len : known) == 0) {
			return true;
		}
	}
	return begin[0] >= '0' && begin[0] <= '9' && len < WORD_MAX_BYTES;
}

size_t interpreter_say_part(struct interpreter *it, const char **out)
{
	it->replies.from = it->replies.len = 0;
	parts_move(&it->replies, &it->said, SIZE_MAX);
	*out = it->replies.data;
	return it->replies.len;
}

size_t interpreter_say(struct interpreter *it, const char *bytes, size_t len,
		       const char **out)
{
	size_t line;

	it->replies.from = it->replies.len = 0;
	parts_append(&it->said, bytes, len);
	do {
		it->said_data -= parts_move(&it->replies, &it->said, it->said_data);
		line = it->said_data > 0 ? 0 : parts_line(&it->said);
		if (line > 0) {
			char *text = it->said.data + it->said.from;

			it->said.from += line;
			text[line - 2] = '\0';
			say_line(it, text, line - 2);
		}
	} while (line > 0);
	if (parts_left(&it->said) > 0 && !may_be_word(&it->said)) {
		parts_move(&it->replies, &it->said, SIZE_MAX);
	}
	*out = it->replies.data;
	return it->replies.len;
}
