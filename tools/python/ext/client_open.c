/* SPDX-License-Identifier: BSD-3-Clause */
/* Open and close a client; its servers. */
#include "client_object.h"

/* Set every (key, YAML text) pair of a list. */
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

static int load_file(struct tenon_config *config, PyObject *path,
		     struct tenon_error *err)
{
	PyObject *bytes;

	if (path == Py_None) {
		return 0;
	}
	if (!PyUnicode_FSConverter(path, &bytes)) {
		return -1;
	}
	int code = tenon_config_load_file(config, PyBytes_AS_STRING(bytes),
					  err);
	Py_DECREF(bytes);
	return code;
}

int client_make_config(PyObject *path, PyObject *settings,
		       struct tenon_config **out, struct tenon_error *err)
{
	int code = tenon_config_create(out, err);

	/*
	 * The fastest transport for a thread that may block. The file or a setting may name
	 * another.
	 */
	if (!code) {
		code = tenon_config_set(*out, "transport", "blocking", err);
	}
	if (!code) {
		code = load_file(*out, path, err);
	}
	if (!code) {
		code = set_settings(*out, settings, err);
	}
	return code;
}

static int open_client(PyObject *path, PyObject *settings,
		       struct tenon_client **client, struct tenon_error *err)
{
	struct tenon_config *config = NULL;
	int code = client_make_config(path, settings, &config, err);

	if (!code) {
		code = tenon_client_open(config, client, err);
	}
	tenon_config_destroy(config);
	return code;
}

/* Set *out = serializer.name, or NULL when the serializer is None. */
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

bool client_set_serializer(struct client *self, PyObject *serializer)
{
	return set_function(&self->dumps, serializer, "dumps") &&
		set_function(&self->loads, serializer, "loads");
}

/* Take the client, which may be closed. Returns false with BusyError set. */
static bool take(struct client *self)
{
	if (base_enter(&self->base)) {
		return true;
	}
	client_raise(self, TENON_EBUSY, NULL, UINT32_MAX, NULL);
	return false;
}

int client_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "path", "settings", "serializer", NULL };
	struct client *self = client_of(object);
	struct tenon_client *client = NULL;
	struct tenon_error err = { 0 };
	PyObject *path, *settings, *serializer;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!O:Client", names,
					 &path, &PyList_Type, &settings,
					 &serializer) ||
	    !client_set_serializer(self, serializer)) {
		return -1;
	}
	if (!take(self)) {
		return -1;
	}
	int code = open_client(path, settings, &client, &err);
	if (!code) {
		base_adopt(&self->base, client);
	}
	base_leave(&self->base);
	if (code) {
		client_raise(self, code, &err, UINT32_MAX, NULL);
	}
	return code ? -1 : 0;
}

bool client_enter(struct client *self)
{
	if (!take(self)) {
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
	if (!take(self)) {
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
	return PyBool_FromLong(!client_of(object)->base.client);
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
	struct tenon_item item = { .flags = 0 };
	size_t index;

	if (!client_key(key, &item) || !client_enter(self)) {
		return NULL;
	}
	PyObject *server = NULL;
	int code = tenon_client_where_item(self->base.client, &item, &index,
					   &err);
	if (code) {
		client_raise(self, code, &err, UINT32_MAX, key);
	} else {
		server = describe_server(self, index);
	}
	base_leave(&self->base);
	return server;
}

/* Refuse text, which is a sequence too, of characters, and a mapping. */
static bool is_list_of_lines(PyObject *servers)
{
	if (!PyUnicode_Check(servers) && !PyBytes_Check(servers) &&
	    !PyDict_Check(servers)) {
		return true;
	}
	PyErr_Format(PyExc_TypeError,
		     "servers must be a list of lines such as [\"localhost:11211 anna\"], not %R",
		     servers);
	return false;
}

bool client_lines_init(struct client_lines *out, PyObject *servers)
{
	*out = (struct client_lines){ .list = NULL };
	if (!is_list_of_lines(servers)) {
		return false;
	}
	out->list = PySequence_List(servers);
	if (!out->list) {
		return false;
	}
	out->count = (size_t)PyList_GET_SIZE(out->list);
	out->specs = PyMem_Calloc(out->count + 1, sizeof(*out->specs));
	if (!out->specs) {
		PyErr_NoMemory();
		return false;
	}
	for (size_t i = 0; i < out->count; i++) {
		out->specs[i] = text_argument(
			PyList_GET_ITEM(out->list, (Py_ssize_t)i),
			"a server");
		if (!out->specs[i]) {
			return false;
		}
	}
	return true;
}

void client_lines_fini(struct client_lines *lines)
{
	PyMem_Free(lines->specs);
	Py_XDECREF(lines->list);
}

PyObject *client_update_servers(PyObject *object, PyObject *servers)
{
	struct client *self = client_of(object);
	struct tenon_error err = { 0 };
	struct client_lines lines;
	int code = -1;

	if (client_lines_init(&lines, servers) && client_enter(self)) {
		code = tenon_client_update_servers(self->base.client,
						   lines.specs, lines.count,
						   &err);
		base_leave(&self->base);
		if (code) {
			client_raise(self, code, &err, UINT32_MAX, NULL);
		}
	}
	client_lines_fini(&lines);
	if (code) {
		return NULL;
	}
	Py_RETURN_NONE;
}

bool client_wait_argument(PyObject *argument, PyObject **out)
{
	*out = argument == Py_None ? NULL : argument;
	if (!*out || PyCallable_Check(argument)) {
		return true;
	}
	PyErr_Format(PyExc_TypeError,
		     "set_wait() takes a function or None, not %s",
		     Py_TYPE(argument)->tp_name);
	return false;
}

PyObject *client_set_wait(PyObject *object, PyObject *argument)
{
	struct client *self = client_of(object);
	struct tenon_error err = { 0 };
	PyObject *wait;

	if (!client_wait_argument(argument, &wait) || !client_enter(self)) {
		return NULL;
	}
	int code = base_set_wait(&self->base, wait, &err);
	base_leave(&self->base);
	if (code) {
		client_raise(self, code, &err, UINT32_MAX, NULL);
		return NULL;
	}
	Py_RETURN_NONE;
}
