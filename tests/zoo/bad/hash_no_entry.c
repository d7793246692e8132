/* SPDX-License-Identifier: BSD-3-Clause */
/* No entry. */
#define PLUGIN_NAME "no_entry"
#define ENTRY_NAME tenon_test_not_an_entry
#include "hash_template.h"
