/* SPDX-License-Identifier: BSD-3-Clause */
/* The key `ring`: the name of a ring. */
#include "base/error.h"
#include "base/text.h"
#include "config/presets.h"
#include "config/readers.h"
#include "option/suggest.h"

#include <stdio.h>
#include <string.h>

/*
 * List the rings whose names begin with a word and '-', as "; did you mean a-b, a-c?", for the
 * word `twemproxy` or `mcrouter`. Writes "" when no name does.
 */
#define RINGS_HINT_BYTES 256
static void print_rings_of(char out[RINGS_HINT_BYTES], const char *word)
{
	size_t word_len = strlen(word);
	size_t len = 0;

	out[0] = '\0';
	for (const struct tenon__preset *preset = tenon__presets; preset->name;
	     preset++) {
		if (strncmp(preset->name, word, word_len) == 0 &&
		    preset->name[word_len] == '-' && len < RINGS_HINT_BYTES) {
			len += (size_t)snprintf(out + len, RINGS_HINT_BYTES - len,
						"%s%s",
						len > 0 ? ", " : "; did you mean ",
						preset->name);
		}
	}
	if (len > 0 && len < RINGS_HINT_BYTES) {
		snprintf(out + len, RINGS_HINT_BYTES - len, "?");
	}
}

static int unknown_ring(const struct tenon__node *value,
			struct tenon_error *err)
{
	const char *word = value->type == TENON__NODE_SCALAR ? value->text : "";
	struct tenon__suggestion near;
	char hint[TENON__SUGGESTION_BYTES];
	char rings[RINGS_HINT_BYTES];
	char found[TENON__NODE_FOUND_BYTES];
	const char *after = "; `tenon plugins rings` lists them";

	print_rings_of(rings, word);
	tenon__suggest_begin(&near, word);
	for (const struct tenon__preset *preset = tenon__presets; preset->name;
	     preset++) {
		tenon__suggest_offer(&near, preset->name);
	}
	tenon__suggest_print(hint, &near);
	after = hint[0] ? hint : after;
	after = rings[0] ? rings : after;
	return tenon__error_place(
		err, TENON_ECONFIG, &value->place,
		"key 'ring': found %s, expected the name of a ring%s",
		tenon__node_found(found, value), after);
}

static const struct tenon__preset *find_preset(const struct tenon__node *value)
{
	const struct tenon__preset *preset = tenon__presets;

	if (tenon__node_is_null(value)) {
		return preset;
	}
	if (value->type != TENON__NODE_SCALAR) {
		return NULL;
	}
	while (preset->name && !tenon__same_word(preset->name, value->text)) {
		preset++;
	}
	return preset->name ? preset : NULL;
}

int tenon__read_ring(struct tenon_config *config,
		     const struct tenon__root_key *key,
		     const struct tenon__node *value, const char *folder,
		     struct tenon_error *err)
{
	const struct tenon__preset *preset = find_preset(value);

	(void)key;
	(void)folder;
	if (!preset) {
		return unknown_ring(value, err);
	}
	config->ring.preset = preset;
	config->ring.place = value->place;
	return 0;
}
