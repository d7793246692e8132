/* SPDX-License-Identifier: BSD-3-Clause */
/* Durations as Python programs write them: a number of seconds, text with a unit, a timedelta. */
#include "module.h"

#include <datetime.h>
#include <math.h>
#include <string.h>

#define US_PER_S INT64_C(1000000)
#define EXPECTED "seconds, text such as \"300ms\", or a datetime.timedelta"

bool duration_init(void)
{
	PyDateTime_IMPORT;
	return PyDateTimeAPI != NULL;
}

/* Return number * factor, or INT64_MAX or INT64_MIN when the product is greater. */
static int64_t saturated(int64_t number, int64_t factor)
{
	if (number > INT64_MAX / factor) {
		return INT64_MAX;
	}
	return number < INT64_MIN / factor ? INT64_MIN : number * factor;
}

/* Round up, so that a duration above 0 does not become 0. */
static bool from_float(PyObject *object, double seconds, const char *name,
		       int64_t *out_us)
{
	double us = ceil(seconds * (double)US_PER_S);

	if (isnan(seconds)) {
		PyErr_Format(PyExc_ValueError, "%s must be %s, not %R", name,
			     EXPECTED, object);
		return false;
	}
	*out_us = us >= 9.2e18 ? INT64_MAX :
		us <= -9.2e18 ? INT64_MIN : (int64_t)us;
	return true;
}

static bool from_int(PyObject *object, int64_t *out_us)
{
	int overflow;
	PyObject *number = PyNumber_Index(object);
	long long seconds =
		number ? PyLong_AsLongLongAndOverflow(number, &overflow) : 0;

	if (!number) {
		return false;
	}
	Py_DECREF(number);
	*out_us = overflow == 0 ? saturated(seconds, US_PER_S) :
		overflow > 0 ? INT64_MAX : INT64_MIN;
	return true;
}

/* Read a whole number with a unit, as in the config. */
static bool from_text(PyObject *object, const char *name, int64_t *out_us)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
		{ "us", 1 },
		{ "ms", 1000 },
		{ "s", US_PER_S },
		{ "min", 60 * US_PER_S },
		{ "h", 3600 * US_PER_S },
		{ "d", 86400 * US_PER_S },
	};
	Py_ssize_t len;
	const char *text = PyUnicode_AsUTF8AndSize(object, &len);
	size_t digits = text ? strspn(text, "0123456789") : 0;
	int64_t number = 0;

	if (!text) {
		return false;
	}
	for (size_t i = 0; i < digits; i++) {
		number = saturated(number, 10);
		number = number > INT64_MAX - 9 ? INT64_MAX :
						  number + (text[i] - '0');
	}
	const char *unit = text + digits + strspn(text + digits, " ");
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (digits > 0 && strcmp(unit, units[i].name) == 0 &&
		    strlen(text) == (size_t)len) {
			*out_us = saturated(number, units[i].us);
			return true;
		}
	}
	PyErr_Format(PyExc_ValueError,
		     "%s must be a whole number with a unit (us, ms, s, min, h, d), not %R",
		     name, object);
	return false;
}

static int64_t from_delta(PyObject *delta)
{
	const int days_max = 100000000; /* so that the sum fits 64 bits */
	int days = PyDateTime_DELTA_GET_DAYS(delta);

	if (days > days_max || days < -days_max) {
		return days > 0 ? INT64_MAX : INT64_MIN;
	}
	return PyDateTime_DELTA_GET_MICROSECONDS(delta) +
		US_PER_S * (PyDateTime_DELTA_GET_SECONDS(delta) +
			    INT64_C(86400) * days);
}

bool duration_argument(PyObject *object, const char *name, int64_t *out_us)
{
	const PyNumberMethods *number = Py_TYPE(object)->tp_as_number;

	if (PyUnicode_Check(object)) {
		return from_text(object, name, out_us);
	}
	if (PyDelta_Check(object)) {
		*out_us = from_delta(object);
		return true;
	}
	if (PyIndex_Check(object) && !PyBool_Check(object)) {
		return from_int(object, out_us);
	}
	if (number && number->nb_float && !PyBool_Check(object)) {
		double seconds = PyFloat_AsDouble(object);

		return (seconds != -1.0 || !PyErr_Occurred()) &&
			from_float(object, seconds, name, out_us);
	}
	PyErr_Format(PyExc_TypeError, "%s must be %s, not %s", name, EXPECTED,
		     Py_TYPE(object)->tp_name);
	return false;
}

bool seconds_argument(PyObject *object, const char *name, int64_t *out_s)
{
	int64_t us;

	if (PyLong_CheckExact(object)) {
		int overflow;

		*out_s = PyLong_AsLongLongAndOverflow(object, &overflow);
		*out_s = overflow > 0 ? INT64_MAX : overflow < 0 ? -1 : *out_s;
	} else if (!duration_argument(object, name, &us)) {
		return false;
	} else if (us % US_PER_S != 0 && us != INT64_MAX) {
		PyErr_Format(PyExc_TypeError,
			     "%s must be a whole number of seconds, not %s %R",
			     name, Py_TYPE(object)->tp_name, object);
		return false;
	} else {
		*out_s = us == INT64_MAX ? us : us / US_PER_S;
	}
	if (*out_s < 0) {
		PyErr_Format(PyExc_ValueError,
			     "%s must be 0 or more seconds, not %S", name,
			     object);
		return false;
	}
	return true;
}
