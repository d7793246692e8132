/* SPDX-License-Identifier: BSD-3-Clause */
#include "base.h"

#include "pool_object.h"
#include "waiting.h"

/* A client does not keep scratch memory for more keys than this. */
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
 * Make the bytes object that a value is received into; a tenon_sink_fn. The running call does not
 * hold the interpreter lock, so make_sink() takes the lock for this step.
 * NULL: there is no memory, and the library receives the value into memory of its own.
 */
static void *make_sink(void *payload, size_t index, size_t len)
{
	struct base_client *self = payload;

	if (!self->sinks || len > PY_SSIZE_T_MAX) {
		return NULL;
	}
	waiting_lock();
	PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)len);
	if (!bytes) {
		PyErr_Clear();
	}
	Py_XSETREF(self->sinks[index], bytes);
	waiting_unlock();
	return bytes ? PyBytes_AS_STRING(bytes) : NULL;
}

void base_adopt(struct base_client *self, struct tenon_client *client)
{
	if (self->client != self->lent) {
		tenon_client_close(self->client);
	}
	self->client = client;
	if (client) {
		tenon_client_set_sink(client, SINK_MIN_BYTES, make_sink, self);
		/* A transport that does not notice signals is used as it is. */
		(void)tenon_client_set_interrupt(client, waiting_check_signals,
						 NULL, NULL);
	}
}

void base_borrow(struct base_client *self, PyObject *pool,
		 struct tenon_client *lent)
{
	base_adopt(self, lent);
	self->lent = lent;
	self->pool = pool;
}

void base_fini(struct base_client *self)
{
	base_adopt(self, NULL);
	if (self->pool) {
		pool_take_back(self);
	}
	Py_CLEAR(self->wait);
	scratch_free(self->scratch);
}

/* ---- values received into bytes objects --------------------------------- */

PyObject *base_value(const struct tenon_result *result, PyObject **sink)
{
	PyObject *value = sink ? *sink : NULL;

	if (value && result->value == PyBytes_AS_STRING(value)) {
		*sink = NULL;
		return value;
	}
	return PyBytes_FromStringAndSize(result->value,
					 (Py_ssize_t)result->value_len);
}

/* ---- waits --------------------------------------------------------------- */

int base_set_wait(struct base_client *self, PyObject *wait,
		  struct tenon_error *err)
{
	int code = tenon_client_set_wait(self->client,
					 wait ? waiting_in_python : NULL,
					 &self->wait, err);

	if (!code) {
		self->hooked = self->client == self->lent;
		set_reference(&self->wait, wait);
	}
	return code;
}

/* ---- calls -------------------------------------------------------------- */

/*
 * End a call of the library: take the interpreter lock. Returns the call's code, or TENON_EWAIT
 * with an exception set and no results when the wait function raised.
 */
static int end_call(int code, const struct tenon_result **results)
{
	if (waiting_end()) {
		return code;
	}
	*results = NULL;
	return TENON_EWAIT;
}

int base_run(struct base_client *self, enum tenon_verb verb,
	     const struct tenon_item *items, size_t count,
	     const struct tenon_call *call, PyObject **sinks,
	     const struct tenon_result **results, struct tenon_error *err)
{
	self->sinks = sinks;
	waiting_unlock();
	int code = tenon_run(self->client, verb, items, count, call, results,
			     err);
	code = end_call(code, results);
	self->sinks = NULL;
	return code;
}

int base_run_servers(struct base_client *self, enum tenon_server_verb verb,
		     const char *argument, const struct tenon_call *call,
		     const struct tenon_result **results,
		     struct tenon_error *err)
{
	waiting_unlock();
	int code = tenon_run_servers(self->client, verb, argument, call,
				     results, err);
	return end_call(code, results);
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

/*
 * The two functions below read the container's size and then its items. Nothing between these
 * steps may allocate a Python object: that can start the garbage collector, and a finalizer can
 * change the container.
 */

struct scratch *base_copy_sequence(struct base_client *self, PyObject *sequence,
				   size_t *count)
{
	struct scratch *scratch = base_take_scratch(
		self, (size_t)PySequence_Fast_GET_SIZE(sequence));

	*count = 0;
	if (!scratch) {
		return NULL;
	}
	*count = (size_t)PySequence_Fast_GET_SIZE(sequence);
	for (size_t i = 0; i < *count; i++) {
		scratch->keys[i] = PySequence_Fast_GET_ITEM(sequence,
							    (Py_ssize_t)i);
		Py_INCREF(scratch->keys[i]);
	}
	return scratch;
}

struct scratch *base_copy_dict(struct base_client *self, PyObject *dict,
			       size_t *count)
{
	struct scratch *scratch = base_take_scratch(
		self, (size_t)PyDict_GET_SIZE(dict));
	Py_ssize_t position = 0;
	PyObject *key, *value;

	*count = 0;
	while (scratch && *count < scratch->capacity &&
	       PyDict_Next(dict, &position, &key, &value)) {
		Py_INCREF(key);
		Py_INCREF(value);
		scratch->keys[*count] = key;
		scratch->values[(*count)++] = value;
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
	{ Py_tp_doc, (void *)"The base of tenon.Client and libmc.Client." },
	{ 0, NULL },
};

PyType_Spec base_spec = {
	.name = "_tenon.BaseClient",
	.basicsize = sizeof(struct base_client),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
	.slots = base_slots,
};
