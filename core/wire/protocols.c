/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of protocols, and nothing else: a test replaces this file by a table with a row more. */
#include "wire/auto/auto.h"
#include "wire/classic/classic.h"
#include "wire/meta/meta_protocol.h"

/* One row for each protocol, whose struct is tenon__NAME. The first is the default. */
#ifndef TENON_PROTOCOL_MORE_ROWS
#define TENON_PROTOCOL_MORE_ROWS
#endif
#define TENON_PROTOCOL_ROWS ROW(classic) ROW(meta) ROW(auto) TENON_PROTOCOL_MORE_ROWS

#define ROW(name) &tenon__##name,
const struct tenon__protocol *const tenon__protocols[] = { TENON_PROTOCOL_ROWS };
#undef ROW

#define ROW(name) #name,
const char *const tenon__protocol_names[] = { TENON_PROTOCOL_ROWS NULL };
