/* SPDX-License-Identifier: BSD-3-Clause */
/* Find the known name that is nearest to an unknown one, for "did you mean 'mine'?" in errors. */
#ifndef TENON_CORE_SUGGEST_H
#define TENON_CORE_SUGGEST_H

#include "tenon/plugin/plugin.h"

struct tenon__suggestion {
	const char *word;                   /* the unknown name; the caller's */
	char best[TENON_PLUGIN_NAME_BYTES]; /* "" while no known name is near enough */
	size_t distance; /* of best from word; a name is taken when its distance is smaller */
};

/* Begin a search for names near word. word has to live until the end of the search. */
void tenon__suggest_begin(struct tenon__suggestion *suggestion,
			  const char *word);

/*
 * Offer a known name. Of two names at the same distance the longer one is kept, since a character
 * is forgotten more often than a wrong one is typed: ab32 means ab_32, and not a_32. Of two
 * names with the same length the first one is kept.
 */
void tenon__suggest_offer(struct tenon__suggestion *suggestion,
			  const char *name);

/* Write "; did you mean 'mine'?" to out, or "" when no name is near enough. */
#define TENON__SUGGESTION_BYTES (TENON_PLUGIN_NAME_BYTES + 20)
void tenon__suggest_print(char out[TENON__SUGGESTION_BYTES],
			  const struct tenon__suggestion *suggestion);

#endif
