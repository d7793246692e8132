/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools for Python: tenon/pool.h lends clients of the library, and each is wrapped in
 * a client object while it is lent. Objects that nobody has are kept for the next
 * caller; their serializer or libmc's settings are those of the pool's model.
 */
#ifndef TENON_PYTHON_POOL_OBJECT_H
#define TENON_PYTHON_POOL_OBJECT_H

#include <tenon/pool.h>

#include "base.h"

/* What the pools of tenon and of libmc do not have in common. */
struct pool_kind {
	/* Make the client object like the model, but for what a client of the library has. */
	void (*follow)(PyObject *client, PyObject *model);
	/* Set the exception of what failed; one may be set already. */
	void (*raise)(PyObject *model, int code, const struct tenon_error *err);
	/* The pool is gone, the model may live on; NULL: nothing to do. */
	void (*forget)(PyObject *model);
};

struct pool_object {
	PyObject_HEAD
	struct module_state *state;
	const struct pool_kind *kind; /* NULL: not set up */
	struct tenon_pool *pool; /* NULL: closed, or libmc's pool of no servers */
	bool closed;
	uint32_t users;  /* callers that have a client or wait for one */
	PyObject *model; /* a client object without a client, never lent */
	PyObject *spare; /* list: client objects that nobody has */
	PyObject *wait;  /* a Python function, see waiting_in_python(); NULL: none */
};

static inline struct pool_object *pool_of(PyObject *self)
{
	return (struct pool_object *)(void *)self;
}

/* ---- pool_lease.c -------------------------------------------------------- */

/*
 * Set a new pool object up; once.
 * Owns:    takes model and pool over, also after an error.
 * Returns: false with an exception set.
 */
bool pool_set_up(struct pool_object *self, const struct pool_kind *kind,
		 PyObject *model, struct tenon_pool *pool);

/* Returns false with an exception set: no client is lent any more. */
bool pool_check_open(const struct pool_object *self);

/* Lend no more; what is lent is closed when it comes back. */
void pool_shut(struct pool_object *self);

/* A client object has no user any more: its client goes back to its pool. */
void pool_take_back(struct base_client *client);

extern PyType_Spec lease_spec, base_pool_spec;

/* ---- pools of each package ----------------------------------------------- */

extern PyType_Spec pool_spec;       /* pool_client.c */
extern PyType_Spec libmc_pool_spec; /* libmc_pool.c */

#endif
