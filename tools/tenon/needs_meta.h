/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `protocol: meta`, and a command that has chosen meta, need servers that know meta commands. The
 * answers to version and stats, which stay classic, do not show whether a server does; the answer to
 * mn, which does nothing, shows it.
 */
#ifndef TENON_CLI_NEEDS_META_H
#define TENON_CLI_NEEDS_META_H

#include "cli.h"

#define NEEDS_META_TEXT "it knows no meta commands, and the config says protocol: meta"
#define NEEDS_META_ADVICE                                                      \
	"set protocol: auto or classic, or use memcached 1.6.18 or later"

/* Return true when the config says `protocol: meta`. */
bool needs_meta(const struct app *app);

/*
 * Send mn to one server of the open client. call may be NULL. Returns 0 or a negative enum tenon_status:
 * TENON_EUNKNOWN for a server that does not know the command; err has the sentence.
 */
int needs_meta_ask(struct app *app, size_t server, const struct tenon_call *call,
		   struct tenon_error *err);

/*
 * Replace the library's advice to change the config, in a sentence about a server, when the command
 * itself has chosen meta. Takes over text, which may be NULL. The caller frees the text.
 */
char *needs_meta_advise(const struct app *app, char *text);

#endif
