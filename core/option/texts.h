/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lists and maps of texts: the values of options of the types LIST and MAP, and the labels of
 * servers. Each is one block of memory, freed by tenon__free().
 */
#ifndef TENON_CORE_TEXTS_H
#define TENON_CORE_TEXTS_H

#include <stdbool.h>

#include "option/node.h"
#include "tenon/plugin/plugin.h"

/* Return true when the node is a scalar, or a list or map that has scalars only. */
bool tenon__node_has_texts(const struct tenon__node *node);

/*
 * Make a list of the texts of a node: a list of scalars, or one scalar. node NULL: an empty list.
 * Returns NULL when out of memory.
 */
struct tenon_list *tenon__list_make(const struct tenon__node *node);

/* Make a map of a map of scalars. node NULL: an empty map. Returns NULL when out of memory. */
struct tenon_map *tenon__map_make(const struct tenon__node *node);

/* Copy a map. Returns NULL when out of memory, or when map is NULL. */
struct tenon_map *tenon__map_copy(const struct tenon_map *map);

#endif
