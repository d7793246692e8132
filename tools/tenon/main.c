/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon(1): reads the command line and runs one command. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "output.h"
#include "report.h"
#include "setup.h"

static void print_lines(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		output_format("  %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void print_title(const char *title)
{
	output_text("\n");
	output_styled(STYLE_BOLD, title);
	output_text("\n");
}

static void help(void)
{
	output_text("usage: tenon [OPTION]... COMMAND [ARGUMENT]...\n\n"
		    "Work with a cluster of memcached servers.\n");
	print_title("Commands");
	for (const struct command *row = commands; row->name; row++) {
		output_format("  %-10s %s\n", row->name, row->summary);
	}
	print_title("Options, before or after the command");
	options_print(OPTIONS_GLOBAL);
	print_title("Config file, the first of");
	print_lines("-c FILE\n"
		    "$TENON_CONFIG\n"
		    "./tenon.yaml\n"
		    "$XDG_CONFIG_HOME/tenon/tenon.yaml (or ~/.config/tenon/tenon.yaml)\n"
		    TENON_SYSCONFDIR "/tenon/tenon.yaml\n"
		    "With --servers and without -c, no file is read.\n");
	print_title("Exit status");
	print_lines("0  done\n"
		    "1  no such key, or not stored\n"
		    "2  wrong command line, config or key\n"
		    "3  server, network or output\n");
	output_text("\n'tenon COMMAND --help' has the options and examples of a command; so has tenon(1).\n");
}

static void help_command(const struct command *command)
{
	output_format("usage: tenon [OPTION]... %s%s%s\n\n", command->name,
		      *command->operands == '\0' ? "" : " ", command->operands);
	output_format("%s: %s.\n%s", command->name, command->summary,
		      command->details);
	if (command->options != 0) {
		print_title("Options");
		options_print(command->options);
	}
	print_title("Options of every command");
	options_print(OPTIONS_GLOBAL);
	print_title("Examples");
	print_lines(command->examples);
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

/* Look for --json before anything else, so that an error in an earlier word is JSON too. */
static bool find_json(char **argv)
{
	for (int i = 1; argv[i] && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			return true;
		}
	}
	return false;
}

/* The config strings of libmemcached begin like options. Those of tenon have no capitals. */
static bool is_libmemcached(const struct app *app, const char *word)
{
	return app->command && app->command->run == run_import &&
	       strncmp(word, "--", 2) == 0 && word[2] >= 'A' && word[2] <= 'Z';
}

static int read_command(struct app *app, const char *name)
{
	struct nearest nearest = { 0 };

	app->command = command_find(name);
	if (app->command) {
		return EXIT_DONE;
	}
	for (const struct command *row = commands; row->name; row++) {
		nearest_feed(&nearest, name, row->name);
	}
	if (nearest.name) {
		return fail_usage(app, "unknown command '%s', did you mean '%s'?",
				  name, nearest.name);
	}
	return fail_usage(app, "unknown command '%s'", name);
}

/*
 * Read all words. Before the command's name only global options are allowed, behind it
 * also the command's own.
 */
static int read_line(struct app *app, int argc, char **argv)
{
	uint64_t allowed = OPTIONS_GLOBAL;
	bool only_operands = false;
	int status = EXIT_DONE;
	int i = 1;

	app->operands = alloc_array((size_t)argc + 1, sizeof(*app->operands));
	while (status == EXIT_DONE && i < argc) {
		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = true;
			i++;
		} else if (!only_operands && is_option(argv[i]) &&
			   !is_libmemcached(app, argv[i])) {
			status = options_read(app, argv, &i, allowed);
		} else if (!app->command) {
			status = read_command(app, argv[i++]);
			allowed |= status == EXIT_DONE ? app->command->options : 0;
			only_operands = false;
		} else {
			app->operands[app->operand_count++] = argv[i++];
		}
	}
	return status;
}

static int check_operands(struct app *app)
{
	const struct command *command = app->command;

	if (app->operand_count < command->operands_min) {
		return fail_usage(app, "%s needs %s", command->name,
				  command->operands);
	}
	if (app->operand_count > command->operands_max) {
		return fail_usage(app, "%s: '%s' is one argument too many%s",
				  command->name,
				  app->operands[command->operands_max],
				  command->operands_max == 0 ?
					  "; a config is given with -c FILE" :
					  "");
	}
	return EXIT_DONE;
}

/* Check the global options that go together. */
static int check_options(struct app *app)
{
	if (app->options.password_path && !app->options.user) {
		return fail_usage(app, "--password-file needs --user");
	}
	return EXIT_DONE;
}

static int run(struct app *app, int argc, char **argv)
{
	int status;

	app->options.json = find_json(argv);
	status = read_line(app, argc, argv);
	if (status != EXIT_DONE) {
		return status;
	}
	output_color(app->options.color);
	if (app->options.version) {
		output_format("tenon %s\n", tenon_version());
		return EXIT_DONE;
	}
	if (app->options.help) {
		if (app->command) {
			help_command(app->command);
		} else {
			help();
		}
		return EXIT_DONE;
	}
	if (!app->command) {
		return fail_usage(app, "no command");
	}
	status = check_operands(app);
	if (status == EXIT_DONE) {
		status = check_options(app);
	}
	return status == EXIT_DONE ? app->command->run(app) : status;
}

static struct app the_app;

/* Runs at exit, whichever way the program ends: output.c calls exit() when a write fails. */
static void clean_up(void)
{
	setup_fini(&the_app);
	options_fini(&the_app.options);
	free(the_app.operands);
}

int main(int argc, char **argv)
{
	int status;

	output_guard();
	output_utf8();
	if (atexit(clean_up) != 0) {
		alloc_failed();
	}
	status = run(&the_app, argc, argv);
	output_flush();
	return status;
}
