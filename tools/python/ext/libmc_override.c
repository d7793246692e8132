/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods of libmc's client that a subclass overrides, or a test replaces by an attribute of the
 * client. The other methods call them as libmc's do. A client without overridden methods does not
 * pay for this: the version of a type changes whenever an attribute of the type does.
 */
#include "libmc_client.h"

static const char *const names[LIBMC_METHOD_COUNT] = {
	[LIBMC_NORMALIZE_KEY] = "normalize_key",
	[LIBMC_GET_RAW] = "get_raw",
	[LIBMC_SET_RAW] = "set_raw",
	[LIBMC_GET_MULTI] = "get_multi",
	[LIBMC_TOUCH] = "touch",
	[LIBMC_CHECK_THREAD] = "_check_thread_ident",
	[LIBMC_RECORD_THREAD] = "_record_thread_ident",
	[LIBMC_CURRENT_THREAD] = "_get_current_thread_ident",
	[LIBMC_CLEAR_THREAD] = "clear_thread_ident",
};

bool libmc_find_methods(struct module_state *state)
{
	for (int i = 0; i < LIBMC_METHOD_COUNT; i++) {
		state->method_names[i] = PyUnicode_InternFromString(names[i]);
		state->methods[i] = state->method_names[i] ?
			PyObject_GetAttr((PyObject *)state->libmc_type,
					 state->method_names[i]) : NULL;
		if (!state->methods[i]) {
			return false;
		}
	}
	return true;
}

unsigned libmc_find_overrides(struct libmc_client *self)
{
	const struct module_state *state = self->base.state;
	PyTypeObject *type = Py_TYPE((PyObject *)self);

	self->overrides = self->patched;
	for (int i = 0; i < LIBMC_METHOD_COUNT; i++) {
		PyObject *found = PyObject_GetAttr((PyObject *)type,
						   state->method_names[i]);

		if (found != state->methods[i]) {
			self->overrides |= 1U << i;
		}
		if (!found) {
			PyErr_Clear();
		}
		Py_XDECREF(found);
	}
	self->type_version = libmc_type_version(type);
	return self->overrides;
}

PyObject *libmc_call(struct libmc_client *self, enum libmc_method method,
		     PyObject *a, PyObject *b, PyObject *c, PyObject *d)
{
	return PyObject_CallMethodObjArgs((PyObject *)self,
		self->base.state->method_names[method], a, b, c, d, NULL);
}

int libmc_setattro(PyObject *object, PyObject *name, PyObject *value)
{
	struct libmc_client *self = libmc_of(object);
	const struct module_state *state = self->base.state;
	int code = PyObject_GenericSetAttr(object, name, value);

	for (int i = 0; !code && i < LIBMC_METHOD_COUNT; i++) {
		if (PyUnicode_Compare(name, state->method_names[i]) == 0) {
			self->patched = value ? self->patched | 1U << i :
						self->patched & ~(1U << i);
			self->type_version = 0;
		}
	}
	return code;
}
