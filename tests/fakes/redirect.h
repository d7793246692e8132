/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Redirects what libtenon and its transports call, as programs with green threads
 * do to C libraries: by writing into the table that the dynamic linker made for
 * such calls. Needs the shared library.
 */
#ifndef TENON_TESTS_FAKES_REDIRECT_H
#define TENON_TESTS_FAKES_REDIRECT_H

#include <stddef.h>

typedef void (*redirect_fn)(void);

/*
 * Let every call of the function with this name, from what is loaded of libtenon
 * and its transports, be a call of substitute. Returns in how many libraries there
 * was one.
 */
size_t redirect(const char *name, redirect_fn substitute);

#endif
