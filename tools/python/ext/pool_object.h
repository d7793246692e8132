/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools for Python. A client pool of the library (tenon/pool.h) lends its clients. While a client
 * is lent, it is in a client object, a Python object. A pool keeps the client objects that are
 * not in use for the next callers. Each client object copies its serializer (tenon) or its
 * settings (libmc) from the pool's model.
 */
#ifndef TENON_PYTHON_POOL_OBJECT_H
#define TENON_PYTHON_POOL_OBJECT_H

#include <tenon/pool.h>

#include "base.h"

/* The functions that differ between the pool of tenon and the pool of libmc. */
struct pool_kind {
	/* Copy the model's serializer or settings into a client object. */
	void (*follow)(PyObject *client, PyObject *model);
	/* Set the exception for a code of the library. An exception that is set already stays. */
	void (*raise)(PyObject *model, int code, const struct tenon_error *err);
	/* Tell the model that the pool is gone: the model may live longer. NULL: nothing to do. */
	void (*forget)(PyObject *model);
};

struct pool_object {
	PyObject_HEAD
	struct module_state *state;
	const struct pool_kind *kind; /* NULL: __init__ has not run */
	struct tenon_pool *pool; /* NULL: closed, or a pool of libmc without servers */
	bool closed;
	uint32_t users;  /* number of callers that have a client or wait for one */
	PyObject *model; /* a client object that is never lent; see pool_kind.follow */
	PyObject *spare; /* list of client objects that are not in use */
	PyObject *wait;  /* wait function, see waiting_in_python(); NULL: none */
};

static inline struct pool_object *pool_of(PyObject *self)
{
	return (struct pool_object *)(void *)self;
}

/* ---- pool_lease.c -------------------------------------------------------- */

/*
 * Set up a new pool object. Called once for each pool object.
 * Owns:    takes model and pool over, also after an error.
 * Returns: false with an exception set.
 */
bool pool_set_up(struct pool_object *self, const struct pool_kind *kind,
		 PyObject *model, struct tenon_pool *pool);

/*
 * Return true while the pool lends clients. Returns false with ValueError set when it is closed.
 */
bool pool_check_open(const struct pool_object *self);

/*
 * Stop lending: close the idle clients now, and each lent client when it is given back. Callers
 * that wait for a client get a ValueError.
 */
void pool_shut(struct pool_object *self);

/* Give the client of a client object back to its pool. The object has no user any more. */
void pool_take_back(struct base_client *client);

extern PyType_Spec lease_spec, base_pool_spec;

/* ---- pools of each package ----------------------------------------------- */

extern PyType_Spec pool_spec;       /* pool_client.c */
extern PyType_Spec libmc_pool_spec; /* libmc_pool.c */

#endif
