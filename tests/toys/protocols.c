/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of protocols with one more row, for tests. */
#include "wire/protocol.h"

extern const struct tenon__protocol tenon__upper;

#define TENON_PROTOCOL_MORE_ROWS ROW(upper)

#include "wire/protocols.c"
