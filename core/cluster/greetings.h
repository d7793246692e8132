/* SPDX-License-Identifier: BSD-3-Clause */
/* The greetings of an assembly: user and password for each server that the config gives them for. */
#ifndef TENON_CORE_GREETINGS_H
#define TENON_CORE_GREETINGS_H

#include "cluster/assembly.h"
#include "config/conf.h"

/*
 * Make the greetings of all servers. Servers without a value of their own share one.
 * Shape:  entries has the entry of the config for each server of the assembly.
 * Owns:   the assembly frees them by tenon__greetings_fini(), also after an error.
 * Errors: TENON_ECONFIG, TENON_EIO, TENON_ENOMEM.
 */
int tenon__greetings_make(struct tenon__assembly *assembly,
			  const struct tenon_config *config,
			  const struct tenon__server_entry *const *entries,
			  struct tenon_error *err);

/* Overwrite the greetings with zeros, and free them. */
void tenon__greetings_fini(struct tenon__assembly *assembly);

#endif
