/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of services that the core gives to plugins: struct tenon_host. */
#ifndef TENON_CORE_HOST_H
#define TENON_CORE_HOST_H

#include "base/log.h"
#include "tenon/plugin/plugin.h"

/*
 * Fill the table. The plugin's log lines go to log, which has to live as long as *host. With
 * log NULL, as for a plugin that is being verified, the lines are dropped.
 */
void tenon__host_init(struct tenon_host *host, const struct tenon__log *log);

#endif
