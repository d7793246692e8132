/* SPDX-License-Identifier: BSD-3-Clause */
/* The classic text protocol (memcached doc/protocol.txt): bytes out, replies in. */
#ifndef TENON_CORE_CLASSIC_H
#define TENON_CORE_CLASSIC_H

#include "wire/protocol.h"

extern const struct tenon__protocol tenon__classic;

/* The functions of the protocol, which are explained in protocol.h. */
void tenon__classic_write(struct tenon__wire *wire);
int tenon__classic_read(struct tenon__wire *wire);
size_t tenon__classic_greet(char *out, const char *user, const char *password);
int tenon__classic_greeted(struct tenon__wire *wire);
bool tenon__classic_are_unasked(const char *bytes, size_t len);

/* Return true when this error line says that the server wants user and password first. */
bool tenon__classic_wants_login(const char *line, size_t len);

#endif
