/* SPDX-License-Identifier: BSD-3-Clause */
/* The services that plugins get. */
#ifndef TENON_CORE_HOST_H
#define TENON_CORE_HOST_H

#include "cluster/assembly.h"

/* Fill the table. assembly NULL: for a plugin on trial, whose log goes nowhere. */
void tenon__host_init(struct tenon_host *host, struct tenon__assembly *assembly);

#endif
