/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The base type of tenon.Client and libmc.Client. It holds a client of the library and runs
 * calls on this client without the interpreter lock.
 *
 * A call takes the client (base_enter()), runs, makes Python objects of the results, and gives the
 * client back (base_leave()). While a call has the client, base_enter() refuses every other call:
 * neither another thread nor Python code that this call runs can overwrite the results.
 */
#ifndef TENON_PYTHON_BASE_H
#define TENON_PYTHON_BASE_H

#include "module.h"

/* Values of this size and more are received straight into a bytes object, without a copy. */
#define SINK_MIN_BYTES ((size_t)32 * 1024)

/* A value that is about to be sent, and the object that owns its bytes. */
struct encoded {
	struct tenon_slice value; /* points into owner, or into digits */
	PyObject *owner;          /* NULL: the bytes are in digits */
	uint32_t flags;
	char digits[24]; /* decimal text of a 64-bit number */
};

/*
 * The arrays of a call over many keys. The client keeps them for its next such call and replaces
 * them when that call has more keys.
 */
struct scratch {
	size_t capacity;
	struct tenon_item *items;
	struct encoded *encoded;
	PyObject **keys;   /* owned: the keys as the caller gave them */
	PyObject **bytes;  /* owned: the encoded key, when it is not in UTF-8; or NULL */
	PyObject **values; /* owned: values to store, sinks, or values to return; or NULL */
};

struct base_client {
	PyObject_HEAD
	struct module_state *state;
	struct tenon_client *client; /* NULL: closed, or not opened yet */
	PyObject *pool;              /* the pool that has lent a client; NULL: none */
	struct tenon_client *lent;   /* by pool; equal to client until base_adopt() */
	bool hooked;                 /* base_set_wait() replaced the pool's wait hook of lent */
	bool busy;                   /* a call has the client */
	struct scratch *scratch;     /* NULL: not made yet, or a call has it */
	PyObject **sinks;            /* of the running call, see base_run(); NULL: none */
	PyObject *wait;              /* the function of base_set_wait(); NULL: none */
};

static inline struct base_client *base_of(PyObject *self)
{
	return (struct base_client *)(void *)self;
}

extern PyType_Spec base_spec;

/* tp_new of the derived types, and the last step of their tp_dealloc. */
PyObject *base_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);
void base_fini(struct base_client *self);

/*
 * Take over an open client, and close the client that self had, unless a pool has lent that
 * client. NULL: only close.
 */
void base_adopt(struct base_client *self, struct tenon_client *client);

/*
 * Take a client that a pool has lent, and take over the caller's reference to the pool.
 * pool_take_back() undoes both.
 */
void base_borrow(struct base_client *self, PyObject *pool,
		 struct tenon_client *lent);

/*
 * Let the Python function `wait` do the client's waits, see waiting_in_python(). NULL: the client
 * waits by itself.
 * Errors: as tenon_client_set_wait().
 */
int base_set_wait(struct base_client *self, PyObject *wait,
		  struct tenon_error *err);

/* Return the bytes of a bytes object, which owns them. */
static inline struct tenon_slice bytes_slice(PyObject *bytes)
{
	return (struct tenon_slice){ PyBytes_AS_STRING(bytes),
				     (size_t)PyBytes_GET_SIZE(bytes) };
}

/* Make a bytes object the value and the owner of *out. Takes bytes over. */
static inline void encoded_set(struct encoded *out, PyObject *bytes)
{
	out->owner = bytes;
	out->value = bytes_slice(bytes);
}

/* Take the client. Returns false, without an exception, when another call has it. */
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
 * Call tenon_run() without the interpreter lock.
 * Shape:   sinks[count] is NULLs. sinks[i] becomes the bytes object that value number i was
 *          received into, when the value was large enough. sinks NULL: all values are in the
 *          client's memory.
 * Owns:    the bytes objects in sinks are the caller's.
 * Errors:  those of tenon_run(). TENON_EWAIT with an exception set, and no results, when the wait
 *          function raised.
 */
int base_run(struct base_client *self, enum tenon_verb verb,
	     const struct tenon_item *items, size_t count,
	     const struct tenon_call *call, PyObject **sinks,
	     const struct tenon_result **results, struct tenon_error *err);

/* Makes an object of a name or a value of a statistic. Returns NULL with an exception set. */
typedef PyObject *(*base_stat_fn)(struct tenon_slice text);

/*
 * Make the dict of the statistics of one server. The name of a line that does not begin with STAT
 * is its first two words, such as "ITEM key" or "PREFIX app". The values of a name that comes more
 * than once are joined by newlines. Returns NULL with an exception set.
 */
PyObject *base_stats(const struct tenon_result *result, base_stat_fn make_name,
		     base_stat_fn make_value);

/* Call tenon_run_servers() without the interpreter lock. Errors: as base_run(). */
int base_run_servers(struct base_client *self, enum tenon_server_verb verb,
		     const char *argument, const struct tenon_call *call,
		     const struct tenon_result **results,
		     struct tenon_error *err);

/*
 * Return the value as bytes: *sink when the value was received into it (*sink is NULL then), else
 * a copy. NULL with MemoryError set.
 */
PyObject *base_value(const struct tenon_result *result, PyObject **sink);

/*
 * Take the client's scratch memory, large enough for count keys and with all owned places NULL.
 * NULL with MemoryError set.
 */
struct scratch *base_take_scratch(struct base_client *self, size_t count);

/*
 * Take the client's scratch memory for the items of a list or tuple, or for the pairs of a dict,
 * and fill its keys (and its values) with new references. Python code that runs later, such as a
 * finalizer that the garbage collector calls, may change the container: the caller must not look
 * at it again. *count is the number of items. NULL with MemoryError set.
 */
struct scratch *base_copy_sequence(struct base_client *self, PyObject *sequence,
				   size_t *count);
struct scratch *base_copy_dict(struct base_client *self, PyObject *dict,
			       size_t *count);

/* Give the scratch memory back, and drop the references in its first count places. */
void base_put_scratch(struct base_client *self, struct scratch *scratch,
		      size_t count);

#endif
