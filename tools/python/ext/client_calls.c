/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls for one key. */
#include "client_object.h"

/* A call for one key, with the arguments that all such calls have. */
struct one {
	struct client *self;
	enum tenon_verb verb;
	PyObject *key;
	PyObject *timeout; /* NULL: not given */
	struct tenon_item item;
};

/*
 * Run one item. Returns its status (0 or more), and then the caller has the client, for
 * base_leave(). Returns -1 with an exception set. *result is a copy; its value stays valid until
 * base_leave().
 */
static int run_one(struct one *one, PyObject **sink,
		   struct tenon_result *result)
{
	struct client *self = one->self;
	const struct tenon_result *results;
	struct tenon_call call;
	struct tenon_error err;

	if (!client_key(one->key, &one->item) ||
	    !client_call(one->verb, one->timeout, &call) ||
	    !client_enter(self)) {
		return -1;
	}
	int code = base_run(&self->base, one->verb, &one->item, 1, &call, sink,
			    &results, &err);
	if (code < 0) {
		base_leave(&self->base);
		client_raise(self, code, &err,
			     results ? results->server : UINT32_MAX, one->key);
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
static bool retrieve(struct one *one, PyObject **out, uint64_t *cas)
{
	struct client *self = one->self;
	struct tenon_result result;
	PyObject *sink = NULL, *bytes = NULL;
	int status = run_one(one, &sink, &result);

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
	*out = bytes ? client_decode(self, bytes, result.flags, one->key) :
		       NULL;
	return *out != NULL;
}

/* Return the value, or `instead` (NULL: None) when the server has no such key. */
static PyObject *retrieve_or(struct one *one, PyObject *instead)
{
	PyObject *value;
	uint64_t cas;

	if (!retrieve(one, &value, &cas)) {
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
	static const char *const names[] = { "key", "default", "timeout",
					     NULL };
	static const struct parameters parameters = { "get", names, 1, 1 };
	PyObject *given[3];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	struct one one = { client_of(self), TENON_GET, given[0], given[2],
			   { .exptime = 0 } };
	return retrieve_or(&one, given[1]);
}

PyObject *client_gat(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const char *const names[] = { "key", "ttl", "default",
					     "timeout", NULL };
	static const struct parameters parameters = { "gat", names, 2, 1 };
	PyObject *given[4];
	int64_t exptime;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !client_ttl(given[1], &exptime)) {
		return NULL;
	}
	struct one one = { client_of(self), TENON_GAT, given[0], given[3],
			   { .exptime = exptime } };
	return retrieve_or(&one, given[2]);
}

static const char *const key_names[] = { "key", "timeout", NULL };

PyObject *client_gets(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		      PyObject *kwnames)
{
	static const struct parameters parameters = { "gets", key_names, 1, 1 };
	PyObject *given[2];
	PyObject *value;
	uint64_t cas;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	struct one one = { client_of(self), TENON_GETS, given[0], given[1],
			   { .exptime = 0 } };
	if (!retrieve(&one, &value, &cas)) {
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
static int run_for(struct one *one, int wanted)
{
	struct tenon_result result;
	int status = run_one(one, NULL, &result);

	if (status < 0) {
		return -1;
	}
	base_leave(&one->self->base);
	return status == wanted;
}

static PyObject *truth(int answer)
{
	return answer < 0 ? NULL : PyBool_FromLong(answer);
}

/* Encode the value and store it. Returns 1: stored, 0: not stored, -1 with an exception set. */
static int store(struct one *one, PyObject *value)
{
	struct encoded encoded = { .owner = NULL };
	int answer = -1;

	if (client_encode(one->self, value, &encoded)) {
		one->item.value = encoded.value;
		one->item.flags = encoded.flags;
		answer = run_for(one, TENON_STORED);
	}
	Py_XDECREF(encoded.owner);
	return answer;
}

/* Store with the arguments (key, value, ttl=0, *, timeout=None). Returns as store(). */
static int store_arguments(PyObject *self, const struct parameters *parameters,
			   enum tenon_verb verb, PyObject *const *args,
			   Py_ssize_t nargs, PyObject *kwnames)
{
	PyObject *given[4];
	int64_t exptime = 0;

	if (!bind_arguments(parameters, args, nargs, kwnames, given) ||
	    (given[2] && !client_ttl(given[2], &exptime))) {
		return -1;
	}
	struct one one = { client_of(self), verb, given[0], given[3],
			   { .exptime = exptime } };
	return store(&one, given[1]);
}

static const char *const store_names[] = { "key", "value", "ttl", "timeout",
					   NULL };

PyObject *client_set(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const struct parameters parameters = { "set", store_names, 2, 1 };

	if (store_arguments(self, &parameters, TENON_SET, args, nargs,
			    kwnames) < 0) {
		return NULL;
	}
	Py_RETURN_NONE;
}

PyObject *client_add(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const struct parameters parameters = { "add", store_names, 2, 1 };

	return truth(store_arguments(self, &parameters, TENON_ADD, args, nargs,
				     kwnames));
}

PyObject *client_replace(PyObject *self, PyObject *const *args,
			 Py_ssize_t nargs, PyObject *kwnames)
{
	static const struct parameters parameters = { "replace", store_names, 2,
						      1 };

	return truth(store_arguments(self, &parameters, TENON_REPLACE, args,
				     nargs, kwnames));
}

PyObject *client_cas(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const char *const names[] = { "key", "value", "cas", "ttl",
					     "timeout", NULL };
	static const struct parameters parameters = { "cas", names, 3, 1 };
	struct tenon_item item = { .delta = 0 };
	PyObject *given[5];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !whole_argument(given[2], "cas", &item.cas) ||
	    (given[3] && !client_ttl(given[3], &item.exptime))) {
		return NULL;
	}
	struct one one = { client_of(self), TENON_CAS, given[0], given[4],
			   item };
	return truth(store(&one, given[1]));
}

/* Append or prepend. The data is sent as it is; a serializer is not called. */
static PyObject *extend(PyObject *self, const struct parameters *parameters,
			enum tenon_verb verb, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	PyObject *given[3];

	if (!bind_arguments(parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	if (!PyBytes_Check(given[1])) {
		return PyErr_Format(PyExc_TypeError,
				    "data must be bytes, not %s",
				    Py_TYPE(given[1])->tp_name);
	}
	struct one one = { client_of(self), verb, given[0], given[2],
			   { .value = bytes_slice(given[1]) } };
	return truth(run_for(&one, TENON_STORED));
}

static const char *const extend_names[] = { "key", "data", "timeout", NULL };

PyObject *client_append(PyObject *self, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	static const struct parameters parameters = { "append", extend_names, 2,
						      1 };

	return extend(self, &parameters, TENON_APPEND, args, nargs, kwnames);
}

PyObject *client_prepend(PyObject *self, PyObject *const *args,
			 Py_ssize_t nargs, PyObject *kwnames)
{
	static const struct parameters parameters = { "prepend", extend_names,
						      2, 1 };

	return extend(self, &parameters, TENON_PREPEND, args, nargs, kwnames);
}

/* ---- the rest ------------------------------------------------------------ */

PyObject *client_delete(PyObject *self, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	static const struct parameters parameters = { "delete", key_names, 1,
						      1 };
	PyObject *given[2];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	struct one one = { client_of(self), TENON_DELETE, given[0], given[1],
			   { .delta = 0 } };
	return truth(run_for(&one, TENON_DELETED));
}

PyObject *client_touch(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		       PyObject *kwnames)
{
	static const char *const names[] = { "key", "ttl", "timeout", NULL };
	static const struct parameters parameters = { "touch", names, 2, 1 };
	PyObject *given[3];
	int64_t exptime;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !client_ttl(given[1], &exptime)) {
		return NULL;
	}
	struct one one = { client_of(self), TENON_TOUCH, given[0], given[2],
			   { .exptime = exptime } };
	return truth(run_for(&one, TENON_TOUCHED));
}

/* Increment or decrement, with the arguments (key, delta=1, *, timeout=None). */
static PyObject *count(PyObject *object, const struct parameters *parameters,
		       enum tenon_verb verb, PyObject *const *args,
		       Py_ssize_t nargs, PyObject *kwnames)
{
	struct tenon_result result;
	PyObject *given[3];
	uint64_t delta = 1;

	if (!bind_arguments(parameters, args, nargs, kwnames, given) ||
	    (given[1] && !whole_argument(given[1], "delta", &delta))) {
		return NULL;
	}
	struct one one = { client_of(object), verb, given[0], given[2],
			   { .delta = delta } };
	int status = run_one(&one, NULL, &result);
	if (status < 0) {
		return NULL;
	}
	base_leave(&one.self->base);
	if (status == TENON_HIT) {
		return PyLong_FromUnsignedLongLong(result.number);
	}
	Py_RETURN_NONE;
}

static const char *const count_names[] = { "key", "delta", "timeout", NULL };

PyObject *client_incr(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		      PyObject *kwnames)
{
	static const struct parameters parameters = { "incr", count_names, 1,
						      1 };

	return count(self, &parameters, TENON_INCR, args, nargs, kwnames);
}

PyObject *client_decr(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		      PyObject *kwnames)
{
	static const struct parameters parameters = { "decr", count_names, 1,
						      1 };

	return count(self, &parameters, TENON_DECR, args, nargs, kwnames);
}
