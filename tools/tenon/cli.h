/* SPDX-License-Identifier: BSD-3-Clause */
/* What every file of the tool knows: the run, the commands, the exit statuses. */
#ifndef TENON_CLI_CLI_H
#define TENON_CLI_CLI_H

#include <stdbool.h>

#include "options.h"
#include "tenon/tenon.h"

/* Part of the interface; with several keys or servers the greatest counts. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_ABSENT = 1, /* no such key, or not stored */
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
	uint64_t options;     /* OPTION_BIT()s it takes beside the global ones */
	size_t operands_min;
	size_t operands_max;
	int verb; /* enum tenon_verb or tenon_server_verb, for run */
	int (*run)(struct app *app); /* returns enum exit_status */
};

/* One run of the program. */
struct app {
	struct options options;
	const struct command *command; /* NULL until it is known */
	char **operands;
	size_t operand_count;
	char *config_path;           /* file in use; NULL when there is none */
	struct tenon_config *config; /* setup_config() made it */
	struct tenon_client *client; /* setup_client() made it */
};

/* All commands; ends with name == NULL. */
extern const struct command commands[];

/* The command called name, or NULL. */
const struct command *command_find(const char *name);

int run_get(struct app *app);
int run_explain(struct app *app);
int run_store(struct app *app);
int run_delete(struct app *app);
int run_touch(struct app *app);
int run_count(struct app *app);
int run_stats(struct app *app);
int run_version(struct app *app);
int run_ping(struct app *app);
int run_health(struct app *app);
int run_flush_all(struct app *app);
int run_where(struct app *app);
int run_check(struct app *app);
int run_plugins(struct app *app);
int run_plugins_new(struct app *app);
int run_bench(struct app *app);

#endif
