/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "output.h"
#include "report.h"
#include "setup.h"

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return !value || *value == '\0' ? NULL : value;
}

/*
 * The path $XDG_CONFIG_HOME/tenon/tenon.yaml, or ~/.config/tenon/tenon.yaml. NULL when neither
 * variable is set. The caller frees the text.
 */
static char *user_path(void)
{
	const char *folder = environment("XDG_CONFIG_HOME");

	if (folder) {
		return alloc_format("%s/tenon/tenon.yaml", folder);
	}
	folder = environment("HOME");
	return !folder ? NULL
		       : alloc_format("%s/.config/tenon/tenon.yaml", folder);
}

/* Set app->config_path to the file in use, or leave NULL. */
static void find_config(struct app *app)
{
	char *places[] = { alloc_text("./tenon.yaml"), user_path(),
			   alloc_text(TENON_SYSCONFDIR "/tenon/tenon.yaml") };
	const char *asked = app->options.config_path;

	/* With --servers, read only a file of -c: another file would add settings unasked. */
	if (!asked && !app->options.servers) {
		asked = environment("TENON_CONFIG");
	}
	if (asked) {
		app->config_path = alloc_text(asked);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i] && !app->config_path && !app->options.servers &&
		    access(places[i], F_OK) == 0) {
			app->config_path = places[i];
		} else {
			free(places[i]);
		}
	}
}

static void log_line(void *payload, int level, const char *line)
{
	static const char *const names[] = { "error", "warning", "info",
					     "debug" };

	(void)payload;
	report("%s: %s",
	       level >= 0 && level <= TENON_LOG_DEBUG ? names[level] : "log",
	       line);
}

/* Make YAML for the value of a key. Takes over the value. The caller frees the text. */
static char *yaml_of(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	json_decref(value);
	if (!text) {
		alloc_failed();
	}
	return text;
}

/*
 * Make YAML of a list as --servers takes it: "a:1 alias,b:2". The caller frees the text. NULL: the
 * list is not UTF-8.
 */
static char *servers_of_list(const char *list)
{
	json_t *array = json_array();

	while (*list != '\0') {
		size_t len = strcspn(list, ",");
		json_t *server = json_stringn(list, len);

		if (!server) {
			json_decref(array);
			return NULL;
		}
		js_append(array, server);
		list += len + (list[len] == ',');
	}
	return yaml_of(array);
}

/* Return true when a value seems to have a password: the word, perhaps quoted, with a colon behind it. */
static bool has_password(const char *value)
{
	while ((value = strstr(value, "password"))) {
		value += strlen("password");
		if (value[strspn(value, "\"' ")] == ':') {
			return true;
		}
	}
	return false;
}

/* Make YAML for the key `tls` from --tls, --ca, --cert and --key. The caller frees the text. */
static char *tls_of_options(const struct options *options)
{
	json_t *map = json_object();

	js_put_text(map, "ca", options->tls_ca);
	js_put_text(map, "certificate", options->tls_certificate);
	js_put_text(map, "key", options->tls_key);
	if (json_object_size(map) == 0) {
		json_decref(map);
		map = json_true();
	}
	return yaml_of(map);
}

/* Set the key `tls` when an option asks for TLS. */
static int apply_tls(struct tenon_config *config, const struct options *options,
		     struct tenon_error *err)
{
	char *tls;
	int code;

	if ((options->given & OPTIONS_TLS) == 0) {
		return 0;
	}
	tls = tls_of_options(options);
	code = tenon_config_set(config, "tls", tls, err);
	free(tls);
	return code;
}

static int apply_setting(struct tenon_config *config, const char *setting,
			 struct tenon_error *err)
{
	const char *value = strchr(setting, '=') + 1;

	if (has_password(value)) {
		return error_set(err, TENON_ECONFIG,
				 "--set: every user of this host can see a password in the command line; use --user, with --password-file or $TENON_PASSWORD");
	}
	char *key = alloc_format("%.*s", (int)(value - 1 - setting), setting);
	int code = tenon_config_set(config, key, value, err);

	free(key);
	return code;
}

#define PASSWORD_VARIABLE "TENON_PASSWORD"

/* Apply --user. The program never has the password: the library reads it. */
static int apply_user(struct tenon_config *config,
		      const struct options *options, struct tenon_error *err)
{
	const char *path = options->password_path;
	json_t *auth = json_object();

	if (!path && !environment(PASSWORD_VARIABLE)) {
		json_decref(auth);
		return error_set(err, TENON_ECONFIG,
				 "--user needs a password: give --password-file FILE or set $" PASSWORD_VARIABLE);
	}
	js_put_text(auth, "user", options->user);
	js_put_text(auth, path ? "password_file" : "password_environment",
		    path ? path : PASSWORD_VARIABLE);
	char *text = yaml_of(auth);
	int code = tenon_config_set(config, "auth", text, err);
	free(text);
	return code;
}

/* Return true when an error does not end the making of a config whose errors are all wanted. */
static bool goes_on(bool all, int code)
{
	return code == 0 || (all && code != TENON_EIO && code != TENON_ENOMEM);
}

/*
 * Make a config from a file, NULL for none, and options. servers is YAML; NULL keeps the servers of
 * the file. all: go on behind errors that tenon_config_each_problem() finds again.
 */
static int make_config(const struct app *app, const char *path,
		       const char *servers, bool all,
		       struct tenon_config **out, struct tenon_error *err)
{
	const struct options *options = &app->options;
	int code = tenon_config_create(out, err);

	if (code) {
		return code;
	}
	if (options->verbose) {
		tenon_config_set_log(*out, log_line, NULL);
	}
	if (path) {
		code = tenon_config_load_file(*out, path, err);
	}
	if (goes_on(all, code)) {
		code = apply_tls(*out, options, err);
	}
	for (size_t i = 0; goes_on(all, code) && i < options->setting_count;
	     i++) {
		code = apply_setting(*out, options->settings[i], err);
	}
	if (goes_on(all, code) && servers) {
		code = tenon_config_set(*out, "servers", servers, err);
	}
	if (goes_on(all, code) && options->user) {
		code = apply_user(*out, options, err);
	}
	if (goes_on(all, code) && options->yes_flush) {
		code = tenon_config_set(*out, "enable_flush_all", "true", err);
	}
	return goes_on(all, code) && all ? 0 : code;
}

static int try(struct app *app, bool all, struct tenon_error *err)
{
	char *servers = !app->options.servers
				? NULL
				: servers_of_list(app->options.servers);
	int code;

	find_config(app);
	if (app->options.servers && !servers) {
		return error_set(err, TENON_ECONFIG,
				 "--servers is not UTF-8, expected \"host:port alias,...\"");
	}
	code = make_config(app, app->config_path, servers, all, &app->config,
			   err);
	free(servers);
	return code;
}

int setup_try(struct app *app, struct tenon_error *err)
{
	return try(app, false, err);
}

int setup_config(struct app *app)
{
	struct tenon_error err;

	return setup_try(app, &err) == 0 ? EXIT_DONE : fail_error(app, &err);
}

/* Report when no config was given and none was found. */
static int check_given(struct app *app)
{
	if (!app->config_path && !app->options.servers &&
	    app->options.setting_count == 0) {
		return fail(app, TENON_ECONFIG,
			    "no config: give -c FILE or --servers LIST, or write ./tenon.yaml");
	}
	return EXIT_DONE;
}

int setup_all(struct app *app)
{
	struct tenon_error err;

	return try(app, true, &err) == 0 ? check_given(app)
					 : fail_error(app, &err);
}

int setup_open(struct app *app)
{
	struct tenon_error err;
	int status = check_given(app);

	if (status != EXIT_DONE) {
		return status;
	}
	if (tenon_client_open(app->config, &app->client, &err) != 0) {
		return fail_error(app, &err);
	}
	return EXIT_DONE;
}

int setup_client(struct app *app)
{
	int status = setup_config(app);

	return status == EXIT_DONE ? setup_open(app) : status;
}

int setup_file(const struct app *app, const char *path,
	       struct tenon_client **out, struct tenon_error *err)
{
	struct tenon_config *config = NULL;
	int code = make_config(app, path, NULL, false, &config, err);

	if (!code) {
		code = tenon_client_open(config, out, err);
	}
	tenon_config_destroy(config);
	return code;
}

const char *setup_source(const struct app *app)
{
	return app->config_path ? app->config_path : "the settings of the command line";
}

void setup_fini(struct app *app)
{
	char *password = getenv(PASSWORD_VARIABLE);

	if (password) {
		explicit_bzero(password, strlen(password));
	}
	tenon_client_close(app->client);
	tenon_config_destroy(app->config);
	free(app->config_path);
	app->client = NULL;
	app->config = NULL;
	app->config_path = NULL;
}

void setup_speak_meta(struct app *app)
{
	options_add_setting(&app->options, "protocol=meta");
	app->speaks_meta = true;
}
