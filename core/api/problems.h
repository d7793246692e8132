/* SPDX-License-Identifier: BSD-3-Clause */
/* The search for every error of a config, and what is left of the config without its errors. */
#ifndef TENON_CORE_PROBLEMS_H
#define TENON_CORE_PROBLEMS_H

#include "cluster/assembly.h"
#include "config/conf.h"
#include "tenon/introspect.h"

/* The functions that hear of the search. */
struct tenon__problem_hooks {
	tenon_problem_fn problem; /* as for tenon_config_each_problem() */
	/*
	 * Receives a copy of the config without its wrong parts, and its assembly, before the
	 * problems are told. Not called when no such copy can be used. NULL: nothing to do.
	 * Errors: TENON_ENOMEM, which ends the search.
	 */
	int (*rest)(const struct tenon_config *rest,
		    const struct tenon__assembly *assembly, void *payload);
	void *payload; /* of both */
};

/* As tenon_config_each_problem(), with hooks. */
int tenon__problems_find(const struct tenon_config *config,
			 const struct tenon__problem_hooks *hooks,
			 struct tenon_error *err);

#endif
