/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of PHP: the value of session.save_path, or a php.ini with this and the memcached.sess_
 * settings. Source of truth: php-memcached de7d53d, php_memcached_session.c and php_memcached.c.
 * That extension adds the servers first and sets the distribution then.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifdef HAVE_INIH
#include <ini.h>
#endif

#include "alloc.h"
#include "import.h"
#include "options.h"

#define PREFIX_DEFAULT "memc.sess.key."

struct php_reader {
	struct import *import;
	struct import_libmemcached settings;
	char *path;    /* session.save_path */
	char *handler; /* session.save_handler */
	bool is_memcache; /* servers of the extension "memcache", with tcp:// */
	bool consistent;
};

static bool fail_setting(struct php_reader *reader, const char *name,
			 const char *value, const char *expected)
{
	return import_fail(reader->import, 0, 0, "%s is '%s', expected %s",
			   name, import_shown(name, value), expected);
}

/* ---- session.save_path -------------------------------------------------- */

/* Note "name=value" or "name" of a server in session.save_path. */
static void note_pair(struct php_reader *reader, struct import_text pair)
{
	bool has_value = memchr(pair.data, '=', pair.len) != NULL;
	struct import_text name = import_cut(&pair, "=");
	char *setting = alloc_format("session.save_path: %.*s", (int)name.len,
				     name.data);
	char *value = has_value ? import_copy(pair) : NULL;

	import_note_setting(reader->import, setting, "=", value, NULL);
	free(value);
	free(setting);
}

/* Read what is behind '?' in "tcp://mc1:11211?weight=2&timeout=1". */
static bool read_query(struct php_reader *reader, struct import_text query,
		       uint64_t *weight)
{
	while (query.len > 0) {
		struct import_text pair = import_cut(&query, "&");
		char *text = import_copy(pair);
		bool is_weight = strncmp(text, "weight=", 7) == 0;
		bool fits = !is_weight ||
			    (parse_u64(text + 7, UINT32_MAX, weight) &&
			     *weight > 0);

		if (!is_weight) {
			note_pair(reader, pair);
		}
		free(text);
		if (!fits) {
			return false;
		}
	}
	return true;
}

/* Read "tcp://host:port?weight=2" or "unix:///path:0?weight=2". */
static bool read_url(struct php_reader *reader, struct import_text url)
{
	struct import_text address = import_cut(&url, "?");
	size_t scheme = (size_t)(strchr(address.data, '/') - address.data) + 2;
	struct import_text rest;
	uint64_t weight = 1;

	reader->is_memcache = true;
	address.data += scheme;
	address.len -= scheme;
	address = import_take_address(address, &rest);
	if (address.len == 0 || !read_query(reader, url, &weight)) {
		return false;
	}
	import_add_server(reader->import, address, NULL, weight);
	return true;
}

/* Read "host[:port[:weight]]" or "/path[:0[:weight]]"; the weight may follow a space instead. */
static bool read_plain(struct php_reader *reader, struct import_text text)
{
	struct import_text spec = import_cut(&text, " ");
	struct import_text rest;
	struct import_text address = import_take_address(spec, &rest);
	char *line;
	bool fits;

	text = import_trim(text);
	if (address.len > 0 && address.data[0] == '/' &&
	    strncmp(rest.data, ":0", 2) == 0 && rest.len >= 2) {
		rest.data += 2;
		rest.len -= 2;
	}
	line = alloc_format("%.*s%.*s%s%.*s", (int)address.len, address.data,
			    (int)rest.len, rest.data, text.len > 0 ? ":" : "",
			    (int)text.len, text.data);
	fits = import_add_weighted(reader->import,
				   (struct import_text){ line, strlen(line) },
				   NULL);
	free(line);
	return fits;
}

static bool is_url(struct import_text text)
{
	return (text.len > 6 && strncasecmp(text.data, "tcp://", 6) == 0) ||
	       (text.len > 7 && strncasecmp(text.data, "unix://", 7) == 0);
}

static struct import_text take_persistent(struct php_reader *reader,
					  struct import_text path)
{
	static const char word[] = "PERSISTENT=";

	if (path.len > strlen(word) &&
	    strncmp(path.data, word, strlen(word)) == 0) {
		struct import_text name = import_cut(&path, " ");

		import_note(reader->import,
			    "%.*s: a client of tenon keeps its connections as long as it lives",
			    (int)name.len, name.data);
	}
	return path;
}

static bool read_path(struct php_reader *reader)
{
	struct import_text path = { reader->path, strlen(reader->path) };

	path = take_persistent(reader, import_trim(path));
	if (strstr(path.data, "--SERVER=") || strstr(path.data, "--SOCKET=")) {
		return import_libmemcached(reader->import, path);
	}
	while (path.len > 0) {
		struct import_text server =
			import_trim(import_cut(&path, ",;"));

		if (server.len > 0 && !(is_url(server) ?
						read_url(reader, server) :
						read_plain(reader, server))) {
			return import_fail(reader->import, 0, 0,
					   "session.save_path has '%.*s', expected host:port",
					   (int)server.len, server.data);
		}
	}
	return reader->import->server_count > 0 ?
		       true :
		       import_fail(reader->import, 0, 0,
				   "session.save_path names no server");
}

/* ---- php.ini ------------------------------------------------------------ */

static bool read_switch(struct php_reader *reader, const char *name,
			const char *value, bool *out)
{
	static const char *const on[] = { "1", "on", "yes", "true" };
	static const char *const off[] = { "0", "off", "no", "false", "", "none" };

	for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		if (strcasecmp(value, on[i]) == 0) {
			*out = true;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		if (strcasecmp(value, off[i]) == 0) {
			*out = false;
			return true;
		}
	}
	return fail_setting(reader, name, value, "On or Off");
}

static bool read_text(char **out, const char *value)
{
	free(*out);
	*out = alloc_text(value);
	return true;
}

static bool set_path(struct php_reader *reader, const char *name,
		     const char *value)
{
	(void)name;
	return read_text(&reader->path, value);
}

static bool set_handler(struct php_reader *reader, const char *name,
			const char *value)
{
	(void)name;
	return read_text(&reader->handler, value);
}

static bool set_prefix(struct php_reader *reader, const char *name,
		       const char *value)
{
	(void)name;
	return read_text(&reader->import->prefix, value);
}

static bool set_consistent(struct php_reader *reader, const char *name,
			   const char *value)
{
	return read_switch(reader, name, value, &reader->consistent);
}

static bool set_type(struct php_reader *reader, const char *name,
		     const char *value)
{
	if (strcmp(value, "ketama") == 0) {
		reader->settings.distribution = IMPORT_CONSISTENT;
	} else if (strcmp(value, "ketama_weighted") == 0) {
		reader->settings.distribution = IMPORT_WEIGHTED;
		reader->settings.hash = "md5";
		reader->settings.preset = "php-memcached";
	} else {
		return fail_setting(reader, name, value,
				    "ketama or ketama_weighted");
	}
	return true;
}

static bool set_connect_timeout(struct php_reader *reader, const char *name,
				const char *value)
{
	uint64_t ms = 0;

	if (!parse_u64(value, INT32_MAX, &ms)) {
		return fail_setting(reader, name, value, "milliseconds");
	}
	/* 0 leaves libmemcached's own */
	reader->settings.connect_timeout_ms = ms == 0 ? -1 : (double)ms;
	return true;
}

static bool set_remove_failed(struct php_reader *reader, const char *name,
			      const char *value)
{
	return read_switch(reader, name, value, &reader->settings.ejects);
}

static bool set_failure_limit(struct php_reader *reader, const char *name,
			      const char *value)
{
	uint64_t count = 0;

	if (!parse_u64(value, 1000, &count)) {
		return fail_setting(reader, name, value, "a number of failures");
	}
	if (count > 0) {
		reader->settings.failure_limit = count;
	}
	return true;
}

static bool set_binary(struct php_reader *reader, const char *name,
		       const char *value)
{
	bool is_on = false;

	if (!read_switch(reader, name, value, &is_on)) {
		return false;
	}
	if (is_on) {
		import_note_setting(reader->import, name, " = ", value,
				    "tenon does not speak the binary protocol");
	}
	return true;
}

static const struct ini_row {
	const char *name;
	bool (*set)(struct php_reader *reader, const char *name,
		    const char *value);
} ini_rows[] = {
	{ "session.save_path", set_path },
	{ "session.save_handler", set_handler },
	{ "memcached.sess_prefix", set_prefix },
	{ "memcached.sess_consistent_hash", set_consistent },
	{ "memcached.sess_consistent_hash_type", set_type },
	{ "memcached.sess_connect_timeout", set_connect_timeout },
	{ "memcached.sess_remove_failed_servers", set_remove_failed },
	{ "memcached.sess_server_failure_limit", set_failure_limit },
	{ "memcached.sess_binary_protocol", set_binary },
};

/* The settings of php-memcached that have no place in a config of tenon, and why. */
static const struct {
	const char *name, *why;
} ini_reasons[] = {
	{ "memcached.sess_locking",
	  "the session handler of PHP locks sessions, not the client" },
	{ "memcached.sess_lock_wait_min",
	  "it is for sess_locking, which the session handler of PHP does" },
	{ "memcached.sess_lock_wait_max",
	  "it is for sess_locking, which the session handler of PHP does" },
	{ "memcached.sess_lock_retries",
	  "it is for sess_locking, which the session handler of PHP does" },
	{ "memcached.sess_lock_expire",
	  "it is for sess_locking, which the session handler of PHP does" },
	{ "memcached.sess_persistent",
	  "a client of tenon keeps its connections as long as it lives" },
	{ "memcached.sess_sasl_username",
	  "SASL needs the binary protocol, which tenon does not speak" },
	{ "memcached.sess_sasl_password",
	  "SASL needs the binary protocol, which tenon does not speak" },
};

static void note_ini(struct php_reader *reader, const char *name,
		     const char *value)
{
	size_t count = sizeof(ini_reasons) / sizeof(ini_reasons[0]);
	size_t i = 0;

	while (i < count && strcmp(name, ini_reasons[i].name) != 0) {
		i++;
	}
	import_note_setting(reader->import, name, " = ", value,
			    i < count ? ini_reasons[i].why : NULL);
}

/* Use one setting. Those that are not about memcached are left alone. */
static bool use_setting(struct php_reader *reader, const char *name,
			const char *value)
{
	for (size_t i = 0; i < sizeof(ini_rows) / sizeof(ini_rows[0]); i++) {
		if (strcmp(name, ini_rows[i].name) == 0) {
			return ini_rows[i].set(reader, name, value);
		}
	}
	if (strncmp(name, "memcached.", strlen("memcached.")) == 0) {
		note_ini(reader, name, value);
	}
	return true;
}

/*
 * Remove the quotes around a value, and a comment behind them. Returns false when the second quote
 * is missing. The caller frees *out.
 */
static bool unquote(const char *value, char **out)
{
	const char *end;

	*out = NULL;
	if (value[0] != '"' && value[0] != '\'') {
		*out = alloc_text(value);
		return true;
	}
	end = strchr(value + 1, value[0]);
	if (end && strchr(";", end[1 + strspn(end + 1, " \t\r")])) {
		*out = alloc_format("%.*s", (int)(end - value) - 1, value + 1);
	}
	return *out != NULL;
}

/* Use a setting whose value may be in quotes. */
static bool use_quoted(struct php_reader *reader, const char *name,
		       const char *value)
{
	char *text;
	bool done;

	if (!unquote(value, &text)) {
		return fail_setting(reader, name, value, "a quote at its end");
	}
	done = use_setting(reader, name, text);
	free(text);
	return done;
}

#ifdef HAVE_INIH

/*
 * inih has a buffer of 200 bytes for a line, and takes the rest of a longer line for another line.
 * So next_part() hands a long line over in parts. A part that begins with a space is more of the
 * same value to inih. The spaces in front of a line are removed, so that the line is no such part.
 */
struct line_source {
	const char *at;
	bool within;    /* the part before ended within its line */
	bool continues; /* the part that inih has now is not the first of its line */
	struct php_reader *reader;
	char *name; /* the setting whose value has the parts so far, or NULL */
	char *value;
	bool good;
};

/* Return the length of the next part, at most room. inih would lose a space, ';' or '#' there. */
static size_t part_len(const char *text, size_t room)
{
	size_t len = strcspn(text, "\n");

	if (len > room) {
		len = room;
		while (len > 1 && (strchr(" \t;#", text[len]) ||
				   strchr(" \t", text[len - 1]))) {
			len--;
		}
	}
	return len;
}

/* Give inih the next part, as fgets() does. A line that is a comment becomes empty. */
static char *next_part(char *buffer, int size, void *stream)
{
	struct line_source *source = stream;
	size_t len;

	if (*source->at == '\0') {
		return NULL;
	}
	source->continues = source->within;
	if (!source->within) {
		source->at += strspn(source->at, " \t\r");
	}
	if (!source->within && strchr(";#", *source->at)) {
		source->at += strcspn(source->at, "\n");
	}
	len = part_len(source->at, (size_t)size - 3); /* a space, a newline, a NUL */
	snprintf(buffer, (size_t)size, "%s%.*s\n", source->continues ? " " : "",
		 (int)len, source->at);
	source->at += len;
	source->within = *source->at != '\n' && *source->at != '\0';
	source->at += *source->at == '\n';
	return buffer;
}

/* Use the setting whose parts are all there. */
static void end_setting(struct line_source *source)
{
	if (source->name && source->good) {
		source->good = use_quoted(source->reader, source->name,
					  source->value);
	}
	free(source->name);
	free(source->value);
	source->name = NULL;
	source->value = NULL;
}

/* inih calls this for each part. Returns 1: go on. */
static int take_part(void *payload, const char *section, const char *name,
		     const char *value)
{
	struct line_source *source = payload;
	char *longer;

	(void)section;
	if (source->continues && source->name) {
		longer = alloc_format("%s%s", source->value, value);
		free(source->value);
		source->value = longer;
		return 1;
	}
	end_setting(source);
	source->name = alloc_text(name);
	source->value = alloc_text(value);
	return 1;
}

/* Read a php.ini. Lines that are no settings, which PHP passes over too, are passed over. */
static bool read_ini(struct php_reader *reader, struct import_text text)
{
	struct line_source source = { .at = text.data,
				      .reader = reader,
				      .good = true };

	ini_parse_stream(next_part, &source, take_part, &source);
	end_setting(&source);
	return source.good;
}

#else

/* Without inih: read a text that is one line "name = value". */
static bool read_ini(struct php_reader *reader, struct import_text text)
{
	struct import_text value = text;
	char *name = import_copy(import_trim(import_cut(&value, "=")));
	char *rest = import_copy(import_trim(value));
	bool done = !strchr(rest, '\n') ?
			    use_quoted(reader, name, rest) :
			    import_fail(reader->import, 0, 0,
					"this tenon is built without libinih and reads no php.ini; give the value of session.save_path");

	free(name);
	free(rest);
	return done;
}

#endif

/* ---- from the settings to the config ------------------------------------ */

static void apply(struct php_reader *reader)
{
	struct import *import = reader->import;

	if (reader->is_memcache) {
		import_note(import,
			    "the place of keys: tcp:// belongs to PHP's extension memcache, whose ring tenon does not have");
		return;
	}
	if (import->ring) {
		return; /* the path was a config string of libmemcached */
	}
	if (!reader->consistent) {
		reader->settings.distribution = IMPORT_MODULA;
		reader->settings.hash = "one_at_a_time";
	}
	import_libmemcached_apply(import, &reader->settings);
}

/* Make sure that the sessions are in memcached. */
static bool check_handler(struct php_reader *reader)
{
	if (reader->handler && strcmp(reader->handler, "memcached") != 0 &&
	    strcmp(reader->handler, "memcache") != 0) {
		return fail_setting(reader, "session.save_handler",
				    reader->handler, "memcached");
	}
	if (reader->handler && strcmp(reader->handler, "memcache") == 0) {
		reader->is_memcache = true;
	}
	return reader->path ? true :
			      import_fail(reader->import, 0, 0,
					  "has no session.save_path");
}

static bool is_ini(struct import_text text)
{
	return strstr(text.data, "session.save_path") ||
	       strstr(text.data, "memcached.sess_");
}

bool import_php(struct import *import, struct import_text text)
{
	struct php_reader reader = { .import = import,
				     .settings = import_libmemcached_defaults(),
				     .consistent = true };
	bool done = true;

	reader.settings.distribution = IMPORT_CONSISTENT;
	import->title = alloc_text("sessions of PHP");
	import->prefix = alloc_text(PREFIX_DEFAULT);
	if (is_ini(text)) {
		done = read_ini(&reader, text);
	} else {
		reader.path = import_copy(import_trim(text));
	}
	done = done && check_handler(&reader) && read_path(&reader);
	if (done) {
		apply(&reader);
	}
	free(reader.path);
	free(reader.handler);
	return done;
}
