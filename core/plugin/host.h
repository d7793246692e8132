/* SPDX-License-Identifier: BSD-3-Clause */
/* The services that the core gives to one plugin of a config: struct tenon_host. */
#ifndef TENON_CORE_HOST_H
#define TENON_CORE_HOST_H

#include <stdatomic.h>

#include "base/log.h"
#include "plugin/plugin.h"
#include "tenon/plugin/plugin.h"

/* The most metrics of one plugin of a config. */
#define TENON_METRICS_MAX_COUNT 64

/* A number that a plugin counts. Never freed before its host. */
struct tenon_metric {
	_Atomic(struct tenon_metric *) next; /* in the order in which they were added */
	uint32_t type; /* enum tenon_metric_type */
	atomic_llong value;
	char *name;
	char *help;
};

/* The memory that the instances of a plugin share. */
struct tenon__shared;

/*
 * The services of one plugin of a config. All instances that are made from this place of the
 * config use the same services, and so share the memory and the metrics.
 */
struct tenon__host {
	struct tenon_host table; /* its context is this struct */
	const struct tenon__log *log;      /* NULL: lines are dropped */
	const struct tenon__plugin *plugin;
	_Atomic(struct tenon__shared *) shared;
	_Atomic(struct tenon_metric *) metrics; /* the first one */
};

/*
 * Prepare the services. *host must stay at its address. The plugin's log lines go to log, which
 * has to live as long as *host. With log NULL, as for a plugin that is being verified, the lines
 * are dropped.
 */
void tenon__host_init(struct tenon__host *host,
		      const struct tenon__plugin *plugin,
		      const struct tenon__log *log);

/* Free the shared memory and the metrics. *host may be all zero. */
void tenon__host_fini(struct tenon__host *host);

#endif
