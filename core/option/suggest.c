/* SPDX-License-Identifier: BSD-3-Clause */
#include "option/suggest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Compute the optimal string alignment distance of a and b, ignoring case: the least number of
 * insertions, deletions, substitutions and swaps of neighbours that turn a into b. Both lengths
 * are below TENON_PLUGIN_NAME_BYTES.
 */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][TENON_PLUGIN_NAME_BYTES];
	size_t *before = rows[0];
	size_t *above = rows[1];
	size_t *row = rows[2];

	for (size_t j = 0; j <= b_len; j++) {
		above[j] = j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		size_t *free_row = before;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t differs = tenon__lower(a[i - 1]) !=
					 tenon__lower(b[j - 1]);

			row[j] = least(above[j - 1] + differs,
				       least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 &&
			    tenon__lower(a[i - 1]) == tenon__lower(b[j - 2]) &&
			    tenon__lower(a[i - 2]) == tenon__lower(b[j - 1])) {
				row[j] = least(row[j], before[j - 2] + 1);
			}
		}
		before = above;
		above = row;
		row = free_row;
	}
	return above[b_len];
}

void tenon__suggest_begin(struct tenon__suggestion *suggestion,
			  const char *word)
{
	suggestion->word = word;
	suggestion->best[0] = '\0';
	/* A third of the word may differ, but at most 3 bytes. */
	suggestion->distance = least(strlen(word) / 3, 3) + 1;
}

void tenon__suggest_offer(struct tenon__suggestion *suggestion,
			  const char *name)
{
	size_t word_len = strlen(suggestion->word);
	size_t name_len = strlen(name);
	size_t found;
	bool is_longer;

	if (word_len >= TENON_PLUGIN_NAME_BYTES ||
	    name_len >= TENON_PLUGIN_NAME_BYTES) {
		return;
	}
	found = distance(suggestion->word, word_len, name, name_len);
	is_longer = suggestion->best[0] != '\0' &&
		    name_len > strlen(suggestion->best);
	if (found < suggestion->distance ||
	    (found == suggestion->distance && is_longer)) {
		suggestion->distance = found;
		memcpy(suggestion->best, name, name_len + 1);
	}
}

void tenon__suggest_print(char out[TENON__SUGGESTION_BYTES],
			  const struct tenon__suggestion *suggestion)
{
	out[0] = '\0';
	if (suggestion->best[0] != '\0') {
		snprintf(out, TENON__SUGGESTION_BYTES, "; did you mean '%s'?",
			 suggestion->best);
	}
}
