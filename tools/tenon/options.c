/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc.h"
#include "cli.h"
#include "output.h"
#include "report.h"

enum option_kind {
	KIND_SWITCH,
	KIND_TEXT,
	KIND_U32,
	KIND_U64,
	KIND_I64,
	KIND_TTL,
	KIND_RANGE,
	KIND_PERCENT,
	KIND_INTERVAL, /* the argument is optional */
	KIND_COLOR,
	KIND_SETTING
};

struct option_row {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* NULL: none */
	enum option_kind kind;
	size_t offset; /* in struct options */
	const char *help;
};

#define FIELD(field) offsetof(struct options, field)

static const struct option_row rows[OPTION_END] = {
	[OPTION_CONFIG] = { "config", 'c', "FILE", KIND_TEXT,
			    FIELD(config_path), "read this config" },
	[OPTION_SERVERS] = { "servers", 0, "LIST", KIND_TEXT, FIELD(servers),
			     "\"host:port alias,...\" in place of the config's servers" },
	[OPTION_TLS] = { "tls", 0, NULL, KIND_SWITCH, FIELD(tls),
			 "speak TLS with all servers, in place of the config's key tls" },
	[OPTION_CA] = { "ca", 0, "FILE", KIND_TEXT, FIELD(tls_ca),
			"TLS, with servers whose certificates FILE vouches for" },
	[OPTION_CERT] = { "cert", 0, "FILE", KIND_TEXT, FIELD(tls_certificate),
			  "TLS, with this certificate of the client" },
	[OPTION_KEY] = { "key", 0, "FILE", KIND_TEXT, FIELD(tls_key),
			 "TLS, with the private key of this certificate" },
	[OPTION_SET] = { "set", 0, "KEY=VALUE", KIND_SETTING, 0,
			 "set one key of the config; may be repeated" },
	[OPTION_USER] = { "user", 0, "NAME", KIND_TEXT, FIELD(user),
			  "log in as NAME, with $TENON_PASSWORD or the password file" },
	[OPTION_PASSWORD_FILE] = { "password-file", 0, "FILE", KIND_TEXT,
				   FIELD(password_path),
				   "read the password of --user from FILE" },
	[OPTION_JSON] = { "json", 0, NULL, KIND_SWITCH, FIELD(json),
			  "write JSON" },
	[OPTION_COLOR] = { "color", 0, "WHEN", KIND_COLOR, FIELD(color),
			   "auto (on a terminal), always or never" },
	[OPTION_VERBOSE] = { "verbose", 'v', NULL, KIND_SWITCH, FIELD(verbose),
			     "show the library's log on stderr" },
	[OPTION_HELP] = { "help", 'h', NULL, KIND_SWITCH, FIELD(help),
			  "show this help" },
	[OPTION_VERSION] = { "version", 'V', NULL, KIND_SWITCH, FIELD(version),
			     "show the version of tenon" },
	[OPTION_WITH_CAS] = { "cas", 0, NULL, KIND_SWITCH, FIELD(with_cas),
			      "fetch and show the cas unique" },
	[OPTION_OUTPUT] = { "output", 'o', "FILE", KIND_TEXT,
			    FIELD(output_path),
			    "write the value of the one KEY to FILE; '-': stdout, any bytes" },
	[OPTION_EXPLAIN] = { "explain", 0, NULL, KIND_SWITCH, FIELD(explain),
			     "show the stored items: flags, sizes, chunks, servers" },
	[OPTION_EXPLAIN_FLAGS] = { "explain", 0, NULL, KIND_SWITCH,
				   FIELD(explain),
				   "show each flag of the command and of the reply in words" },
	[OPTION_SERVER] = { "server", 0, "NAME", KIND_TEXT, FIELD(server),
			    "ask this server, by alias or address, in place of the key's home" },
	[OPTION_FAILURES] = { "failures", 0, NULL, KIND_SWITCH, FIELD(failures),
			      "show the kinds of failures and what follows from each" },
	[OPTION_ONLINE] = { "online", 0, NULL, KIND_SWITCH, FIELD(online),
			    "also ask the home server and the next one what they store" },
	[OPTION_TRY_SERVERS] = { "online", 0, NULL, KIND_SWITCH, FIELD(online),
				 "also try every server, and show what it answers" },
	[OPTION_VALUE_SIZE] = { "value-bytes", 0, "N", KIND_U32,
				FIELD(value_size),
				"also show the items that a value of N bytes would be stored in" },
	[OPTION_FILE] = { "file", 'f', "FILE", KIND_TEXT, FIELD(file_path),
			  "read the value from FILE" },
	[OPTION_FLAGS] = { "flags", 0, "N", KIND_U32, FIELD(flags),
			   "flags that the reader gets back (default 0)" },
	[OPTION_TTL] = { "ttl", 0, "DURATION", KIND_TTL, FIELD(exptime),
			 "lifetime: 90s, 10m, 2h, 1d, or bare seconds; 0 for ever" },
	[OPTION_EXPTIME] = { "exptime", 0, "N", KIND_I64, FIELD(exptime),
			     "memcached's own exptime number: up to 30 days seconds, above a UNIX time" },
	[OPTION_ROUTING_KEY] = { "routing-key", 0, "KEY", KIND_TEXT,
				 FIELD(routing_key),
				 "use the server of this key, for items of libmemcached's *_by_key calls" },
	[OPTION_NOREPLY] = { "noreply", 0, NULL, KIND_SWITCH, FIELD(noreply),
			     "do not wait for the server's answer" },
	[OPTION_CAS] = { "cas", 0, "N", KIND_U64, FIELD(cas),
			 "the cas unique that 'tenon get --cas' printed" },
	[OPTION_INITIAL] = { "initial", 0, "N", KIND_U64, FIELD(initial),
			     "the number of a key that is absent; --ttl is its lifetime" },
	[OPTION_STALE] = { "stale", 0, NULL, KIND_SWITCH, FIELD(stale),
			   "keep the value as a stale one, for --ttl at most" },
	[OPTION_DELAY] = { "delay", 0, "SECONDS", KIND_U32, FIELD(delay_s),
			   "the servers wait this long first" },
	[OPTION_YES_FLUSH] = { "yes-flush", 0, NULL, KIND_SWITCH,
			       FIELD(yes_flush),
			       "allow flush-all although the config does not" },
	[OPTION_STDIN] = { "stdin", 0, NULL, KIND_SWITCH, FIELD(from_stdin),
			   "read keys from standard input, one a line" },
	[OPTION_COUNT] = { "count", 0, NULL, KIND_SWITCH, FIELD(count),
			   "show how many keys each server would hold" },
	[OPTION_NAMES] = { "names", 0, NULL, KIND_SWITCH, FIELD(names),
			   "print the names only, one a line" },
	[OPTION_NEW] = { "new", 0, "KIND", KIND_TEXT, FIELD(new_kind),
			 "write a project for a plugin NAME; KIND is hash, distribution, transport, codec, failover or secure" },
	[OPTION_SECONDS] = { "seconds", 0, "N", KIND_U32, FIELD(seconds),
			     "length of the run (default 10)" },
	[OPTION_THREADS] = { "threads", 0, "N", KIND_U32, FIELD(threads),
			     "number of clients, each in its own thread (default 1)" },
	[OPTION_KEYS] = { "keys", 0, "N", KIND_U32, FIELD(keys),
			  "number of different keys, all equally likely (default 10000)" },
	[OPTION_KEY_BYTES] = { "key-bytes", 0, "SIZES", KIND_RANGE,
			       FIELD(key_bytes),
			       "length of keys in bytes: 24 (default), or a range as 20-60" },
	[OPTION_VALUE_BYTES] = { "value-bytes", 0, "SIZES", KIND_RANGE,
				 FIELD(value_bytes),
				 "length of values in bytes: 100 (default), or as 100-4000" },
	[OPTION_KEY_FILE] = { "keys", 0, "FILE", KIND_TEXT, FIELD(key_path),
			      "read the keys from FILE, one a line; '-': standard input" },
	[OPTION_KEY_COUNT] = { "count", 0, "N", KIND_U32, FIELD(key_count),
			       "simulate N keys (default 100000)" },
	[OPTION_READS] = { "reads", 0, "PERCENT", KIND_PERCENT, FIELD(reads),
			   "share of calls that read; the others write (default 90%)" },
	[OPTION_MULTI] = { "multi", 0, "N", KIND_U32, FIELD(multi),
			   "number of keys in one call (default 1)" },
	[OPTION_WATCH] = { "watch", 0, "SECONDS", KIND_INTERVAL,
			   FIELD(watch_ms),
			   "look again every SECONDS (default 2) until q or Ctrl-C" },
	[OPTION_PROMETHEUS] = { "prometheus", 0, NULL, KIND_SWITCH,
				FIELD(prometheus),
				"write Prometheus' text format" },
	[OPTION_FROM] = { "from", 0, "FORMAT", KIND_TEXT, FIELD(from),
			  "the format: nutcracker, libmemcached, php, django or mcrouter" },
	[OPTION_POOL] = { "pool", 0, "NAME", KIND_TEXT, FIELD(import_pool),
			  "the pool or cache to take, when there are several" },
};

/*
 * Read the digits that text begins with, a number of at most max. Returns the text
 * behind them, or NULL when there is no such number.
 */
static const char *read_digits(const char *text, uint64_t max, uint64_t *out)
{
	size_t count = strspn(text, "0123456789");
	char *digits = alloc_format("%.*s", (int)count, text);
	bool is_number = parse_u64(digits, max, out);

	free(digits);
	return is_number ? text + count : NULL;
}

static bool parse_i64(const char *text, int64_t *out)
{
	bool negative = *text == '-';
	uint64_t value;

	if (!parse_u64(text + negative, INT64_MAX, &value)) {
		return false;
	}
	*out = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

#define TTL_MAX_S (INT64_C(36500) * 24 * 60 * 60)

/* Read a lifetime. *out is seconds from now, whatever their number: TENON_FROM_NOW. */
static bool parse_ttl(const char *text, int64_t *out)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = { { "", 1 },   { "s", 1 },    { "m", 60 },
		      { "min", 60 }, { "h", 3600 }, { "d", 86400 } };
	uint64_t value;
	const char *tail = read_digits(text, TTL_MAX_S, &value);

	for (size_t i = 0; tail && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(tail, units[i].unit) != 0) {
			continue;
		}
		if ((int64_t)value > TTL_MAX_S / units[i].seconds) {
			return false;
		}
		*out = (int64_t)value * units[i].seconds;
		return true;
	}
	return false;
}

/* Read a range such as "100" or "100-4000". */
static bool parse_range(const char *text, struct range *out)
{
	const char *tail = read_digits(text, UINT32_MAX, &out->min);

	if (!tail) {
		return false;
	}
	out->max = out->min;
	return *tail == '\0' ||
	       (*tail == '-' &&
		parse_u64(tail + 1, UINT32_MAX, &out->max) &&
		out->max >= out->min);
}

/* Read a percentage such as "90%" or "90". */
static bool parse_percent(const char *text, uint64_t *out)
{
	const char *tail = read_digits(text, 100, out);

	return tail && (*tail == '\0' || strcmp(tail, "%") == 0);
}

#define INTERVAL_DEFAULT "2"
#define INTERVAL_MAX_S 86400

/* Read seconds such as "2" or "0.5". *out is in milliseconds. */
static bool parse_interval(const char *text, uint64_t *out)
{
	const char *tail = read_digits(text, INTERVAL_MAX_S, out);
	uint64_t milliseconds = 0;
	uint64_t unit = 100;

	if (!tail) {
		return false;
	}
	if (*tail == '.' && tail[1] != '\0') {
		for (tail++; *tail >= '0' && *tail <= '9'; tail++, unit /= 10) {
			milliseconds += unit * (uint64_t)(*tail - '0');
		}
	}
	*out = *out * 1000 + milliseconds;
	return *tail == '\0' && *out >= 100 &&
	       *out <= UINT64_C(1000) * INTERVAL_MAX_S;
}

static bool parse_color(const char *text, int *out)
{
	static const char *const words[] = { "auto", "always", "never" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = (int)i;
			return true;
		}
	}
	return false;
}

void options_add_setting(struct options *options, const char *text)
{
	options->settings = alloc_resize(options->settings,
					 options->setting_count + 1,
					 sizeof(*options->settings));
	options->settings[options->setting_count++] = text;
}

/*
 * Store the argument of an option. Returns NULL, or for a wrong argument the words that
 * complete the message "expected ...".
 */
static const char *store(struct options *options, const struct option_row *row,
			 const char *text)
{
	void *field = (char *)options + row->offset;

	switch (row->kind) {
	case KIND_SWITCH:
		*(bool *)field = true;
		return NULL;
	case KIND_TEXT:
		*(const char **)field = text;
		return NULL;
	case KIND_U32:
		return parse_u64(text, UINT32_MAX, field) ?
			       NULL : "a number from 0 to 4294967295";
	case KIND_U64:
		return parse_u64(text, UINT64_MAX, field) ?
			       NULL : "a number from 0 to 18446744073709551615";
	case KIND_I64:
		return parse_i64(text, field) ? NULL : "a whole number";
	case KIND_TTL:
		return parse_ttl(text, field) ?
			       NULL : "a whole number with a unit, such as 90s, 10m, 2h or 1d, up to 36500d";
	case KIND_RANGE:
		return parse_range(text, field) ?
			       NULL : "a size or two with a hyphen, such as 100 or 100-4000";
	case KIND_PERCENT:
		return parse_percent(text, field) ? NULL : "0% to 100%";
	case KIND_INTERVAL:
		return parse_interval(text, field) ?
			       NULL : "seconds without a unit, 0.1 to 86400";
	case KIND_COLOR:
		return parse_color(text, field) ? NULL : "auto, always or never";
	case KIND_SETTING:
		if (!strchr(text, '=') || text[0] == '=') {
			return "KEY=VALUE";
		}
		options_add_setting(options, text);
		return NULL;
	}
	return NULL;
}

void options_fini(struct options *options)
{
	free(options->settings);
	options->settings = NULL;
}

/* Return true when word, whose option is name_len bytes long, is this option: "-c", "--config". */
static bool is_row(const struct option_row *row, const char *word,
		   size_t name_len)
{
	if (word[1] != '-') {
		return row->letter != 0 && row->letter == word[1];
	}
	return strlen(row->name) == name_len - 2 &&
	       memcmp(row->name, word + 2, name_len - 2) == 0;
}

static int find(const char *word, size_t name_len, uint64_t allowed)
{
	for (int id = 0; id < OPTION_END; id++) {
		if ((allowed & OPTION_BIT(id)) != 0 &&
		    is_row(&rows[id], word, name_len)) {
			return id;
		}
	}
	return OPTION_END;
}

static int refuse(struct app *app, const char *word, size_t name_len,
		  uint64_t allowed)
{
	char *name = alloc_format("%.*s", (int)name_len, word);
	struct nearest nearest = { 0 };
	int status;

	for (int id = 0; id < OPTION_END && word[1] == '-'; id++) {
		if ((allowed & OPTION_BIT(id)) != 0) {
			nearest_feed(&nearest, name + 2, rows[id].name);
		}
	}
	if (!app->command && find(word, name_len, ~UINT64_C(0)) != OPTION_END) {
		status = fail_usage(app, "option '%s' belongs to a command and must follow its name",
				    name);
	} else if (nearest.name) {
		status = fail_usage(app,
				    "unknown option '%s', did you mean '--%s'?",
				    name, nearest.name);
	} else {
		status = fail_usage(app, "unknown option '%s'", name);
	}
	free(name);
	return status;
}

int options_read(struct app *app, char **argv, int *index, uint64_t allowed)
{
	const char *word = argv[(*index)++];
	bool is_long = word[1] == '-';
	size_t name_len = is_long ? strcspn(word, "=") : 2;
	const char *rest = word[name_len] == '\0' ? NULL : word + name_len;
	int id = find(word, name_len, allowed);
	const struct option_row *row;
	const char *expected;

	if (id == OPTION_END) {
		return refuse(app, word, name_len, allowed);
	}
	row = &rows[id];
	if (rest && !row->argument) {
		return fail_usage(app, "option '--%s' takes no argument",
				  row->name);
	}
	if (rest && is_long) {
		rest++;
	}
	if (row->kind == KIND_INTERVAL && !rest &&
	    (!argv[*index] || argv[*index][0] < '0' || argv[*index][0] > '9')) {
		rest = INTERVAL_DEFAULT;
	} else if (row->argument && !rest) {
		rest = argv[*index];
		if (!rest) {
			return fail_usage(app, "option '--%s' needs %s",
					  row->name, row->argument);
		}
		(*index)++;
	}
	expected = store(&app->options, row, rest);
	if (expected) {
		return fail_usage(app, "--%s is '%s', expected %s", row->name,
				  rest, expected);
	}
	app->options.given |= OPTION_BIT(id);
	return EXIT_DONE;
}

void options_print(uint64_t which)
{
	for (int id = 0; id < OPTION_END; id++) {
		const struct option_row *row = &rows[id];
		char letter[] = { '-', row->letter, ',', ' ', '\0' };
		char *left;

		if ((which & OPTION_BIT(id)) == 0) {
			continue;
		}
		left = alloc_format(row->kind == KIND_INTERVAL ? "%s--%s[%s%s]"
							       : "%s--%s%s%s",
				    row->letter != 0 ? letter : "    ",
				    row->name, row->argument ? "=" : "",
				    row->argument ? row->argument : "");
		output_format("  %-24s %s\n", left, row->help);
		free(left);
	}
}

/* Levenshtein distance of two names. SIZE_MAX when one of them is longer than MAX. */
static size_t distance(const char *a, const char *b)
{
	enum { MAX = 48 };
	size_t row[MAX + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len > MAX || b_len > MAX) {
		return SIZE_MAX;
	}
	for (size_t j = 0; j <= b_len; j++) {
		row[j] = j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = best < row[j] + 1 ? best : row[j] + 1;
			row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
		}
	}
	return row[b_len];
}

void nearest_feed(struct nearest *nearest, const char *text, const char *name)
{
	size_t steps = distance(text, name);
	size_t limit = strlen(text) < 4 ? 1 : 2;

	if (steps <= limit && (!nearest->name || steps < nearest->distance)) {
		nearest->name = name;
		nearest->distance = steps;
	}
}
