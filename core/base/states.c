/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/states.h"

#ifdef TENON_DEBUG
#include <stdio.h>
#include <stdlib.h>

void tenon__states_check(const struct tenon__states *states, unsigned from,
			 unsigned to)
{
	if (tenon__states_allow(states, from, to)) {
		return;
	}
	fprintf(stderr, "tenon: a %s went from state %s to state %s\n",
		states->thing,
		from < states->count ? states->list[from].name : "?",
		to < states->count ? states->list[to].name : "?");
	abort();
}
#endif
