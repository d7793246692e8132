/* SPDX-License-Identifier: BSD-3-Clause */
/* The greetings of an assembly: user and password for each server that the config gives them for. */
#ifndef TENON_CORE_GREETINGS_H
#define TENON_CORE_GREETINGS_H

#include "config/conf.h"

struct tenon__greetings {
	/* What is sent first on a new connection to each server, or NULL; NULL: to no server. */
	const struct tenon__greeting **of;
	struct tenon__greeting *list; /* each greeting once */
};

/*
 * Make the greetings of all servers. Servers without a value of their own share one.
 * Shape:  *greetings is zeroed. entries has the entry of the config for each of the count servers.
 * Owns:   the caller frees them by tenon__greetings_fini(), also after an error.
 * Errors: TENON_ECONFIG, TENON_EIO, TENON_ENOMEM.
 */
int tenon__greetings_make(struct tenon__greetings *greetings,
			  const struct tenon_config *config,
			  const struct tenon__server_entry *const *entries,
			  size_t count, struct tenon_error *err);

/* Overwrite the greetings with zeros, and free them. */
void tenon__greetings_fini(struct tenon__greetings *greetings);

#endif
