/* SPDX-License-Identifier: BSD-3-Clause */
/* The known name nearest to one that is not known: "did you mean 'mine'?" */
#ifndef TENON_CORE_SUGGEST_H
#define TENON_CORE_SUGGEST_H

#include "tenon/plugin/plugin.h"

struct tenon__suggestion {
	const char *word;                   /* the caller's, during the search */
	char best[TENON_PLUGIN_NAME_BYTES]; /* "" while nothing is near enough */
	size_t distance;                    /* of best, or the least that is too far */
};

/* Begin to look for what is near word. */
void tenon__suggest_begin(struct tenon__suggestion *suggestion,
			  const char *word);

/* Offer a known name; of names equally near the first one stays. */
void tenon__suggest_offer(struct tenon__suggestion *suggestion,
			  const char *name);

/*
 * Write "; did you mean 'mine'?" or "" (nothing near enough) to out.
 */
#define TENON__SUGGESTION_BYTES (TENON_PLUGIN_NAME_BYTES + 20)
void tenon__suggest_print(char out[TENON__SUGGESTION_BYTES],
			  const struct tenon__suggestion *suggestion);

#endif
