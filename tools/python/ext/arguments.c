/* SPDX-License-Identifier: BSD-3-Clause */
#include "module.h"

#include <string.h>

static int find_name(const struct parameters *parameters, PyObject *keyword)
{
	for (int i = 0; parameters->names[i]; i++) {
		if (PyUnicode_CompareWithASCIIString(
			    keyword, parameters->names[i]) == 0) {
			return i;
		}
	}
	return -1;
}

static bool bind_keywords(const struct parameters *parameters,
			  PyObject *const *args, PyObject *kwnames,
			  PyObject **out)
{
	for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(kwnames); i++) {
		PyObject *keyword = PyTuple_GET_ITEM(kwnames, i);
		int at = find_name(parameters, keyword);

		if (at < 0) {
			PyErr_Format(PyExc_TypeError,
				     "%s() got an unexpected keyword argument '%U'",
				     parameters->function, keyword);
			return false;
		}
		if (out[at]) {
			PyErr_Format(PyExc_TypeError,
				     "%s() got multiple values for argument '%U'",
				     parameters->function, keyword);
			return false;
		}
		out[at] = args[i];
	}
	return true;
}

bool bind_arguments(const struct parameters *parameters, PyObject *const *args,
		    Py_ssize_t nargs, PyObject *kwnames, PyObject **out)
{
	int count = 0;

	for (; parameters->names[count]; count++) {
		out[count] = count < nargs ? args[count] : NULL;
	}
	if (nargs > count - parameters->keywords) {
		PyErr_Format(PyExc_TypeError,
			     "%s() takes at most %d positional arguments (%zd given)",
			     parameters->function,
			     count - parameters->keywords, nargs);
		return false;
	}
	if (kwnames && !bind_keywords(parameters, args + nargs, kwnames, out)) {
		return false;
	}
	for (int i = 0; i < parameters->required; i++) {
		if (!out[i]) {
			PyErr_Format(PyExc_TypeError,
				     "%s() needs the argument '%s'",
				     parameters->function,
				     parameters->names[i]);
			return false;
		}
	}
	return true;
}

/* Return the int of an object as a new reference. NULL with an exception set. */
static PyObject *as_int(PyObject *object)
{
	const PyNumberMethods *number = Py_TYPE(object)->tp_as_number;

	if (PyLong_Check(object)) {
		Py_INCREF(object);
		return object;
	}
	if (!number || !(number->nb_int || number->nb_index)) {
		PyErr_SetString(PyExc_TypeError, "an integer is required");
		return NULL;
	}
	PyObject *whole = PyNumber_Long(object);
	int same = whole ? PyObject_RichCompareBool(whole, object, Py_EQ) : -1;
	if (same == 0) {
		PyErr_Format(PyExc_TypeError,
			     "a whole number is required, not %R", object);
	}
	if (same != 1) {
		Py_CLEAR(whole);
	}
	return whole;
}

bool whole_argument(PyObject *object, const char *name, uint64_t *out)
{
	if (!PyIndex_Check(object) || PyBool_Check(object)) {
		PyErr_Format(PyExc_TypeError,
			     "%s must be a whole number, not %s", name,
			     Py_TYPE(object)->tp_name);
		return false;
	}
	PyObject *number = PyNumber_Index(object);
	if (!number) {
		return false;
	}
	*out = PyLong_AsUnsignedLongLong(number);
	Py_DECREF(number);
	if (*out != UINT64_MAX || !PyErr_Occurred()) {
		return true;
	}
	if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
		PyErr_Format(PyExc_OverflowError,
			     "%s must be a number in 0..2**64-1, not %S", name,
			     object);
	}
	return false;
}

bool int64_argument(PyObject *object, int64_t *out)
{
	PyObject *number = as_int(object);

	if (!number) {
		return false;
	}
	*out = PyLong_AsLongLong(number);
	Py_DECREF(number);
	return *out != -1 || !PyErr_Occurred();
}

bool uint64_argument(PyObject *object, uint64_t *out)
{
	PyObject *number = as_int(object);

	if (!number) {
		return false;
	}
	*out = PyLong_AsUnsignedLongLong(number);
	Py_DECREF(number);
	return *out != UINT64_MAX || !PyErr_Occurred();
}

bool uint32_argument(PyObject *object, uint32_t *out)
{
	uint64_t number;

	if (!uint64_argument(object, &number)) {
		return false;
	}
	if (number > UINT32_MAX) {
		PyErr_SetString(PyExc_OverflowError,
				"value too large for 32 bits");
		return false;
	}
	*out = (uint32_t)number;
	return true;
}

bool int_argument(PyObject *object, int *out)
{
	int64_t number;

	if (!int64_argument(object, &number)) {
		return false;
	}
	if (number < INT_MIN || number > INT_MAX) {
		PyErr_SetString(PyExc_OverflowError,
				"value too large to convert to int");
		return false;
	}
	*out = (int)number;
	return true;
}

const char *text_argument(PyObject *object, const char *name)
{
	Py_ssize_t len;

	if (!PyUnicode_Check(object)) {
		PyErr_Format(PyExc_TypeError, "%s must be str, not %s", name,
			     Py_TYPE(object)->tp_name);
		return NULL;
	}
	const char *text = PyUnicode_AsUTF8AndSize(object, &len);
	if (text && memchr(text, '\0', (size_t)len)) {
		PyErr_Format(PyExc_ValueError, "%s has a NUL character: %R",
			     name, object);
		return NULL;
	}
	return text;
}

PyObject *new_dict(Py_ssize_t count)
{
#if PY_VERSION_HEX < 0x030d0000
	return count > 5 ? _PyDict_NewPresized(count) : PyDict_New();
#else
	(void)count;
	return PyDict_New();
#endif
}
