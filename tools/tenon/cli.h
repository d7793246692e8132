/* SPDX-License-Identifier: BSD-3-Clause */
/* Included by every file of the tool: one run, the table of commands, the exit statuses. */
#ifndef TENON_CLI_CLI_H
#define TENON_CLI_CLI_H

#include <stdbool.h>

#include "options.h"
#include "tenon/tenon.h"

/*
 * The exit statuses are part of the interface. With several keys or servers the program
 * exits with the greatest status of all.
 */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_ABSENT = 1, /* the key does not exist, or the value was not stored */
	EXIT_WARNINGS = 1, /* check: the config can be used, but has warnings */
	EXIT_USAGE = 2,  /* command line, config, or a key that cannot be sent */
	EXIT_SERVER = 3  /* server, network, or the output cannot be written */
};

struct app;

struct command {
	const char *name;
	const char *operands; /* as in the usage line */
	const char *summary;  /* one line, no full stop */
	const char *details;  /* more lines for --help, or "" */
	const char *examples; /* lines for --help, without indent */
	uint64_t options;     /* OPTION_BIT()s beside those of OPTIONS_GLOBAL */
	size_t operands_min;
	size_t operands_max;
	int verb; /* enum tenon_verb or tenon_server_verb; run() reads it */
	int (*run)(struct app *app); /* returns enum exit_status */
};

/* One run of the program. */
struct app {
	struct options options;
	const struct command *command; /* NULL until it is known */
	char **operands;
	size_t operand_count;
	char *config_path;           /* the config file in use, or NULL */
	struct tenon_config *config; /* made by setup_config() */
	struct tenon_client *client; /* made by setup_open() */
	bool speaks_meta;            /* the command has chosen meta, whatever the config says */
};

/* All commands. The last row has name == NULL. */
extern const struct command commands[];

/* Return the command called name, or NULL. */
const struct command *command_find(const char *name);

int run_get(struct app *app);
int run_explain(struct app *app);
int run_stored(struct app *app);
int run_failures(struct app *app);
int run_store(struct app *app);
int run_delete(struct app *app);
int run_touch(struct app *app);
int run_count(struct app *app);
int run_info(struct app *app);
int run_meta(struct app *app);
int run_stats(struct app *app);
int run_version(struct app *app);
int run_ping(struct app *app);
int run_health(struct app *app);
int run_flush_all(struct app *app);
int run_where(struct app *app);
int run_check(struct app *app);
int run_diff(struct app *app);
int run_plugins(struct app *app);
int run_plugins_new(struct app *app);

/* plugins rings. Returns enum exit_status. */
int run_rings(struct app *app);
int run_import(struct app *app);
int run_bench(struct app *app);

#endif
