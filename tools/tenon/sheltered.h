/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A command in a process of its own, so that a plugin that crashes, hangs or calls exit() when it is
 * loaded is an error with the plugin's name.
 */
#ifndef TENON_CLI_SHELTERED_H
#define TENON_CLI_SHELTERED_H

#include "cli.h"

/*
 * Run a command in a child, and wait for the child. Returns what the command returns, in the child as
 * in the parent, or enum exit_status after the report of a plugin that has ended the child.
 */
int sheltered_run(struct app *app, int (*run)(struct app *app));

/* In the child: plugins are loaded now, which has a time limit; all are loaded. */
void sheltered_loads(void);
void sheltered_loaded(void);

#endif
