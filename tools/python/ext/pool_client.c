/* SPDX-License-Identifier: BSD-3-Clause */
/* The pool of the package tenon. */
#include "client_object.h"
#include "pool_object.h"
#include "waiting.h"

static void follow(PyObject *object, PyObject *model)
{
	struct client *client = client_of(object);

	set_reference(&client->dumps, client_of(model)->dumps);
	set_reference(&client->loads, client_of(model)->loads);
}

static void raise_failure(PyObject *model, int code,
			  const struct tenon_error *err)
{
	client_raise(client_of(model), code, err, UINT32_MAX, NULL);
}

static const struct pool_kind kind = { follow, raise_failure, NULL };

/* ---- opening ------------------------------------------------------------- */

static int open_pool(PyObject *path, PyObject *settings, uint32_t size,
		     struct tenon_pool **pool, struct tenon_error *err)
{
	const struct tenon_pool_limits limits = { 1, size, 1 };
	struct tenon_config *config = NULL;
	int code = client_make_config(path, settings, &config, err);

	if (!code) {
		code = tenon_pool_open(config, &limits, pool, err);
	}
	tenon_config_destroy(config);
	return code;
}

static bool check_arguments(const struct pool_object *self, PyObject *type,
			    long size)
{
	if (self->kind) {
		PyErr_SetString(PyExc_ValueError, "the pool is set up already");
	} else if (!PyType_IsSubtype((PyTypeObject *)type,
				     self->state->client_type)) {
		PyErr_SetString(PyExc_TypeError,
				"client_type must be a class that derives from Client");
	} else if (size < 1 || size > TENON_POOL_CLIENTS_MAX) {
		PyErr_Format(PyExc_ValueError,
			     "pool size %ld, expected 1 to %d", size,
			     TENON_POOL_CLIENTS_MAX);
	} else {
		return true;
	}
	return false;
}

static int pool_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "path", "settings", "serializer",
				 "client_type", "size", NULL };
	struct pool_object *self = pool_of(object);
	struct tenon_error err = { 0 };
	struct tenon_pool *pool = NULL;
	PyObject *path, *settings, *serializer, *type;
	long size;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!OO!l:Pool", names,
					 &path, &PyList_Type, &settings,
					 &serializer, &PyType_Type, &type,
					 &size) ||
	    !check_arguments(self, type, size)) {
		return -1;
	}
	PyObject *model = base_new((PyTypeObject *)type, NULL, NULL);
	if (!model || !client_set_serializer(client_of(model), serializer)) {
		Py_XDECREF(model);
		return -1;
	}
	int code = open_pool(path, settings, (uint32_t)size, &pool, &err);
	if (code) {
		client_raise(client_of(model), code, &err, UINT32_MAX, NULL);
		Py_DECREF(model);
		return -1;
	}
	return pool_set_up(self, &kind, model, pool) ? 0 : -1;
}

/* ---- changes ------------------------------------------------------------- */

/* Return None for code 0; for any other code, NULL with its exception set. */
static PyObject *answer(const struct pool_object *self, int code,
			const struct tenon_error *err)
{
	if (code) {
		raise_failure(self->model, code, err);
		return NULL;
	}
	Py_RETURN_NONE;
}

static PyObject *pool_update_servers(PyObject *object, PyObject *servers)
{
	const struct pool_object *self = pool_of(object);
	struct client_lines lines;
	struct tenon_error err = { 0 };
	PyObject *done = NULL;

	if (client_lines_init(&lines, servers) && pool_check_open(self)) {
		int code = tenon_pool_update_servers(self->pool, lines.specs,
						     lines.count, &err);

		done = answer(self, code, &err);
	}
	client_lines_fini(&lines);
	return done;
}

static PyObject *pool_set_wait(PyObject *object, PyObject *argument)
{
	struct pool_object *self = pool_of(object);
	struct tenon_error err = { 0 };
	PyObject *wait;

	if (!client_wait_argument(argument, &wait) || !pool_check_open(self)) {
		return NULL;
	}
	int code = tenon_pool_set_wait(self->pool,
				       wait ? waiting_in_python : NULL,
				       &self->wait, &err);
	if (!code) {
		set_reference(&self->wait, wait);
	}
	return answer(self, code, &err);
}

static PyObject *pool_close(PyObject *object, PyObject *unused)
{
	(void)unused;
	pool_shut(pool_of(object));
	Py_RETURN_NONE;
}

/* ---- the type ------------------------------------------------------------ */

ONE_ARGUMENT(one_update_servers, pool_update_servers, "update_servers",
	     "servers")
ONE_ARGUMENT(one_set_wait, pool_set_wait, "set_wait", "wait")

static PyMethodDef pool_methods[] = {
	{ "update_servers", (PyCFunction)(void (*)(void))one_update_servers,
	  METH_FASTCALL | METH_KEYWORDS,
	  DOC("update_servers", "($self, servers)", "Client.update_servers() for all clients, also for those that are lent.") },
	{ "set_wait", (PyCFunction)(void (*)(void))one_set_wait,
	  METH_FASTCALL | METH_KEYWORDS,
	  DOC("set_wait", "($self, wait)", "Client.set_wait() for all clients, and for waits for a free client.") },
	{ "close", pool_close, METH_NOARGS,
	  DOC("close", "($self)", "Close the idle clients now, and each lent client when it is given back. Callers that\nwait for a client get a ValueError.") },
	{ "__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS,
	  "Pool[C] for type checkers; C is the type of the clients." },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot pool_slots[] = {
	{ Py_tp_doc, (void *)DOC("Pool", "(path, settings, serializer, client_type, size)", "See tenon.Pool.") },
	{ Py_tp_init, (void *)pool_init },
	{ Py_tp_methods, pool_methods },
	{ 0, NULL },
};

PyType_Spec pool_spec = {
	.name = "_tenon.Pool",
	.basicsize = sizeof(struct pool_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
	.slots = pool_slots,
};
