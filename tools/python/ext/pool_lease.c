/* SPDX-License-Identifier: BSD-3-Clause */
/* Lending of clients, for the pools of both packages. */
#include "pool_object.h"

#include "waiting.h"

/* ---- setting up, closing ------------------------------------------------- */

bool pool_set_up(struct pool_object *self, const struct pool_kind *kind,
		 PyObject *model, struct tenon_pool *pool)
{
	self->spare = PyList_New(0);
	self->kind = kind;
	self->model = model;
	self->pool = pool;
	return self->spare != NULL;
}

bool pool_check_open(const struct pool_object *self)
{
	if (!self->kind || self->closed) {
		PyErr_SetString(PyExc_ValueError, "the pool is closed");
		return false;
	}
	return true;
}

static void close_unused(struct pool_object *self)
{
	if (self->closed && self->users == 0) {
		tenon_pool_close(self->pool);
		self->pool = NULL;
	}
}

void pool_shut(struct pool_object *self)
{
	self->closed = true;
	close_unused(self);
	if (self->pool) { /* a client is lent */
		tenon_pool_shut(self->pool);
	}
}

/* ---- client objects ------------------------------------------------------ */

/* Return a client object that is not in use, or a new one. NULL with an exception set. */
static PyObject *take_spare(struct pool_object *self)
{
	Py_ssize_t count = PyList_GET_SIZE(self->spare);
	PyObject *client = NULL;

	if (count > 0) {
		client = PyList_GET_ITEM(self->spare, count - 1);
		Py_INCREF(client);
		if (PyList_SetSlice(self->spare, count - 1, count, NULL) < 0) {
			Py_DECREF(client);
			return NULL;
		}
	}
	if (client && base_of(client)->busy) {
		/* The thread that gave the object back is still in a call on it. */
		Py_CLEAR(client);
	}
	return client ? client : base_new(Py_TYPE(self->model), NULL, NULL);
}

static void keep_spare(struct pool_object *self, PyObject *client)
{
	if (PyList_Append(self->spare, client) < 0) {
		PyErr_Clear();
	}
}

/*
 * Put a lent client into a client object, which keeps a reference to the pool. Takes the client
 * over, also after an error. NULL with an exception set.
 */
static PyObject *wrap(struct pool_object *self, struct tenon_client *lent)
{
	PyObject *client = take_spare(self);

	if (!client) {
		tenon_pool_release(self->pool, lent);
		return NULL;
	}
	Py_INCREF(self);
	base_borrow(base_of(client), (PyObject *)self, lent);
	self->kind->follow(client, self->model);
	return client;
}

static void leave(struct pool_object *self)
{
	self->users--;
	close_unused(self);
}

void pool_take_back(struct base_client *client)
{
	struct pool_object *self = pool_of(client->pool);
	struct tenon_client *lent = client->lent;

	base_adopt(client, NULL);
	if (client->hooked) {
		(void)tenon_client_set_wait(lent,
			self->wait ? waiting_in_python : NULL, &self->wait,
			NULL);
		Py_CLEAR(client->wait);
		client->hooked = false;
	}
	client->lent = NULL;
	client->pool = NULL;
	tenon_pool_release(self->pool, lent);
	leave(self);
	Py_DECREF(self);
}

/* ---- lending ------------------------------------------------------------- */

/*
 * Borrow a client. When a client is idle, the caller keeps the interpreter lock; only a caller
 * that has to wait gives the lock up. Returns a code of the library; with TENON_EWAIT an
 * exception is set.
 */
static int acquire(struct pool_object *self, int64_t timeout_ms,
		   struct tenon_client **out, struct tenon_error *err)
{
	int code = tenon_pool_acquire(self->pool, 0, out, err);

	if (code != TENON_ETIMEDOUT || timeout_ms == 0) {
		return code;
	}
	waiting_unlock();
	code = tenon_pool_acquire_hooked(self->pool, timeout_ms,
		self->wait ? NULL : waiting_for_signals, NULL, out, err);
	if (!waiting_end()) {
		/* The wait has raised, but a client may have arrived: the next caller gets it. */
		tenon_pool_release(self->pool, *out);
		*out = NULL;
		return TENON_EWAIT;
	}
	return code;
}

/* Borrow a client, in a client object. NULL with an exception set. */
static PyObject *lend(struct pool_object *self, PyObject *timeout,
		      int64_t timeout_ms)
{
	struct tenon_client *lent = NULL;
	struct tenon_error err = { 0 };
	PyObject *client = NULL;
	int code = 0;

	self->users++;
	if (self->pool) {
		code = acquire(self, timeout_ms, &lent, &err);
	}
	if (!code) {
		client = wrap(self, lent);
	} else if (code == TENON_ETIMEDOUT) {
		PyErr_Format(PyExc_TimeoutError,
			     "no client was free within the timeout of %S",
			     timeout);
	} else if (!PyErr_Occurred() && pool_check_open(self)) {
		self->kind->raise(self->model, code, &err);
	}
	if (!client) {
		leave(self);
	}
	return client;
}

/* ---- leases -------------------------------------------------------------- */

/* A client that is borrowed for the time of a with statement. */
struct lease {
	PyObject_HEAD
	PyObject *pool, *timeout;
	PyObject *client; /* the client object; NULL: outside the with statement */
	int64_t timeout_ms;
};

static struct lease *lease_of(PyObject *self)
{
	return (struct lease *)(void *)self;
}

static PyObject *lease_enter(PyObject *object, PyObject *unused)
{
	struct lease *self = lease_of(object);

	(void)unused;
	if (!self->pool || self->client) {
		PyErr_SetString(PyExc_RuntimeError,
				"the client is in use by another with statement");
		return NULL;
	}
	if (!pool_check_open(pool_of(self->pool))) {
		return NULL;
	}
	PyObject *client = lend(pool_of(self->pool), self->timeout,
				self->timeout_ms);
	if (client) {
		set_reference(&self->client, client);
	}
	return client;
}

/*
 * Give the client back. When another thread is still in a call on the client, it goes back later:
 * when the last reference to the client object is dropped.
 */
static PyObject *lease_exit(PyObject *object, PyObject *args)
{
	struct lease *self = lease_of(object);
	PyObject *client = self->client;

	(void)args;
	self->client = NULL;
	if (client && base_enter(base_of(client))) {
		pool_take_back(base_of(client));
		base_leave(base_of(client));
		keep_spare(pool_of(self->pool), client);
	}
	Py_XDECREF(client);
	Py_RETURN_NONE;
}

static int lease_traverse(PyObject *object, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(object));
	Py_VISIT(lease_of(object)->pool);
	Py_VISIT(lease_of(object)->timeout);
	Py_VISIT(lease_of(object)->client);
	return 0;
}

static int lease_clear(PyObject *object)
{
	Py_CLEAR(lease_of(object)->client);
	Py_CLEAR(lease_of(object)->timeout);
	Py_CLEAR(lease_of(object)->pool);
	return 0;
}

static void lease_dealloc(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);

	PyObject_GC_UnTrack(object);
	lease_clear(object);
	type->tp_free(object);
	Py_DECREF(type);
}

static PyMethodDef lease_methods[] = {
	{ "__enter__", lease_enter, METH_NOARGS,
	  DOC("__enter__", "($self)", "Borrow the client.") },
	{ "__exit__", lease_exit, METH_VARARGS,
	  DOC("__exit__", "($self, *exc_info)", "Give the client back.") },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot lease_slots[] = {
	{ Py_tp_doc, (void *)"A client of a pool, borrowed for the time of a with statement." },
	{ Py_tp_dealloc, (void *)lease_dealloc },
	{ Py_tp_traverse, (void *)lease_traverse },
	{ Py_tp_clear, (void *)lease_clear },
	{ Py_tp_methods, lease_methods },
	{ 0, NULL },
};

PyType_Spec lease_spec = {
	.name = "_tenon.Lease",
	.basicsize = sizeof(struct lease),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.slots = lease_slots,
};

/*
 * Read a timeout, a duration as duration_argument() reads it. None and -1 are no limit, as with
 * threading.Lock.acquire(): *out_ms is -1. Returns false with an exception set.
 */
static bool read_timeout(PyObject *timeout, int64_t *out_ms)
{
	int64_t us = -1000000;

	*out_ms = -1;
	if (timeout != Py_None &&
	    !duration_argument(timeout, "timeout", &us)) {
		return false;
	}
	if (us < 0 && us != -1000000) {
		PyErr_Format(PyExc_ValueError,
			     "timeout must be 0 or more seconds, not %S",
			     timeout);
		return false;
	}
	if (us >= 0 && us < INT64_MAX) {
		*out_ms = us / 1000 + (us % 1000 > 0);
	}
	return true;
}

/* ---- the type that both pools derive from -------------------------------- */

static PyObject *pool_client(PyObject *object, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "timeout", NULL };
	static const struct parameters parameters = { "client", names, 0, 0 };
	struct pool_object *self = pool_of(object);
	PyObject *timeout = NULL;
	int64_t timeout_ms = -1;

	if (!bind_arguments(&parameters, args, nargs, kwnames, &timeout) ||
	    (timeout && !read_timeout(timeout, &timeout_ms)) ||
	    !pool_check_open(self)) {
		return NULL;
	}
	PyTypeObject *type = self->state->lease_type;
	struct lease *lease = (struct lease *)type->tp_alloc(type, 0);
	if (lease) {
		Py_INCREF(object);
		lease->pool = object;
		Py_XINCREF(timeout);
		lease->timeout = timeout;
		lease->timeout_ms = timeout_ms;
	}
	return (PyObject *)lease;
}

static PyObject *pool_counts(PyObject *object, PyObject *unused)
{
	struct tenon_pool_counts counts = { .clients = 0 };

	(void)unused;
	if (pool_of(object)->pool) {
		tenon_pool_counts(pool_of(object)->pool, &counts);
	}
	return Py_BuildValue("{sIsIsI}", "clients", counts.clients, "idle",
			     counts.idle, "waiting", counts.waiting);
}

static PyObject *pool_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	struct module_state *state = module_state_of(type);

	(void)args;
	(void)kwargs;
	if (!state) {
		return NULL;
	}
	PyObject *object = type->tp_alloc(type, 0);
	if (object) {
		pool_of(object)->state = state;
	}
	return object;
}

static int pool_traverse(PyObject *object, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(object));
	Py_VISIT(pool_of(object)->model);
	Py_VISIT(pool_of(object)->spare);
	Py_VISIT(pool_of(object)->wait);
	return 0;
}

/*
 * Drop the wait function only, which is enough to break a reference cycle. The clients that are
 * lent need the other members until they are given back.
 */
static int pool_clear(PyObject *object)
{
	Py_CLEAR(pool_of(object)->wait);
	return 0;
}

static void pool_dealloc(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);
	struct pool_object *self = pool_of(object);

	PyObject_GC_UnTrack(object);
	tenon_pool_close(self->pool);
	if (self->kind && self->kind->forget) {
		self->kind->forget(self->model);
	}
	Py_CLEAR(self->wait);
	Py_CLEAR(self->spare);
	Py_CLEAR(self->model);
	type->tp_free(object);
	Py_DECREF(type);
}

static PyMethodDef pool_methods[] = {
	{ "client", (PyCFunction)(void (*)(void))pool_client,
	  METH_FASTCALL | METH_KEYWORDS,
	  DOC("client", "($self, timeout=None)", "Borrow a client for a with statement. TimeoutError when no client is free within\nthe timeout: seconds, text such as \"300ms\", or a datetime.timedelta.") },
	{ "counts", pool_counts, METH_NOARGS,
	  DOC("counts", "($self)", "A dict of numbers: open clients, idle clients among them, and waiting callers.") },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot pool_slots[] = {
	{ Py_tp_doc, (void *)"The base of tenon.Pool and of libmc's pool." },
	{ Py_tp_new, (void *)pool_new },
	{ Py_tp_dealloc, (void *)pool_dealloc },
	{ Py_tp_traverse, (void *)pool_traverse },
	{ Py_tp_clear, (void *)pool_clear },
	{ Py_tp_methods, pool_methods },
	{ 0, NULL },
};

PyType_Spec base_pool_spec = {
	.name = "_tenon.BasePool",
	.basicsize = sizeof(struct pool_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = pool_slots,
};
