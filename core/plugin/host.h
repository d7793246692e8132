/* SPDX-License-Identifier: BSD-3-Clause */
/* The services that plugins get: struct tenon_host. */
#ifndef TENON_CORE_HOST_H
#define TENON_CORE_HOST_H

#include "base/log.h"
#include "tenon/plugin/plugin.h"

/*
 * Fill the table. log is kept and gets the plugin's lines; NULL: a plugin that is
 * being verified, whose lines go nowhere.
 */
void tenon__host_init(struct tenon_host *host, const struct tenon__log *log);

#endif
