/* SPDX-License-Identifier: BSD-3-Clause */
/* The modes of tenon-bench. */
#ifndef TENON_BENCH_MODES_H
#define TENON_BENCH_MODES_H

#include "bench.h"

struct mode {
	const char *name;
	const char *summary;
	/* Returns an exit status. NULL: the mode loop, which has arguments. */
	int (*run)(const struct settings *settings);
	unsigned rounds;   /* where the command line does not say */
	unsigned slice_ms; /* likewise */
	bool is_pinned;    /* likewise: to the last CPU that is allowed */
	const char *arguments; /* behind the name, in its help */
	const char *help;      /* with an example */
};

/* All of them; the first is the default. Ends with name == NULL. */
extern const struct mode modes[];

/* NULL: there is none of that name. */
const struct mode *mode_find(const char *name);

#endif
