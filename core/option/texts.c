/* SPDX-License-Identifier: BSD-3-Clause */
#include "option/texts.h"

#include <string.h>

#include "base/memory.h"

bool tenon__node_has_texts(const struct tenon__node *node)
{
	const struct tenon__node *entry = node->first;

	while (entry && entry->type == TENON__NODE_SCALAR) {
		entry = entry->next;
	}
	return !entry;
}

/* Copy a text to *end, which moves behind its NUL. Returns the copy. */
static const char *append(char **end, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memcpy(*end, text, size);

	*end += size;
	return copy;
}

struct tenon_list *tenon__list_make(const struct tenon__node *node)
{
	const struct tenon__node *first =
		node && node->type != TENON__NODE_SCALAR ? node->first : node;
	struct tenon_list *list;
	const char **texts;
	size_t count = 0, bytes = 0;

	for (const struct tenon__node *at = first; at; at = at->next) {
		bytes += strlen(at->text) + 1;
		count++;
		if (at == node) {
			break; /* one scalar: its neighbours are other options */
		}
	}
	list = tenon__calloc(1, sizeof(*list) + count * sizeof(*texts) + bytes);
	if (!list) {
		return NULL;
	}
	texts = (const char **)(void *)(list + 1);
	char *end = (char *)(texts + count);
	for (const struct tenon__node *at = first; list->count < count;
	     at = at->next) {
		texts[list->count++] = append(&end, at->text);
	}
	list->texts = texts;
	return list;
}

/* Allocate a map of `count` entries, whose texts have `bytes` bytes. *end is where they go. */
static struct tenon_map *map_alloc(size_t count, size_t bytes, char **end)
{
	struct tenon_map *map =
		tenon__calloc(1, sizeof(*map) +
					 count * sizeof(*map->entries) + bytes);

	if (map) {
		map->entries = (struct tenon_map_entry *)(void *)(map + 1);
		*end = (char *)(uintptr_t)(map->entries + count);
	}
	return map;
}

static void map_add(struct tenon_map *map, char **end, const char *name,
		    const char *value)
{
	struct tenon_map_entry *entries =
		(struct tenon_map_entry *)(void *)(map + 1);

	entries[map->count].name = append(end, name);
	entries[map->count].value = append(end, value);
	map->count++;
}

struct tenon_map *tenon__map_make(const struct tenon__node *node)
{
	struct tenon_map *map;
	size_t bytes = 0;
	char *end;

	for (const struct tenon__node *at = node ? node->first : NULL; at;
	     at = at->next) {
		bytes += strlen(at->key) + strlen(at->text) + 2;
	}
	map = map_alloc(node ? node->count : 0, bytes, &end);
	for (const struct tenon__node *at = node ? node->first : NULL;
	     map && at; at = at->next) {
		map_add(map, &end, at->key, at->text);
	}
	return map;
}

struct tenon_map *tenon__map_copy(const struct tenon_map *map)
{
	struct tenon_map *copy;
	size_t bytes = 0;
	char *end;

	if (!map) {
		return NULL;
	}
	for (uint32_t i = 0; i < map->count; i++) {
		bytes += strlen(map->entries[i].name) +
			 strlen(map->entries[i].value) + 2;
	}
	copy = map_alloc(map->count, bytes, &end);
	for (uint32_t i = 0; copy && i < map->count; i++) {
		map_add(copy, &end, map->entries[i].name,
			map->entries[i].value);
	}
	return copy;
}
