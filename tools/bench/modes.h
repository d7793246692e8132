/* SPDX-License-Identifier: BSD-3-Clause */
/* The modes of tenon-bench. */
#ifndef TENON_BENCH_MODES_H
#define TENON_BENCH_MODES_H

#include "bench.h"

struct mode {
	const char *name;
	const char *summary;
	/* Returns an exit status. NULL: the mode `loop`, which has arguments of its own. */
	int (*run)(const struct settings *settings);
	unsigned rounds;   /* default of --rounds */
	unsigned slice_ms; /* default of --slice-ms */
	bool is_pinned;    /* default of --pin: true: the last CPU that is allowed; false: none */
	const char *arguments; /* after the name, in its help */
	const char *help;      /* with an example */
	bool takes_tls;        /* --tls is for this mode */
};

/* All modes. The first is the default. The last has name == NULL. */
extern const struct mode modes[];

/* Find a mode by its name. NULL when there is none. */
const struct mode *mode_find(const char *name);

#endif
