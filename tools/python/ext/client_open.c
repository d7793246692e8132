/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening, closing, and the servers of a client. */
#include "client_object.h"

/* Set every (key, YAML) pair of a list. */
static int set_settings(struct tenon_config *config, PyObject *settings,
			struct tenon_error *err)
{
	int code = 0;

	for (Py_ssize_t i = 0; !code && i < PyList_GET_SIZE(settings); i++) {
		const char *key, *value;

		code = PyArg_ParseTuple(PyList_GET_ITEM(settings, i), "ss",
					&key, &value) ?
			tenon_config_set(config, key, value, err) : -1;
	}
	return code;
}

static int open_client(const char *path, PyObject *settings,
		       struct tenon_client **client, struct tenon_error *err)
{
	struct tenon_config *config = NULL;
	int code = tenon_config_create(&config, err);

	/* the fastest for a thread that may block; a file may choose another */
	if (!code) {
		code = tenon_config_set(config, "transport", "blocking", err);
	}
	if (!code && path) {
		code = tenon_config_load_file(config, path, err);
	}
	if (!code) {
		code = set_settings(config, settings, err);
	}
	if (!code) {
		code = tenon_client_open(config, client, err);
	}
	tenon_config_destroy(config);
	return code;
}

/* *out = serializer.name, or NULL without a serializer. */
static bool set_function(PyObject **out, PyObject *serializer, const char *name)
{
	PyObject *function = NULL;

	if (serializer != Py_None) {
		function = PyObject_GetAttrString(serializer, name);
		if (!function) {
			return false;
		}
	}
	Py_XSETREF(*out, function);
	return true;
}

int client_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "path", "settings", "serializer", NULL };
	struct client *self = client_of(object);
	struct tenon_client *client = NULL;
	struct tenon_error err = { 0 };
	PyObject *path, *settings, *serializer, *bytes = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!O:Client", names,
					 &path, &PyList_Type, &settings,
					 &serializer) ||
	    (path != Py_None && !PyUnicode_FSConverter(path, &bytes)) ||
	    !set_function(&self->dumps, serializer, "dumps") ||
	    !set_function(&self->loads, serializer, "loads")) {
		Py_XDECREF(bytes);
		return -1;
	}
	if (!base_enter(&self->base)) {
		Py_XDECREF(bytes);
		client_raise(self, TENON_EBUSY, NULL, UINT32_MAX, NULL);
		return -1;
	}
	int code = open_client(bytes ? PyBytes_AS_STRING(bytes) : NULL,
			       settings, &client, &err);
	Py_XDECREF(bytes);
	if (!code) {
		base_adopt(&self->base, client);
	}
	base_leave(&self->base);
	if (code && !PyErr_Occurred()) {
		client_raise(self, code, &err, UINT32_MAX, NULL);
	}
	return code ? -1 : 0;
}

bool client_enter(struct client *self)
{
	if (!base_enter(&self->base)) {
		client_raise(self, TENON_EBUSY, NULL, UINT32_MAX, NULL);
		return false;
	}
	if (!self->base.client) {
		base_leave(&self->base);
		PyErr_SetString(PyExc_ValueError, "the client is closed");
		return false;
	}
	return true;
}

PyObject *client_close(PyObject *object, PyObject *unused)
{
	struct client *self = client_of(object);

	(void)unused;
	if (!base_enter(&self->base)) {
		client_raise(self, TENON_EBUSY, NULL, UINT32_MAX, NULL);
		return NULL;
	}
	base_adopt(&self->base, NULL);
	base_leave(&self->base);
	Py_RETURN_NONE;
}

PyObject *client_disconnect(PyObject *object, PyObject *unused)
{
	struct client *self = client_of(object);

	(void)unused;
	if (!client_enter(self)) {
		return NULL;
	}
	tenon_client_disconnect(self->base.client);
	base_leave(&self->base);
	Py_RETURN_NONE;
}

PyObject *client_closed(PyObject *object, void *unused)
{
	(void)unused;
	return PyBool_FromLong(client_of(object)->base.client == NULL);
}

/* ---- servers ------------------------------------------------------------- */

static PyObject *describe_server(struct client *self, size_t index)
{
	struct tenon_server_info info;

	if (tenon_client_server(self->base.client, index, &info) != 0) {
		PyErr_SetString(PyExc_IndexError, "no such server");
		return NULL;
	}
	return Py_BuildValue("(ssI)", info.alias, info.address, info.weight);
}

PyObject *client_servers(PyObject *object, void *unused)
{
	struct client *self = client_of(object);

	(void)unused;
	if (!client_enter(self)) {
		return NULL;
	}
	size_t count = tenon_client_server_count(self->base.client);
	PyObject *list = PyList_New((Py_ssize_t)count);
	for (size_t i = 0; list && i < count; i++) {
		PyObject *server = describe_server(self, i);

		if (!server) {
			Py_CLEAR(list);
			break;
		}
		PyList_SET_ITEM(list, (Py_ssize_t)i, server);
	}
	base_leave(&self->base);
	return list;
}

PyObject *client_where(PyObject *object, PyObject *key)
{
	struct client *self = client_of(object);
	struct tenon_error err = { 0 };
	struct tenon_slice slice;
	size_t index;

	if (!client_key(key, &slice) || !client_enter(self)) {
		return NULL;
	}
	PyObject *server = NULL;
	int code = tenon_client_where(self->base.client, slice, &index, &err);
	if (code) {
		client_raise(self, code, &err, UINT32_MAX, key);
	} else {
		server = describe_server(self, index);
	}
	base_leave(&self->base);
	return server;
}

PyObject *client_update_servers(PyObject *object, PyObject *servers)
{
	struct client *self = client_of(object);
	struct tenon_error err = { 0 };
	PyObject *lines = PySequence_List(servers);
	int code = -1;

	if (!lines) {
		return NULL;
	}
	size_t count = (size_t)PyList_GET_SIZE(lines);
	const char **specs = PyMem_Calloc(count + 1, sizeof(*specs));
	if (!specs) {
		PyErr_NoMemory();
	}
	for (size_t i = 0; specs && i < count && !PyErr_Occurred(); i++) {
		specs[i] = PyUnicode_AsUTF8(
			PyList_GET_ITEM(lines, (Py_ssize_t)i));
	}
	if (!PyErr_Occurred() && client_enter(self)) {
		code = tenon_client_update_servers(self->base.client, specs,
						   count, &err);
		base_leave(&self->base);
		if (code) {
			client_raise(self, code, &err, UINT32_MAX, NULL);
		}
	}
	PyMem_Free(specs);
	Py_DECREF(lines);
	if (code) {
		return NULL;
	}
	Py_RETURN_NONE;
}

PyObject *client_set_wait(PyObject *object, PyObject *wait)
{
	struct client *self = client_of(object);
	struct tenon_error err = { 0 };

	if (wait != Py_None && !PyCallable_Check(wait)) {
		return PyErr_Format(PyExc_TypeError,
				    "set_wait() takes a function or None, not %s",
				    Py_TYPE(wait)->tp_name);
	}
	if (!client_enter(self)) {
		return NULL;
	}
	int code = base_set_wait(&self->base, wait == Py_None ? NULL : wait,
				 &err);
	base_leave(&self->base);
	if (code) {
		client_raise(self, code, &err, UINT32_MAX, NULL);
		return NULL;
	}
	Py_RETURN_NONE;
}
