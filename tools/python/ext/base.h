/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The type that both Python clients stand on: a client of the library, and calls on
 * it without the interpreter lock. A call takes the client (base_enter), runs, makes
 * Python objects of the results, and gives it back; while it has it no other thread
 * and no Python code that it runs can disturb the results.
 */
#ifndef TENON_PYTHON_BASE_H
#define TENON_PYTHON_BASE_H

#include "module.h"

/* Values from this size on are received straight into their bytes object. */
#define SINK_MIN_BYTES ((size_t)32 * 1024)

/* A value on its way to the server, and who owns its bytes. */
struct encoded {
	struct tenon_slice value; /* in owner, or in digits */
	PyObject *owner;          /* NULL: none */
	uint32_t flags;
	char digits[24]; /* a number of 64 bits */
};

/* What a call over many keys works with; grows, and is kept by its client. */
struct scratch {
	size_t capacity;
	struct tenon_item *items;
	struct encoded *encoded;
	PyObject **keys;   /* owned: as given */
	PyObject **bytes;  /* owned: keys in another encoding, or NULL */
	PyObject **values; /* owned: what is returned, or NULL */
};

struct base_client {
	PyObject_HEAD
	struct module_state *state;
	struct tenon_client *client; /* NULL: not open */
	PyObject *pool;              /* that has lent client; NULL: none */
	struct tenon_client *lent;   /* by pool; client, unless that is closed or another */
	bool hooked;                 /* lent has base_set_wait()'s hook, not its pool's */
	bool busy;                   /* a call has it */
	struct scratch *scratch;     /* NULL: a call has it */
	PyObject **sinks;            /* of the running call: values received so far */
	PyObject *wait;              /* base_set_wait(); NULL: none */
};

static inline struct base_client *base_of(PyObject *self)
{
	return (struct base_client *)(void *)self;
}

extern PyType_Spec base_spec;

/* What the slots of derived types begin, or end, with. */
PyObject *base_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);
void base_fini(struct base_client *self);

/*
 * Take over an open client; the one there was is closed, unless it is lent. NULL: only
 * that.
 */
void base_adopt(struct base_client *self, struct tenon_client *client);

/* Take a client that a pool has lent, and the reference to the pool; see pool_take_back(). */
void base_borrow(struct base_client *self, PyObject *pool,
		 struct tenon_client *lent);

/*
 * Let a Python function wait, see waiting_in_python(); NULL: the client waits by itself.
 * Errors: as tenon_client_set_wait().
 */
int base_set_wait(struct base_client *self, PyObject *wait,
		  struct tenon_error *err);

/* Take the client. Returns false when a call has it already; sets no exception. */
static inline bool base_enter(struct base_client *self)
{
	if (self->busy) {
		return false;
	}
	self->busy = true;
	return true;
}

static inline void base_leave(struct base_client *self)
{
	self->busy = false;
}

/*
 * tenon_run() without the interpreter lock. sinks[count], zeroed, becomes bytes
 * objects for those values that were received straight into one; NULL: none are.
 * Returns what tenon_run() does; no results and an exception set when the wait raised.
 */
int base_run(struct base_client *self, enum tenon_verb verb,
	     const struct tenon_item *items, size_t count, unsigned options,
	     PyObject **sinks, const struct tenon_result **results,
	     struct tenon_error *err);

/* tenon_run_servers() without the interpreter lock. */
int base_run_servers(struct base_client *self, enum tenon_server_verb verb,
		     const char *argument, unsigned options,
		     const struct tenon_result **results,
		     struct tenon_error *err);

/* The value as bytes: *sink when it was received into that, else a copy. */
PyObject *base_value(const struct tenon_result *result, PyObject **sink);

/* Get scratch memory for count keys, all owned places NULL; or NULL with MemoryError set. */
struct scratch *base_take_scratch(struct base_client *self, size_t count);

/* Give it back; the first count places are let go. */
void base_put_scratch(struct base_client *self, struct scratch *scratch,
		      size_t count);

#endif
