/* SPDX-License-Identifier: BSD-3-Clause */
#include "libmc_value.h"

#include <marshal.h>
#include <string.h>

enum {
	FLAG_PICKLE = 1 << 0,
	FLAG_INTEGER = 1 << 1, /* read only: libmc for Python 3 stores FLAG_LONG */
	FLAG_LONG = 1 << 2,
	FLAG_BOOL = 1 << 3,
	FLAG_COMPRESS = 1 << 4,
	FLAG_MARSHAL = 1 << 5
};

#define MARSHAL_VERSION 2
#define PICKLE_PROTOCOL 2

bool libmc_is_plain(uint32_t flags)
{
	const uint32_t before_pickle =
		FLAG_BOOL | FLAG_INTEGER | FLAG_LONG | FLAG_MARSHAL;

	return !(flags & FLAG_COMPRESS) &&
		(!(flags & FLAG_PICKLE) || (flags & before_pickle));
}

/* ---- encoding ------------------------------------------------------------ */

/* Write the decimal digits of a number into out->digits, without making a Python object. */
static void set_number(struct encoded *out, long long number)
{
	char *at = out->digits + sizeof(out->digits);
	unsigned long long rest = number < 0 ? 0 - (unsigned long long)number :
					       (unsigned long long)number;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0) {
		*--at = '-';
	}
	out->value.data = at;
	out->value.len = (size_t)(out->digits + sizeof(out->digits) - at);
}

static int encode_int(PyObject *object, struct encoded *out)
{
	int overflow;
	long long number = PyLong_AsLongLongAndOverflow(object, &overflow);

	out->flags = FLAG_LONG;
	if (!overflow) {
		set_number(out, number);
		return 0;
	}
	PyObject *text = PyObject_Str(object);
	PyObject *bytes = text ? PyUnicode_AsASCIIString(text) : NULL;
	Py_XDECREF(text);
	if (!bytes) {
		return -1;
	}
	encoded_set(out, bytes);
	return 0;
}

/*
 * Replace the exception that is set by a Python warning that an object cannot be stored. Returns
 * 1, or -1 with an exception set.
 */
static int warn_unencodable(const struct module_state *state, PyObject *object)
{
	PyObject *kind, *error, *trace;

	PyErr_Fetch(&kind, &error, &trace);
	PyObject *stack = PyObject_CallNoArgs(state->format_stack);
	PyObject *none = PyUnicode_FromString("");
	PyObject *where = stack && none ? PyUnicode_Join(none, stack) : NULL;
	PyObject *text = where ? PyUnicode_FromFormat(
		"[libmc] encode value failed, err type: %S, val type: %S %U",
		kind, (PyObject *)Py_TYPE(object), where) : NULL;
	PyObject *done = text ?
		PyObject_CallOneArg(state->warn, text) : NULL;
	int code = done ? 1 : -1;

	Py_XDECREF(kind);
	Py_XDECREF(error);
	Py_XDECREF(trace);
	Py_XDECREF(stack);
	Py_XDECREF(none);
	Py_XDECREF(where);
	Py_XDECREF(text);
	Py_XDECREF(done);
	return code;
}

static int encode_pickle(const struct module_state *state, PyObject *object,
			 struct encoded *out)
{
	PyObject *bytes = PyObject_CallFunction(state->pickle_dumps, "Oi",
						object, PICKLE_PROTOCOL);

	out->flags = FLAG_PICKLE;
	if (!bytes) {
		return PyErr_ExceptionMatches(PyExc_Exception) ?
			warn_unencodable(state, object) : -1;
	}
	encoded_set(out, bytes);
	return 0;
}

static int encode_marshal(const struct module_state *state, PyObject *object,
			  struct encoded *out)
{
	PyObject *bytes = PyMarshal_WriteObjectToString(object,
							MARSHAL_VERSION);

	if (!bytes) {
		PyErr_Clear();
		return encode_pickle(state, object, out);
	}
	out->flags = FLAG_MARSHAL;
	encoded_set(out, bytes);
	return 0;
}

/* Return true for the built-in types that are often stored. They need no look at their module. */
static bool is_builtin(PyObject *object)
{
	return PyUnicode_CheckExact(object) || PyDict_CheckExact(object) ||
		PyList_CheckExact(object) || PyTuple_CheckExact(object) ||
		PyFloat_CheckExact(object) || object == Py_None;
}

/*
 * Return 1 when the object's type is one of numpy, else 0; -1 with an exception set. marshal would
 * store such an object as bytes.
 */
static int is_numpy(const struct module_state *state, PyObject *object)
{
	if (is_builtin(object)) {
		return 0;
	}
	PyObject *module = PyObject_GetAttr((PyObject *)Py_TYPE(object),
					    state->module_name);
	if (!module) {
		return -1;
	}
	int answer = PyUnicode_Check(module) &&
		PyUnicode_CompareWithASCIIString(module, "numpy") == 0;
	Py_DECREF(module);
	return answer;
}

static int encode(const struct module_state *state, PyObject *object,
		  struct encoded *out)
{
	if (PyBytes_CheckExact(object)) {
		Py_INCREF(object);
		out->flags = 0;
		encoded_set(out, object);
		return 0;
	}
	if (PyBool_Check(object)) {
		out->flags = FLAG_BOOL;
		set_number(out, object == Py_True);
		return 0;
	}
	if (PyLong_CheckExact(object)) {
		return encode_int(object, out);
	}
	int numpy = is_numpy(state, object);
	if (numpy != 0) {
		return numpy < 0 ? -1 : encode_pickle(state, object, out);
	}
	return encode_marshal(state, object, out);
}

int libmc_encode(const struct module_state *state, PyObject *object,
		 int comp_threshold, struct encoded *out)
{
	out->owner = NULL;
	int code = encode(state, object, out);

	if (code || comp_threshold <= 0 ||
	    out->value.len <= (size_t)comp_threshold) {
		return code;
	}
	if (!out->owner) {
		PyObject *number = PyBytes_FromStringAndSize(
			out->value.data, (Py_ssize_t)out->value.len);

		if (!number) {
			return -1;
		}
		encoded_set(out, number);
	}
	PyObject *packed = PyObject_CallOneArg(state->zlib_compress,
					       out->owner);
	Py_CLEAR(out->owner);
	if (!packed) {
		return -1;
	}
	encoded_set(out, packed);
	out->flags |= FLAG_COMPRESS;
	return 0;
}

/* ---- decoding ------------------------------------------------------------ */

/*
 * Replace the exception that is set by a Python warning that a value is broken. Returns None; NULL
 * with an exception set.
 */
static PyObject *warn_broken(const struct module_state *state, const char *what)
{
	PyObject *kind, *error, *trace;

	if (!PyErr_ExceptionMatches(PyExc_Exception)) {
		return NULL;
	}
	PyErr_Fetch(&kind, &error, &trace);
	PyErr_NormalizeException(&kind, &error, &trace);
	PyObject *text = PyUnicode_FromFormat(
		"[libmc] %s failed, err type: %S: %S", what, kind, error);
	PyObject *done = text ? PyObject_CallOneArg(state->warn, text) : NULL;

	Py_XDECREF(kind);
	Py_XDECREF(error);
	Py_XDECREF(trace);
	Py_XDECREF(text);
	return done; /* warn() returns None */
}

/* Read any text that int() reads, also with spaces or underscores. */
static PyObject *decode_long_text(const char *data, size_t len)
{
	PyObject *text = PyUnicode_DecodeASCII(data, (Py_ssize_t)len, NULL);
	PyObject *number = text ? PyLong_FromUnicodeObject(text, 10) : NULL;

	Py_XDECREF(text);
	return number;
}

static PyObject *decode_number(const char *data, size_t len)
{
	size_t at = len > 1 && data[0] == '-';
	long long number = 0;

	if (len == 0 || len > 18) {
		return decode_long_text(data, len);
	}
	for (size_t i = at; i < len; i++) {
		if (data[i] < '0' || data[i] > '9') {
			return decode_long_text(data, len);
		}
		number = number * 10 + (data[i] - '0');
	}
	return PyLong_FromLongLong(at ? -number : number);
}

/* Return bool(int(value)), as libmc does: int() reads the bytes. */
static PyObject *decode_bool(const char *data, size_t len)
{
	if (len == 1 && (*data == '0' || *data == '1')) {
		return PyBool_FromLong(*data == '1');
	}
	PyObject *bytes = PyBytes_FromStringAndSize(data, (Py_ssize_t)len);
	PyObject *number = bytes ? PyNumber_Long(bytes) : NULL;
	int truth = number ? PyObject_IsTrue(number) : -1;

	Py_XDECREF(bytes);
	Py_XDECREF(number);
	return truth < 0 ? NULL : PyBool_FromLong(truth);
}

/*
 * Decode the forms that need no Python code. Returns NULL without an exception for a value that is
 * plain bytes or pickled.
 */
static PyObject *decode_plain(const struct module_state *state,
			      const char *data, size_t len, uint32_t flags)
{
	if (flags & FLAG_BOOL) {
		return decode_bool(data, len);
	}
	if (flags & (FLAG_INTEGER | FLAG_LONG)) {
		return decode_number(data, len);
	}
	if (flags & FLAG_MARSHAL) {
		PyObject *object = PyMarshal_ReadObjectFromString(
			data, (Py_ssize_t)len);

		return object ? object : warn_broken(state, "unmarshal");
	}
	return NULL;
}

PyObject *libmc_decode_result(const struct module_state *state,
			      const struct tenon_result *result,
			      PyObject **sink)
{
	PyObject *object = decode_plain(state, result->value,
					result->value_len, result->flags);

	return object || PyErr_Occurred() ? object : base_value(result, sink);
}

/* Return the inflated bytes, at most max_bytes + 1. *complete: the stream has its end. */
static PyObject *inflate(const struct module_state *state, PyObject *bytes,
			 Py_ssize_t max_bytes, bool *complete)
{
	PyObject *stream = PyObject_CallNoArgs(state->zlib_decompressobj);
	PyObject *value = stream ? PyObject_CallMethod(stream, "decompress",
						       "On", bytes,
						       max_bytes + 1) : NULL;
	PyObject *end = value ? PyObject_GetAttrString(stream, "eof") : NULL;

	*complete = end == Py_True;
	if (!end) {
		Py_CLEAR(value);
	}
	Py_XDECREF(stream);
	Py_XDECREF(end);
	return value;
}

/*
 * Return the inflated bytes. Returns None for a stream that is broken, as libmc does, and, after a
 * Python warning, for one of more than max_bytes. NULL with an exception set.
 */
static PyObject *decompress(const struct module_state *state, PyObject *bytes,
			    Py_ssize_t max_bytes)
{
	bool complete;
	PyObject *value = inflate(state, bytes, max_bytes, &complete);

	if (!value) {
		if (!PyErr_ExceptionMatches(state->zlib_error)) {
			return NULL;
		}
		PyErr_Clear();
		Py_RETURN_NONE;
	}
	if (PyBytes_GET_SIZE(value) > max_bytes) {
		Py_DECREF(value);
		PyErr_Format(PyExc_ValueError,
			     "more than %zd bytes, see MC_MAX_INFLATED_BYTES",
			     max_bytes);
		return warn_broken(state, "decompress");
	}
	if (!complete) {
		Py_DECREF(value);
		Py_RETURN_NONE;
	}
	return value;
}

PyObject *libmc_decode(const struct module_state *state, PyObject *bytes,
		       uint32_t flags, Py_ssize_t max_inflated_bytes)
{
	PyObject *value;

	if (flags & FLAG_COMPRESS) {
		value = decompress(state, bytes, max_inflated_bytes);
		if (!value || value == Py_None) {
			return value;
		}
	} else {
		Py_INCREF(bytes);
		value = bytes;
	}
	PyObject *object = decode_plain(state, PyBytes_AS_STRING(value),
					(size_t)PyBytes_GET_SIZE(value), flags);
	if (object || PyErr_Occurred()) {
		Py_DECREF(value);
		return object;
	}
	if (flags & FLAG_PICKLE) {
		object = PyObject_CallOneArg(state->pickle_loads, value);
		Py_DECREF(value);
		return object ? object : warn_broken(state, "unpickle");
	}
	return value;
}

/* ---- the module's functions ---------------------------------------------- */

PyObject *libmc_encode_value(PyObject *module, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "val", "comp_threshold", NULL };
	static const struct parameters parameters = { "encode_value", names, 2, 0 };
	struct encoded encoded = { .owner = NULL };
	PyObject *given[2], *pair = NULL;
	int comp_threshold;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !int_argument(given[1], &comp_threshold)) {
		return NULL;
	}
	int code = libmc_encode(PyModule_GetState(module), given[0],
				comp_threshold, &encoded);
	if (!code && encoded.owner) {
		pair = Py_BuildValue("(OI)", encoded.owner, encoded.flags);
	} else if (!code) {
		pair = Py_BuildValue("(y#I)", encoded.value.data,
				     (Py_ssize_t)encoded.value.len,
				     encoded.flags);
	} else if (code > 0) {
		pair = Py_BuildValue("(OI)", Py_None, 0);
	}
	Py_XDECREF(encoded.owner);
	return pair;
}

PyObject *libmc_decode_value(PyObject *module, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "val", "flags", NULL };
	static const struct parameters parameters = { "decode_value", names, 2, 0 };
	PyObject *given[2];
	uint32_t flags;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !uint32_argument(given[1], &flags)) {
		return NULL;
	}
	if (given[0] == Py_None && flags == 0) {
		Py_RETURN_NONE;
	}
	if (!PyBytes_CheckExact(given[0])) {
		return PyErr_Format(PyExc_TypeError,
			"Argument 'val' has incorrect type (expected bytes, got %s)",
			Py_TYPE(given[0])->tp_name);
	}
	return libmc_decode(PyModule_GetState(module), given[0], flags,
			    LIBMC_MAX_INFLATED_BYTES);
}
