/* SPDX-License-Identifier: BSD-3-Clause */
/* The plugins linked into the library; the table is generated (builtin.sh). */
#ifndef TENON_CORE_BUILTIN_H
#define TENON_CORE_BUILTIN_H

#include "tenon/plugin/plugin.h"

extern const tenon_plugin_entry_fn tenon__builtin_plugins[];
extern const size_t tenon__builtin_plugin_count;

#endif
