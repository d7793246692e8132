/* SPDX-License-Identifier: BSD-3-Clause */
/* The dict of the statistics of one server. */
#include "base.h"

#include <string.h>

/* Statistics by name, and the values of a name that comes more than once. */
struct stats {
	PyObject *dict;
	PyObject *repeated; /* dict from name to the list of its values; NULL: no name is repeated */
};

/* Return true when a name, from tenon_stat_next(), stands in a line "STAT name value". */
static bool is_stat(const struct tenon_result *result, struct tenon_slice name)
{
	const char *text = name.data;
	size_t at = (size_t)(text - result->value);

	return at >= 5 && memcmp(text - 5, "STAT ", 5) == 0 &&
		(at == 5 || text[-6] == '\n');
}

/*
 * Move the first word of the value to the end of the name. Lines such as
 * "ITEM key [5 b; 0 s]" and "PREFIX app get 1 hit 0" begin with the same word; the second word is
 * the name of the thing.
 */
static void take_second_word(struct tenon_slice *name,
			     struct tenon_slice *value)
{
	const char *text = value->data;
	const char *space = memchr(text, ' ', value->len);
	size_t len = space ? (size_t)(space - text) : value->len;

	if (value->len == 0) {
		return;
	}
	name->len += 1 + len;
	value->data = text + (space ? len + 1 : len);
	value->len -= space ? len + 1 : len;
}

/* Append a value to the list of a repeated name, which begins with `first`. */
static bool repeat(struct stats *stats, PyObject *name, PyObject *first,
		   PyObject *value)
{
	if (!stats->repeated) {
		stats->repeated = PyDict_New();
	}
	PyObject *list = stats->repeated ?
		PyDict_GetItemWithError(stats->repeated, name) : NULL;
	if (list) {
		return PyList_Append(list, value) == 0;
	}
	if (PyErr_Occurred()) {
		return false;
	}
	list = Py_BuildValue("[OO]", first, value);
	bool added = list && PyDict_SetItem(stats->repeated, name, list) == 0;
	Py_XDECREF(list);
	return added;
}

static bool add(struct stats *stats, PyObject *name, PyObject *value)
{
	PyObject *first = PyDict_GetItemWithError(stats->dict, name);

	if (first) {
		return repeat(stats, name, first, value);
	}
	return !PyErr_Occurred() &&
		PyDict_SetItem(stats->dict, name, value) == 0;
}

/* Return the values as lines of one text. NULL with an exception set. */
static PyObject *join(PyObject *values)
{
	PyObject *newline = PyUnicode_FromString("\n");
	PyObject *texts = PyList_New(0);
	bool done = newline && texts;

	for (Py_ssize_t i = 0; done && i < PyList_GET_SIZE(values); i++) {
		PyObject *text = PyObject_Str(PyList_GET_ITEM(values, i));

		done = text && PyList_Append(texts, text) == 0;
		Py_XDECREF(text);
	}
	PyObject *joined = done ? PyUnicode_Join(newline, texts) : NULL;
	Py_XDECREF(newline);
	Py_XDECREF(texts);
	return joined;
}

static bool join_repeated(const struct stats *stats)
{
	Py_ssize_t position = 0;
	PyObject *name, *values;

	while (stats->repeated &&
	       PyDict_Next(stats->repeated, &position, &name, &values)) {
		PyObject *joined = join(values);
		bool done = joined &&
			PyDict_SetItem(stats->dict, name, joined) == 0;

		Py_XDECREF(joined);
		if (!done) {
			return false;
		}
	}
	return true;
}

static bool add_line(struct stats *stats, const struct tenon_result *result,
		     struct tenon_slice name, struct tenon_slice value,
		     base_stat_fn make_name, base_stat_fn make_value)
{
	if (!is_stat(result, name)) {
		take_second_word(&name, &value);
	}
	PyObject *key = make_name(name);
	PyObject *item = key ? make_value(value) : NULL;
	bool added = item && add(stats, key, item);

	Py_XDECREF(key);
	Py_XDECREF(item);
	return added;
}

PyObject *base_stats(const struct tenon_result *result, base_stat_fn make_name,
		     base_stat_fn make_value)
{
	struct stats stats = { .dict = PyDict_New() };
	bool done = stats.dict != NULL;
	struct tenon_slice name, value;
	size_t cursor = 0;

	while (done && tenon_stat_next(result, &cursor, &name, &value)) {
		done = add_line(&stats, result, name, value, make_name,
				make_value);
	}
	if (!done || !join_repeated(&stats)) {
		Py_CLEAR(stats.dict);
	}
	Py_XDECREF(stats.repeated);
	return stats.dict;
}
