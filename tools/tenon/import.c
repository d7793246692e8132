/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts that all readers of tenon import share. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"
#include "import.h"
#include "options.h"

/* Longest connect_timeout and poll_timeout of a config: an hour. */
#define TIMEOUT_MAX_MS 3600000.0
/* Longest retry_timeout: a day. */
#define RETRY_MAX_MS (24 * TIMEOUT_MAX_MS)

void import_init(struct import *import, const char *source, const char *wanted)
{
	memset(import, 0, sizeof(*import));
	import->source = source;
	import->wanted = wanted;
	import->connect_timeout.ms = -1;
	import->poll_timeout.ms = -1;
	import->retry_timeout.ms = -1;
}

void import_fini(struct import *import)
{
	for (size_t i = 0; i < import->server_count; i++) {
		free(import->servers[i].address);
		free(import->servers[i].alias);
	}
	for (size_t i = 0; i < import->note_count; i++) {
		free(import->notes[i]);
	}
	free(import->servers);
	free(import->notes);
	free(import->title);
	free(import->hash_tag);
	free(import->prefix);
}

/* ---- text --------------------------------------------------------------- */

struct import_text import_trim(struct import_text text)
{
	while (text.len > 0 && isspace((unsigned char)text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 &&
	       isspace((unsigned char)text.data[text.len - 1])) {
		text.len--;
	}
	return text;
}

struct import_text import_cut(struct import_text *text, const char *ends)
{
	struct import_text part = *text;
	size_t at = 0;

	while (at < text->len && !strchr(ends, text->data[at])) {
		at++;
	}
	part.len = at;
	at += at < text->len;
	text->data += at;
	text->len -= at;
	return part;
}

bool import_is(struct import_text text, const char *word)
{
	return strlen(word) == text.len &&
	       strncasecmp(text.data, word, text.len) == 0;
}

char *import_copy(struct import_text text)
{
	return alloc_format("%.*s", (int)text.len, text.data);
}

/* ---- notes and errors --------------------------------------------------- */

void import_note(struct import *import, const char *format, ...)
{
	va_list args;

	import->notes = alloc_resize(import->notes, import->note_count + 1,
				     sizeof(*import->notes));
	va_start(args, format);
	import->notes[import->note_count++] = alloc_format_args(format, args);
	va_end(args);
}

/* Return true when a setting of this name has a secret as its value. */
static bool names_secret(const char *name)
{
	static const char *const words[] = { "password", "passwd", "auth",
					     "secret", "token" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(name, words[i])) {
			return true;
		}
	}
	return false;
}

const char *import_shown(const char *name, const char *value)
{
	return value && names_secret(name) ? "(not shown)" : value;
}

void import_note_setting(struct import *import, const char *name,
			 const char *between, const char *value,
			 const char *why)
{
	const char *shown = import_shown(name, value);

	import_note(import, "%s%s%s%s%s", name, shown ? between : "",
		    shown ? shown : "", why ? ": " : "", why ? why : "");
}

/* Replace the secrets among the members of objects, however deep they are. */
static void hide_secrets(json_t *value)
{
	const char *name;
	json_t *child;
	size_t index;

	json_object_foreach(value, name, child) {
		if (names_secret(name)) {
			json_object_iter_set_new(
				value, json_object_key_to_iter(name),
				json_string(import_shown(name, "")));
		} else {
			hide_secrets(child);
		}
	}
	json_array_foreach(value, index, child) {
		hide_secrets(child);
	}
}

char *import_dump(const json_t *value)
{
	json_t *copy = json_deep_copy(value);
	char *text;

	hide_secrets(copy);
	text = json_dumps(copy, JSON_ENCODE_ANY | JSON_COMPACT);
	json_decref(copy);
	if (!text) {
		alloc_failed();
	}
	return text;
}

void import_note_json(struct import *import, const char *name,
		      const json_t *value, const char *why)
{
	char *text = import_dump(value);

	import_note_setting(import, name, ": ", text, why);
	free(text);
}

bool import_fail(struct import *import, size_t line, size_t column,
		 const char *format, ...)
{
	struct tenon_error *err = &import->err;
	va_list args;
	char *reason;
	char *place;

	va_start(args, format);
	reason = alloc_format_args(format, args);
	va_end(args);
	place = line == 0   ? alloc_text(import->source) :
		column == 0 ? alloc_format("%s:%zu", import->source, line) :
			      alloc_format("%s:%zu:%zu", import->source, line,
					   column);
	memset(err, 0, sizeof(*err));
	err->code = TENON_ECONFIG;
	err->line = (uint32_t)line;
	err->column = (uint32_t)column;
	snprintf(err->where, sizeof(err->where), "%s", import->source);
	snprintf(err->message, sizeof(err->message), "%s: %s", place, reason);
	free(place);
	free(reason);
	return false;
}

void import_unhashed_prefix(struct import *import, const char *client)
{
	if (!import->prefix || import->prefix[0] == '\0') {
		return;
	}
	import->prefix_unhashed = !import->keys_have_prefix;
	if (import->keys_have_prefix) {
		import_note(import,
			    "the place of keys: %s hashes a key without the client's prefix, but with the application's; tenon hashes all of the prefix or nothing of it, so keys go to other servers",
			    client);
	}
}

/* ---- servers ------------------------------------------------------------ */

void import_add_server(struct import *import, struct import_text address,
		       const char *alias, uint64_t weight)
{
	struct imported_server *server;

	import->servers = alloc_resize(import->servers,
				       import->server_count + 1,
				       sizeof(*import->servers));
	server = &import->servers[import->server_count++];
	server->address = import_copy(address);
	server->alias = alias ? alloc_text(alias) : NULL;
	server->weight = weight;
	server->tls = false;
}

/* Return the number of bytes of text up to the first `end`, or all of them. */
static size_t until(struct import_text text, char end)
{
	const char *found = memchr(text.data, end, text.len);

	return found ? (size_t)(found - text.data) : text.len;
}

struct import_text import_take_address(struct import_text text,
				       struct import_text *rest)
{
	struct import_text address = text;
	size_t at = text.len > 0 && text.data[0] == '[' ? until(text, ']') :
							  until(text, ':');

	if (at < text.len && text.data[at] == ']') {
		at++;
	}
	if (at < text.len && text.data[at] == ':' && text.data[0] != '/') {
		at++;
		while (at < text.len && isdigit((unsigned char)text.data[at])) {
			at++;
		}
	}
	address.len = at;
	rest->data = text.data + at;
	rest->len = text.len - at;
	return address;
}

bool import_add_weighted(struct import *import, struct import_text text,
			 const char *alias)
{
	struct import_text address;
	struct import_text rest;
	uint64_t weight = 1;
	bool fits = true;

	if (text.len > 5 && strncmp(text.data, "unix:/", 6) == 0) {
		text.data += 5;
		text.len -= 5;
	}
	address = import_take_address(text, &rest);
	if (rest.len > 0) {
		char *digits = import_copy(rest);

		fits = digits[0] == ':' &&
		       parse_u64(digits + 1, UINT32_MAX, &weight) && weight > 0;
		free(digits);
	}
	if (fits && address.len > 0) {
		import_add_server(import, address, alias, weight);
	}
	return fits && address.len > 0;
}

bool import_has_weights(const struct import *import)
{
	for (size_t i = 0; i < import->server_count; i++) {
		if (import->servers[i].weight != 1) {
			return true;
		}
	}
	return false;
}

void import_drop_weights(struct import *import, const char *why)
{
	if (import_has_weights(import)) {
		import_note(import, "weights: %s", why);
	}
	for (size_t i = 0; i < import->server_count; i++) {
		import->servers[i].weight = 1;
	}
}

/* ---- settings ----------------------------------------------------------- */

void import_set_time(struct import *import, struct imported_time *time,
		     const char *name, double ms, const char *why)
{
	bool is_retry = time == &import->retry_timeout;
	double max = is_retry ? RETRY_MAX_MS : TIMEOUT_MAX_MS;
	double min = is_retry ? 0 : 1;

	if (!(ms >= min && ms <= max)) {
		import_note(import, "%s of %.15g ms: tenon takes %g to %.15g ms",
			    name, ms, min, max);
		return;
	}
	time->ms = (int64_t)(ms + 0.5);
	time->why = why;
}

/* Make the list "'a', 'b'". The caller frees the text. */
static char *list_of(const char *const *names, size_t count)
{
	char *list = alloc_text("");

	for (size_t i = 0; i < count; i++) {
		char *longer = alloc_format("%s%s'%s'", list,
					    i == 0 ? "" : ", ", names[i]);

		free(list);
		list = longer;
	}
	return list;
}

const char *import_choose(struct import *import, const char *kind,
			  const char *const *names, size_t count)
{
	char *list;

	for (size_t i = 0; import->wanted && i < count; i++) {
		if (strcmp(names[i], import->wanted) == 0) {
			return names[i];
		}
	}
	if (!import->wanted && count == 1) {
		return names[0];
	}
	if (count == 0) {
		import_fail(import, 0, 0, "found no %s of memcached servers", kind);
		return NULL;
	}
	list = list_of(names, count);
	if (import->wanted) {
		import_fail(import, 0, 0, "found no %s '%s'; there is %s", kind,
			    import->wanted, list);
	} else {
		import_fail(import, 0, 0,
			    "found %zu %ss, choose one with --pool: %s", count,
			    kind, list);
	}
	free(list);
	return NULL;
}

json_t *import_json(struct import *import, struct import_text text)
{
	json_error_t err;
	json_t *root = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES,
				  &err);
	bool has_comment = strstr(text.data, "/*") || strstr(text.data, "//");

	if (!root) {
		import_fail(import, (size_t)err.line, (size_t)err.column,
			    "is not JSON: %s%s", err.text,
			    has_comment ? " (JSON has no comments, remove them)" :
					  "");
	} else if (!json_is_object(root)) {
		import_fail(import, 1, 1, "expected a JSON object");
		json_decref(root);
		root = NULL;
	}
	return root;
}
