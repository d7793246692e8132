/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of the command line. One table serves parsing, --help and completion. */
#ifndef TENON_CLI_OPTIONS_H
#define TENON_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "number.h"

enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* Sizes such as "100-4000". For "100", min and max are the same. */
struct range {
	uint64_t min;
	uint64_t max;
};

/* The options of the command line. A field is zero when its option was not given. */
struct options {
	uint64_t given; /* the OPTION_BIT()s of all options that were given */

	const char *config_path;
	const char *servers;
	bool tls; /* the three below imply it */
	const char *tls_ca;
	const char *tls_certificate;
	const char *tls_key;
	const char *user;
	const char *password_path;
	const char **settings; /* KEY=VALUE each */
	size_t setting_count;
	bool json;
	int color; /* enum color_mode */
	bool verbose;
	bool help;
	bool version;

	bool with_cas;
	const char *output_path;
	bool explain;
	const char *server; /* NULL: the home of the key */
	bool failures;
	bool online;
	const char *file_path;
	uint64_t flags;
	int64_t exptime;
	const char *routing_key; /* NULL: the key decides the server */
	bool noreply;
	uint64_t cas;
	uint64_t initial;
	bool stale;
	uint64_t delay_s;
	bool yes_flush;
	bool from_stdin;
	bool count;
	bool names;
	const char *new_kind;

	uint64_t seconds;
	uint64_t threads;
	uint64_t keys;
	const char *key_path; /* of diff: the file of the keys, "-" for standard input */
	uint64_t key_count;   /* of diff: simulated keys */
	struct range key_bytes;
	struct range value_bytes;
	uint64_t value_size; /* of one value, for explain; 0: none */
	uint64_t reads; /* per cent */
	uint64_t multi;

	uint64_t watch_ms; /* time between two looks; 0: look once */
	bool prometheus;

	const char *from;        /* the format of import, or NULL: find out */
	const char *import_pool; /* NULL: the only one */
};

enum option_id {
	OPTION_CONFIG,
	OPTION_SERVERS,
	OPTION_TLS,
	OPTION_CA,
	OPTION_CERT,
	OPTION_KEY,
	OPTION_SET,
	OPTION_USER,
	OPTION_PASSWORD_FILE,
	OPTION_JSON,
	OPTION_COLOR,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_WITH_CAS,
	OPTION_OUTPUT,
	OPTION_EXPLAIN,
	OPTION_EXPLAIN_FLAGS,
	OPTION_SERVER,
	OPTION_FAILURES,
	OPTION_ONLINE,
	OPTION_TRY_SERVERS,
	OPTION_VALUE_SIZE,
	OPTION_FILE,
	OPTION_FLAGS,
	OPTION_TTL,
	OPTION_EXPTIME,
	OPTION_ROUTING_KEY,
	OPTION_NOREPLY,
	OPTION_CAS,
	OPTION_INITIAL,
	OPTION_STALE,
	OPTION_DELAY,
	OPTION_YES_FLUSH,
	OPTION_STDIN,
	OPTION_COUNT,
	OPTION_NAMES,
	OPTION_NEW,
	OPTION_SECONDS,
	OPTION_THREADS,
	OPTION_KEYS,
	OPTION_KEY_BYTES,
	OPTION_KEY_FILE,
	OPTION_KEY_COUNT,
	OPTION_VALUE_BYTES,
	OPTION_READS,
	OPTION_MULTI,
	OPTION_WATCH,
	OPTION_PROMETHEUS,
	OPTION_FROM,
	OPTION_POOL,
	OPTION_END
};

#define OPTION_BIT(id) (UINT64_C(1) << (id))

/* The options that every command takes, before or after its name. */
#define OPTIONS_GLOBAL (OPTION_BIT(OPTION_WITH_CAS) - 1)

#define OPTIONS_TLS                                             \
	(OPTION_BIT(OPTION_TLS) | OPTION_BIT(OPTION_CA) |       \
	 OPTION_BIT(OPTION_CERT) | OPTION_BIT(OPTION_KEY))

#define OPTIONS_EXPIRY (OPTION_BIT(OPTION_TTL) | OPTION_BIT(OPTION_EXPTIME))

struct app;

/*
 * Read the option at argv[*index], and move *index behind the option and its argument.
 * allowed has the OPTION_BIT()s of the options that may be here. Returns EXIT_DONE, or
 * EXIT_USAGE after a report.
 */
int options_read(struct app *app, char **argv, int *index, uint64_t allowed);

/* Act as after --set KEY=VALUE. The text has to live as long as the options. */
void options_add_setting(struct options *options, const char *text);

/* Free the memory of options_read(). */
void options_fini(struct options *options);

/* Print the lines of --help for these OPTION_BIT()s. */
void options_print(uint64_t which);

/*
 * Find the name that is most like a text, for "did you mean". Begin with a zeroed struct and
 * feed all names. Afterwards name is the nearest one, or NULL when none is near.
 */
struct nearest {
	const char *name;
	size_t distance;
};
void nearest_feed(struct nearest *nearest, const char *text, const char *name);

#endif
