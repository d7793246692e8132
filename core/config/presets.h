/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of presets, which presets.sh makes from the file plugins/rings. */
#ifndef TENON_CORE_PRESETS_H
#define TENON_CORE_PRESETS_H

#include <stddef.h>

struct tenon__preset {
	const char *name;
	const char *whose; /* the clients whose ring it is */
	const char *text;  /* the keys, as in a config */
};

/* The name of the first preset, which is the default. */
extern const char tenon__default_ring[];

/* Ends with name NULL. */
extern const struct tenon__preset tenon__presets[];

#endif
