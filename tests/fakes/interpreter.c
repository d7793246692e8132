/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of the meta protocol become classic requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/interpreter_parts.h"

/* The ceilings of retrieval lines, as in core/wire/wire.h. */
#define GET_LINE_MAX_BYTES 8000
#define GAT_LINE_MAX_BYTES 2000

/* Return the token of a flag; NULL: the flag is absent. Flags stand behind the first `skip` words. */
static const char *flag(const struct words *words, size_t skip, char name)
{
	for (size_t i = skip; i < words->count; i++) {
		if (words->text[i][0] == name) {
			return words->text[i] + 1;
		}
	}
	return NULL;
}

/* Write the line of a classic client for gets from req on. Returns the first get that is not in it. */
static struct interpreter_request *write_gets(struct interpreter *it,
					      struct interpreter_request *req)
{
	struct interpreter_bytes *out = &it->requests;
	const char *exptime = req->exptime;
	size_t most = *exptime ? GAT_LINE_MAX_BYTES : GET_LINE_MAX_BYTES;
	size_t len = out->from == out->len ? 0 : out->len;
	struct interpreter_request *last;

	parts_append_text(out, *exptime ? "gat" : "get");
	parts_append_text(out, req->cas ? "s" : "");
	parts_append_text(out, *exptime ? " " : "");
	parts_append_text(out, exptime);
	do {
		parts_append_text(out, " ");
		parts_append_text(out, req->key);
		last = req;
		req = req->next;
	} while (req && strcmp(req->exptime, exptime) == 0 &&
		 out->len - len + strlen(req->key) + 3 <= most);
	parts_append_text(out, "\r\n");
	last->ends_line = true;
	return req;
}

static void hear_get(struct interpreter *it, const struct words *words)
{
	struct interpreter_request *req = parts_ask(it, GET);
	const char *exptime = flag(words, 2, 'T');

	strcpy(req->key, words->text[1]);
	snprintf(req->exptime, sizeof(req->exptime), "%s",
		 exptime ? exptime : "");
	req->cas = flag(words, 2, 'c') != NULL;
	req->quiet = flag(words, 2, 'q') != NULL;
	if (!req->quiet) {
		write_gets(it, req);
	} else if (!it->batch) {
		it->batch = req;
	}
}

/* Write the fence of the classic protocol (core/wire/classic/write.c). */
static void write_fence(struct interpreter *it)
{
	if (it->version != VERSION_MISSING) {
		parts_append_text(&it->requests, "version\r\n");
	}
	if (it->version != VERSION_THERE) {
		parts_append_text(&it->requests, "get tenon:fence\r\n");
	}
	parts_ask(it, FENCE);
}

/* `mn` closes a batch, or is a fence. */
static void hear_end(struct interpreter *it)
{
	struct interpreter_request *req = it->batch;

	if (!req) {
		write_fence(it);
		return;
	}
	while (req) {
		req = write_gets(it, req);
	}
	it->last->ends_batch = true;
	it->batch = NULL;
}

/* End the line of a request that changes something. */
static void end_change(struct interpreter *it, const struct words *words)
{
	const char *opaque = flag(words, 2, 'O');
	const char *last = words->text[words->count - 1];

	if (flag(words, 2, 'q')) {
		parts_append_text(&it->requests, " noreply\r\n");
		return;
	}
	struct interpreter_request *req = parts_ask(it, WORD);
	parts_append_text(&it->requests, "\r\n");
	strcpy(req->opaque, opaque ? opaque - 1 : last);
	req->touches = strcmp(words->text[0], "mg") == 0;
}

static void put_words(struct interpreter *it, const char *a, const char *b,
		      const char *c)
{
	const char *const all[] = { " ", a, " ", b, " ", c };

	for (size_t i = 0; i < (c ? 6 : 4); i++) {
		parts_append_text(&it->requests, all[i]);
	}
}

static void hear_store(struct interpreter *it, const struct words *words)
{
	const char *mode = flag(words, 3, 'M');
	const char *cas = flag(words, 3, 'C');
	const char *flags = flag(words, 3, 'F');
	const char *exptime = flag(words, 3, 'T');

	parts_append_text(&it->requests, cas			     ? "cas"
				   : !mode		     ? "set"
				   : strcmp(mode, "E") == 0 ? "add"
				   : strcmp(mode, "R") == 0 ? "replace"
				   : strcmp(mode, "A") == 0 ? "append"
							    : "prepend");
	put_words(it, words->text[1], flags ? flags : "0",
		  exptime ? exptime : "0");
	parts_append_text(&it->requests, " ");
	parts_append_text(&it->requests, words->text[2]);
	parts_append_text(&it->requests, cas ? " " : "");
	parts_append_text(&it->requests, cas ? cas : "");
	it->heard_data = (size_t)strtoull(words->text[2], NULL, 10) + 2;
	end_change(it, words);
}

static void hear_number(struct interpreter *it, const struct words *words)
{
	const char *delta = flag(words, 2, 'D');

	parts_append_text(&it->requests, flag(words, 2, 'M') ? "decr" : "incr");
	put_words(it, words->text[1], delta ? delta : "1", NULL);
	end_change(it, words);
}

/* A command that the meta protocol does not have. */
static void hear_other(struct interpreter *it, const struct words *words,
		       const char *line, size_t len)
{
	const char *verb = words->text[0];
	bool quiet = strcmp(words->text[words->count - 1], "noreply") == 0;

	parts_append(&it->requests, line, len);
	if (!quiet && strcmp(verb, "quit") != 0) {
		parts_ask(it, LINES);
	}
}

static void hear_line(struct interpreter *it, const char *line, size_t len)
{
	struct words words;

	while (it->first && it->first->kind == LINES && it->first->answered) {
		parts_pop(it);
	}
	bool fine = parts_split(&words, line, len);
	const char *verb = words.text[0];

	if (!fine) {
		parts_append(&it->requests, line, len);
	} else if (strcmp(verb, "mn") == 0) {
		hear_end(it);
	} else if (strcmp(verb, "mg") == 0 && flag(&words, 2, 'v')) {
		hear_get(it, &words);
		strcpy(it->last->opaque, words.text[words.count - 1]);
	} else if (strcmp(verb, "mg") == 0) {
		parts_append_text(&it->requests, "touch");
		put_words(it, words.text[1], flag(&words, 2, 'T'), NULL);
		end_change(it, &words);
	} else if (strcmp(verb, "ms") == 0) {
		hear_store(it, &words);
	} else if (strcmp(verb, "md") == 0) {
		parts_append_text(&it->requests, "delete ");
		parts_append_text(&it->requests, words.text[1]);
		end_change(it, &words);
	} else if (strcmp(verb, "ma") == 0) {
		hear_number(it, &words);
	} else {
		hear_other(it, &words, line, len);
	}
}

void interpreter_hear(struct interpreter *it, const char *bytes, size_t len)
{
	size_t line;

	parts_append(&it->heard, bytes, len);
	do {
		it->heard_data -= parts_move(&it->requests, &it->heard, it->heard_data);
		line = it->heard_data > 0 ? 0 : parts_line(&it->heard);
		if (line > 0) {
			it->heard.from += line;
			hear_line(it, it->heard.data + it->heard.from - line, line);
		}
	} while (line > 0);
}

size_t interpreter_requests(struct interpreter *it, void *into, size_t len)
{
	size_t here = parts_left(&it->requests) < len ? parts_left(&it->requests) : len;

	if (here > 0) {
		memcpy(into, it->requests.data + it->requests.from, here);
		it->requests.from += here;
	}
	return here;
}

/* ---- begin and end --------------------------------------------------------------- */

void interpreter_restart(struct interpreter *it)
{
	struct interpreter_bytes *const all[] = { &it->heard, &it->requests,
						  &it->said, &it->replies };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		all[i]->from = all[i]->len = 0;
	}
	it->heard_data = it->said_data = 0;
	while (it->first) {
		parts_pop(it);
	}
	it->batch = NULL;
}

void interpreter_fini(struct interpreter *it)
{
	interpreter_restart(it);
	free(it->heard.data);
	free(it->requests.data);
	free(it->said.data);
	free(it->replies.data);
	*it = (struct interpreter){ 0 };
}
