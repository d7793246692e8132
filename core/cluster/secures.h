/* SPDX-License-Identifier: BSD-3-Clause */
/* The instances of secure plugins, and which server has which. Servers with the same choice share one. */
#ifndef TENON_CORE_SECURES_H
#define TENON_CORE_SECURES_H

#include "cluster/selection.h"
#include "config/server_list.h"
#include "tenon/plugin/secure.h"

/* An instance of a secure plugin, for the servers that have the same choice of one. */
struct tenon__secure {
	const struct tenon_secure_ops *ops; /* with all defaults filled in */
	const char *name; /* of the plugin */
	const void *self;
};

struct tenon__secures {
	/* By number of the server; NULL: its bytes are sent as they are. NULL: those of all servers are. */
	const struct tenon__secure **of;
	struct tenon__secure_part *parts; /* private to secures.c */
};

/*
 * Make the instances for `count` servers. entries has the entry of the config for each server.
 * Owns:   *secures, which is all zero, has to be released by tenon__secures_fini(), also after an error.
 * Errors: those of tenon__select() and of the plugin's init.
 */
int tenon__secures_make(struct tenon__secures *secures,
			struct tenon__selection *selection,
			const struct tenon_config *config,
			const struct tenon__server_entry *const *entries,
			size_t count, struct tenon_error *err);

/* Free the instances. *secures may be all zero. */
void tenon__secures_fini(struct tenon__secures *secures);

#endif
