/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plugins --new: make a project for a plugin from the template. The template has one example
 * for each kind. The new project has the example of its kind, under the new name;
 * files and lines that name another example are left out.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "output.h"
#include "report.h"
#include "tenon/introspect.h"

/* The longest name that the core accepts: TENON_PLUGIN_NAME_BYTES - 1. */
#define NAME_MAX_BYTES 47

static const struct {
	const char *kind;
	const char *example;
} examples[] = {
	{ "hash", "times33" },
	{ "distribution", "wheel" },
	{ "transport", "courier" },
	{ "codec", "pairs" },
	{ "failover", "nearby" },
	{ "secure", "mask" },
};

#define EXAMPLES_COUNT (sizeof(examples) / sizeof(examples[0]))

struct project {
	struct app *app;
	const char *kind;
	const char *name;
	const char *example;
	const char *from; /* the template's folder */
	char *to;
	bool taken; /* a plugin with this kind and name exists already */
};

static bool is_name(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return text[len] == '\0' && len >= 1 && len <= NAME_MAX_BYTES &&
	       islower((unsigned char)text[0]);
}

static bool names_another_example(const struct project *project,
				  const char *text)
{
	for (size_t i = 0; i < EXAMPLES_COUNT; i++) {
		if (strcmp(examples[i].example, project->example) != 0 &&
		    strstr(text, examples[i].example)) {
			return true;
		}
	}
	return false;
}

/* Copy text with the plugin's name in place of the example's. The caller frees the copy. */
static char *renamed(const struct project *project, const char *text)
{
	size_t len = strlen(project->example);
	char *out = alloc_text("");
	const char *found;

	while ((found = strstr(text, project->example))) {
		char *longer = alloc_format("%s%.*s%s", out, (int)(found - text),
					    text, project->name);

		free(out);
		out = longer;
		text = found + len;
	}
	found = out;
	out = alloc_format("%s%s", found, text);
	free((void *)(uintptr_t)found);
	return out;
}

static int copy_lines(const struct project *project, FILE *in, FILE *out)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, in) >= 0) {
		char *text;

		if (names_another_example(project, line)) {
			continue;
		}
		text = renamed(project, line);
		fputs(text, out);
		free(text);
	}
	free(line);
	return ferror(in) || ferror(out) || fflush(out) != 0 ? -1 : 0;
}

static int fail_path(const struct project *project, const char *path)
{
	return fail(project->app, TENON_EIO, "%s: %s", path, strerror(errno));
}

static int copy_file(const struct project *project, const char *name)
{
	char *new_name = renamed(project, name);
	char *from = alloc_format("%s/%s", project->from, name);
	char *to = alloc_format("%s/%s", project->to, new_name);
	FILE *in = fopen(from, "r");
	FILE *out = in ? fopen(to, "wx") : NULL;
	int status = EXIT_DONE;
	struct stat mode;

	if (!in) {
		status = fail_path(project, from);
	} else if (!out || copy_lines(project, in, out) != 0 ||
		   fstat(fileno(in), &mode) != 0 ||
		   fchmod(fileno(out), mode.st_mode & 0777) != 0) {
		status = fail_path(project, to);
	}
	if (in) {
		fclose(in);
	}
	if (out && fclose(out) != 0 && status == EXIT_DONE) {
		status = fail_path(project, to);
	}
	free(to);
	free(from);
	free(new_name);
	return status;
}

static int copy_all(const struct project *project)
{
	DIR *folder = opendir(project->from);
	int status = EXIT_DONE;
	struct dirent *entry;

	if (!folder) {
		return fail_path(project, project->from);
	}
	if (mkdir(project->to, 0777) != 0) {
		closedir(folder);
		return fail_path(project, project->to);
	}
	while (status == EXIT_DONE && (entry = readdir(folder))) {
		if (entry->d_name[0] != '.' &&
		    !names_another_example(project, entry->d_name)) {
			status = copy_file(project, entry->d_name);
		}
	}
	closedir(folder);
	return status;
}

static void look_for_twin(const struct tenon_plugin_info *info, void *payload)
{
	struct project *project = payload;

	if (strcmp(info->kind, project->kind) == 0 &&
	    strcmp(info->name, project->name) == 0) {
		project->taken = true;
	}
}

static int find_example(struct project *project)
{
	char *list = alloc_text("");

	for (size_t i = 0; i < EXAMPLES_COUNT; i++) {
		char *longer = alloc_format("%s%s%s", list, i > 0 ? ", " : "",
					    examples[i].kind);

		free(list);
		list = longer;
		if (strcmp(project->kind, examples[i].kind) == 0) {
			project->example = examples[i].example;
		}
	}
	if (!project->example) {
		fail_usage(project->app, "--new is '%s', expected %s",
			   project->kind, list);
	}
	free(list);
	return project->example ? EXIT_DONE : EXIT_USAGE;
}

static int check_name(struct project *project)
{
	struct tenon_error err;

	if (!project->name) {
		return fail_usage(project->app, "--new %s needs a NAME",
				  project->kind);
	}
	if (!is_name(project->name)) {
		return fail_usage(project->app,
				  "'%s' is no name for a plugin; a name has 1 to %d lower-case letters, digits and '_', and begins with a letter",
				  project->name, NAME_MAX_BYTES);
	}
	if (tenon_config_create(&project->app->config, &err) != 0 ||
	    tenon_config_each_plugin(project->app->config, look_for_twin,
				     project, &err) != 0) {
		return fail_error(project->app, &err);
	}
	if (project->taken) {
		return fail(project->app, TENON_EINVAL,
			    "there is a %s plugin '%s' already; choose another name",
			    project->kind, project->name);
	}
	return EXIT_DONE;
}

int run_plugins_new(struct app *app)
{
	struct project project = {
		.app = app,
		.kind = app->options.new_kind,
		.name = app->operand_count > 0 ? app->operands[0] : NULL,
		.from = getenv("TENON_PLUGIN_TEMPLATE"),
	};
	int status = find_example(&project);

	if (status == EXIT_DONE) {
		status = check_name(&project);
	}
	if (status != EXIT_DONE) {
		return status;
	}
	if (!project.from || project.from[0] == '\0') {
		project.from = TENON_TEMPLATE_DIR;
	}
	project.to = alloc_format("%s_%s", project.kind, project.name);
	status = copy_all(&project);
	if (status == EXIT_DONE && app->options.json) {
		json_t *made = json_object();

		js_put_text(made, "folder", project.to);
		js_print(made);
	} else if (status == EXIT_DONE) {
		output_format("%s: a project with %s.c\n"
			      "  cd %s && ./autogen.sh && ./configure && make && make check\n",
			      project.to, project.to, project.to);
	}
	free(project.to);
	return status;
}
