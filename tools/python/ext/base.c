/* SPDX-License-Identifier: BSD-3-Clause */
#include "base.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Scratch memory above this many keys is not kept. */
#define SCRATCH_KEEP_MAX_KEYS 10000

PyObject *base_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	struct module_state *state = module_state_of(type);

	(void)args;
	(void)kwargs;
	if (!state) {
		return NULL;
	}
	struct base_client *self =
		(struct base_client *)type->tp_alloc(type, 0);
	if (self) {
		self->state = state;
	}
	return (PyObject *)self;
}

static void scratch_free(struct scratch *scratch)
{
	if (scratch) {
		PyMem_Free(scratch->items);
		PyMem_Free(scratch->encoded);
		PyMem_Free(scratch->keys);
		PyMem_Free(scratch->bytes);
		PyMem_Free(scratch->values);
		PyMem_Free(scratch);
	}
}

/*
 * Make the bytes object that a value is received into. The running call has no
 * lock, so it takes it for that long. NULL: out of memory, then the value is copied.
 */
static void *make_room(void *payload, size_t index, size_t len)
{
	struct base_client *self = payload;

	if (!self->room || len > PY_SSIZE_T_MAX) {
		return NULL;
	}
	PyEval_RestoreThread(self->thread);
	PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)len);
	if (!bytes) {
		PyErr_Clear();
	}
	Py_XSETREF(self->room[index], bytes);
	self->thread = PyEval_SaveThread();
	return bytes ? PyBytes_AS_STRING(bytes) : NULL;
}

void base_adopt(struct base_client *self, struct tenon_client *client)
{
	tenon_client_close(self->client);
	self->client = client;
	if (client) {
		tenon_client_set_sink(client, ROOM_MIN_BYTES, make_room, self);
	}
}

void base_fini(struct base_client *self)
{
	base_adopt(self, NULL);
	Py_CLEAR(self->wait);
	scratch_free(self->scratch);
}

/* ---- values received into bytes objects --------------------------------- */

PyObject *base_value(const struct tenon_result *result, PyObject **room)
{
	PyObject *value = room ? *room : NULL;

	if (value && result->value == PyBytes_AS_STRING(value)) {
		*room = NULL;
		return value;
	}
	return PyBytes_FromStringAndSize(result->value,
					 (Py_ssize_t)result->value_len);
}

/* ---- waits --------------------------------------------------------------- */

static PyObject *list_fds(const struct pollfd *fds, size_t count)
{
	PyObject *list = PyList_New((Py_ssize_t)count);

	for (size_t i = 0; list && i < count; i++) {
		PyObject *pair = Py_BuildValue("(ii)", fds[i].fd,
					       (int)fds[i].events);

		if (!pair) {
			Py_CLEAR(list);
			break;
		}
		PyList_SET_ITEM(list, (Py_ssize_t)i, pair);
	}
	return list;
}

/* Called without the interpreter lock, in the running call. */
static int wait_in_python(struct pollfd *fds, size_t count, int timeout_ms,
			  void *payload)
{
	struct base_client *self = payload;
	PyObject *answer = NULL;

	if (!self->wait) { /* a collector took it */
		return poll(fds, (nfds_t)count, timeout_ms);
	}
	if (self->raised[0]) {
		errno = ECANCELED; /* the call is about to end */
		return -1;
	}
	PyEval_RestoreThread(self->thread);
	PyObject *list = list_fds(fds, count);
	if (list) {
		answer = PyObject_CallFunction(self->wait, "Oi", list,
					       timeout_ms);
		Py_DECREF(list);
	}
	bool waited = answer != NULL;
	if (!waited) {
		PyErr_Fetch(&self->raised[0], &self->raised[1],
			    &self->raised[2]);
	}
	Py_XDECREF(answer);
	self->thread = PyEval_SaveThread();
	if (!waited) {
		errno = ECANCELED;
		return -1;
	}
	return poll(fds, (nfds_t)count, 0);
}

int base_set_wait(struct base_client *self, PyObject *wait,
		  struct tenon_error *err)
{
	int code = tenon_client_set_wait(self->client,
					 wait ? wait_in_python : NULL, self,
					 err);

	if (!code) {
		Py_XINCREF(wait);
		Py_XSETREF(self->wait, wait);
	}
	return code;
}

/* After a call: raise what the wait raised. Returns the call's code. */
static int end_call(struct base_client *self, int code,
		    const struct tenon_result **results)
{
	if (!self->raised[0]) {
		return code;
	}
	PyErr_Restore(self->raised[0], self->raised[1], self->raised[2]);
	memset(self->raised, 0, sizeof(self->raised));
	*results = NULL;
	return TENON_EWAIT;
}

/* ---- calls -------------------------------------------------------------- */

int base_run(struct base_client *self, enum tenon_verb verb,
	     const struct tenon_item *items, size_t count, unsigned options,
	     PyObject **room, const struct tenon_result **results,
	     struct tenon_error *err)
{
	int code;

	self->room = room;
	self->thread = PyEval_SaveThread();
	code = tenon_run(self->client, verb, items, count, options, results,
			 err);
	PyEval_RestoreThread(self->thread);
	self->room = NULL;
	return end_call(self, code, results);
}

int base_run_servers(struct base_client *self, enum tenon_server_verb verb,
		     const char *argument, unsigned options,
		     const struct tenon_result **results,
		     struct tenon_error *err)
{
	int code;

	self->thread = PyEval_SaveThread();
	code = tenon_run_servers(self->client, verb, argument, options,
				 results, err);
	PyEval_RestoreThread(self->thread);
	return end_call(self, code, results);
}

/* ---- scratch memory ------------------------------------------------------ */

static struct scratch *scratch_new(size_t count)
{
	struct scratch *scratch = PyMem_Calloc(1, sizeof(*scratch));
	size_t capacity = count < 16 ? 16 : count + count / 4;

	if (!scratch) {
		return NULL;
	}
	scratch->capacity = capacity;
	scratch->items = PyMem_Calloc(capacity, sizeof(*scratch->items));
	scratch->encoded = PyMem_Calloc(capacity, sizeof(*scratch->encoded));
	scratch->keys = PyMem_Calloc(capacity, sizeof(*scratch->keys));
	scratch->bytes = PyMem_Calloc(capacity, sizeof(*scratch->bytes));
	scratch->values = PyMem_Calloc(capacity, sizeof(*scratch->values));
	if (!scratch->items || !scratch->encoded || !scratch->keys ||
	    !scratch->bytes || !scratch->values) {
		scratch_free(scratch);
		return NULL;
	}
	return scratch;
}

struct scratch *base_take_scratch(struct base_client *self, size_t count)
{
	struct scratch *scratch = self->scratch;

	self->scratch = NULL;
	if (!scratch || scratch->capacity < count) {
		scratch_free(scratch);
		scratch = scratch_new(count);
		if (!scratch) {
			PyErr_NoMemory();
		}
	}
	return scratch;
}

void base_put_scratch(struct base_client *self, struct scratch *scratch,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		Py_CLEAR(scratch->keys[i]);
		Py_CLEAR(scratch->bytes[i]);
		Py_CLEAR(scratch->values[i]);
		Py_CLEAR(scratch->encoded[i].owner);
	}
	if (self->scratch || scratch->capacity > SCRATCH_KEEP_MAX_KEYS) {
		scratch_free(scratch);
	} else {
		self->scratch = scratch;
	}
}

/* ---- the type ------------------------------------------------------------ */

static PyType_Slot base_slots[] = {
	{ Py_tp_doc, (void *)"What tenon.Client and libmc.Client have in common." },
	{ 0, NULL },
};

PyType_Spec base_spec = {
	.name = "_tenon.BaseClient",
	.basicsize = sizeof(struct base_client),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
	.slots = base_slots,
};
