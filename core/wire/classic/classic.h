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

/*
 * Write the next request, which is a single line: with a key, with an argument, or with neither.
 * Returns the end of the line.
 */
char *tenon__classic_write_line(struct tenon__wire *wire, char *at);

/*
 * Read a line of the reply to a command for whole servers, which is no error line. Returns an enum
 * tenon__verdict, or TENON_WIRE_READ_ON.
 */
int tenon__classic_read_server(struct tenon__wire *wire, char *line, size_t len);

#endif
