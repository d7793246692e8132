/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lookups of names, shared by all clients of the process. One name is looked up once at a time,
 * however many servers and clients ask for it and whatever their ports are. A few threads do the
 * lookups. A thread ends as soon as no lookup is queued, so an idle process has none.
 *
 * Fork: the table of lookups is in a page that the kernel zeroes in a forked child. So the child
 * begins with no lookup and no thread, and it never takes a lock that a thread of the parent holds.
 * A lookup that the child still points to is a memory of the parent's: the child can only give it up.
 *
 * Unload: libtenon.so is linked with -z nodelete, because a thread may be in getaddrinfo(3), which
 * nothing can interrupt, when the application calls dlclose(3).
 */
#ifndef TENON_CORE_LOOKUP_H
#define TENON_CORE_LOOKUP_H

#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tenon/plugin/transport.h"

/* The most addresses of a name that are kept. */
#define TENON_ADDRESS_MAX_COUNT 16
/* The most threads that look names up, and the most names that wait for a thread. */
#define TENON_LOOKUP_THREADS_MAX 8
#define TENON_LOOKUP_QUEUED_MAX 4096
/* A name is not looked up again before this time has passed since its last lookup began. */
#define TENON_LOOKUP_INTERVAL_MS 1000

/* Bit of tenon__lookup.refs: the lookup is queued or in progress. */
#define TENON_LOOKUP_RUNNING 0x80000000u

/* One lookup of one name. The fields of a lookup that is done do not change any more. */
struct tenon__lookup {
	atomic_uint refs; /* the number of holders, and TENON_LOOKUP_RUNNING */
	char *host;       /* NULL: a literal, which was never looked up */
	int64_t start_ns; /* when the lookup was queued */
	int64_t process;  /* the process that it belongs to; see struct table in lookup.c */
	struct tenon__lookup *next_queued;
	struct tenon__lookup *next_in_bucket;
	uint32_t waiters; /* holders that wait for fd */
	int32_t fd;       /* an eventfd while somebody waits: becomes readable at the end; -1 */

	int gai_error; /* the result of getaddrinfo(3): EAI_..., or 0 for success */
	int sys_errno; /* the errno that belongs to EAI_SYSTEM; else 0 */
	uint32_t count;
	/* Families take turns; the order within a family is that of getaddrinfo(3). Ports are 0. */
	struct tenon_address addresses[];
};

/*
 * Make the lookup of an address that needs none: an IP address or the path of a socket.
 * Owns:    the caller releases it by tenon__lookup_unref().
 * Returns: a lookup that is done; NULL: out of memory.
 */
struct tenon__lookup *tenon__lookup_literal(const struct sockaddr *sockaddr,
					    socklen_t sockaddr_len);

/*
 * Ask for the addresses of a name. Joins the lookup in progress, or takes the last one when it
 * is younger than TENON_LOOKUP_INTERVAL_MS, or starts a new one. Never blocks for long.
 * Shape:  *newest becomes that lookup; NULL after an error. When *known is NULL, it becomes the
 *         last lookup that found addresses, if some client still has it.
 * Owns:   the caller releases both by tenon__lookup_unref().
 * Errors: returns the errno of the limit that was reached, else 0: ENOMEM; EAGAIN (no thread);
 *         ENOBUFS (TENON_LOOKUP_QUEUED_MAX).
 */
int tenon__lookup_join(const char *host, struct tenon__lookup **newest,
		       struct tenon__lookup **known);

static inline void tenon__lookup_ref(struct tenon__lookup *lookup)
{
	atomic_fetch_add(&lookup->refs, 1);
}

/* Give up a lookup. NULL is allowed. Never blocks: a lookup in progress goes on without the caller. */
void tenon__lookup_unref(struct tenon__lookup *lookup);

static inline bool tenon__lookup_is_done(const struct tenon__lookup *lookup)
{
	return !(atomic_load(&lookup->refs) & TENON_LOOKUP_RUNNING);
}

/*
 * Begin to wait for the end of a lookup. The caller ends its waiting by tenon__lookup_leave().
 * Returns: a descriptor of the lookup, which becomes readable at its end; or a negative errno, and
 *          then the caller does not wait.
 */
int tenon__lookup_wait(struct tenon__lookup *lookup);
void tenon__lookup_leave(struct tenon__lookup *lookup);

#endif
