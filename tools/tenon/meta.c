/* SPDX-License-Identifier: BSD-3-Clause */
#include "meta.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "direct.h"
#include "latency.h"
#include "number.h"
#include "output.h"

/* Two replies are far shorter: a key of 250 bytes, and numbers. */
#define REPLIES_MAX_BYTES 2048

static bool fail_with(struct meta_item *out, enum meta_state state,
		      const char *text)
{
	out->state = state;
	snprintf(out->text, sizeof(out->text), "%s", text);
	return false;
}

/* ---- replies ------------------------------------------------------------------ */

/* Quote a line of a server in out->text. */
static bool fail_line(struct meta_item *out, const char *line)
{
	char *clean = output_label(line, strlen(line));

	out->state = META_FAILED;
	snprintf(out->text, sizeof(out->text), "unexpected reply %s", clean);
	free(clean);
	return false;
}

/* Read a whole number; *negative becomes true for one with a minus. */
static bool read_number(const char *text, uint64_t *out, bool *negative)
{
	*negative = *text == '-';
	return parse_u64(text + *negative, INT64_MAX, out);
}

/* Read one flag of the reply to `mg`, such as "t98". Unknown flags are passed over. */
static bool read_flag(struct meta_item *out, const char *word)
{
	bool negative;
	uint64_t number;

	if (!strchr("tlhsf", word[0])) {
		return true;
	}
	if (!read_number(word + 1, &number, &negative) ||
	    (negative && word[0] != 't')) {
		return false;
	}
	switch (word[0]) {
	case 't':
		out->ttl_s = negative ? -1 : (int64_t)number;
		return true;
	case 'l':
		out->idle_s = number;
		return true;
	case 'h':
		out->fetched = number == 1;
		return number <= 1;
	case 's':
		out->value_bytes = number;
		return true;
	default:
		out->flags = (uint32_t)number;
		return number <= UINT32_MAX;
	}
}

/* Read one field of the reply to `me`, such as "cls=1". Other fields are passed over. */
static bool read_field(struct meta_item *out, const char *word)
{
	if (strncmp(word, "cls=", 4) == 0) {
		return parse_u64(word + 4, UINT32_MAX, &out->class);
	}
	if (strncmp(word, "size=", 5) == 0) {
		return parse_u64(word + 5, INT64_MAX, &out->item_bytes);
	}
	return true;
}

/* Read the words of a line behind the first `skip` words. The line is changed. */
static bool read_words(struct meta_item *out, char *line, int skip,
		       bool (*read)(struct meta_item *out, const char *word))
{
	char *rest = NULL;
	char *word = strtok_r(line, " ", &rest);

	for (; word; word = strtok_r(NULL, " ", &rest)) {
		if (skip-- > 0) {
			continue;
		}
		if (!read(out, word)) {
			return false;
		}
	}
	return skip <= 0;
}

/* Read the replies to `me`, which is in first, and to `mg`. */
static bool read_lines(struct meta_item *out, char *first, char *second)
{
	char *copies[] = { alloc_text(first), alloc_text(second) };
	bool fine = true;

	if (strcmp(second, "EN") == 0) {
		out->state = META_ABSENT;
	} else if (strcmp(second, "ERROR") == 0) {
		fine = fail_with(out, META_UNKNOWN,
				 "the server does not know meta commands");
	} else if (strncmp(second, "HD ", 3) != 0 ||
		   !read_words(out, second, 1, read_flag)) {
		fine = fail_line(out, copies[1]);
	} else if (strncmp(first, "ME ", 3) == 0 &&
		   !read_words(out, first, 2, read_field)) {
		fine = fail_line(out, copies[0]);
	} else {
		out->state = META_FOUND;
	}
	free(copies[0]);
	free(copies[1]);
	return fine;
}

bool meta_parse(const char *replies, size_t len, struct meta_item *out)
{
	char *text = alloc_format("%.*s", (int)len, replies);
	char *end = strstr(text, "\r\n");
	char *second = end ? end + 2 : text;
	char *second_end = strstr(second, "\r\n");
	bool fine;

	*out = (struct meta_item){ .ttl_s = -1 };
	if (!end || !second_end || second_end[2] != '\0' ||
	    strlen(text) != len) {
		fine = fail_line(out, text);
	} else {
		*end = *second_end = '\0';
		fine = read_lines(out, text, second);
	}
	free(text);
	return fine;
}

/* ---- the exchange --------------------------------------------------------------- */

/* Ask on an open connection. The flag u keeps the question from counting as an access. */
static void ask(const struct direct *direct, struct tenon_slice key,
		int64_t deadline_ms, struct meta_item *out)
{
	char buffer[REPLIES_MAX_BYTES + 1] = "";
	const char *name = key.data;
	char *question = alloc_format("me %.*s\r\nmg %.*s s t l h f u\r\n",
				      (int)key.len, name, (int)key.len, name);
	size_t len = direct_ask(direct, question, buffer, sizeof(buffer), 2,
			      deadline_ms);

	free(question);
	if (len == 0) {
		fail_with(out, META_FAILED, strerror(errno));
		return;
	}
	meta_parse(buffer, len, out);
}

void meta_read(const char *address, struct tenon_slice key, int64_t timeout_ms,
	       struct meta_item *out)
{
	int64_t deadline_ms = clock_ms() + timeout_ms;
	struct direct to_server;

	*out = (struct meta_item){ .ttl_s = -1 };
	if (direct_open(&to_server, address, deadline_ms)) {
		ask(&to_server, key, deadline_ms, out);
	} else {
		fail_with(out, META_FAILED, to_server.why);
	}
	direct_close(&to_server);
}
