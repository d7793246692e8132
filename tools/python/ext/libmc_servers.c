/* SPDX-License-Identifier: BSD-3-Clause */
/* libmc's calls over whole servers. */
#include "libmc_client.h"

#include <string.h>

/*
 * Run a command on every server. Returns true, and then the caller has the client, for
 * base_leave(); *results is NULL and *count 0 when there is no server. Returns false with an
 * exception set.
 */
static bool run_servers(struct libmc_client *self, enum tenon_server_verb verb,
			const struct tenon_result **results, size_t *count)
{
	*results = NULL;
	*count = 0;
	if (!libmc_record_thread(self) || !libmc_enter(self)) {
		return false;
	}
	self->last_error = LIBMC_SERVER_ERR;
	if (!self->base.client) {
		return true;
	}
	int code = base_run_servers(&self->base, verb, NULL, NULL, results,
				    NULL);
	if (!*results) {
		base_leave(&self->base);
		libmc_raise_no_results(self, code);
		return false;
	}
	*count = tenon_client_server_count(self->base.client);
	self->last_error = libmc_error_of(TENON_VERB_COUNT, NULL, *results, *count,
					  self->last_error);
	return true;
}

/*
 * Set dict[name of server number i] = value. Takes value over; NULL: an exception is set. Returns
 * false with an exception set.
 */
static bool set_item(struct libmc_client *self, PyObject *dict, size_t i,
		     PyObject *value)
{
	PyObject *name = value ? libmc_server_name(self, i) : NULL;
	bool done = name && PyDict_SetItem(dict, name, value) == 0;

	Py_XDECREF(name);
	Py_XDECREF(value);
	return done;
}

PyObject *libmc_version(PyObject *object, PyObject *unused)
{
	struct libmc_client *self = libmc_of(object);
	const struct tenon_result *results;
	size_t count;

	(void)unused;
	if (!run_servers(self, TENON_VERSION, &results, &count)) {
		return NULL;
	}
	PyObject *dict = PyDict_New();
	for (size_t i = 0; dict && i < count; i++) {
		if (results[i].status == TENON_OK &&
		    !set_item(self, dict, i, PyUnicode_DecodeUTF8(
				results[i].value,
				(Py_ssize_t)results[i].value_len, NULL))) {
			Py_CLEAR(dict);
		}
	}
	base_leave(&self->base);
	return dict;
}

/* ---- stats --------------------------------------------------------------- */

static PyObject *decode_ascii(struct tenon_slice slice)
{
	return PyUnicode_DecodeASCII(slice.data, (Py_ssize_t)slice.len, NULL);
}

/* Return the text as an int, else as a float, else as it is. NULL with an exception set. */
static PyObject *stat_value(struct tenon_slice slice)
{
	PyObject *text = decode_ascii(slice);
	PyObject *value = text ? PyLong_FromUnicodeObject(text, 10) : NULL;

	if (text && !value) {
		PyErr_Clear();
		value = PyFloat_FromString(text);
	}
	if (text && !value) {
		PyErr_Clear();
		return text;
	}
	Py_XDECREF(text);
	return value;
}

static PyObject *make_stats(const struct tenon_result *result)
{
	return result->status == TENON_OK ?
		base_stats(result, decode_ascii, stat_value) : PyDict_New();
}

PyObject *libmc_stats(PyObject *object, PyObject *unused)
{
	struct libmc_client *self = libmc_of(object);
	const struct tenon_result *results;
	size_t count;

	(void)unused;
	if (!run_servers(self, TENON_STATS, &results, &count)) {
		return NULL;
	}
	PyObject *dict = PyDict_New();
	for (size_t i = 0; dict && i < count; i++) {
		if (!set_item(self, dict, i, make_stats(&results[i]))) {
			Py_CLEAR(dict);
		}
	}
	base_leave(&self->base);
	return dict;
}

/* ---- flush_all, quit ----------------------------------------------------- */

PyObject *libmc_toggle_flush_all_feature(PyObject *object, PyObject *enabled)
{
	int truth = PyObject_IsTrue(enabled);

	if (truth < 0) {
		return NULL;
	}
	libmc_of(object)->flush_all_enabled = truth != 0;
	Py_RETURN_NONE;
}

PyObject *libmc_flush_all(PyObject *object, PyObject *unused)
{
	struct libmc_client *self = libmc_of(object);
	const struct tenon_result *results;
	size_t count;

	(void)unused;
	if (!self->flush_all_enabled) {
		self->last_error = LIBMC_PROGRAMMING_ERR;
		PyErr_SetString(PyExc_RuntimeError,
			"Please call client.toggle_flush_all_feature(True) first to enable the flush_all feature.");
		return NULL;
	}
	if (!run_servers(self, TENON_FLUSH_ALL, &results, &count)) {
		return NULL;
	}
	PyObject *list = PyList_New(0);
	for (size_t i = 0; list && i < count; i++) {
		if (results[i].status != TENON_OK) {
			continue;
		}
		PyObject *name = libmc_server_name(self, i);

		if (!name || PyList_Append(list, name) < 0) {
			Py_CLEAR(list);
		}
		Py_XDECREF(name);
	}
	base_leave(&self->base);
	return list;
}

PyObject *libmc_quit(PyObject *object, PyObject *unused)
{
	struct libmc_client *self = libmc_of(object);
	const struct tenon_result *results;
	size_t count;

	(void)unused;
	if (!run_servers(self, TENON_QUIT, &results, &count)) {
		return NULL;
	}
	base_leave(&self->base);
	return PyBool_FromLong(self->last_error == LIBMC_OK ||
			       self->last_error == LIBMC_CONN_POLL_ERR);
}

/* ---- the server of a key --------------------------------------------------- */

PyObject *libmc_get_host_by_key(PyObject *object, PyObject *key)
{
	struct libmc_client *self = libmc_of(object);
	struct tenon_slice slice;
	PyObject *owner;
	size_t index = 0;
	int code = TENON_EBUSY;

	if (!libmc_key(self, key, &slice, &owner)) {
		return NULL;
	}
	if (libmc_enter(self)) {
		if (self->base.client) {
			code = tenon_client_where(self->base.client, slice,
						  &index, NULL);
		}
		base_leave(&self->base);
	}
	Py_XDECREF(owner);
	if (!code) {
		return libmc_server_name(self, index);
	}
	if (PyErr_Occurred()) {
		return NULL;
	}
	Py_RETURN_NONE;
}

/*
 * Return the server that answers for a key now: with failover, this may be another than its home
 * server. A get of the key finds it.
 */
PyObject *libmc_get_realtime_host_by_key(PyObject *object, PyObject *key)
{
	struct libmc_client *self = libmc_of(object);
	struct tenon_item item = { .delta = 0 };
	const struct tenon_result *results;
	PyObject *owner;

	if (!libmc_key(self, key, &item.key, &owner)) {
		return NULL;
	}
	int before = self->last_error;
	bool ran = libmc_run(self, TENON_GET, &item, 1, TENON_RAW, NULL,
			     &results);
	Py_XDECREF(owner);
	if (!ran) {
		return NULL;
	}
	self->last_error = before;
	struct tenon_result result = { .status = TENON_EDOWN };
	if (results) {
		result = *results;
	}
	base_leave(&self->base);
	if (result.status == TENON_EDOWN || result.status == TENON_ECONNECT ||
	    result.status == TENON_EKEY) {
		Py_RETURN_NONE;
	}
	return libmc_server_name(self, result.server);
}

/* ---- the last error ------------------------------------------------------ */

PyObject *libmc_get_last_error(PyObject *self, PyObject *unused)
{
	(void)unused;
	return PyLong_FromLong(libmc_of(self)->last_error);
}

PyObject *libmc_get_last_strerror(PyObject *self, PyObject *unused)
{
	static const char *const names[] = {
		[-LIBMC_OK] = "ok",
		[-LIBMC_INCOMPLETE_BUFFER_ERR] = "incomplete_buffer_error",
		[-LIBMC_INVALID_KEY_ERR] = "invalid_key_error",
		[-LIBMC_PROGRAMMING_ERR] = "programming_error",
		[-LIBMC_SERVER_ERR] = "server_error",
		[-LIBMC_POLL_ERR] = "poll_error",
		[-LIBMC_POLL_TIMEOUT_ERR] = "poll_timeout_error",
		[-LIBMC_CONN_POLL_ERR] = "conn_poll_error",
		[-LIBMC_RECV_ERR] = "recv_error",
		[-LIBMC_SEND_ERR] = "send_error",
	};

	(void)unused;
	return PyUnicode_FromString(names[-libmc_of(self)->last_error]);
}
