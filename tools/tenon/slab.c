/* SPDX-License-Identifier: BSD-3-Clause */
#include "slab.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "number.h"
#include "tenon/introspect.h"

/* Read one field of the reply, such as "cls=1". Other fields are passed over. */
static bool read_field(struct slab *out, const char *word)
{
	if (strncmp(word, "cls=", 4) == 0) {
		return parse_u64(word + 4, UINT32_MAX, &out->class);
	}
	if (strncmp(word, "size=", 5) == 0) {
		return parse_u64(word + 5, INT64_MAX, &out->item_bytes);
	}
	return true;
}

/* Read "ME", the key, and fields. The line is changed. */
static bool read_line(struct slab *out, char *line)
{
	char *rest = NULL;
	const char *name = strtok_r(line, " ", &rest);
	const char *key = strtok_r(NULL, " ", &rest);
	bool fine = name && key && strcmp(name, "ME") == 0;
	const char *word;

	while (fine && (word = strtok_r(NULL, " ", &rest))) {
		fine = read_field(out, word);
	}
	return fine;
}

bool slab_parse(const char *line, struct slab *out)
{
	char *copy = alloc_text(line);

	*out = (struct slab){ 0 };
	bool fine = read_line(out, copy);
	if (!fine) {
		*out = (struct slab){ 0 };
	}
	free(copy);
	return fine;
}

bool slab_read(struct tenon_client *client, uint32_t server,
	       struct tenon_slice key, struct slab *out)
{
	const struct tenon_meta_request request = {
		.command = "me",
		.key = key,
		.server = server,
	};
	struct tenon_result result;

	*out = (struct slab){ 0 };
	return tenon_client_ask_meta(client, &request, NULL, &result, NULL) ==
		       0 &&
	       result.text && slab_parse(result.text, out);
}
