/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * YAML (or JSON) text as a tree of scalars, lists and maps, each with its
 * place. What is legal YAML but has no place in a config is refused here: more
 * than one document, aliases, tags that are not YAML's own, deep nesting, keys
 * that are not scalars, NUL bytes.
 */
#ifndef TENON_CORE_NODE_H
#define TENON_CORE_NODE_H

#include <stdbool.h>

#include "tenon/error.h"

#define TENON_CONFIG_MAX_BYTES (1024 * 1024)
#define TENON_CONFIG_MAX_DEPTH 16

/* A place in a config. Where it is "" there is no file: line is 0. */
struct tenon__place {
	const char *where; /* somebody else's; lives as long as the config */
	uint32_t line;
	uint32_t column;
};

enum tenon__node_type {
	TENON__NODE_SCALAR = 0,
	TENON__NODE_LIST = 1,
	TENON__NODE_MAP = 2
};

struct tenon__node {
	enum tenon__node_type type;
	struct tenon__place place;
	/* An entry of a map: */
	char *key;
	struct tenon__place key_place;
	/* A scalar without NUL byte; plain: not quoted, may be a number or word. */
	char *text;
	bool plain;
	/* A list or map: */
	struct tenon__node *first;
	size_t count;
	/* The next one in the same list or map. */
	struct tenon__node *next;
};

/*
 * Parse text. *out is NULL for an empty text. where is kept in the places; line
 * and column are 0 throughout when it is "".
 * Owns:   *out is the caller's, for tenon__node_free().
 * Errors: TENON_ECONFIG, TENON_ENOMEM.
 */
int tenon__node_parse(struct tenon__node **out, const char *where,
		      const char *text, size_t len, struct tenon_error *err);

/* Free a tree. NULL is fine. */
void tenon__node_free(struct tenon__node *node);

/* Is it an unquoted null, ~ or nothing at all? NULL counts as null. */
bool tenon__node_is_null(const struct tenon__node *node);

/* "a list", "a map", "nothing" or "'text'", cut to fit, for "found …". */
#define TENON__NODE_FOUND_BYTES 100
const char *tenon__node_found(char out[TENON__NODE_FOUND_BYTES],
			      const struct tenon__node *node);

/* tenon__error_at() for a place. */
#define tenon__error_place(err, code, place, ...)                              \
	tenon__error_at(err, code, (place)->where, (place)->line,              \
			(place)->column, __VA_ARGS__)

#endif
