/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Client._route() and diff(): numbers and bytes, of which the package tenon makes named tuples.
 * Servers are indexes; -1 is no server.
 */
#include <tenon/ring.h>

#include "client_object.h"

static long long index_of(uint32_t server)
{
	return server == UINT32_MAX ? -1 : (long long)server;
}

/* Put an item at the end of a list. Takes over item, which may be NULL: false. */
static bool append(PyObject *list, PyObject *item)
{
	bool done = item && PyList_Append(list, item) == 0;

	Py_XDECREF(item);
	return done;
}

/* ---- routes -------------------------------------------------------------- */

static PyObject *list_points(const struct tenon_route *route)
{
	PyObject *list = PyList_New(0);

	for (size_t i = 0; list && i < route->point_count; i++) {
		const struct tenon_route_point *point = &route->points[i];

		if (!append(list, Py_BuildValue("(KL)",
						(unsigned long long)point->place,
						index_of(point->server)))) {
			Py_CLEAR(list);
		}
	}
	return list;
}

static PyObject *list_servers(const struct tenon_route *route)
{
	PyObject *list = PyList_New(0);

	for (size_t i = 0; list && i < route->server_count; i++) {
		if (!append(list, PyLong_FromLongLong(
					  index_of(route->servers[i])))) {
			Py_CLEAR(list);
		}
	}
	return list;
}

/* (server, status, exptime_max, failures) for each access. */
static PyObject *list_answers(const struct tenon_route_answer *answers)
{
	PyObject *list = PyList_New(0);

	for (size_t i = 0; list && i < TENON_ROUTE_ACCESS_COUNT; i++) {
		const struct tenon_route_answer *answer = &answers[i];

		if (!append(list, Py_BuildValue("(LiII)",
						index_of(answer->server),
						(int)answer->status,
						answer->exptime_max_s,
						answer->failures))) {
			Py_CLEAR(list);
		}
	}
	return list;
}

static PyObject *route_value(const struct tenon_route *route)
{
	return Py_BuildValue(
		"(y#y#KIKNnNNN)", (const char *)route->key.data,
		(Py_ssize_t)route->key.len, (const char *)route->hashed.data,
		(Py_ssize_t)route->hashed.len, (unsigned long long)route->hash,
		route->hash_bits, (unsigned long long)route->ring_points,
		list_points(route), (Py_ssize_t)route->home_point,
		list_servers(route), list_answers(route->now),
		list_answers(route->home_down));
}

PyObject *client_route(PyObject *object, PyObject *key)
{
	struct client *self = client_of(object);
	struct tenon_item item = { .flags = 0 };
	struct tenon_error err = { 0 };
	struct tenon_route route;
	PyObject *value = NULL;

	if (!client_key(key, &item) || !client_enter(self)) {
		return NULL;
	}
	int code = tenon_client_route(self->base.client, &item, &route, &err);
	if (code) {
		client_raise(self, code, &err, UINT32_MAX, key);
	} else {
		value = route_value(&route);
	}
	base_leave(&self->base);
	return value;
}

/* ---- diff ---------------------------------------------------------------- */

static PyObject *diff_sums(const struct tenon_diff *diff)
{
	struct tenon_diff_sums sums;

	tenon_diff_sums(diff, &sums);
	return Py_BuildValue("(KKKKKdd)", (unsigned long long)sums.keys,
			     (unsigned long long)sums.refused,
			     (unsigned long long)sums.moved,
			     (unsigned long long)sums.renamed,
			     (unsigned long long)sums.missed,
			     sums.max_per_mean_before, sums.max_per_mean_after);
}

static PyObject *diff_servers(const struct tenon_diff *diff)
{
	struct tenon_diff_server server;
	PyObject *list = PyList_New(0);

	for (size_t i = 0; list && tenon_diff_server(diff, i, &server) == 0;
	     i++) {
		if (!append(list,
			    Py_BuildValue(
				    "(ssIIKKKK)", server.name, server.address,
				    server.weight_before, server.weight_after,
				    (unsigned long long)server.keys_before,
				    (unsigned long long)server.keys_after,
				    (unsigned long long)server.keys_gained,
				    (unsigned long long)server.keys_lost))) {
			Py_CLEAR(list);
		}
	}
	return list;
}

static PyObject *diff_moves(struct tenon_diff *diff)
{
	struct tenon_diff_move move;
	PyObject *list = PyList_New(0);
	int code = 0;

	for (size_t i = 0;
	     list && !(code = tenon_diff_move(diff, i, &move)); i++) {
		if (!append(list, Py_BuildValue("(LLK)", index_of(move.from),
						index_of(move.to),
						(unsigned long long)move.keys))) {
			Py_CLEAR(list);
		}
	}
	if (list && code == TENON_ENOMEM) {
		Py_CLEAR(list);
		PyErr_NoMemory();
	}
	return list;
}

/* Add every key of an iterable. Returns false with an exception set. */
static bool add_keys(struct tenon_diff *diff, PyObject *keys)
{
	PyObject *iterator = PyObject_GetIter(keys);
	PyObject *key;
	bool done = iterator != NULL;

	while (done && (key = PyIter_Next(iterator))) {
		struct tenon_item item = { .flags = 0 };
		struct tenon_error err;

		done = client_key(key, &item);
		if (done && tenon_diff_add(diff, &item, 1, &err) != 0) {
			PyErr_NoMemory();
			done = false;
		}
		Py_DECREF(key);
	}
	Py_XDECREF(iterator);
	return done && !PyErr_Occurred();
}

/* keys None: simulate count keys. Returns false with an exception set. */
static bool fill(struct tenon_diff *diff, PyObject *keys, uint64_t count)
{
	struct tenon_error err;
	int code;

	if (keys != Py_None) {
		return add_keys(diff, keys);
	}
	Py_BEGIN_ALLOW_THREADS
	code = tenon_diff_simulate(diff, count, 0, &err);
	Py_END_ALLOW_THREADS
	if (code) {
		PyErr_NoMemory();
	}
	return !code;
}

/* Begin a comparison of two clients, which may be the same. Returns NULL with an exception set. */
static struct tenon_diff *open_diff(struct client *before, struct client *after)
{
	struct tenon_diff *diff = NULL;
	struct tenon_error err;

	if (!client_enter(before)) {
		return NULL;
	}
	if (before == after || client_enter(after)) {
		if (tenon_diff_open(before->base.client, after->base.client,
				    &diff, &err) != 0) {
			PyErr_NoMemory();
		}
		if (before != after) {
			base_leave(&after->base);
		}
	}
	base_leave(&before->base);
	return diff;
}

PyObject *client_diff(PyObject *module, PyObject *const *args,
		      Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "before", "after", "keys",
					     "count", NULL };
	static const struct parameters parameters = { "diff", names, 4, 0 };
	struct module_state *state = PyModule_GetState(module);
	PyObject *given[4];
	PyObject *value = NULL;
	uint64_t count;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !whole_argument(given[3], "count", &count)) {
		return NULL;
	}
	for (size_t i = 0; i < 2; i++) {
		if (!PyObject_TypeCheck(given[i], state->client_type)) {
			return PyErr_Format(PyExc_TypeError,
					    "%s must be a tenon.Client, not %s",
					    names[i],
					    Py_TYPE(given[i])->tp_name);
		}
	}
	struct tenon_diff *diff =
		open_diff(client_of(given[0]), client_of(given[1]));
	if (diff && fill(diff, given[2], count)) {
		value = Py_BuildValue("(NNN)", diff_sums(diff),
				      diff_servers(diff), diff_moves(diff));
	}
	tenon_diff_close(diff);
	return value;
}
