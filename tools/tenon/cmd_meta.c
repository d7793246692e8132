/* SPDX-License-Identifier: BSD-3-Clause */
/* mg, ms, md, ma, mn and me: memcached's meta commands in the words of the user. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "json.h"
#include "meta_words.h"
#include "output.h"
#include "report.h"
#include "setup.h"
#include "tenon/introspect.h"
#include "tenon/ring.h"
#include "value_input.h"

/* One run of a command. */
struct asked {
	struct app *app;
	const char *command;
	char *flags; /* with a space between two; NULL: none */
	bool is_base64; /* the key has the flag b */
	struct value value;
	struct tenon_meta_request request;
	struct tenon_result result;
	char *line; /* the line of the request, for people; NULL when nobody asks for it */
	char *sent_flags; /* the flags in that line; NULL: none */
};

static bool stores(const struct asked *at)
{
	return strcmp(at->command, "ms") == 0;
}

/* ---- the request ----------------------------------------------------------------- */

/*
 * Join the words behind the key, and look at each flag: one word of the shell may have several.
 * Returns EXIT_DONE, or EXIT_USAGE after a report.
 */
static int read_flags(struct asked *at)
{
	const struct app *app = at->app;
	const char *flag;
	size_t len;

	for (size_t i = 1; i < app->operand_count; i++) {
		at->flags = alloc_joined(at->flags, " ", app->operands[i]);
	}
	for (const char *rest = at->flags;
	     (len = meta_words_next(&rest, &flag)) > 0;) {
		if (stores(at) && *flag >= '0' && *flag <= '9') {
			return fail_usage(at->app,
					  "'%.*s' is no flag: the length of the value is counted, so leave it out",
					  (int)len, flag);
		}
		at->is_base64 |= len == 1 && *flag == 'b';
	}
	return EXIT_DONE;
}

/* Find the server of --server. Returns EXIT_DONE, or EXIT_USAGE after a report. */
static int find_server(struct asked *at, const char *name)
{
	size_t count = tenon_client_server_count(at->app->client);
	struct nearest nearest = { 0 };
	struct tenon_server_info info;

	for (size_t i = 0; i < count; i++) {
		tenon_client_server(at->app->client, i, &info);
		if (strcmp(info.alias, name) == 0 ||
		    strcmp(info.address, name) == 0) {
			at->request.server = (uint32_t)i;
			return EXIT_DONE;
		}
		nearest_feed(&nearest, name, info.alias);
	}
	return nearest.name
		       ? fail_usage(at->app,
				    "the config has no server '%s', did you mean '%s'?",
				    name, nearest.name)
		       : fail_usage(at->app, "the config has no server '%s'",
				    name);
}

/* Decide who is asked. Returns EXIT_DONE, or EXIT_USAGE after a report. */
static int choose_server(struct asked *at)
{
	const struct options *options = &at->app->options;

	at->request.server = UINT32_MAX;
	if (options->server) {
		return options->routing_key
			       ? fail_usage(at->app,
					    "--server and --routing-key are both given")
			       : find_server(at, options->server);
	}
	if (tenon_client_server_count(at->app->client) == 1) {
		at->request.server = 0;
		return EXIT_DONE;
	}
	if (at->app->operand_count == 0) {
		return fail_usage(at->app,
				  "mn has no key that decides the server: give --server NAME");
	}
	return at->is_base64 && !options->routing_key
		       ? fail_usage(at->app,
				    "a key in base64 (flag b) does not tell its home server: give --server NAME or --routing-key KEY")
		       : EXIT_DONE;
}

/* Read the value of ms. Returns enum exit_status. */
static int read_value(struct asked *at)
{
	const char *path = at->app->options.file_path;

	if (!stores(at)) {
		return EXIT_DONE;
	}
	return !path && isatty(STDIN_FILENO) == 1
		       ? fail_usage(at->app, "no value: give --file FILE, or a pipe")
		       : value_read(at->app, path, &at->value);
}

/* Make the request of the command line. Returns enum exit_status. */
static int read_request(struct asked *at)
{
	const struct app *app = at->app;
	int status = read_flags(at);

	status = status == EXIT_DONE ? read_value(at) : status;
	status = status == EXIT_DONE ? setup_client(at->app) : status;
	status = status == EXIT_DONE ? choose_server(at) : status;
	at->request.command = at->command;
	at->request.flags = at->flags;
	at->request.key = tenon_slice_of(
		app->operand_count > 0 ? app->operands[0] : NULL);
	at->request.routing_key = tenon_slice_of(app->options.routing_key);
	at->request.value =
		(struct tenon_slice){ at->value.data, at->value.len };
	return status;
}

/* ---- the request as it is sent ---------------------------------------------------- */

/* Return true when a server takes the key as it is; otherwise it is sent as base64. */
static bool is_plain(struct tenon_slice key)
{
	const unsigned char *bytes = key.data;

	for (size_t i = 0; i < key.len; i++) {
		if (bytes[i] <= 0x20 || bytes[i] == 0x7f) {
			return false;
		}
	}
	return key.len <= TENON_KEY_MAX_BYTES;
}

/*
 * Make the line of the request as it is sent, for people. A key that cannot be sent is shown as it is:
 * the call says what is wrong. This ends the client's last operation.
 */
static void make_line(struct asked *at)
{
	const struct tenon_item item = { .key = at->request.key };
	struct tenon_slice key = at->request.key;
	struct tenon_route route;
	struct tenon_error err;

	if (key.len == 0) {
		at->line = alloc_text(at->command);
		return;
	}
	if (!at->is_base64 &&
	    tenon_client_route(at->app->client, &item, &route, &err) == 0) {
		key = route.key;
	}
	bool plain = is_plain(key);
	char *word = plain ? alloc_format("%.*s", (int)key.len,
					  (const char *)key.data)
			   : js_base64(key.data, key.len);
	char *size = stores(at) ? alloc_format(" %zu", at->value.len)
				: alloc_text("");

	at->sent_flags = plain ? NULL : alloc_text("b");
	if (at->flags) {
		at->sent_flags = alloc_joined(at->sent_flags, " ", at->flags);
	}
	at->line = alloc_format("%s %s%s%s%s", at->command, word, size,
				at->sent_flags ? " " : "",
				at->sent_flags ? at->sent_flags : "");
	free(size);
	free(word);
}

/* The flags of the reply's line: behind its code, and behind what else stands there. */
static const char *reply_flags(const struct asked *at)
{
	const char *text = at->result.text;
	bool has_word = text && (strncmp(text, "VA ", 3) == 0 ||
				 strncmp(text, "ME ", 3) == 0);
	const char *flags = text ? strchr(text, ' ') : NULL;

	return has_word ? strchr(flags + 1, ' ') : flags;
}

/* ---- text -------------------------------------------------------------------------- */

/* Print the reply as it came: its line, then the value and a newline. */
static int print_reply(const struct tenon_result *result)
{
	if (result->text) {
		output_shown(result->text, strlen(result->text));
		output_text("\n");
	}
	if (!result->value) {
		return EXIT_DONE;
	}
	if (output_is_terminal() &&
	    !output_is_text(result->value, result->value_len)) {
		report("the value of %zu bytes is not text and could control the terminal; send the output to a file or a pipe",
		       result->value_len);
		return EXIT_USAGE;
	}
	output_write(result->value, result->value_len);
	output_text("\n");
	return EXIT_DONE;
}

static void print_request(const struct asked *at)
{
	const struct meta_line request = { at->command, at->sent_flags, false };
	char *clean = output_clean(at->line, strlen(at->line));
	struct tenon_server_info info = { .alias = "", .address = "" };

	tenon_client_server(at->app->client, at->result.server, &info);
	char *server = server_named(info.alias, info.address);

	output_text("request: ");
	output_styled(STYLE_BOLD, clean);
	output_format(", to %s\n", server);
	free(server);
	free(clean);
	meta_words_print(&request);
}

static void print_explained(const struct asked *at)
{
	const struct tenon_result *result = &at->result;
	const struct meta_line reply = { at->command, reply_flags(at), true };
	const char *meaning = meta_reply_meaning(at->command, result->text);
	char *clean;

	print_request(at);
	clean = output_clean(result->text ? result->text : "none",
			     strlen(result->text ? result->text : "none"));
	output_text("reply: ");
	output_styled(STYLE_BOLD, clean);
	free(clean);
	output_format("%s%s\n", meaning ? ": " : "", meaning ? meaning : "");
	meta_words_print(&reply);
	if (result->value) {
		output_format("value: %zu bytes\n", result->value_len);
	}
}

/* ---- JSON -------------------------------------------------------------------------- */

static void print_json(const struct asked *at)
{
	const struct tenon_result *result = &at->result;
	const struct meta_line request = { at->command, at->sent_flags, false };
	const struct meta_line reply = { at->command, reply_flags(at), true };
	json_t *object = json_object();

	js_put_server(object, at->app->client, result->server);
	js_put_text(object, "request", at->line);
	js_put(object, "request_flags", meta_words_json(&request));
	js_put_text(object, "status", tenon_status_name(result->status));
	if (result->text) {
		js_put_text(object, "reply", result->text);
		js_put_bytes(object, "code", result->text, 2);
	} else {
		js_put(object, "reply", json_null());
		js_put(object, "code", json_null());
	}
	js_put_text(object, "meaning",
		    meta_reply_meaning(at->command, result->text));
	js_put(object, "flags", meta_words_json(&reply));
	if (result->value) {
		js_put_u64(object, "bytes", result->value_len);
		js_put_bytes(object, "value", result->value, result->value_len);
	}
	js_print(object);
}

/* ---- the command ------------------------------------------------------------------- */

/* A server that refuses a flag does not say which one: the words of all flags help to find it. */
static int fail_refused(const struct asked *at, const struct tenon_error *err)
{
	bool is_refused = err->code == TENON_ECLIENT ||
			  err->code == TENON_ESERVER;

	if (is_refused && at->app->options.explain && !at->app->options.json) {
		print_request(at);
	}
	return fail_error(at->app, err);
}

static int ask(struct asked *at)
{
	const struct options *options = &at->app->options;
	struct tenon_error err;

	if (options->json || options->explain) {
		make_line(at);
	}
	if (tenon_client_ask_meta(at->app->client, &at->request, NULL,
				  &at->result, &err) != 0) {
		return fail_refused(at, &err);
	}
	int status = exit_status_of(at->result.status);
	if (options->json) {
		print_json(at);
	} else if (options->explain) {
		print_explained(at);
	} else {
		status = exit_worse(status, print_reply(&at->result));
	}
	return status;
}

int run_meta(struct app *app)
{
	struct asked at = { .app = app, .command = app->command->name };
	int status = read_request(&at);

	if (status == EXIT_DONE) {
		status = ask(&at);
	}
	free(at.sent_flags);
	free(at.line);
	free(at.flags);
	free(at.value.data);
	return status;
}
