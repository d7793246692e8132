/* SPDX-License-Identifier: BSD-3-Clause */
/* The plugins that are linked into the library. builtin.sh generates the table. */
#ifndef TENON_CORE_BUILTIN_H
#define TENON_CORE_BUILTIN_H

#include "tenon/plugin/plugin.h"

/* The entries of the built-in plugins; as many as the count says. */
extern const tenon_plugin_entry_fn tenon__builtin_plugins[];
extern const size_t tenon__builtin_plugin_count;

#endif
