/* SPDX-License-Identifier: BSD-3-Clause */
#include "meta.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "direct.h"
#include "latency.h"
#include "number.h"

/* A reply is far shorter: a key of 250 bytes, and numbers. */
#define REPLY_MAX_BYTES 2048

/* Read one field of the reply, such as "cls=1". Other fields are passed over. */
static bool read_field(struct meta_slab *out, const char *word)
{
	if (strncmp(word, "cls=", 4) == 0) {
		return parse_u64(word + 4, UINT32_MAX, &out->class);
	}
	if (strncmp(word, "size=", 5) == 0) {
		return parse_u64(word + 5, INT64_MAX, &out->item_bytes);
	}
	return true;
}

/* Read a line without its end: "ME", the key, and fields. The line is changed. */
static bool read_line(struct meta_slab *out, char *line)
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

bool meta_parse(const char *reply, size_t len, struct meta_slab *out)
{
	char *line = alloc_format("%.*s", (int)len, reply);
	char *end = strstr(line, "\r\n");
	bool fine = end && end[2] == '\0' && strlen(line) == len;

	*out = (struct meta_slab){ 0 };
	if (fine) {
		*end = '\0';
		fine = read_line(out, line);
	}
	if (!fine) {
		*out = (struct meta_slab){ 0 };
	}
	free(line);
	return fine;
}

bool meta_read(const char *address, struct tenon_slice key, int64_t timeout_ms,
	       struct meta_slab *out)
{
	int64_t deadline_ms = clock_ms() + timeout_ms;
	char reply[REPLY_MAX_BYTES + 1] = "";
	struct direct direct;
	size_t len = 0;

	if (direct_open(&direct, address, deadline_ms)) {
		char *question = alloc_format("me %.*s\r\n", (int)key.len,
					      (const char *)key.data);

		len = direct_ask(&direct, question, reply, sizeof(reply), 1,
				 deadline_ms);
		free(question);
	}
	direct_close(&direct);
	return meta_parse(reply, len, out);
}
