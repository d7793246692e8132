/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The config string of libmemcached ("--SERVER=mc1:11211 --DISTRIBUTION=consistent"), and the
 * settings of a memcached_st, which php-memcached and pylibmc set in their own ways. Source of
 * truth: libmemcached 1.1.4, libmemcached/csl/scanner.l and parser.yy; the effects of the order
 * of the words were seen with the library.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "import.h"
#include "options.h"

#define DEFAULT_WHY "libmemcached's default"

struct import_libmemcached import_libmemcached_defaults(void)
{
	return (struct import_libmemcached){ .hash = "one_at_a_time",
					     .failure_limit = 5,
					     .connect_timeout_ms = -1,
					     .poll_timeout_ms = -1,
					     .retry_timeout_s = -1 };
}

const char *import_libmemcached_hash(struct import_text name)
{
	static const char *const names[] = { "md5",     "crc",      "fnv1_64",
					     "fnv1a_64", "fnv1_32", "fnv1a_32",
					     "hsieh",   "murmur",   "jenkins",
					     "murmur3" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (import_is(name, names[i])) {
			return names[i];
		}
	}
	return import_is(name, "default") ? "one_at_a_time" : NULL;
}

/* ---- settings ----------------------------------------------------------- */

/* Choose the ring, and name the hash function when it is not the ring's own. */
static void set_ring(struct import *import,
		     const struct import_libmemcached *settings,
		     const char *preset, const char *hash)
{
	bool is_usual = strcmp(settings->hash, hash) == 0;

	import->ring = settings->preset && is_usual ? settings->preset : preset;
	import->hash_function = is_usual ? NULL : settings->hash;
}

static void apply_ring(struct import *import,
		       const struct import_libmemcached *settings)
{
	switch (settings->distribution) {
	case IMPORT_MODULA:
		set_ring(import, settings, "libmemcached-modula",
			 "one_at_a_time");
		import_drop_weights(import,
				    "libmemcached's MODULA ignores them");
		break;
	case IMPORT_CONSISTENT:
		set_ring(import, settings, "libmemcached-consistent",
			 "one_at_a_time");
		import_drop_weights(
			import,
			"libmemcached ignores weights that are set before its CONSISTENT distribution");
		break;
	case IMPORT_WEIGHTED:
		set_ring(import, settings, "libmemcached-weighted", "md5");
		break;
	case IMPORT_SPY:
		import->ring = "libmemcached-spy";
		import->hash_function = settings->hash;
		break;
	case IMPORT_RANDOM:
		import_note(import,
			    "the distribution random: no ring of tenon sends a key to any server");
		break;
	case IMPORT_VIRTUAL_BUCKET:
		import_note(import,
			    "the distribution virtual bucket: no ring of tenon has it");
		break;
	}
	if (settings->stale_points && import->server_count > 1) {
		import_note(import,
			    "the order of settings: libmemcached made the points of its ring before the hash function was set, so its ring is not the one of this config");
	}
}

static void apply_time(struct import *import, struct imported_time *time,
		       const char *name, double ms, double default_ms)
{
	if (ms < 0) {
		import_set_time(import, time, name, default_ms, DEFAULT_WHY);
	} else {
		import_set_time(import, time, name, ms, NULL);
	}
}

static void apply_ejection(struct import *import,
			   const struct import_libmemcached *settings)
{
	double retry_ms = settings->retry_timeout_s < 0 ?
				  -1 : settings->retry_timeout_s * 1000;

	if (!settings->ejects) {
		apply_time(import, &import->retry_timeout, "retry timeout",
			   retry_ms, 2000);
		return;
	}
	import->failover = "eject";
	import->failures = settings->failure_limit;
	if (settings->dead_timeout_s > 0) {
		import_set_time(import, &import->retry_timeout, "dead timeout",
				(double)settings->dead_timeout_s * 1000, NULL);
		return;
	}
	apply_time(import, &import->retry_timeout, "retry timeout", retry_ms,
		   2000);
	import_note(import,
		    "a removed server stays away for ever in libmemcached; tenon tries it again after retry_timeout");
}

void import_libmemcached_apply(struct import *import,
			       const struct import_libmemcached *settings)
{
	struct import_libmemcached used = *settings;

	if (used.distribution == IMPORT_CONSISTENT && used.weighs) {
		used.distribution = IMPORT_WEIGHTED;
		used.preset = NULL;
		used.stale_points = false;
	}
	apply_ring(import, &used);
	apply_time(import, &import->connect_timeout, "connect timeout",
		   used.connect_timeout_ms, 4000);
	apply_time(import, &import->poll_timeout, "poll timeout",
		   used.poll_timeout_ms, 5000);
	apply_ejection(import, &used);
	if (!used.hashes_namespace) {
		import_unhashed_prefix(import, "libmemcached");
	}
}

/* ---- the string --------------------------------------------------------- */

/* One word "--NAME=value" or "--NAME". */
struct word {
	struct import_text name;
	struct import_text value; /* data == NULL: without '=' */
	size_t line;
	size_t column;
};

struct string_reader {
	struct import *import;
	struct import_libmemcached settings;
	struct import_text text;
	size_t at;
	size_t line;
	size_t line_start;
	bool distributed; /* --DISTRIBUTION was there */
	bool hashed;      /* --HASH was there */
};

static bool fail_word(struct string_reader *reader, const struct word *word,
		      const char *expected)
{
	return import_fail(reader->import, word->line, word->column,
			   "--%.*s is '%.*s', expected %s", (int)word->name.len,
			   word->name.data, (int)word->value.len,
			   word->value.data ? word->value.data : "", expected);
}

/* Take '"' from both ends of the text at *value. *rest becomes the text behind the quotes. */
static struct import_text unquote(struct import_text value,
				  struct import_text *rest)
{
	struct import_text inner = value;
	const char *end;

	rest->data = value.data + value.len;
	rest->len = 0;
	if (value.len < 2 || value.data[0] != '"') {
		return value;
	}
	end = memchr(value.data + 1, '"', value.len - 1);
	if (!end) {
		return value;
	}
	inner.data++;
	inner.len = (size_t)(end - inner.data);
	rest->data = end + 1;
	rest->len = value.len - inner.len - 2;
	return inner;
}

/* Read the weight of "/?2". Returns false when text is something else. */
static bool read_weight(struct import_text text, uint64_t *weight)
{
	char *copy = import_copy(text);
	bool fits = text.len == 0 ||
		    (strncmp(copy, "/?", 2) == 0 &&
		     parse_u64(copy + 2, 99999, weight) && *weight > 0);

	free(copy);
	return fits;
}

static bool add(struct string_reader *reader, struct import_text address,
		uint64_t weight)
{
	import_add_server(reader->import, address, NULL, weight);
	if (weight > 1 && reader->distributed) {
		reader->settings.weighs = true;
	}
	reader->settings.stale_points = false;
	return true;
}

static bool read_server(struct string_reader *reader, const struct word *word)
{
	struct import_text rest;
	struct import_text address = unquote(word->value, &rest);
	struct import_text tail = address;
	const char *mark;
	uint64_t weight = 1;

	mark = memchr(address.data, '/', address.len);
	if (mark) {
		address.len = (size_t)(mark - address.data);
		tail.data = mark;
		tail.len -= address.len;
		rest = tail;
	}
	if (address.len == 0 || !read_weight(rest, &weight)) {
		return fail_word(reader, word, "host[:port][/?weight]");
	}
	return add(reader, address, weight);
}

static bool read_socket(struct string_reader *reader, const struct word *word)
{
	struct import_text rest;
	struct import_text path = unquote(word->value, &rest);
	char *copy = import_copy(path);
	const char *mark = strstr(copy, "/?");
	uint64_t weight = 1;
	bool fits;

	if (rest.len == 0 && mark) {
		rest.data = path.data + (mark - copy);
		rest.len = path.len - (size_t)(mark - copy);
		path.len = (size_t)(mark - copy);
	}
	free(copy);
	fits = path.len > 0 && path.data[0] == '/' &&
	       read_weight(rest, &weight);
	return fits ? add(reader, path, weight) :
		      fail_word(reader, word, "\"/path\"[/?weight]");
}

static bool read_distribution(struct string_reader *reader,
			      const struct word *word)
{
	struct import_text rest = word->value;
	struct import_text name = import_cut(&rest, ",");

	if (import_is(name, "consistent")) {
		reader->settings.distribution = IMPORT_CONSISTENT;
	} else if (import_is(name, "modula")) {
		reader->settings.distribution = IMPORT_MODULA;
	} else if (import_is(name, "random")) {
		reader->settings.distribution = IMPORT_RANDOM;
	} else {
		return fail_word(reader, word, "consistent, modula or random");
	}
	if (rest.len > 0) {
		import_note(reader->import,
			    "--DISTRIBUTION=...,%.*s: libmemcached does not use this hash function",
			    (int)rest.len, rest.data);
	}
	reader->distributed =
		reader->settings.distribution == IMPORT_CONSISTENT;
	reader->settings.weighs = false;
	reader->settings.stale_points = false;
	return true;
}

static bool read_hash(struct string_reader *reader, const struct word *word)
{
	const char *hash = import_libmemcached_hash(word->value);

	if (!hash) {
		return fail_word(reader, word, "a hash function of libmemcached");
	}
	if (reader->hashed) {
		return import_fail(reader->import, word->line, word->column,
				   "--HASH is there twice");
	}
	reader->hashed = true;
	reader->settings.stale_points = reader->distributed &&
					reader->import->server_count > 0;
	reader->settings.hash = hash;
	return true;
}

static bool read_namespace(struct string_reader *reader,
			   const struct word *word)
{
	struct import_text rest;

	free(reader->import->prefix);
	reader->import->prefix = import_copy(unquote(word->value, &rest));
	return true;
}

static bool read_number(struct string_reader *reader, const struct word *word,
			double *out)
{
	char *digits = import_copy(word->value);
	uint64_t number;
	bool fits = parse_u64(digits, INT32_MAX, &number);

	free(digits);
	if (!fits) {
		return fail_word(reader, word, "a number");
	}
	*out = (double)number;
	return true;
}

static bool read_connect_timeout(struct string_reader *reader,
				 const struct word *word)
{
	return read_number(reader, word, &reader->settings.connect_timeout_ms);
}

static bool read_poll_timeout(struct string_reader *reader,
			      const struct word *word)
{
	return read_number(reader, word, &reader->settings.poll_timeout_ms);
}

static bool read_retry_timeout(struct string_reader *reader,
			       const struct word *word)
{
	return read_number(reader, word, &reader->settings.retry_timeout_s);
}

static bool read_remove_failed(struct string_reader *reader,
			       const struct word *word)
{
	double number = 1;

	if (word->value.data && !read_number(reader, word, &number)) {
		return false;
	}
	reader->settings.ejects = number != 0;
	return true;
}

static bool read_hash_with_namespace(struct string_reader *reader,
				     const struct word *word)
{
	(void)word;
	reader->settings.hashes_namespace = true;
	return true;
}

static bool accept_word(struct string_reader *reader, const struct word *word)
{
	(void)reader;
	(void)word;
	return true;
}

enum value_rule { VALUE_NEEDED, VALUE_NONE, VALUE_ANY };

#define NO_SUCH_SETTING "tenon has no such setting"
#define BY_THE_CALLER "in tenon the program decides, call by call"

static const struct word_row {
	const char *name;
	enum value_rule value;
	/* NULL: the word cannot be carried over, for the reason why */
	bool (*read)(struct string_reader *reader, const struct word *word);
	const char *why;
} word_rows[] = {
	{ "SERVER", VALUE_NEEDED, read_server, NULL },
	{ "SOCKET", VALUE_NEEDED, read_socket, NULL },
	{ "DISTRIBUTION", VALUE_NEEDED, read_distribution, NULL },
	{ "HASH", VALUE_NEEDED, read_hash, NULL },
	{ "NAMESPACE", VALUE_NEEDED, read_namespace, NULL },
	{ "HASH-WITH-NAMESPACE", VALUE_NONE, read_hash_with_namespace, NULL },
	{ "CONNECT-TIMEOUT", VALUE_NEEDED, read_connect_timeout, NULL },
	{ "POLL-TIMEOUT", VALUE_NEEDED, read_poll_timeout, NULL },
	{ "RETRY-TIMEOUT", VALUE_NEEDED, read_retry_timeout, NULL },
	{ "REMOVE-FAILED-SERVERS", VALUE_ANY, read_remove_failed, NULL },
	/* what tenon always does */
	{ "SUPPORT-CAS", VALUE_NONE, accept_word, NULL },
	{ "TCP-NODELAY", VALUE_NONE, accept_word, NULL },
	{ "VERIFY-KEY", VALUE_NONE, accept_word, NULL },
	{ "BINARY-PROTOCOL", VALUE_NONE, NULL,
	  "tenon speaks the text protocol, which the same servers understand" },
	{ "BUFFER-REQUESTS", VALUE_NONE, NULL, NO_SUCH_SETTING },
	{ "CONFIGURE-FILE", VALUE_NEEDED, NULL,
	  "import that file instead" },
	{ "FETCH-VERSION", VALUE_NONE, NULL, NO_SUCH_SETTING },
	{ "IO-BYTES-WATERMARK", VALUE_NEEDED, NULL, NO_SUCH_SETTING },
	{ "IO-KEY-PREFETCH", VALUE_NEEDED, NULL, NO_SUCH_SETTING },
	{ "IO-MSG-WATERMARK", VALUE_NEEDED, NULL, NO_SUCH_SETTING },
	{ "NOREPLY", VALUE_NONE, NULL, BY_THE_CALLER },
	{ "NUMBER-OF-REPLICAS", VALUE_NEEDED, NULL,
	  "tenon stores one copy of a value" },
	{ "POOL-MAX", VALUE_NEEDED, NULL, BY_THE_CALLER },
	{ "POOL-MIN", VALUE_NEEDED, NULL, BY_THE_CALLER },
	{ "RANDOMIZE-REPLICA-READ", VALUE_NONE, NULL,
	  "tenon stores one copy of a value" },
	{ "RCV-TIMEOUT", VALUE_NEEDED, NULL,
	  "poll_timeout bounds the whole operation" },
	{ "SND-TIMEOUT", VALUE_NEEDED, NULL,
	  "poll_timeout bounds the whole operation" },
	{ "SOCKET-RECV-SIZE", VALUE_NEEDED, NULL, NO_SUCH_SETTING },
	{ "SOCKET-SEND-SIZE", VALUE_NEEDED, NULL, NO_SUCH_SETTING },
	{ "SORT-HOSTS", VALUE_NONE, NULL,
	  "the servers are in the order of the string" },
	{ "TCP-KEEPALIVE", VALUE_NONE, NULL,
	  "set the key keepalive, whose times libmemcached leaves to the system" },
	{ "TCP-KEEPIDLE", VALUE_NONE, NULL,
	  "set the key keepalive, whose times libmemcached leaves to the system" },
	{ "USE-UDP", VALUE_NONE, NULL, "tenon has no UDP" },
	{ "USER-DATA", VALUE_NONE, NULL, NO_SUCH_SETTING },
};

#define WORD_COUNT (sizeof(word_rows) / sizeof(word_rows[0]))

static bool fail_unknown(struct string_reader *reader, const struct word *word)
{
	struct nearest nearest = { 0 };
	char *name = import_copy(word->name);

	for (char *at = name; *at != '\0'; at++) {
		*at = (char)toupper((unsigned char)*at);
	}
	for (size_t i = 0; i < WORD_COUNT; i++) {
		nearest_feed(&nearest, name, word_rows[i].name);
	}
	import_fail(reader->import, word->line, word->column,
		    nearest.name ?
			    "libmemcached has no word '--%s', did you mean '--%s'?" :
			    "libmemcached has no word '--%s'",
		    name, nearest.name);
	free(name);
	return false;
}

static void note_word(struct string_reader *reader, const struct word *word,
		      const struct word_row *row)
{
	char *name = alloc_format("--%s", row->name);
	char *value = word->value.data ? import_copy(word->value) : NULL;

	import_note_setting(reader->import, name, "=", value, row->why);
	free(value);
	free(name);
}

static bool use_word(struct string_reader *reader, const struct word *word)
{
	const struct word_row *row = word_rows;

	while (row < word_rows + WORD_COUNT && !import_is(word->name, row->name)) {
		row++;
	}
	if (row == word_rows + WORD_COUNT) {
		return fail_unknown(reader, word);
	}
	if (row->value == VALUE_NEEDED && word->value.len == 0) {
		return import_fail(reader->import, word->line, word->column,
				   "--%s needs a value", row->name);
	}
	if (row->value == VALUE_NONE && word->value.data) {
		return import_fail(reader->import, word->line, word->column,
				   "--%s takes no value", row->name);
	}
	if (row->read) {
		return row->read(reader, word);
	}
	note_word(reader, word, row);
	return true;
}

/* Go to the next word. Returns false at the end of the text. */
static bool skip_space(struct string_reader *reader)
{
	const char *text = reader->text.data;

	for (; reader->at < reader->text.len; reader->at++) {
		char byte = text[reader->at];

		if (byte == '#' && reader->at == reader->line_start) {
			reader->at += strcspn(text + reader->at, "\n");
			byte = text[reader->at];
		}
		if (byte == '\n') {
			reader->line++;
			reader->line_start = reader->at + 1;
		} else if (!isspace((unsigned char)byte)) {
			return byte != '\0';
		}
	}
	return false;
}

/* Return the length of the word at text: up to a space that is not in quotes. */
static size_t word_len(const char *text)
{
	bool quoted = false;
	size_t len = 0;

	while (text[len] != '\0' &&
	       (quoted || !isspace((unsigned char)text[len]))) {
		quoted ^= text[len] == '"';
		len++;
	}
	return len;
}

static bool read_word(struct string_reader *reader)
{
	const char *text = reader->text.data + reader->at;
	size_t len = word_len(text);
	struct word word = { .name = { text + 2, len - 2 },
			     .line = reader->line,
			     .column = reader->at - reader->line_start + 1 };
	const char *equals = memchr(text, '=', len);

	if (strncmp(text, "--", 2) != 0) {
		return import_fail(reader->import, word.line, word.column,
				   "found '%.*s', expected a word such as --SERVER=host:port",
				   (int)len, text);
	}
	reader->at += len;
	if (equals) {
		word.name.len = (size_t)(equals - word.name.data);
		word.value.data = equals + 1;
		word.value.len = (size_t)(text + len - equals) - 1;
	}
	return use_word(reader, &word);
}

bool import_libmemcached(struct import *import, struct import_text text)
{
	struct string_reader reader = { .import = import,
					.settings =
						import_libmemcached_defaults(),
					.text = text,
					.line = 1 };

	while (skip_space(&reader)) {
		if (strncmp(text.data + reader.at, "END", 3) == 0) {
			break;
		}
		if (!read_word(&reader)) {
			return false;
		}
	}
	if (!import->title) {
		import->title = alloc_text("a config string of libmemcached");
	}
	import_libmemcached_apply(import, &reader.settings);
	return true;
}
