/* SPDX-License-Identifier: BSD-3-Clause */
#include "fakes/interpreter_parts.h"

#include <stdlib.h>
#include <string.h>

void parts_append(struct interpreter_bytes *bytes, const char *data, size_t len)
{
	if (bytes->from == bytes->len) {
		bytes->from = bytes->len = 0;
	}
	if (bytes->capacity - bytes->len < len) {
		bytes->capacity = 2 * (bytes->len + len);
		bytes->data = realloc(bytes->data, bytes->capacity);
		if (!bytes->data) {
			abort();
		}
	}
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

void parts_append_text(struct interpreter_bytes *bytes, const char *text)
{
	parts_append(bytes, text, strlen(text));
}

size_t parts_left(const struct interpreter_bytes *bytes)
{
	return bytes->len - bytes->from;
}

size_t parts_move(struct interpreter_bytes *to, struct interpreter_bytes *from,
		   size_t most)
{
	size_t len = parts_left(from) < most ? parts_left(from) : most;

	if (len > 0) {
		parts_append(to, from->data + from->from, len);
		from->from += len;
	}
	return len;
}

size_t parts_line(const struct interpreter_bytes *bytes)
{
	const char *begin = parts_left(bytes) ? bytes->data + bytes->from : NULL;
	const char *end = begin ? memmem(begin, parts_left(bytes), "\r\n", 2) : NULL;

	return end ? (size_t)(end - begin) + 2 : 0;
}

bool parts_split(struct words *words, const char *line, size_t len)
{
	const char *end = line + len - 2;

	words->count = 0;
	while (line <= end) {
		const char *space = memchr(line, ' ', (size_t)(end - line));
		const char *stop = space ? space : end;
		size_t bytes = (size_t)(stop - line);

		if (words->count == WORDS_MAX || bytes >= WORD_MAX_BYTES) {
			return false;
		}
		memcpy(words->text[words->count], line, bytes);
		words->text[words->count++][bytes] = '\0';
		line = stop + 1;
	}
	return true;
}

struct interpreter_request *parts_ask(struct interpreter *it, enum kind kind)
{
	struct interpreter_request *req = calloc(1, sizeof(*req));

	if (!req) {
		abort();
	}
	req->kind = kind;
	if (it->first) {
		it->last->next = req;
	} else {
		it->first = req;
	}
	it->last = req;
	return req;
}

void parts_pop(struct interpreter *it)
{
	struct interpreter_request *req = it->first;

	it->first = req->next;
	free(req);
}
