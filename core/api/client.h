/* SPDX-License-Identifier: BSD-3-Clause */
/* A client: an engine and one operation. client.c makes and closes clients, run.c runs calls. */
#ifndef TENON_CORE_CLIENT_H
#define TENON_CORE_CLIENT_H

#include <stdatomic.h>

#include "base/fork.h"
#include "operation/operation.h"

/* The part of a client that its client pool uses. Only pool.c and template.c touch it. */
struct tenon__loan {
	struct tenon_pool *pool; /* NULL: the client belongs to no pool */
	struct tenon__template *template; /* the client is as this template says */
	struct tenon_client *next, *next_idle; /* in the pool's lists: all clients, idle clients */
	atomic_bool lent;
};

/* How the client waits when it waits for something other than the network. */
struct tenon__waits {
	tenon_wait_fn wait; /* NULL: poll(2) */
	void *wait_payload;
	tenon_interrupt_fn interrupt; /* NULL: signals end no wait */
	void *interrupt_payload;
};

struct tenon_client {
	struct tenon__engine engine;
	struct tenon__operation operation;
	atomic_bool busy; /* a call is running */
	struct tenon__fork_mark mark;
	struct tenon__loan loan;
	struct tenon__waits waits;
};

/*
 * Make a client of an assembly.
 * Owns:   the client takes a reference of the assembly; *out is the caller's, for
 *         tenon_client_close().
 * Errors: TENON_ENOMEM, TENON_ECONFIG, the errors of init of the plugins; *out is NULL then.
 */
int tenon__client_make(struct tenon_client **out,
		       struct tenon__assembly *assembly,
		       struct tenon_error *err);

/* In a forked child: close the child's copies of the descriptors and forget the name lookups. */
void tenon__client_forked(struct tenon_client *client);

/*
 * Take the client for one call. In a forked child, give up the parent's connections first.
 * Returns false when another call is running on the client.
 */
static inline bool tenon__client_enter(struct tenon_client *client)
{
	if (atomic_exchange_explicit(&client->busy, true,
				     memory_order_acquire)) {
		return false;
	}
	if (tenon__forked(&client->mark)) {
		tenon__client_forked(client);
	}
	return true;
}

/* Run a verb on one item. *out is the result, also after an error; out may be NULL. */
int tenon__run_one(struct tenon_client *client, enum tenon_verb verb,
		   const struct tenon_item *item, const struct tenon_call *call,
		   struct tenon_result *out, struct tenon_error *err);

/* The options of a call that has none. */
extern const struct tenon_call tenon__call_usual;

/*
 * Read a struct of options that begins with its size, a uint32_t, and of which the caller knows the
 * first *size bytes. *out, of size_bytes, gets all fields; those that the caller does not know are 0.
 * name is that of the struct.
 * Errors: TENON_EINVAL.
 */
int tenon__options_copy(void *out, size_t size_bytes, const void *given,
			const char *name, struct tenon_error *err);

/*
 * Read the options of a call, of which the caller knows the first given->size bytes. *out gets
 * all fields.
 * Errors: TENON_EINVAL.
 */
int tenon__call_read(struct tenon_call *out, const struct tenon_call *given,
		     struct tenon_error *err);

/* Write the error of a call that finds the client taken. Returns TENON_EBUSY. */
int tenon__client_is_busy(struct tenon_error *err);

static inline void tenon__client_leave(struct tenon_client *client)
{
	atomic_store_explicit(&client->busy, false, memory_order_release);
}

#endif
