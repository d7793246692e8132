/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Standard output: one buffer, and no write error is ignored. A failed write ends the program
 * with a line on stderr and EXIT_SERVER, since no later output could be written either.
 */
#ifndef TENON_CLI_OUTPUT_H
#define TENON_CLI_OUTPUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum style { STYLE_NONE, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_BAD };

/*
 * Open those of the descriptors 0 to 2 that the caller of the program has closed. Otherwise
 * the kernel would give their numbers to the next file or socket, and output would go there.
 * Call this before anything is opened.
 */
void output_guard(void);

/* Count columns of text as UTF-8, whatever the locale of the environment is. */
void output_utf8(void);

/* Switch colours on or off. mode is enum color_mode. */
void output_color(int mode);

bool output_is_terminal(void);

void output_write(const void *data, size_t len);
void output_text(const char *text);
void output_format(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* End a line. output_set_newline() sets the text that does this; at first it is "\n". */
void output_newline(void);
void output_set_newline(const char *text);

/* Write text, in the style when colours are on. */
void output_styled(enum style style, const char *text);

/* The number of lines and columns to write into. */
struct output_size {
	size_t rows;
	size_t columns;
};

/*
 * Return the size of the terminal that standard output is; 24 lines of 80 columns when it does not
 * tell. When standard output is no terminal, both numbers are SIZE_MAX.
 */
struct output_size output_size(void);

/* Write the buffer to standard output. */
void output_flush(void);

/*
 * Write text in lines that take at most `columns` columns, `indent` spaces before each line
 * included. A line is broken at a space; only a word that is longer than a line is broken inside.
 * output_lines() returns the number of lines that this makes.
 */
void output_wrapped(enum style style, const char *text, size_t columns,
		    size_t indent);
size_t output_lines(const char *text, size_t columns, size_t indent);

/*
 * Read the character that text begins with as UTF-8. text is len bytes, 1 or more. A byte that does
 * not begin a valid sequence is a character by itself. *bytes becomes the length of the character.
 */
uint32_t output_character(const void *text, size_t len, size_t *bytes);

/*
 * Return true for a control character: C0 (below U+0020), DEL, C1 (U+0080 to U+009F, and the
 * same as single bytes, which some terminals obey as well), and the line separators and direction
 * marks of Unicode (U+2028 to U+202E, U+2066 to U+2069).
 */
bool output_is_control(uint32_t character);

/* Return true for bytes that a terminal shows as text: no control character but white space. */
bool output_is_text(const char *bytes, size_t len);

/*
 * Copy text with each byte of a control character written as \xNN, so that neither a key nor the
 * words of a server can control the terminal. The caller frees the copy.
 */
char *output_clean(const char *text, size_t len);

/* Write text: output_clean() on a terminal, and the bytes as they are elsewhere. */
void output_shown(const void *text, size_t len);

/*
 * Make a key fit for a message: output_clean(), in quotes, and cut off after 100 bytes. The
 * caller frees the text.
 */
char *output_label(const void *key, size_t len);

/*
 * Make a bar of `width` characters for most, and a shorter one for less, exact to an eighth of a
 * character. The caller frees the text.
 */
char *output_bar(uint64_t value, uint64_t most, size_t width);

/* Cells of text, printed in aligned columns. */
struct table {
	size_t columns;
	unsigned right;  /* bit n is set when column n is aligned to the right */
	unsigned hidden; /* bit n is set when column n is not printed */
	unsigned wraps;  /* bit n is set when table_print() may break the cells of column n into lines */
	size_t *widths; /* of each column's widest cell; NULL while there is no cell */
	struct cell *cells;
	size_t count;
	size_t capacity;
};

/* Add the next cell. Cells come row by row. */
void table_add(struct table *table, enum style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Print all cells, each row after `indent` spaces, and free them. On a terminal that is too narrow,
 * the columns in `wraps` become narrower, and their cells take several lines; the cells of the last
 * column go below their rows when the column would be too narrow to read.
 */
void table_print(struct table *table, int indent);

/*
 * To print a table row by row: the number of its rows; the columns that its widest row takes on a
 * terminal; hiding columns; the text of a cell; printing one row; freeing the cells.
 */
size_t table_rows(const struct table *table);
size_t table_width(const struct table *table);

/* Hide columns of `first_out`, one after the other, until the table fits into so many columns. */
void table_fit(struct table *table, const unsigned char *first_out,
	       size_t count, size_t columns);

const char *table_cell(const struct table *table, size_t row, size_t column);
void table_print_row(const struct table *table, size_t row);
void table_fini(struct table *table);

#endif
