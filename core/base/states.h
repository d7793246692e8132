/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The states of a thing, and which state may follow which. Debug builds (TENON_DEBUG) check every
 * change of a state; tests print the table, and the pictures in the READMEs are made of it.
 */
#ifndef TENON_CORE_STATES_H
#define TENON_CORE_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tenon__state {
	const char *name;
	uint32_t next; /* the sum of 1 << state over the states that may follow */
	const char *meaning;
};

struct tenon__states {
	const char *thing; /* "request" */
	const struct tenon__state *list;
	size_t count;
};

/* Return true when state `to` may follow state `from`. */
static inline bool tenon__states_allow(const struct tenon__states *states,
				       unsigned from, unsigned to)
{
	return from < states->count && to < states->count &&
	       (states->list[from].next >> to & 1);
}

#ifdef TENON_DEBUG
/* End the process with a message when state `to` may not follow state `from`. */
void tenon__states_check(const struct tenon__states *states, unsigned from,
			 unsigned to);
#else
static inline void tenon__states_check(const struct tenon__states *states,
				       unsigned from, unsigned to)
{
	(void)states;
	(void)from;
	(void)to;
}
#endif

#endif
