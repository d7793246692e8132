/* SPDX-License-Identifier: BSD-3-Clause */
/* From the global options to a config and a client. */
#ifndef TENON_CLI_SETUP_H
#define TENON_CLI_SETUP_H

#include "cli.h"

/* The build says where; this is for tools that read the source alone. */
#ifndef TENON_SYSCONFDIR
#define TENON_SYSCONFDIR "/etc"
#endif

/*
 * Make app->config from the options and the config file: -c, $TENON_CONFIG, or
 * the first of the default places that exists, none when --servers stands
 * without -c. Returns 0 or what the library returned.
 */
int setup_try(struct app *app, struct tenon_error *err);

/* The same; returns enum exit_status, and has reported a failure. */
int setup_config(struct app *app);

/* Open app->client from app->config; no connection is made. Returns likewise. */
int setup_open(struct app *app);

/* setup_config() and setup_open(). */
int setup_client(struct app *app);

/* Open a client like app->client that knows one server only; *out is the caller's. */
int setup_single(const struct app *app, const struct tenon_server_info *info,
		 struct tenon_client **out, struct tenon_error *err);

/* Free what was made. */
void setup_fini(struct app *app);

#endif
