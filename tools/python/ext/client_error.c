/* SPDX-License-Identifier: BSD-3-Clause */
#include "client_object.h"

PyObject *client_register(PyObject *module, PyObject *const *args,
			  Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "make_error", "make_multi_error",
					     NULL };
	static const struct parameters parameters = { "register", names, 2, 0 };
	struct module_state *state = PyModule_GetState(module);
	PyObject *given[2];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	set_reference(&state->make_error, given[0]);
	set_reference(&state->make_multi_error, given[1]);
	Py_RETURN_NONE;
}

/*
 * Call the registered make_error(status, message, alias, address, key, errno). An argument that is
 * not known is None.
 */
static PyObject *make_error(struct client *self, int status,
			    const char *message, uint32_t server,
			    PyObject *key, int sys_errno)
{
	struct tenon_server_info info = { .alias = NULL };

	if (!self->base.state->make_error) {
		PyErr_SetString(PyExc_RuntimeError,
				"the package tenon is not imported");
		return NULL;
	}
	if (self->base.client) {
		(void)tenon_client_server(self->base.client, server, &info);
	}
	return PyObject_CallFunction(self->base.state->make_error, "izzzOi",
				     status, message, info.alias, info.address,
				     key ? key : Py_None, sys_errno);
}

static void set_exception(PyObject *error)
{
	if (error) {
		PyErr_SetObject((PyObject *)Py_TYPE(error), error);
		Py_DECREF(error);
	}
}

void client_raise(struct client *self, int status,
		  const struct tenon_error *err, uint32_t server,
		  PyObject *key)
{
	const char *message = err && err->message[0] ? err->message : NULL;

	if (PyErr_Occurred()) { /* raised by the wait function */
		return;
	}
	if (status == TENON_ENOMEM) {
		PyErr_NoMemory();
		return;
	}
	set_exception(make_error(self, status, message, server, key,
				 err ? err->sys_errno : 0));
}

PyObject *client_make_error(struct client *self, int status, const char *text,
			    uint32_t server, PyObject *key, int sys_errno)
{
	return make_error(self, status, text, server, key, sys_errno);
}

void client_chain_undecodable(struct client *self, PyObject *key)
{
	PyObject *kind, *cause, *trace;

	if (!PyErr_ExceptionMatches(PyExc_Exception)) {
		return;
	}
	PyErr_Fetch(&kind, &cause, &trace);
	PyErr_NormalizeException(&kind, &cause, &trace);
	PyObject *error = make_error(self, TENON_EUNDECODABLE,
				     "the serializer cannot read the value",
				     UINT32_MAX, key, 0);
	if (error) {
		PyException_SetCause(error, cause); /* takes cause over */
		cause = NULL;
	}
	Py_XDECREF(kind);
	Py_XDECREF(cause);
	Py_XDECREF(trace);
	set_exception(error);
}

void client_raise_multi(struct client *self, PyObject *values, PyObject *errors)
{
	PyObject *make = self->base.state->make_multi_error;

	if (values && errors && make) {
		set_exception(PyObject_CallFunctionObjArgs(make, values, errors,
							   NULL));
	}
	Py_XDECREF(values);
	Py_XDECREF(errors);
}
