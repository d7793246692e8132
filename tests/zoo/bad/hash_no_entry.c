/* SPDX-License-Identifier: BSD-3-Clause */
/* The module exports no entry function. */
#define PLUGIN_NAME "no_entry"
#define ENTRY_NAME tenon_test_not_an_entry
#include "hash_template.h"
