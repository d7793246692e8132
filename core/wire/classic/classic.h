/* SPDX-License-Identifier: BSD-3-Clause */
/* The classic text protocol (memcached doc/protocol.txt): bytes out, replies in. */
#ifndef TENON_CORE_CLASSIC_H
#define TENON_CORE_CLASSIC_H

#include "wire/protocol.h"

extern const struct tenon__protocol tenon__classic;

/* The functions of the protocol, which are explained in protocol.h. */
void tenon__classic_write(struct tenon__wire *wire);
int tenon__classic_read(struct tenon__wire *wire);
bool tenon__classic_are_unasked(const char *bytes, size_t len);

#endif
