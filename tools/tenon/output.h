/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Standard output: one buffer, every failure noticed. A failed write ends the
 * program with EXIT_SERVER and a line on stderr; nothing that follows could be
 * delivered.
 */
#ifndef TENON_CLI_OUTPUT_H
#define TENON_CLI_OUTPUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum style { STYLE_NONE, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_BAD };

/*
 * Make descriptors 0 to 2 safe: one that the caller closed would be given to
 * the next file or socket, and output would go there. To be called first.
 */
void output_guard(void);

/* Take text for UTF-8 when columns are counted, whatever the environment says. */
void output_utf8(void);

/* Decide on colours; mode is enum color_mode. */
void output_color(int mode);

bool output_is_terminal(void);

void output_write(const void *data, size_t len);
void output_text(const char *text);
void output_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* End a line. */
void output_newline(void);

/* Text in a style where colours are on. */
void output_styled(enum style style, const char *text);

/*
 * Use the terminal as a screen that is drawn anew again and again: between
 * screen_begin and screen_end come screens, each from screen_home to screen_done.
 * What stays the same does not flicker; lines that are too long are cut off.
 * screen_rows: how many lines there are.
 */
void screen_begin(void);
void screen_home(void);
void screen_done(void);
void screen_end(void);
size_t screen_rows(void);

/* Hand everything to the system. */
void output_flush(void);

/*
 * A copy of text in which control bytes are written as \xNN, so that a key or
 * a server's words cannot steer the terminal. For the caller to free.
 */
char *output_clean(const char *text, size_t len);

/* The same for a key in a message: in quotes, and its end left out if long. */
char *output_label(const void *key, size_t len);

/* Cells of text, printed in aligned columns. */
struct table {
	size_t columns;
	unsigned right; /* bit n: column n is aligned to the right */
	struct cell *cells;
	size_t count;
	size_t capacity;
};

/* Add the next cell, row by row. */
void table_add(struct table *table, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Print what was added, each row after `indent` spaces, and free it. */
void table_print(struct table *table, int indent);

#endif
