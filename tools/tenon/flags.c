/* SPDX-License-Identifier: BSD-3-Clause */
#include "flags.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "tenon/introspect.h"

/*
 * Find the next codec, from number *index on, that owns a bit of flags. Moves *index behind
 * the codec. Returns false when there is none.
 */
static bool next_codec(const struct app *app, uint32_t flags, size_t *index,
		       struct tenon_codec_info *out)
{
	for (; tenon_client_codec(app->client, *index, out) == 0; ++*index) {
		if ((flags & out->flags) != 0) {
			++*index;
			return true;
		}
	}
	return false;
}

/* Put "name bits" at the end of a text, behind a colon or a comma. Takes over the text. */
static char *append(char *text, bool first, const char *name, uint32_t bits)
{
	char *longer = alloc_format("%s%s%s %" PRIu32, text,
				    first ? ": " : ", ", name, bits);

	free(text);
	return longer;
}

char *flags_text(const struct app *app, uint32_t flags)
{
	char *text = alloc_format("%" PRIu32, flags);
	struct tenon_codec_info codec;
	uint32_t left = flags;
	size_t index = 0;

	while (next_codec(app, flags, &index, &codec)) {
		text = append(text, left == flags, codec.name,
			      flags & codec.flags);
		left &= ~codec.flags;
	}
	return left != 0 && left != flags
		       ? append(text, false, "application", left) : text;
}

void flags_put(const struct app *app, json_t *object, uint32_t flags)
{
	json_t *codecs = json_object();
	struct tenon_codec_info codec;
	uint32_t left = flags;
	size_t index = 0;

	while (next_codec(app, flags, &index, &codec)) {
		js_put(codecs, codec.name, json_integer(flags & codec.flags));
		left &= ~codec.flags;
	}
	js_put(object, "flags", json_integer(flags));
	js_put(object, "codec_flags", codecs);
	js_put(object, "application_flags", json_integer(left));
}
