/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Redirects calls that libtenon and its transports make into other libraries. Programs
 * with green threads do the same to C libraries: they write into the table that the
 * dynamic linker made for such calls. Needs the shared library of tenon.
 */
#ifndef TENON_TESTS_FAKES_REDIRECT_H
#define TENON_TESTS_FAKES_REDIRECT_H

#include <stddef.h>

typedef void (*redirect_fn)(void);

/*
 * Replace every call of the named function by a call of substitute, in libtenon and in
 * every loaded transport. Returns the number of libraries that call the function.
 */
size_t redirect(const char *name, redirect_fn substitute);

#endif
