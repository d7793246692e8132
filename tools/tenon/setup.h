/* SPDX-License-Identifier: BSD-3-Clause */
/* From the global options to a config and a client. */
#ifndef TENON_CLI_SETUP_H
#define TENON_CLI_SETUP_H

#include "cli.h"

/* The Makefile defines the folder. This default serves tools that read the source alone. */
#ifndef TENON_SYSCONFDIR
#define TENON_SYSCONFDIR "/etc"
#endif

/*
 * Make app->config from the config file and the options. The file is that of -c, or that of
 * $TENON_CONFIG, or the first default place that exists. With --servers and without -c, no
 * file is read. Returns 0, or the negative enum tenon_status of the library.
 */
int setup_try(struct app *app, struct tenon_error *err);

/* Call setup_try() and report a failure. Returns enum exit_status. */
int setup_config(struct app *app);

/* Speak the meta protocol with the servers, whatever the config says. Before setup_config(). */
void setup_speak_meta(struct app *app);

/*
 * Make app->config, and go on behind its errors, so that tenon_config_each_problem() can tell them
 * all. Reports a missing or unreadable file. Returns enum exit_status.
 */
int setup_all(struct app *app);

/*
 * Open app->client with app->config, and report a failure. Makes no connection. Returns enum
 * exit_status.
 */
int setup_open(struct app *app);

/* Call setup_config() and setup_open(). Returns enum exit_status. */
int setup_client(struct app *app);

/*
 * Open a client with the config of this file and the settings of the options. The caller closes
 * *out. Returns 0, or a negative enum tenon_status with the reason in *err.
 */
int setup_file(const struct app *app, const char *path,
	       struct tenon_client **out, struct tenon_error *err);

/* Where the settings come from, in words: the config file, or the command line. */
const char *setup_source(const struct app *app);

/* Close the client and free the config of app. */
void setup_fini(struct app *app);

#endif
