/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parse YAML (or JSON) text into a tree of scalars, lists and maps. Each node has its place in
 * the text. Some legal YAML is refused because a config has no use for it: more than one
 * document, aliases, tags that are not YAML's own, nesting deeper than TENON_CONFIG_MAX_DEPTH,
 * keys that are not scalars, NUL bytes.
 */
#ifndef TENON_CORE_NODE_H
#define TENON_CORE_NODE_H

#include <stdbool.h>

#include "tenon/error.h"

#define TENON_CONFIG_MAX_BYTES (1024 * 1024)
#define TENON_CONFIG_MAX_DEPTH 16

/* A place in a config. When `where` is "" the text is not from a file, and line is 0. */
struct tenon__place {
	const char *where; /* name of the file; not owned, valid as long as the config */
	uint32_t line;     /* from 1; 0: unknown */
	uint32_t column;   /* from 1; 0: unknown */
};

enum tenon__node_type {
	TENON__NODE_SCALAR = 0,
	TENON__NODE_LIST = 1,
	TENON__NODE_MAP = 2
};

struct tenon__node {
	enum tenon__node_type type;
	struct tenon__place place;
	/* For an entry of a map; else NULL and zeroed. */
	char *key;
	struct tenon__place key_place;
	/* For a scalar. The text has no NUL byte inside. */
	char *text;
	bool plain; /* written without quotes, so the text may be a number, bool or null */
	/* For a list or map. */
	struct tenon__node *first;
	size_t count;
	/* The next node in the same list or map, or NULL. */
	struct tenon__node *next;
};

/*
 * Parse len bytes of text. where is the name of the file, or "".
 * Shape:  *out is NULL for an empty text. When where is "", line and column are 0 in all places.
 * Owns:   *out is the caller's, freed by tenon__node_free(). The places point to where, which
 *         has to live as long as the tree. text is not kept.
 * Errors: TENON_ECONFIG, TENON_ENOMEM; *out is then NULL.
 */
int tenon__node_parse(struct tenon__node **out, const char *where,
		      const char *text, size_t len, struct tenon_error *err);

/* Return true when two trees have the same values, places aside. Both may be NULL. */
bool tenon__node_equals(const struct tenon__node *a,
			const struct tenon__node *b);

/*
 * Read the choice of a plugin: name, {name: {option: value}} or {name: null}.
 * Shape:  *place is that of the name. *options is NULL, or a map.
 * Returns NULL, or the node that is wrong: value, or the node behind the name.
 */
const struct tenon__node *tenon__node_choice(const struct tenon__node *value,
					     const char **name,
					     struct tenon__place *place,
					     const struct tenon__node **options);

/* The "expected ..." for the node that tenon__node_choice() has returned. */
#define TENON__CHOICE_EXPECTED(wrong, value)                                   \
	((wrong) == (value)                                                    \
		 ? "a plugin's name, or one name with its options as in {name: {option: value}}" \
		 : "a map of options after the plugin's name")

/* Free a tree. node may be NULL. */
void tenon__node_free(struct tenon__node *node);

/* Return true for an unquoted null, an unquoted ~, an empty value, and for NULL. */
bool tenon__node_is_null(const struct tenon__node *node);

/*
 * Describe a node for the "found ..." of an error: "a list", "a map", "nothing", "'text'" or
 * "quoted 'text'". A long text is cut. Returns out or a static string.
 */
#define TENON__NODE_FOUND_BYTES 100
const char *tenon__node_found(char out[TENON__NODE_FOUND_BYTES],
			      const struct tenon__node *node);

/* As tenon__error_at(), with a struct tenon__place. */
#define tenon__error_place(err, code, place, ...)                              \
	tenon__error_at(err, code, (place)->where, (place)->line,              \
			(place)->column, __VA_ARGS__)

#endif
