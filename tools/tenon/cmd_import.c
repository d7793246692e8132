/* SPDX-License-Identifier: BSD-3-Clause */
/* import: a config of another client or proxy becomes a config of tenon. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "import.h"
#include "json.h"
#include "output.h"
#include "report.h"

/* A config is text that somebody wrote. The limit keeps an endless pipe from using up all memory. */
#define INPUT_MAX_BYTES ((size_t)16 << 20)
/* The name of a config that is an argument itself. */
#define COMMAND_LINE "the command line"
#define READ_BYTES ((size_t)64 * 1024)

enum format {
	FORMAT_NUTCRACKER,
	FORMAT_LIBMEMCACHED,
	FORMAT_PHP,
	FORMAT_DJANGO,
	FORMAT_MCROUTER,
	FORMAT_UNKNOWN
};

static const char *const format_names[] = { "nutcracker", "libmemcached", "php",
					    "django", "mcrouter" };

/* ---- the input ---------------------------------------------------------- */

/* Read fd to its end into *out, with a NUL behind it. Returns 0 or an errno. */
static int read_all(int fd, char **out, size_t *len)
{
	for (;;) {
		ssize_t got;

		if (*len > INPUT_MAX_BYTES) {
			return EFBIG;
		}
		*out = alloc_resize(*out, *len + READ_BYTES + 1, 1);
		got = read(fd, *out + *len, READ_BYTES);
		if (got < 0 && errno != EINTR) {
			return errno;
		}
		*len += got < 0 ? 0 : (size_t)got;
		(*out)[*len] = '\0';
		if (got == 0) {
			return 0;
		}
	}
}

/* Get the text: from standard input for "-", from a file of this name, or the operand itself. */
static int read_input(struct app *app, const char *operand, char **text,
		      size_t *len, const char **source)
{
	bool is_stdin = strcmp(operand, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(operand, O_RDONLY | O_CLOEXEC);
	int reason;

	*source = is_stdin ? "standard input" : operand;
	if (fd < 0 && (errno == ENOENT || errno == ENAMETOOLONG ||
		       errno == ENOTDIR)) {
		*text = alloc_text(operand);
		*len = strlen(operand);
		*source = COMMAND_LINE;
		return EXIT_DONE;
	}
	reason = fd < 0 ? errno : read_all(fd, text, len);
	if (fd >= 0 && !is_stdin) {
		close(fd);
	}
	return reason == 0 ? EXIT_DONE :
			     fail(app, TENON_EIO, "%s: cannot be read: %s",
				  *source, strerror(reason));
}

/* ---- the format --------------------------------------------------------- */

/* Return true when a config string of libmemcached is in the text. */
static bool has_libmemcached(const char *text)
{
	return strcasestr(text, "--SERVER=") || strcasestr(text, "--SOCKET=") ||
	       strncmp(text, "--", 2) == 0;
}

/* Return true when a line of text begins with word, after spaces. */
static bool has_line(const char *text, const char *word)
{
	while (*text != '\0') {
		text += strspn(text, " \t\r\n");
		if (strncmp(text, word, strlen(word)) == 0) {
			return true;
		}
		text += strcspn(text, "\n");
	}
	return false;
}

/* Return true for a list of servers of PHP: one line with a port, a path of a socket, or a URL. */
static bool is_save_path(const char *text)
{
	const char *colon = strchr(text, ':');

	if (strchr(text, '\n') &&
	    text[strcspn(text, "\n") + 1] != '\0') {
		return false;
	}
	return strncmp(text, "PERSISTENT=", 11) == 0 ||
	       (colon && ((colon[1] >= '0' && colon[1] <= '9') ||
			  strncmp(colon, "://", 3) == 0));
}

static enum format recognise(const char *text)
{
	text += strspn(text, " \t\r\n");
	if (*text == '{') {
		return FORMAT_DJANGO; /* or mcrouter: the JSON tells */
	}
	if (has_line(text, "session.save_path") ||
	    has_line(text, "memcached.sess_")) {
		return FORMAT_PHP;
	}
	if (has_libmemcached(text)) {
		return FORMAT_LIBMEMCACHED;
	}
	if (has_line(text, "servers:")) {
		return FORMAT_NUTCRACKER;
	}
	return is_save_path(text) ? FORMAT_PHP : FORMAT_UNKNOWN;
}

/* Read the format of --from, or find out. Returns an exit status. */
static int choose_format(struct app *app, const struct import *import,
			 const char *text, enum format *format)
{
	const char *from = app->options.from;

	*format = from ? FORMAT_UNKNOWN : recognise(text);
	for (size_t i = 0; from && i < FORMAT_UNKNOWN; i++) {
		if (strcmp(from, format_names[i]) == 0) {
			*format = (enum format)i;
		}
	}
	if (*format != FORMAT_UNKNOWN) {
		return EXIT_DONE;
	}
	if (from) {
		return fail_usage(app,
				  "--from is '%s', expected nutcracker, libmemcached, php, django or mcrouter",
				  from);
	}
	if (strcmp(import->source, COMMAND_LINE) == 0) {
		return fail(app, TENON_ECONFIG,
			    "'%s' is neither a file nor a config that tenon knows (see tenon import --help)",
			    text);
	}
	return fail(app, TENON_ECONFIG,
		    "%s: not recognised; say with --from whose config it is: nutcracker, libmemcached, php, django or mcrouter (the last two as JSON)",
		    import->source);
}

/* ---- reading ------------------------------------------------------------ */

static bool read_json(struct app *app, struct import *import,
		      struct import_text text)
{
	json_t *root = import_json(import, text);
	const char *from = app->options.from;
	bool is_mcrouter = from ? strcmp(from, "mcrouter") == 0 :
				  json_object_get(root, "pools") ||
					  json_object_get(root, "route") ||
					  json_object_get(root, "routes");
	bool done = root && (is_mcrouter ? import_mcrouter(import, root) :
					   import_python(import, root));

	json_decref(root);
	return done;
}

static bool read_format(struct app *app, struct import *import,
			enum format format, struct import_text text)
{
	switch (format) {
	case FORMAT_NUTCRACKER:
		return import_nutcracker(import, text);
	case FORMAT_LIBMEMCACHED:
		return import_libmemcached(import, text);
	case FORMAT_PHP:
		return import_php(import, text);
	default:
		return read_json(app, import, text);
	}
}

/* The name of the new config in errors of the library, which begin with "<name>:<line>:<column>: ". */
#define NEW_CONFIG "the new config"

/* An error of the new config without its place there: nobody sees that config. */
static const char *without_place(const struct tenon_error *err)
{
	char *place = alloc_format(NEW_CONFIG ":%" PRIu32 ":%" PRIu32 ": ",
				   err->line, err->column);
	size_t len = strlen(place);
	bool has_place = strncmp(err->message, place, len) == 0;

	free(place);
	return err->message + (has_place ? len : 0);
}

/*
 * Let the library say whether it accepts the new config. A plugin that is not installed here, such as
 * tls, is no fault of the input.
 */
static bool check_config(struct import *import, const char *text)
{
	struct tenon_config *config = NULL;
	struct tenon_error err;
	int code;

	if (import->server_count == 0) {
		return import_fail(import, 0, 0, "names no server");
	}
	code = tenon_config_create(&config, &err);
	if (!code) {
		code = tenon_config_load_text(config, NEW_CONFIG, text,
					      strlen(text), &err);
	}
	if (!code) {
		code = tenon_config_check(config, &err);
	}
	tenon_config_destroy(config);
	return code == 0 || code == TENON_EPLUGIN ?
		       true :
		       import_fail(import, 0, 0, "%s", without_place(&err));
}

/* ---- the output --------------------------------------------------------- */

static void print(const struct app *app, const struct import *import,
		  const char *config)
{
	json_t *notes = json_array();
	json_t *root;

	for (size_t i = 0; i < import->note_count; i++) {
		report("not carried over: %s", import->notes[i]);
		js_append(notes, json_string(import->notes[i]));
	}
	if (app->options.json) {
		root = json_object();
		js_put_text(root, "config", config);
		js_put(root, "not_carried_over", notes);
		js_print(root);
	} else {
		json_decref(notes);
		output_text(config);
	}
}

static bool is_utf8(struct import_text text)
{
	json_t *string = json_stringn(text.data, text.len);
	bool fits = string && strlen(text.data) == text.len;

	json_decref(string);
	return fits;
}

static int import_text(struct app *app, struct import *import,
		       struct import_text text)
{
	enum format format;
	char *config;
	int status;

	if (!is_utf8(text)) {
		return fail(app, TENON_ECONFIG,
			    "%s: is not UTF-8, or has a NUL byte",
			    import->source);
	}
	status = choose_format(app, import, text.data, &format);
	if (status != EXIT_DONE) {
		return status;
	}
	if (!read_format(app, import, format, text)) {
		return fail_error(app, &import->err);
	}
	config = import_write(import);
	status = check_config(import, config) ? EXIT_DONE :
						fail_error(app, &import->err);
	if (status == EXIT_DONE) {
		print(app, import, config);
	}
	free(config);
	return status;
}

int run_import(struct app *app)
{
	struct import import;
	const char *source = NULL;
	char *text = NULL;
	size_t len = 0;
	int status = read_input(app, app->operands[0], &text, &len, &source);

	if (status == EXIT_DONE) {
		import_init(&import, source, app->options.import_pool);
		status = import_text(app, &import,
				     (struct import_text){ text, len });
		import_fini(&import);
	}
	free(text);
	return status;
}
