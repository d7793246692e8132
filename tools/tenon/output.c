/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "alloc.h"
#include "cli.h"
#include "output.h"

#define OUTPUT_BUFFER_BYTES (256 * 1024)

static char buffer[OUTPUT_BUFFER_BYTES];
static size_t buffered;
static bool colored;
static const char *newline = "\n";

void output_guard(void)
{
	/* Open input for writing and output for reading, so that using them is still an error. */
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0) {
			continue;
		}
		if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) {
			_exit(EXIT_SERVER);
		}
	}
}

bool output_is_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

void output_utf8(void)
{
	/* Nothing else depends on the locale. Without C.UTF-8 only column widths are wrong. */
	setlocale(LC_CTYPE, "C.UTF-8");
}

void output_color(int mode)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (mode != COLOR_AUTO) {
		colored = mode == COLOR_ALWAYS;
		return;
	}
	colored = output_is_terminal() && (!no_color || *no_color == '\0') &&
		  term && strcmp(term, "dumb") != 0;
}

struct output_size output_size(void)
{
	struct output_size size = { SIZE_MAX, SIZE_MAX };
	struct winsize window = { 0 };

	if (!output_is_terminal()) {
		return size;
	}
	size = (struct output_size){ 24, 80 };
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 &&
	    window.ws_row > 0 && window.ws_col > 0) {
		size = (struct output_size){ window.ws_row, window.ws_col };
	}
	return size;
}

static void write_out(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t written = write(STDOUT_FILENO, data, len);

		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written < 0) {
			fprintf(stderr, "tenon: standard output: %s\n",
				strerror(errno));
			exit(EXIT_SERVER);
		}
		data += written;
		len -= (size_t)written;
	}
}

void output_flush(void)
{
	write_out(buffer, buffered);
	buffered = 0;
}

void output_write(const void *data, size_t len)
{
	if (len > sizeof(buffer) - buffered) {
		output_flush();
	}
	if (len > sizeof(buffer)) {
		write_out(data, len);
		return;
	}
	if (len > 0) {
		memcpy(buffer + buffered, data, len);
		buffered += len;
	}
}

void output_text(const char *text)
{
	output_write(text, strlen(text));
}

void output_format(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = alloc_format_args(format, args);
	va_end(args);
	output_text(text);
	free(text);
}

void output_styled(enum style style, const char *text)
{
	static const char *const codes[] = {
		[STYLE_BOLD] = "\033[1m", [STYLE_DIM] = "\033[2m",
		[STYLE_GOOD] = "\033[32m", [STYLE_BAD] = "\033[31m",
	};

	if (!colored || style == STYLE_NONE) {
		output_text(text);
		return;
	}
	output_text(codes[style]);
	output_text(text);
	output_text("\033[0m");
}

void output_set_newline(const char *text)
{
	newline = text;
}

void output_newline(void)
{
	output_text(newline);
}

uint32_t output_character(const void *text, size_t len, size_t *bytes)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *at = text;
	size_t need = at[0] < 0xc2 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	uint32_t found = at[0] & (0xffu >> (need + 1));

	*bytes = 1;
	if (need > len || need == 1 || at[0] > 0xf4) {
		return at[0];
	}
	for (size_t i = 1; i < need; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return at[0];
		}
		found = found << 6 | (at[i] & 0x3f);
	}
	if (found < least[need]) {
		return at[0]; /* an overlong form, which a careless terminal may take for the short one */
	}
	*bytes = need;
	return found;
}

bool output_is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character <= 0x9f) ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

bool output_is_text(const char *bytes, size_t len)
{
	size_t step;

	for (size_t i = 0; i < len; i += step) {
		uint32_t character =
			output_character(bytes + i, len - i, &step);

		if (output_is_control(character) &&
		    (character < '\t' || character > '\r')) {
			return false;
		}
	}
	return true;
}

char *output_clean(const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	char *clean;
	char *out;
	size_t bytes;

	if (len > SIZE_MAX / 4 - 1) {
		alloc_failed();
	}
	clean = alloc_array(len * 4 + 1, 1);
	out = clean;
	for (size_t i = 0; i < len; i += bytes) {
		bool escapes = output_is_control(
			output_character(text + i, len - i, &bytes));

		for (size_t j = i; j < i + bytes; j++) {
			unsigned char byte = (unsigned char)text[j];

			if (!escapes) {
				*out++ = text[j];
				continue;
			}
			*out++ = '\\';
			*out++ = 'x';
			*out++ = hex[byte >> 4];
			*out++ = hex[byte & 15];
		}
	}
	return clean;
}

void output_shown(const void *text, size_t len)
{
	char *clean;

	if (!output_is_terminal()) {
		output_write(text, len);
		return;
	}
	clean = output_clean(text, len);
	output_text(clean);
	free(clean);
}

char *output_label(const void *key, size_t len)
{
	enum { SHOWN = 100 };
	char *clean = output_clean(key, len < SHOWN ? len : SHOWN);
	char *label = alloc_format("'%s%s'", clean, len > SHOWN ? "..." : "");

	free(clean);
	return label;
}

/* ---- widths ------------------------------------------------------------ */

/*
 * Return the number of bytes of the character that text begins with; text is not empty. *columns
 * becomes the columns that it takes on a terminal: a wide character takes two, a combining accent
 * none.
 */
static size_t character(const char *text, size_t *columns)
{
	size_t bytes;
	uint32_t code = output_character(text, strnlen(text, 4), &bytes);
	int width = bytes == 1 ? 1 : wcwidth((wchar_t)code);

	*columns = width > 0 ? (size_t)width : 0;
	return bytes;
}

static size_t text_width(const char *text)
{
	size_t width = 0;

	while (*text != '\0') {
		size_t columns;

		text += character(text, &columns);
		width += columns;
	}
	return width;
}

/*
 * Return how many bytes of text fit into one line of so many columns: as many whole words as fit,
 * or a part of the first word when that word alone is too long. At least one character.
 */
static size_t line_bytes(const char *text, size_t columns)
{
	size_t words = 0; /* bytes of the whole words up to here */
	size_t used = 0;
	size_t at = 0;

	while (text[at] != '\0') {
		size_t width;
		size_t len = character(text + at, &width);

		if (used + width > columns && at > 0) {
			return words > 0 && text[at] != ' ' ? words : at;
		}
		words = text[at] == ' ' ? at : words;
		used += width;
		at += len;
	}
	return at;
}

/* Return the bytes of the next line of text, and the start of the line behind it in *next. */
static size_t next_line(const char *text, size_t columns, const char **next)
{
	size_t bytes = line_bytes(text, columns);

	*next = text + bytes;
	while (**next == ' ') {
		(*next)++;
	}
	return bytes;
}

static size_t columns_left(size_t columns, size_t indent)
{
	return columns > indent ? columns - indent : 1;
}

size_t output_lines(const char *text, size_t columns, size_t indent)
{
	size_t count = 0;

	for (; *text != '\0'; count++) {
		next_line(text, columns_left(columns, indent), &text);
	}
	return count;
}

void output_wrapped(enum style style, const char *text, size_t columns,
		    size_t indent)
{
	while (*text != '\0') {
		const char *next;
		size_t bytes =
			next_line(text, columns_left(columns, indent), &next);
		char *line = alloc_format("%*s%.*s", (int)indent, "",
					  (int)bytes, text);

		output_styled(style, line);
		output_newline();
		free(line);
		text = next;
	}
}

char *output_bar(uint64_t value, uint64_t most, size_t width)
{
	static const char *const eighths[] = { "",  "▏", "▎", "▍",
					       "▌", "▋", "▊", "▉" };
	double filled = most == 0 ? 0 : (double)value * (double)width * 8 /
						(double)most;
	size_t steps = (size_t)(filled + 0.5);
	char *text = alloc_array(width + 2, 3);
	size_t len = 0;

	for (size_t i = 0; i < steps / 8; i++) {
		memcpy(text + len, "█", 3);
		len += 3;
	}
	memcpy(text + len, eighths[steps % 8], strlen(eighths[steps % 8]));
	return text;
}

/* ---- tables ------------------------------------------------------------ */

struct cell {
	char *text;
	enum style style;
	size_t width;
};

static void keep_width(struct table *table, size_t column, size_t width)
{
	if (!table->widths) {
		table->widths = alloc_array(table->columns,
					    sizeof(*table->widths));
	}
	if (width > table->widths[column]) {
		table->widths[column] = width;
	}
}

void table_add(struct table *table, enum style style, const char *format, ...)
{
	struct cell *cell;
	va_list args;
	char *text;

	va_start(args, format);
	text = alloc_format_args(format, args);
	va_end(args);
	if (table->count == table->capacity) {
		table->capacity = table->capacity * 2 + 16;
		table->cells = alloc_resize(table->cells, table->capacity,
					    sizeof(*table->cells));
	}
	cell = &table->cells[table->count++];
	cell->text = output_clean(text, strlen(text));
	cell->style = style;
	cell->width = text_width(cell->text);
	free(text);
	keep_width(table, (table->count - 1) % table->columns, cell->width);
}

static void print_cell(const struct table *table, const struct cell *cell,
		       size_t column, size_t width, bool is_last)
{
	int padding = (int)(width - cell->width);
	bool right = (table->right >> column & 1) != 0;

	if (right) {
		output_format("%*s", padding, "");
	}
	output_styled(cell->style, cell->text);
	if (is_last) {
		output_newline();
	} else {
		output_format("%*s", right ? 2 : padding + 2, "");
	}
}

static bool is_hidden(const struct table *table, size_t column)
{
	return (table->hidden >> column & 1) != 0;
}

size_t table_rows(const struct table *table)
{
	return table->count / table->columns;
}

size_t table_width(const struct table *table)
{
	size_t width = 0;

	for (size_t i = 0; i < table->columns; i++) {
		if (!is_hidden(table, i)) {
			width += (width > 0 ? 2 : 0) + table->widths[i];
		}
	}
	return width;
}

void table_fit(struct table *table, const unsigned char *first_out,
	       size_t count, size_t columns)
{
	for (size_t i = 0; i < count && table_width(table) > columns; i++) {
		table->hidden |= 1u << first_out[i];
	}
}

const char *table_cell(const struct table *table, size_t row, size_t column)
{
	return table->cells[row * table->columns + column].text;
}

/*
 * Return the number of columns to print of a row. Hidden and empty cells at its end are left out,
 * so that no line ends in spaces.
 */
static size_t columns_used(const struct table *table, const struct cell *row)
{
	size_t used = table->columns;

	while (used > 1 &&
	       (is_hidden(table, used - 1) || row[used - 1].width == 0)) {
		used--;
	}
	return used;
}

static void print_cells(const struct table *table, const struct cell *row)
{
	size_t used = columns_used(table, row);

	for (size_t i = 0; i < used; i++) {
		if (!is_hidden(table, i)) {
			print_cell(table, &row[i], i, table->widths[i],
				   i + 1 == used);
		}
	}
}

void table_print_row(const struct table *table, size_t number)
{
	print_cells(table, &table->cells[number * table->columns]);
}

void table_fini(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->cells[i].text);
	}
	free(table->cells);
	free(table->widths);
	table->cells = NULL;
	table->widths = NULL;
	table->count = 0;
	table->capacity = 0;
}

/* No column is made narrower than this many columns of the terminal. */
#define NARROW_MIN 8

/* Return the columns that the longest word of a text takes. */
static size_t longest_word(const char *text)
{
	size_t longest = 0;
	size_t word = 0;

	while (*text != '\0') {
		bool ends = *text == ' ';
		size_t width;

		text += character(text, &width);
		word = ends ? 0 : word + width;
		longest = word > longest ? word : longest;
	}
	return longest;
}

/* Return the widest column that may wrap and is wider than its least width, or table->columns. */
static size_t find_widest(const struct table *table, const size_t *least)
{
	size_t widest = table->columns;

	for (size_t i = 0; i < table->columns; i++) {
		bool may = (table->wraps >> i & 1) != 0 &&
			   !is_hidden(table, i) && table->widths[i] > least[i];

		if (may && (widest == table->columns ||
			    table->widths[i] > table->widths[widest])) {
			widest = i;
		}
	}
	return widest;
}

/* Narrow the widest column, again and again, until the table fits or nothing is left to do. */
static void narrow_to(struct table *table, size_t columns, const size_t *least)
{
	while (table_width(table) > columns) {
		size_t widest = find_widest(table, least);

		if (widest == table->columns) {
			return;
		}
		table->widths[widest]--;
	}
}

/* Make the table fit into so many columns. Words are broken only when nothing else helps. */
static void narrow(struct table *table, size_t columns)
{
	size_t *least = alloc_array(table->columns, sizeof(*least));

	for (size_t i = 0; i < table->count; i++) {
		size_t word = longest_word(table->cells[i].text);
		size_t *at = &least[i % table->columns];

		*at = word > *at ? word : *at;
	}
	narrow_to(table, columns, least);
	for (size_t i = 0; i < table->columns; i++) {
		least[i] = NARROW_MIN;
	}
	narrow_to(table, columns, least);
	free(least);
}

/* Cut the next line of a cell's text: *rest moves behind it. */
static struct cell cut_line(const struct cell *cell, const char **rest,
			    size_t width)
{
	const char *text = *rest;
	size_t bytes = next_line(text, width, rest);
	struct cell line = { alloc_format("%.*s", (int)bytes, text),
			     cell->style, 0 };

	line.width = text_width(line.text);
	return line;
}

/* Print a row in as many lines as its longest cell needs in the width of its column. */
static void print_lines(const struct table *table, const struct cell *row,
			int indent)
{
	struct cell *line = alloc_array(table->columns, sizeof(*line));
	const char **rest = alloc_array(table->columns, sizeof(*rest));
	bool more = true;

	for (size_t i = 0; i < table->columns; i++) {
		rest[i] = row[i].text;
	}
	while (more) {
		more = false;
		for (size_t i = 0; i < table->columns; i++) {
			line[i] = cut_line(&row[i], &rest[i], table->widths[i]);
			more = more ||
			       (*rest[i] != '\0' && !is_hidden(table, i));
		}
		output_format("%*s", indent, "");
		print_cells(table, line);
		for (size_t i = 0; i < table->columns; i++) {
			free(line[i].text);
		}
	}
	free(rest);
	free(line);
}

/* A last column with less than this is hard to read: its cells go below their rows. */
#define LAST_MIN 32
#define BELOW_INDENT 4

/* Return true when the last column has to go below the rows for the table to fit. */
static bool last_goes_below(const struct table *table, size_t columns)
{
	size_t last = table->columns - 1;
	size_t width = table->count > 0 ? table_width(table) : 0;

	return (table->wraps >> last & 1) != 0 && width > columns &&
	       table->widths[last] > LAST_MIN &&
	       width - table->widths[last] + LAST_MIN > columns;
}

void table_print(struct table *table, int indent)
{
	size_t size = output_size().columns;
	size_t columns = columns_left(size, (size_t)indent);
	size_t last = table->columns - 1;
	bool below = last_goes_below(table, columns);

	if (below) {
		table->hidden |= 1u << last;
	}
	if (table->count > 0) {
		narrow(table, columns);
	}
	for (size_t i = 0; i < table_rows(table); i++) {
		const struct cell *row = &table->cells[i * table->columns];

		print_lines(table, row, indent);
		if (below) {
			output_wrapped(row[last].style, row[last].text, size,
				       (size_t)indent + BELOW_INDENT);
		}
	}
	table_fini(table);
}
