/* SPDX-License-Identifier: BSD-3-Clause */
/* The meta commands of memcached in words: flags of requests and replies, and codes of replies. */
#ifndef TENON_CLI_META_WORDS_H
#define TENON_CLI_META_WORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A line of a command or of its reply, and the first of its flags. */
struct meta_line {
	const char *command; /* "mg" and the like, also for a reply */
	const char *flags;   /* with a space between two; NULL or "": none */
	bool is_reply;
};

/*
 * What the code of a reply to this command, such as "EN", says. text begins with the code; NULL: no
 * reply came. Returns NULL for a code that memcached's protocol.txt does not have.
 */
const char *meta_reply_meaning(const char *command, const char *text);

/*
 * Find the next flag from *at on, and move *at behind it. *at may be NULL: no flags. Returns the length
 * of the flag; 0: there is none.
 */
size_t meta_words_next(const char **at, const char **flag);

/* Make a JSON array of objects "flag", "argument" and "meaning", one for each flag. */
json_t *meta_words_json(const struct meta_line *line);

/* Print a table with a row for each flag. Prints nothing when there is none. */
void meta_words_print(const struct meta_line *line);

#endif
