/* SPDX-License-Identifier: BSD-3-Clause */
/* What both directions of an interpreter share: bytes, lines, words and the requests without a reply. */
#ifndef TENON_TESTS_FAKES_INTERPRETER_PARTS_H
#define TENON_TESTS_FAKES_INTERPRETER_PARTS_H

#include "fakes/interpreter.h"

#define WORD_MAX_BYTES 256
#define WORDS_MAX 12

enum kind {
	GET,   /* replies up to END */
	WORD,  /* one word, or a number */
	FENCE, /* `mn` that closes no batch */
	LINES, /* lines up to the next request, which stay as they are */
};

struct interpreter_request {
	struct interpreter_request *next;
	enum kind kind;
	char key[WORD_MAX_BYTES];
	char opaque[WORD_MAX_BYTES]; /* with its O */
	char exptime[24]; /* of gat and gats, else "" */
	bool cas, touches;
	bool quiet;	 /* a miss has no reply */
	bool answered;	 /* a value came, or a line */
	bool ends_line;	 /* the last key of its line in the classic protocol */
	bool ends_batch; /* `mn` stood behind it */
};

struct words {
	char text[WORDS_MAX][WORD_MAX_BYTES];
	size_t count;
};

void parts_append(struct interpreter_bytes *bytes, const char *data, size_t len);
void parts_append_text(struct interpreter_bytes *bytes, const char *text);

/* Return the number of bytes that wait. */
size_t parts_left(const struct interpreter_bytes *bytes);

/* Move at most `most` bytes. Returns their number. */
size_t parts_move(struct interpreter_bytes *to, struct interpreter_bytes *from,
		  size_t most);

/* Return the length of the first line with its line end; 0: it has not come completely. */
size_t parts_line(const struct interpreter_bytes *bytes);

/* Split a line. Returns false when it has too many words, or one that is too long. */
bool parts_split(struct words *words, const char *line, size_t len);

/* Add a request behind the others. */
struct interpreter_request *parts_ask(struct interpreter *it, enum kind kind);

/* Forget the first request. */
void parts_pop(struct interpreter *it);

#endif
