/* SPDX-License-Identifier: BSD-3-Clause */
#include "client_object.h"

/* The longest time to live that the library takes, see struct tenon_item. */
#define TTL_MAX_S (INT64_C(1) << 32)

/*
 * Find the bytes of a str, in UTF-8, or of bytes. Returns false for any other object, without an
 * exception, and for a str that has no UTF-8 form, with an exception set.
 */
static inline bool find_bytes(PyObject *object, struct tenon_slice *out)
{
	Py_ssize_t len;

	if (PyUnicode_Check(object)) {
		out->data = PyUnicode_AsUTF8AndSize(object, &len);
		out->len = (size_t)len;
		return out->data != NULL;
	}
	if (PyBytes_Check(object)) {
		*out = bytes_slice(object);
		return true;
	}
	return false;
}

/* Find the bytes of one part of a tuple (routing_key, key). Returns false with an exception set. */
static bool find_part(PyObject *part, const char *name, struct tenon_slice *out)
{
	if (find_bytes(part, out)) {
		return true;
	}
	if (!PyErr_Occurred()) {
		PyErr_Format(PyExc_TypeError,
			     "%s of a tuple (routing_key, key) must be str or bytes, not %s",
			     name, Py_TYPE(part)->tp_name);
	}
	return false;
}

/* Read a tuple (routing_key, key). Returns false with an exception set. */
static bool find_routed(PyObject *pair, struct tenon_item *item)
{
	if (PyTuple_GET_SIZE(pair) != 2) {
		PyErr_Format(PyExc_ValueError,
			     "a tuple as a key must be (routing_key, key), not a tuple of length %zd",
			     PyTuple_GET_SIZE(pair));
		return false;
	}
	if (!find_part(PyTuple_GET_ITEM(pair, 0), "routing_key",
		       &item->routing_key) ||
	    !find_part(PyTuple_GET_ITEM(pair, 1), "key", &item->key)) {
		return false;
	}
	if (!item->routing_key.len) {
		PyErr_SetString(PyExc_ValueError,
				"routing_key of a tuple (routing_key, key) is empty; give the key alone when the key decides the server");
		return false;
	}
	return true;
}

bool client_key(PyObject *key, struct tenon_item *item)
{
	if (find_bytes(key, &item->key)) {
		return true;
	}
	if (PyErr_Occurred()) {
		return false;
	}
	if (PyTuple_Check(key)) {
		return find_routed(key, item);
	}
	PyErr_Format(PyExc_TypeError,
		     "key must be str, bytes or a tuple (routing_key, key), not %s",
		     Py_TYPE(key)->tp_name);
	return false;
}

bool client_ttl(PyObject *ttl, int64_t *out)
{
	if (!seconds_argument(ttl, "ttl", out)) {
		return false;
	}
	if (*out > TTL_MAX_S) {
		PyErr_Format(PyExc_OverflowError, "ttl %S is too long", ttl);
		return false;
	}
	return true;
}

/* Return true when the items of a verb have an exptime. */
static bool has_exptime(enum tenon_verb verb)
{
	return verb != TENON_DELETE && verb != TENON_INCR &&
		verb != TENON_DECR && verb != TENON_GET &&
		verb != TENON_GETS && verb != TENON_VERB_COUNT;
}

/* Read a timeout, rounded up to milliseconds. Returns false with an exception set. */
static bool read_timeout(PyObject *timeout, int64_t *out_ms)
{
	int64_t us;

	if (!duration_argument(timeout, "timeout", &us)) {
		return false;
	}
	if (us <= 0 || us > TENON_TIMEOUT_MAX_MS * INT64_C(1000)) {
		PyErr_Format(PyExc_ValueError,
			     "timeout must be more than 0 seconds and at most an hour, not %R",
			     timeout);
		return false;
	}
	*out_ms = (us + 999) / 1000;
	return true;
}

bool client_call(enum tenon_verb verb, PyObject *timeout,
		 struct tenon_call *out)
{
	*out = (struct tenon_call){
		.size = sizeof(*out),
		.options = has_exptime(verb) ? TENON_FROM_NOW : 0,
	};
	return !timeout || timeout == Py_None ||
		read_timeout(timeout, &out->timeout_ms);
}

/* ---- values -------------------------------------------------------------- */

static bool take_bytes(PyObject *bytes, struct encoded *out)
{
	if (!bytes) {
		return false;
	}
	encoded_set(out, bytes);
	return true;
}

/* Take the (bytes, flags) that the serializer's dumps() returned. Takes pair over. */
static bool take_pair(PyObject *pair, struct encoded *out)
{
	if (!pair) {
		return false;
	}
	bool is_pair = PyTuple_CheckExact(pair) && PyTuple_GET_SIZE(pair) == 2 &&
		PyBytes_Check(PyTuple_GET_ITEM(pair, 0));
	if (!is_pair) {
		PyErr_Format(PyExc_TypeError,
			     "the serializer's dumps() returned %R, expected (bytes, flags)",
			     pair);
	} else if (!uint32_argument(PyTuple_GET_ITEM(pair, 1), &out->flags)) {
		is_pair = false;
	} else {
		PyObject *bytes = PyTuple_GET_ITEM(pair, 0);

		Py_INCREF(bytes);
		(void)take_bytes(bytes, out);
	}
	Py_DECREF(pair);
	return is_pair;
}

bool client_encode(struct client *self, PyObject *object, struct encoded *out)
{
	out->owner = NULL;
	out->flags = 0;
	if (self->dumps) {
		return take_pair(PyObject_CallOneArg(self->dumps, object), out);
	}
	if (PyBytes_Check(object)) {
		Py_INCREF(object);
		return take_bytes(object, out);
	}
	if (PyByteArray_Check(object) || PyMemoryView_Check(object)) {
		return take_bytes(PyBytes_FromObject(object), out);
	}
	PyErr_Format(PyExc_TypeError,
		     "value must be bytes, not %s; a client with a serializer stores other types",
		     Py_TYPE(object)->tp_name);
	return false;
}

PyObject *client_decode(struct client *self, PyObject *bytes, uint32_t flags,
			PyObject *key)
{
	PyObject *object;

	if (!self->loads && flags == 0) {
		return bytes;
	}
	if (self->loads) {
		object = PyObject_CallFunction(self->loads, "OI", bytes, flags);
		if (!object) {
			client_chain_undecodable(self, key);
		}
	} else {
		struct tenon_error err = { .code = TENON_EUNDECODABLE };

		PyOS_snprintf(err.message, sizeof(err.message),
			      "the value has flags 0x%x: it was not stored as bytes, and the client has no serializer",
			      (unsigned)flags);
		client_raise(self, TENON_EUNDECODABLE, &err, UINT32_MAX, key);
		object = NULL;
	}
	Py_DECREF(bytes);
	return object;
}

PyObject *client_struct(PyTypeObject *type, PyObject *const *objects,
			Py_ssize_t count)
{
	PyObject *made = PyStructSequence_New(type);

	for (Py_ssize_t i = 0; i < count; i++) {
		if (made) {
			PyStructSequence_SetItem(made, i, objects[i]);
		} else {
			Py_XDECREF(objects[i]);
		}
	}
	if (made && PyErr_Occurred()) {
		Py_CLEAR(made);
	}
	return made;
}
