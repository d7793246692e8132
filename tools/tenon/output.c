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
static bool on_screen; /* while a screen is drawn, a newline clears the rest of its line */

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

void output_newline(void)
{
	output_text(on_screen ? "\033[K\n" : "\n");
}

/* ---- the screen -------------------------------------------------------- */

#define SCREEN_ROWS 24 /* when the terminal does not tell its size */

void screen_begin(void)
{
	on_screen = true;
	output_text("\033[?25l\033[?7l\033[2J"); /* hide the cursor, switch wrapping off, clear */
}

void screen_home(void)
{
	output_text("\033[H");
}

void screen_done(void)
{
	output_text("\033[J");
	output_flush();
}

void screen_end(void)
{
	output_text("\033[?7h\033[?25h");
	output_flush();
	on_screen = false;
}

size_t screen_rows(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ?
		       size.ws_row : SCREEN_ROWS;
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

/* ---- tables ------------------------------------------------------------ */

struct cell {
	char *text;
	enum style style;
	size_t width;
};

/* The columns that text takes on a terminal: wide characters take two, combining accents none. */
static size_t text_width(const char *text)
{
	size_t left = strlen(text);
	mbstate_t state = { 0 };
	size_t width = 0;

	while (left > 0) {
		wchar_t character;
		size_t len = mbrtowc(&character, text, left, &state);
		int columns = 1;

		if (len == 0 || len > left) { /* not UTF-8: one byte, one column */
			state = (mbstate_t){ 0 };
			len = 1;
		} else {
			columns = wcwidth(character);
		}
		width += columns > 0 ? (size_t)columns : 0;
		text += len;
		left -= len;
	}
	return width;
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

static void print_row(const struct table *table, const struct cell *row,
		      const size_t *widths)
{
	size_t used = table->columns;

	/* Leave out empty cells at the end of the row, so that no line ends in spaces. */
	while (used > 1 && row[used - 1].width == 0) {
		used--;
	}
	for (size_t i = 0; i < used; i++) {
		print_cell(table, &row[i], i, widths[i], i + 1 == used);
	}
}

void table_print(struct table *table, int indent)
{
	size_t *widths = alloc_array(table->columns, sizeof(*widths));

	for (size_t i = 0; i < table->count; i++) {
		size_t *width = &widths[i % table->columns];

		*width = table->cells[i].width > *width ?
				 table->cells[i].width : *width;
	}
	for (size_t i = 0; i < table->count; i += table->columns) {
		output_format("%*s", indent, "");
		print_row(table, &table->cells[i], widths);
	}
	for (size_t i = 0; i < table->count; i++) {
		free(table->cells[i].text);
	}
	free(widths);
	free(table->cells);
	table->cells = NULL;
	table->count = 0;
	table->capacity = 0;
}
