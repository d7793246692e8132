/* SPDX-License-Identifier: BSD-3-Clause */
/* libmc's calls over one key. */
#include "libmc_client.h"

#include <string.h>

#include "libmc_value.h"

/* ---- keys ---------------------------------------------------------------- */

/* Let the overridden normalize_key() make the bytes that are sent for a key. */
static bool normalize(struct libmc_client *self, PyObject *key,
		      struct tenon_slice *out, PyObject **owner)
{
	*owner = libmc_call(self, LIBMC_NORMALIZE_KEY, key, NULL, NULL, NULL);
	if (*owner && !PyBytes_Check(*owner)) {
		PyErr_Format(PyExc_TypeError,
			     "normalize_key() returned %s, expected bytes",
			     Py_TYPE(*owner)->tp_name);
		Py_CLEAR(*owner);
	}
	if (*owner) {
		*out = bytes_slice(*owner);
	}
	return *owner != NULL;
}

/* Find the bytes of a key, without the prefix. Otherwise as libmc_key(). */
static bool encode_key(const struct libmc_client *self, PyObject *key,
		       struct tenon_slice *out, PyObject **owner)
{
	Py_ssize_t len;

	*owner = NULL;
	if (!PyUnicode_CheckExact(key)) {
		PyErr_Format(PyExc_TypeError, key == Py_None ?
			"cannot convert '%s' object to bytes" :
			"Argument 'key' has incorrect type (expected str, got %s)",
			Py_TYPE(key)->tp_name);
		return false;
	}
	if (self->is_utf8) {
		out->data = PyUnicode_AsUTF8AndSize(key, &len);
		if (!out->data) {
			return false;
		}
	} else {
		*owner = PyUnicode_AsEncodedString(
			key, PyUnicode_AsUTF8(self->encoding), NULL);
		if (!*owner) {
			return false;
		}
		out->data = PyBytes_AS_STRING(*owner);
		len = PyBytes_GET_SIZE(*owner);
	}
	out->len = (size_t)len;
	if (len == 0 && self->prefix) {
		PyErr_SetString(PyExc_IndexError, "index out of range");
		return false;
	}
	return true;
}

bool libmc_key(struct libmc_client *self, PyObject *key,
	       struct tenon_slice *out, PyObject **owner)
{
	return libmc_overrides(self, LIBMC_NORMALIZE_KEY) ?
		normalize(self, key, out, owner) :
		encode_key(self, key, out, owner);
}

/* Return the bytes of a key with the prefix. NULL with MemoryError set. */
static PyObject *add_prefix(const struct libmc_client *self,
			    const struct tenon_slice *key)
{
	const char *rest = key->data;
	size_t len = key->len;
	bool marked = self->prefix && len > 0 && *rest == '?';
	size_t prefix_len = self->prefix ?
		(size_t)PyBytes_GET_SIZE(self->prefix) : 0;
	PyObject *bytes = PyBytes_FromStringAndSize(
		NULL, (Py_ssize_t)(prefix_len + len));

	if (!bytes) {
		return NULL;
	}
	char *at = PyBytes_AS_STRING(bytes);
	if (marked) {
		*at++ = '?';
		rest++;
		len--;
	}
	if (prefix_len > 0) {
		memcpy(at, PyBytes_AS_STRING(self->prefix), prefix_len);
	}
	memcpy(at + prefix_len, rest, len);
	return bytes;
}

PyObject *libmc_normalized(struct libmc_client *self,
			   const struct tenon_slice *key)
{
	return libmc_overrides(self, LIBMC_NORMALIZE_KEY) ?
		PyBytes_FromStringAndSize(key->data, (Py_ssize_t)key->len) :
		add_prefix(self, key);
}

PyObject *libmc_normalize_key(PyObject *object, PyObject *key)
{
	const struct libmc_client *self = libmc_of(object);
	struct tenon_slice slice;
	PyObject *owner;

	if (!encode_key(self, key, &slice, &owner)) {
		return NULL;
	}
	PyObject *bytes = add_prefix(self, &slice);
	Py_XDECREF(owner);
	return bytes;
}

/*
 * Return true for a str or None: libmc checks this before all else. Returns false with TypeError
 * set.
 */
static bool is_key(PyObject *key)
{
	if (PyUnicode_CheckExact(key) || key == Py_None) {
		return true;
	}
	PyErr_Format(PyExc_TypeError,
		     "Argument 'key' has incorrect type (expected str, got %s)",
		     Py_TYPE(key)->tp_name);
	return false;
}

/* ---- expiration times ----------------------------------------------------- */

bool libmc_exptime(PyObject *object, int64_t *out)
{
	const int64_t max = INT64_C(1) << 32; /* see struct tenon_item */

	if (!int64_argument(object, out)) {
		return false;
	}
	*out = *out < -1 ? -1 : *out > max ? max : *out;
	return true;
}

/* ---- outcomes ------------------------------------------------------------ */

/* Return the error for the status of a key that was sent; LIBMC_OK when the key has an answer. */
static int error_of_status(int status)
{
	switch (status) {
	case TENON_ETIMEDOUT:
	case TENON_EWAIT: /* greenify's poll() has returned 0 before its time */
		return LIBMC_POLL_TIMEOUT_ERR;
	case TENON_ECLOSED:
		return LIBMC_RECV_ERR;
	case TENON_ESERVER:
		return LIBMC_SERVER_ERR;
	case TENON_EPROTOCOL:
	case TENON_ECLIENT:
	case TENON_EUNKNOWN:
		return LIBMC_PROGRAMMING_ERR;
	case TENON_EUNDECODABLE:
		return LIBMC_OK;
	default:
		return status < 0 ? LIBMC_POLL_ERR : LIBMC_OK;
	}
}

/*
 * libmc leaves out a key that is invalid, and a key whose server cannot be reached. This is an
 * error only when no other key is sent. An empty key is different: libmc sends it. The server
 * refuses the request, unless the key is one of several in a get.
 */
int libmc_error_of(enum tenon_verb verb, const struct tenon_item *items,
		   const struct tenon_result *results, size_t count, int before)
{
	bool sent = false, refused = false, invalid = false, empty = false;
	int error = LIBMC_OK;

	for (size_t i = 0; i < count; i++) {
		int status = results[i].status;

		if (status == TENON_EKEY && items[i].key.len > 0) {
			invalid = true;
		} else if (status == TENON_EKEY) {
			empty = true;
		} else if (status == TENON_ETOOBIG) {
			refused = true;
		} else if (status != TENON_EDOWN && status != TENON_ECONNECT) {
			sent = true;
			error = status < 0 ? error_of_status(status) : error;
		}
	}
	if (empty && (!sent || verb != TENON_GET)) {
		return LIBMC_PROGRAMMING_ERR;
	}
	if (sent) {
		return error;
	}
	return invalid ? LIBMC_INVALID_KEY_ERR :
		refused ? before : LIBMC_SERVER_ERR;
}

bool libmc_enter(struct libmc_client *self)
{
	if (!base_enter(&self->base)) {
		PyErr_SetString(self->base.state->thread_unsafe,
				"another call runs on this client");
		return false;
	}
	if (!libmc_open(self)) {
		base_leave(&self->base);
		return false;
	}
	if (!self->base.client && PyList_GET_SIZE(self->identities) > 0) {
		base_leave(&self->base);
		PyErr_SetString(PyExc_ValueError,
				"the client was given back to its pool");
		return false;
	}
	return true;
}

void libmc_raise_no_results(const struct libmc_client *self, int code)
{
	if (PyErr_Occurred()) { /* raised by a signal handler */
		return;
	}
	if (code == TENON_ENOMEM) {
		PyErr_NoMemory();
	} else {
		PyErr_SetString(self->base.state->thread_unsafe,
				tenon_status_name(code));
	}
}

bool libmc_run(struct libmc_client *self, enum tenon_verb verb,
	       const struct tenon_item *items, size_t count, unsigned options,
	       PyObject **sinks, const struct tenon_result **results)
{
	*results = NULL;
	if (!libmc_enter(self)) {
		return false;
	}
	if (!self->base.client || count == 0) {
		self->last_error = LIBMC_SERVER_ERR;
		return true;
	}
	const struct tenon_call call = { .size = sizeof(call),
					 .options = options };
	int code = base_run(&self->base, verb, items, count, &call, sinks,
			    results, NULL);
	if (!*results) {
		base_leave(&self->base);
		libmc_raise_no_results(self, code);
		return false;
	}
	self->last_error = !code ? LIBMC_OK
				 : libmc_error_of(verb, items, *results, count,
						  self->last_error);
	return true;
}

/* ---- retrieving ---------------------------------------------------------- */

/*
 * Read one key. Returns the object when libmc_is_plain() is true of the flags, and the stored
 * bytes for other flags or when raw is true; None when the server has no such key; NULL with an
 * exception set. *result is a copy. Its value is not valid any more.
 */
static PyObject *retrieve(struct libmc_client *self, enum tenon_verb verb,
			  PyObject *key, bool raw, struct tenon_result *result)
{
	struct tenon_item item = { .delta = 0 };
	const struct tenon_result *results;
	PyObject *owner, *sink = NULL, *value;

	*result = (struct tenon_result){ .status = TENON_MISS };
	if (!libmc_record_thread(self) ||
	    !libmc_key(self, key, &item.key, &owner)) {
		return NULL;
	}
	if (!libmc_run(self, verb, &item, 1, self->do_split ? 0 : TENON_RAW,
		       &sink, &results)) {
		Py_XDECREF(owner);
		Py_XDECREF(sink);
		return NULL;
	}
	if (results) {
		*result = *results;
	}
	if (result->status != TENON_HIT) {
		Py_INCREF(Py_None);
		value = Py_None;
	} else if (raw || !libmc_is_plain(result->flags)) {
		value = base_value(result, &sink);
	} else {
		value = libmc_decode_result(self->base.state, result, &sink);
	}
	base_leave(&self->base);
	Py_XDECREF(owner);
	Py_XDECREF(sink);
	return value;
}

/* Read one key and decode the value, with any flags. Otherwise as retrieve(). */
static PyObject *retrieve_decoded(struct libmc_client *self,
				  enum tenon_verb verb, PyObject *key,
				  struct tenon_result *result)
{
	PyObject *value = retrieve(self, verb, key, false, result);

	if (value && result->status == TENON_HIT &&
	    !libmc_is_plain(result->flags)) {
		PyObject *object = libmc_decode(self->base.state, value,
						result->flags,
						self->max_inflated_bytes);
		Py_DECREF(value);
		return object;
	}
	return value;
}

/* Get by the overridden get_raw(), which returns (stored bytes, flags) or (None, 0). */
static PyObject *get_by_raw(struct libmc_client *self, PyObject *key)
{
	PyObject *raw = is_key(key) ?
		libmc_call(self, LIBMC_GET_RAW, key, NULL, NULL, NULL) : NULL;
	PyObject *pair = raw ? PySequence_Tuple(raw) : NULL;
	PyObject *object = NULL;
	PyObject *bytes, *number;
	uint32_t flags;

	Py_XDECREF(raw);
	if (!pair || !PyArg_ParseTuple(pair, "OO;get_raw() must return (bytes, flags)",
				       &bytes, &number)) {
		Py_XDECREF(pair);
		return NULL;
	}
	if (bytes == Py_None) {
		Py_INCREF(Py_None);
		object = Py_None;
	} else if (!PyBytes_Check(bytes)) {
		PyErr_Format(PyExc_TypeError,
			     "get_raw() returned a value of type %s, expected bytes",
			     Py_TYPE(bytes)->tp_name);
	} else if (uint32_argument(number, &flags)) {
		object = libmc_decode(self->base.state, bytes, flags,
				      self->max_inflated_bytes);
	}
	Py_DECREF(pair);
	return object;
}

PyObject *libmc_get(PyObject *object, PyObject *key)
{
	struct libmc_client *self = libmc_of(object);
	struct tenon_result result;

	return libmc_overrides(self, LIBMC_GET_RAW) ?
		get_by_raw(self, key) :
		retrieve_decoded(self, TENON_GET, key, &result);
}

PyObject *libmc_gets(PyObject *self, PyObject *key)
{
	struct tenon_result result;
	PyObject *value = retrieve_decoded(libmc_of(self), TENON_GETS, key,
					   &result);

	return value && result.status == TENON_HIT ?
		Py_BuildValue("(NK)", value, (unsigned long long)result.cas) :
		value;
}

PyObject *libmc_get_raw(PyObject *self, PyObject *key)
{
	struct tenon_result result;
	PyObject *value = retrieve(libmc_of(self), TENON_GET, key, true,
				   &result);

	return value ? Py_BuildValue("(NI)", value,
				     result.status == TENON_HIT ?
					     result.flags : 0) : NULL;
}

/* ---- storing ------------------------------------------------------------- */

unsigned libmc_store_options(const struct libmc_client *self,
			     enum tenon_verb verb, size_t value_len)
{
	bool splits = verb == TENON_SET && self->do_split &&
		value_len > LIBMC_CHUNK_BYTES;

	return (self->noreply ? TENON_NOREPLY : 0) | (splits ? 0 : TENON_RAW);
}

/* Run one item. Returns the status, or INT_MIN with an exception set. */
static int run_one(struct libmc_client *self, enum tenon_verb verb,
		   PyObject *key, struct tenon_item *item, uint64_t *number)
{
	const struct tenon_result *results;
	PyObject *owner;

	if (!libmc_key(self, key, &item->key, &owner)) {
		return INT_MIN;
	}
	bool ran = libmc_run(self, verb, item, 1,
			     libmc_store_options(self, verb, item->value.len),
			     NULL, &results);
	Py_XDECREF(owner);
	if (!ran) {
		return INT_MIN;
	}
	int status = results ? results->status : TENON_EDOWN;
	if (number && results) {
		*number = results->number;
	}
	base_leave(&self->base);
	return status;
}

/*
 * Return True when a status of run_one() is `wanted`, `other` or TENON_SENT, else False; NULL for
 * INT_MIN, with the exception set.
 */
static PyObject *answer(int status, int wanted, int other)
{
	if (status == INT_MIN) {
		return NULL;
	}
	return PyBool_FromLong(status == wanted || status == other ||
			       status == TENON_SENT);
}

static bool is_bytes(PyObject *object)
{
	if (PyBytes_CheckExact(object) || object == Py_None) {
		return true;
	}
	PyErr_Format(PyExc_TypeError,
		     "Argument 'val' has incorrect type (expected bytes, got %s)",
		     Py_TYPE(object)->tp_name);
	return false;
}

/*
 * Check the thread and the key before the value is encoded, as libmc does for all verbs but set.
 * An overridden normalize_key() is called once only, when the key is sent.
 * Returns true for set. Returns false with an exception set.
 */
static bool looks_good(struct libmc_client *self, enum tenon_verb verb,
		       PyObject *key)
{
	struct tenon_slice slice;
	PyObject *owner = NULL;
	bool good = verb == TENON_SET ||
		(libmc_check_thread(self) &&
		 (libmc_overrides(self, LIBMC_NORMALIZE_KEY) ||
		  libmc_key(self, key, &slice, &owner)));

	Py_XDECREF(owner);
	return good;
}

/* Encode the object and store it. Returns True, False, or None when it cannot be encoded. */
static PyObject *store(struct libmc_client *self, enum tenon_verb verb,
		       PyObject *key, PyObject *object, bool compress,
		       struct tenon_item *item)
{
	struct encoded encoded;

	if (!looks_good(self, verb, key)) {
		return NULL;
	}
	int code = libmc_encode(self->base.state, object,
				compress ? self->comp_threshold : 0, &encoded);
	if (code) {
		Py_XDECREF(encoded.owner);
		if (code < 0) {
			return NULL;
		}
		Py_RETURN_NONE;
	}
	item->value = encoded.value;
	item->flags = encoded.flags;
	PyObject *done = verb != TENON_SET || libmc_check_thread(self) ?
		answer(run_one(self, verb, key, item, NULL), TENON_STORED,
		       TENON_STORED) : NULL;
	Py_XDECREF(encoded.owner);
	return done;
}

/* Encode the object and store it by the overridden set_raw(key, val, time, flags). */
static PyObject *set_by_raw(struct libmc_client *self, PyObject *key,
			    PyObject *object, bool compress, int64_t exptime)
{
	struct encoded encoded;
	int code = libmc_encode(self->base.state, object,
				compress ? self->comp_threshold : 0, &encoded);
	PyObject *answer = NULL;

	if (code) {
		Py_XDECREF(encoded.owner);
		if (code < 0) {
			return NULL;
		}
		Py_RETURN_NONE;
	}
	PyObject *bytes = PyBytes_FromStringAndSize(
		encoded.value.data, (Py_ssize_t)encoded.value.len);
	PyObject *time = PyLong_FromLongLong(exptime);
	PyObject *flags = PyLong_FromUnsignedLong(encoded.flags);
	if (bytes && time && flags) {
		answer = libmc_call(self, LIBMC_SET_RAW, key, bytes, time,
				    flags);
	}
	Py_XDECREF(bytes);
	Py_XDECREF(time);
	Py_XDECREF(flags);
	Py_XDECREF(encoded.owner);
	return answer;
}

PyObject *libmc_set(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		    PyObject *kwnames)
{
	static const char *const names[] = { "key", "val", "time", "compress",
					     NULL };
	static const struct parameters parameters = { "set", names, 2, 0 };
	struct tenon_item item = { .delta = 0 };
	PyObject *given[4];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    (given[2] && !libmc_exptime(given[2], &item.exptime)) ||
	    !is_key(given[0])) {
		return NULL;
	}
	int compress = given[3] ? PyObject_IsTrue(given[3]) : 1;
	if (compress >= 0 && libmc_overrides(libmc_of(self), LIBMC_SET_RAW)) {
		return set_by_raw(libmc_of(self), given[0], given[1],
				  compress != 0, item.exptime);
	}
	return compress < 0 ? NULL :
		store(libmc_of(self), TENON_SET, given[0], given[1],
		      compress != 0, &item);
}

/* add() and replace(), with the arguments (key, val, time=0). */
static PyObject *store_if(PyObject *self, const struct parameters *parameters,
			  enum tenon_verb verb, PyObject *const *args,
			  Py_ssize_t nargs, PyObject *kwnames)
{
	struct tenon_item item = { .delta = 0 };
	PyObject *given[3];

	if (!bind_arguments(parameters, args, nargs, kwnames, given) ||
	    (given[2] && !libmc_exptime(given[2], &item.exptime)) ||
	    !is_key(given[0])) {
		return NULL;
	}
	return store(libmc_of(self), verb, given[0], given[1], true, &item);
}

PyObject *libmc_add(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		    PyObject *kwnames)
{
	static const char *const names[] = { "key", "val", "time", NULL };
	static const struct parameters parameters = { "add", names, 2, 0 };

	return store_if(self, &parameters, TENON_ADD, args, nargs, kwnames);
}

PyObject *libmc_replace(PyObject *self, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "key", "val", "time", NULL };
	static const struct parameters parameters = { "replace", names, 2, 0 };

	return store_if(self, &parameters, TENON_REPLACE, args, nargs, kwnames);
}

PyObject *libmc_cas(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		    PyObject *kwnames)
{
	static const char *const names[] = { "key", "val", "exptime",
					     "cas_unique", NULL };
	static const struct parameters parameters = { "cas", names, 4, 0 };
	struct tenon_item item = { .delta = 0 };
	PyObject *given[4];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !libmc_exptime(given[2], &item.exptime) ||
	    !uint64_argument(given[3], &item.cas) || !is_key(given[0])) {
		return NULL;
	}
	return store(libmc_of(self), TENON_CAS, given[0], given[1], true,
		     &item);
}

/*
 * Store bytes as they are. Returns True or False; None, and nothing is stored, for the value
 * None.
 */
static PyObject *store_bytes(struct libmc_client *self, enum tenon_verb verb,
			     PyObject *key, PyObject *value,
			     struct tenon_item *item)
{
	if (!is_key(key) || !is_bytes(value) || !libmc_check_thread(self)) {
		return NULL;
	}
	if (value == Py_None) {
		PyObject *bytes = libmc_normalize_key((PyObject *)self, key);

		if (!bytes) {
			return NULL;
		}
		Py_DECREF(bytes);
		Py_RETURN_NONE;
	}
	item->value = bytes_slice(value);
	return answer(run_one(self, verb, key, item, NULL), TENON_STORED,
		      TENON_STORED);
}

PyObject *libmc_set_raw(PyObject *self, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "key", "val", "time", "flags",
					     NULL };
	static const struct parameters parameters = { "set_raw", names, 4, 0 };
	struct tenon_item item = { .delta = 0 };
	PyObject *given[4];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !libmc_exptime(given[2], &item.exptime) ||
	    !uint32_argument(given[3], &item.flags)) {
		return NULL;
	}
	return store_bytes(libmc_of(self), TENON_SET, given[0], given[1],
			   &item);
}

/* append() and prepend(), with (key, val, compress=False). compress is ignored, as in libmc. */
static PyObject *extend(PyObject *self, const struct parameters *parameters,
			enum tenon_verb verb, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	struct tenon_item item = { .delta = 0 };
	PyObject *given[3];

	if (!bind_arguments(parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	return store_bytes(libmc_of(self), verb, given[0], given[1], &item);
}

PyObject *libmc_append(PyObject *self, PyObject *const *args,
		       Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "key", "val", "compress", NULL };
	static const struct parameters parameters = { "append", names, 2, 0 };

	return extend(self, &parameters, TENON_APPEND, args, nargs, kwnames);
}

PyObject *libmc_prepend(PyObject *self, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "key", "val", "compress", NULL };
	static const struct parameters parameters = { "prepend", names, 2, 0 };

	return extend(self, &parameters, TENON_PREPEND, args, nargs, kwnames);
}

/* ---- the rest ------------------------------------------------------------ */

PyObject *libmc_delete(PyObject *self, PyObject *key)
{
	struct tenon_item item = { .delta = 0 };

	if (!is_key(key) || !libmc_check_thread(libmc_of(self))) {
		return NULL;
	}
	return answer(run_one(libmc_of(self), TENON_DELETE, key, &item, NULL),
		      TENON_DELETED, TENON_MISS);
}

static PyObject *touch(PyObject *self, PyObject *key, int64_t exptime)
{
	struct tenon_item item = { .exptime = exptime };

	if (!libmc_check_thread(libmc_of(self))) {
		return NULL;
	}
	return answer(run_one(libmc_of(self), TENON_TOUCH, key, &item, NULL),
		      TENON_TOUCHED, TENON_TOUCHED);
}

PyObject *libmc_touch(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		      PyObject *kwnames)
{
	static const char *const names[] = { "key", "exptime", NULL };
	static const struct parameters parameters = { "touch", names, 2, 0 };
	PyObject *given[2];
	int64_t exptime;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !libmc_exptime(given[1], &exptime) || !is_key(given[0])) {
		return NULL;
	}
	return touch(self, given[0], exptime);
}

PyObject *libmc_expire(PyObject *self, PyObject *key)
{
	if (!is_key(key)) {
		return NULL;
	}
	if (!libmc_overrides(libmc_of(self), LIBMC_TOUCH)) {
		return touch(self, key, -1);
	}
	PyObject *now = PyLong_FromLong(-1);
	PyObject *answer = now ? libmc_call(libmc_of(self), LIBMC_TOUCH, key,
					    now, NULL, NULL) : NULL;
	Py_XDECREF(now);
	return answer;
}

/* incr() and decr(), with the arguments (key, delta=1). */
static PyObject *count(PyObject *self, const struct parameters *parameters,
		       enum tenon_verb verb, PyObject *const *args,
		       Py_ssize_t nargs, PyObject *kwnames)
{
	struct tenon_item item = { .delta = 1 };
	PyObject *given[2];
	uint64_t number;

	if (!bind_arguments(parameters, args, nargs, kwnames, given) ||
	    !is_key(given[0]) || !looks_good(libmc_of(self), verb, given[0]) ||
	    (given[1] && !uint64_argument(given[1], &item.delta))) {
		return NULL;
	}
	int status = run_one(libmc_of(self), verb, given[0], &item, &number);
	if (status == INT_MIN) {
		return NULL;
	}
	if (status == TENON_HIT) {
		return PyLong_FromUnsignedLongLong(number);
	}
	Py_RETURN_NONE;
}

PyObject *libmc_incr(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const char *const names[] = { "key", "delta", NULL };
	static const struct parameters parameters = { "incr", names, 1, 0 };

	return count(self, &parameters, TENON_INCR, args, nargs, kwnames);
}

PyObject *libmc_decr(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		     PyObject *kwnames)
{
	static const char *const names[] = { "key", "delta", NULL };
	static const struct parameters parameters = { "decr", names, 1, 0 };

	return count(self, &parameters, TENON_DECR, args, nargs, kwnames);
}
