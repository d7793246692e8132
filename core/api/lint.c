/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/lint_checks.h"
#include "api/lint_ignore.h"
#include "api/problems.h"
#include "base/error.h"
#include "base/memory.h"

static void add_error(const struct tenon_error *problem, void *payload)
{
	struct tenon__lint *lint = payload;
	const struct tenon__place place = { "", problem->line, problem->column };
	struct tenon__finding *finding;

	lint->check = NULL;
	finding = tenon__lint_add(lint, &place, "");
	finding->error = *problem;
}

/* Find out how the main ring spreads keys. Errors: TENON_ENOMEM. */
static int measure(struct tenon__lint *lint)
{
	uint32_t count = lint->assembly->rings[0].count;
	struct tenon_share *shares = tenon__calloc(count, sizeof(*shares));

	if (!shares) {
		return TENON_ENOMEM;
	}
	tenon__simulate(lint->assembly, TENON__HASH_OF_CONFIG, shares);
	lint->real = tenon__balance_of(shares, count);
	lint->ideal = lint->real;
	if (!(lint->traits.flags & TENON_RING_OWN_HASH)) {
		tenon__simulate(lint->assembly, TENON__HASH_IDEAL, shares);
		lint->ideal = tenon__balance_of(shares, count);
	}
	tenon__free(shares);
	return 0;
}

/* Run all checks on the config without its wrong parts. */
static int run_checks(const struct tenon_config *rest,
		      const struct tenon__assembly *assembly, void *payload)
{
	struct tenon__lint *lint = payload;
	int code;

	lint->config = rest;
	lint->assembly = assembly;
	lint->traits = tenon__ring_traits(&assembly->rings[0],
					  assembly->distribution);
	code = measure(lint);
	for (lint->check = tenon__checks; lint->check->name && !code;
	     lint->check++) {
		lint->check->run(lint);
	}
	return code;
}

int tenon_config_each_finding(const struct tenon_config *config,
			      tenon_finding_fn fn, void *payload,
			      struct tenon_error *err)
{
	struct tenon__lint *lint = tenon__calloc(1, sizeof(*lint));
	const struct tenon__problem_hooks hooks = { add_error, run_checks,
						    lint };
	int problem;
	int code = TENON_ENOMEM;

	tenon__error_clear(err);
	if (lint) {
		problem = tenon__problems_find(config, &hooks, NULL);
		lint->config = config;
		tenon__lint_ignore(lint, problem == 0);
		if (problem != TENON_ENOMEM && !lint->no_memory) {
			code = tenon__lint_tell(lint, fn, payload);
		}
		tenon__free(lint->findings);
	}
	tenon__free(lint);
	return code ? tenon__error_no_memory(err) : 0;
}
