/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls for one key. */
#include "client_object.h"

/*
 * Run one item. Returns its status (0 or more), and then the caller has the client, for
 * base_leave(). Returns -1 with an exception set. *result is a copy; its value stays valid until
 * base_leave().
 */
static int run_one(struct client *self, enum tenon_verb verb, PyObject *key,
		   struct tenon_item *item, PyObject **sink,
		   struct tenon_result *result)
{
	const struct tenon_result *results;
	struct tenon_error err;

	if (!client_key(key, &item->key) || !client_enter(self)) {
		return -1;
	}
	int code = base_run(&self->base, verb, item, 1, client_options(verb),
			    sink, &results, &err);
	if (code < 0) {
		base_leave(&self->base);
		client_raise(self, code, &err,
			     results ? results->server : UINT32_MAX, key);
		return -1;
	}
	*result = *results;
	return result->status;
}

/* ---- retrieving ---------------------------------------------------------- */

/*
 * Read one key. *out is NULL when the server has no such key. Returns false with an exception
 * set.
 */
static bool retrieve(struct client *self, enum tenon_verb verb, PyObject *key,
		     int64_t exptime, PyObject **out, uint64_t *cas)
{
	struct tenon_item item = { .exptime = exptime };
	struct tenon_result result;
	PyObject *sink = NULL, *bytes = NULL;
	int status = run_one(self, verb, key, &item, &sink, &result);

	*out = NULL;
	if (status >= 0) {
		if (status == TENON_HIT) {
			bytes = base_value(&result, &sink);
			*cas = result.cas;
		}
		base_leave(&self->base);
	}
	Py_XDECREF(sink);
	if (status != TENON_HIT) {
		return status >= 0;
	}
	*out = bytes ? client_decode(self, bytes, result.flags, key) : NULL;
	return *out != NULL;
}

/* Return the value, or `instead` (NULL: None) when the server has no such key. */
static PyObject *retrieve_or(struct client *self, enum tenon_verb verb,
			     PyObject *key, int64_t exptime, PyObject *instead)
{
	PyObject *value;
	uint64_t cas;

	if (!retrieve(self, verb, key, exptime, &value, &cas)) {
		return NULL;
	}
	if (!value) {
		value = instead ? instead : Py_None;
		Py_INCREF(value);
	}
	return value;
}

PyObject *client_get(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const char *const names[] = { "key", "default", NULL };
	static const struct parameters parameters = { "get", names, 1 };
	PyObject *given[2];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	return retrieve_or(client_of(self), TENON_GET, given[0], 0, given[1]);
}

PyObject *client_gat(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const char *const names[] = { "key", "ttl", "default", NULL };
	static const struct parameters parameters = { "gat", names, 2 };
	PyObject *given[3];
	int64_t exptime;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !client_ttl(given[1], &exptime)) {
		return NULL;
	}
	return retrieve_or(client_of(self), TENON_GAT, given[0], exptime,
			   given[2]);
}

PyObject *client_gets(PyObject *self, PyObject *key)
{
	PyObject *value;
	uint64_t cas;

	if (!retrieve(client_of(self), TENON_GETS, key, 0, &value, &cas)) {
		return NULL;
	}
	if (!value) {
		Py_RETURN_NONE;
	}
	return Py_BuildValue("(NK)", value, (unsigned long long)cas);
}

/* ---- storing ------------------------------------------------------------- */

/*
 * Run an item that has no value to return. Returns 1 when the status is `wanted`, 0 when it is
 * another, -1 with an exception set.
 */
static int run_for(struct client *self, enum tenon_verb verb, PyObject *key,
		   struct tenon_item *item, int wanted)
{
	struct tenon_result result;
	int status = run_one(self, verb, key, item, NULL, &result);

	if (status < 0) {
		return -1;
	}
	base_leave(&self->base);
	return status == wanted;
}

static PyObject *truth(int answer)
{
	return answer < 0 ? NULL : PyBool_FromLong(answer);
}

/* Encode the value and store it. Returns 1: stored, 0: not stored, -1 with an exception set. */
static int store(PyObject *object, enum tenon_verb verb, PyObject *key,
		 PyObject *value, struct tenon_item *item)
{
	struct client *self = client_of(object);
	struct encoded encoded = { .owner = NULL };
	int answer = -1;

	if (client_encode(self, value, &encoded)) {
		item->value = encoded.value;
		item->flags = encoded.flags;
		answer = run_for(self, verb, key, item, TENON_STORED);
	}
	Py_XDECREF(encoded.owner);
	return answer;
}

/* Store with the arguments (key, value, ttl=0). Returns as store(). */
static int store_arguments(PyObject *self, const struct parameters *parameters,
			   enum tenon_verb verb, PyObject *const *args,
			   Py_ssize_t nargs, PyObject *kwnames)
{
	struct tenon_item item = { .delta = 0 };
	PyObject *given[3];

	if (!bind_arguments(parameters, args, nargs, kwnames, given) ||
	    (given[2] && !client_ttl(given[2], &item.exptime))) {
		return -1;
	}
	return store(self, verb, given[0], given[1], &item);
}

static const char *const store_names[] = { "key", "value", "ttl", NULL };

PyObject *client_set(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const struct parameters parameters = { "set", store_names, 2 };

	if (store_arguments(self, &parameters, TENON_SET, args, nargs,
			    kwnames) < 0) {
		return NULL;
	}
	Py_RETURN_NONE;
}

PyObject *client_add(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const struct parameters parameters = { "add", store_names, 2 };

	return truth(store_arguments(self, &parameters, TENON_ADD, args, nargs,
				     kwnames));
}

PyObject *client_replace(PyObject *self, PyObject *const *args,
			 Py_ssize_t nargs, PyObject *kwnames)
{
	static const struct parameters parameters = { "replace", store_names, 2 };

	return truth(store_arguments(self, &parameters, TENON_REPLACE, args,
				     nargs, kwnames));
}

PyObject *client_cas(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const char *const names[] = { "key", "value", "cas", "ttl",
					     NULL };
	static const struct parameters parameters = { "cas", names, 3 };
	struct tenon_item item = { .delta = 0 };
	PyObject *given[4];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !whole_argument(given[2], "cas", &item.cas) ||
	    (given[3] && !client_ttl(given[3], &item.exptime))) {
		return NULL;
	}
	return truth(store(self, TENON_CAS, given[0], given[1], &item));
}

/* Append or prepend. The data is sent as it is; a serializer is not called. */
static PyObject *extend(PyObject *self, const struct parameters *parameters,
			enum tenon_verb verb, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	struct tenon_item item = { .delta = 0 };
	PyObject *given[2];

	if (!bind_arguments(parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	if (!PyBytes_Check(given[1])) {
		return PyErr_Format(PyExc_TypeError,
				    "data must be bytes, not %s",
				    Py_TYPE(given[1])->tp_name);
	}
	item.value = bytes_slice(given[1]);
	return truth(run_for(client_of(self), verb, given[0], &item,
			     TENON_STORED));
}

static const char *const extend_names[] = { "key", "data", NULL };

PyObject *client_append(PyObject *self, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	static const struct parameters parameters = { "append", extend_names, 2 };

	return extend(self, &parameters, TENON_APPEND, args, nargs, kwnames);
}

PyObject *client_prepend(PyObject *self, PyObject *const *args,
			 Py_ssize_t nargs, PyObject *kwnames)
{
	static const struct parameters parameters = { "prepend", extend_names,
						      2 };

	return extend(self, &parameters, TENON_PREPEND, args, nargs, kwnames);
}

/* ---- the rest ------------------------------------------------------------ */

PyObject *client_delete(PyObject *self, PyObject *key)
{
	struct tenon_item item = { .delta = 0 };

	return truth(run_for(client_of(self), TENON_DELETE, key, &item,
			     TENON_DELETED));
}

PyObject *client_touch(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		       PyObject *kwnames)
{
	static const char *const names[] = { "key", "ttl", NULL };
	static const struct parameters parameters = { "touch", names, 2 };
	struct tenon_item item = { .delta = 0 };
	PyObject *given[2];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !client_ttl(given[1], &item.exptime)) {
		return NULL;
	}
	return truth(run_for(client_of(self), TENON_TOUCH, given[0], &item,
			     TENON_TOUCHED));
}

/* Increment or decrement, with the arguments (key, delta=1). */
static PyObject *count(PyObject *object, const struct parameters *parameters,
		       enum tenon_verb verb, PyObject *const *args,
		       Py_ssize_t nargs, PyObject *kwnames)
{
	struct client *self = client_of(object);
	struct tenon_item item = { .delta = 1 };
	struct tenon_result result;
	PyObject *given[2];

	if (!bind_arguments(parameters, args, nargs, kwnames, given) ||
	    (given[1] && !whole_argument(given[1], "delta", &item.delta))) {
		return NULL;
	}
	int status = run_one(self, verb, given[0], &item, NULL, &result);
	if (status < 0) {
		return NULL;
	}
	base_leave(&self->base);
	if (status == TENON_HIT) {
		return PyLong_FromUnsignedLongLong(result.number);
	}
	Py_RETURN_NONE;
}

static const char *const count_names[] = { "key", "delta", NULL };

PyObject *client_incr(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		      PyObject *kwnames)
{
	static const struct parameters parameters = { "incr", count_names, 1 };

	return count(self, &parameters, TENON_INCR, args, nargs, kwnames);
}

PyObject *client_decr(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		      PyObject *kwnames)
{
	static const struct parameters parameters = { "decr", count_names, 1 };

	return count(self, &parameters, TENON_DECR, args, nargs, kwnames);
}
