/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One run of the linter and the list of its findings. lint.c runs the linter, lint_checks.c has the
 * table of checks, and lint_ignore.c reads the comments that silence findings.
 */
#ifndef TENON_CORE_LINT_LIST_H
#define TENON_CORE_LINT_LIST_H

#include "cluster/simulate.h"
#include "config/conf.h"
#include "tenon/introspect.h"

/* One finding, before it is told. */
struct tenon__finding {
	const char *name;
	uint32_t severity; /* enum tenon_finding_severity */
	struct tenon__place place;
	const char *advice; /* static */
	size_t number; /* in the order in which the findings were made */
	bool silenced;
	/* The message is the text. For an error, the message begins with its place. */
	struct tenon_error error;
};

struct tenon__check;

/* One run of the linter. */
struct tenon__lint {
	const struct tenon_config *config; /* the config, without its wrong parts */
	const struct tenon__assembly *assembly;
	struct tenon_ring_traits traits; /* of the main ring */
	/* How the main ring spreads keys with the config's hash function, and with ideal hashes. */
	struct tenon__balance real, ideal;
	const struct tenon__check *check; /* the check that runs */

	struct tenon__finding *findings;
	size_t count, capacity;
	struct tenon__finding lost; /* is written when out of memory */
	bool no_memory;             /* a finding was lost */
};

/* One check: a row of the table. */
struct tenon__check {
	const char *name;
	uint32_t severity; /* enum tenon_finding_severity */
	/* Call tenon__lint_add() for each finding. */
	void (*run)(struct tenon__lint *lint);
};

/*
 * Add a finding of the running check at a place. advice is static. The finding has no text yet.
 * Owns:    the finding is the linter's; the pointer is valid until the next one is added.
 * Returns: a finding that may be written, also when out of memory; lint->no_memory is then set.
 */
struct tenon__finding *tenon__lint_add(struct tenon__lint *lint,
				       const struct tenon__place *place,
				       const char *advice);

/* Add a finding with a printf-formatted text. */
#define tenon__lint_say(lint, place, advice, ...)                              \
	((void)tenon__error_set(&tenon__lint_add(lint, place, advice)->error,  \
				0, __VA_ARGS__))

/* Tell the findings that are not silenced, in their order. Errors: TENON_ENOMEM. */
int tenon__lint_tell(const struct tenon__lint *lint, tenon_finding_fn fn,
		     void *payload);

#endif
