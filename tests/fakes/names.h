/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names that the tests make up. A program that has names.c among its sources gets getaddrinfo(3)
 * and freeaddrinfo(3) replaced: names that were set here have these answers, and all other names have
 * the C library's.
 */
#ifndef TENON_TESTS_FAKES_NAMES_H
#define TENON_TESTS_FAKES_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define FAKE_NAME_ADDRESSES 20

struct fake_name {
	/* A host; a host that ends in "*" stands for every host with this beginning. */
	const char *host;
	const char *addresses[FAKE_NAME_ADDRESSES]; /* IP addresses; NULL ends the list */
	int gai_error; /* the lookup fails with this: EAI_... */
	int sys_errno; /* the errno of EAI_SYSTEM */
	bool hangs;    /* the lookup lasts until fake_names_release() */
	bool is_hidden; /* with AI_ADDRCONFIG the lookup fails with EAI_NONAME */
};

/* Set the names. names[count] is borrowed. Threads may be in getaddrinfo() meanwhile. */
void fake_names_set(const struct fake_name *names, size_t count);

/* Let the lookups that hang end, wait until they have, and let no later one hang. */
void fake_names_release(void);

/* The number of lookups of these names that have begun, and the most that were in progress at once. */
unsigned fake_names_begun(void);
unsigned fake_names_most(void);

/* Wait until `count` lookups have begun. */
void fake_names_await(unsigned count);

#endif
