/* SPDX-License-Identifier: BSD-3-Clause */
/* The base of the pool of the package libmc. */
#include "libmc_client.h"
#include "pool_object.h"

/* The number of clients by default, as in libmc; memcached has as many threads. */
#define SIZE 4

static void follow(PyObject *object, PyObject *model)
{
	struct libmc_client *client = libmc_of(object);
	const struct libmc_client *from = libmc_of(model);

	set_reference(&client->servers, from->servers);
	set_reference(&client->identities, from->identities);
	set_reference(&client->prefix, from->prefix);
	set_reference(&client->auth, from->auth);
	set_reference(&client->tls, from->tls);
	set_reference(&client->encoding, from->encoding);
	client->is_utf8 = from->is_utf8;
	client->do_split = from->do_split;
	client->noreply = from->noreply;
	client->failover = from->failover;
	client->comp_threshold = from->comp_threshold;
	client->hash = from->hash;
	client->poll_timeout_ms = from->poll_timeout_ms;
	client->connect_timeout_ms = from->connect_timeout_ms;
	client->retry_timeout_s = from->retry_timeout_s;
	client->max_inflated_bytes = from->max_inflated_bytes;
	client->normalizes = from->normalizes;
	client->stale = false;
}

static void raise_failure(PyObject *model, int code,
			  const struct tenon_error *err)
{
	(void)model;
	if (code == TENON_EWAIT) { /* greenify's poll() has returned before its time */
		PyErr_SetString(PyExc_TimeoutError, err->message);
	} else {
		libmc_raise_config_error(err);
	}
}

static void forget(PyObject *model)
{
	libmc_of(model)->pool = NULL;
}

static const struct pool_kind kind = { follow, raise_failure, forget };

static int open_pool(const struct libmc_client *model, struct tenon_pool **pool)
{
	static const struct tenon_pool_limits limits = { 1, SIZE, 1 };
	struct tenon_config *config = NULL;
	struct tenon_error err = { 0 };
	bool shared = false;
	int code = libmc_make_config(model, &config, &shared, &err);

	if (!code) {
		code = tenon_pool_open(config, &limits, pool, &err);
	}
	tenon_config_destroy(config);
	if (!code && shared) {
		code = libmc_move_to_servers(model, NULL, *pool, &err);
	}
	if (code) {
		tenon_pool_close(*pool);
		*pool = NULL;
		libmc_raise_config_error(&err);
	}
	return code;
}

static int pool_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "model", NULL };
	struct pool_object *self = pool_of(object);
	struct tenon_pool *pool = NULL;
	PyObject *model;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!:LibmcPool", names,
					 self->state->libmc_pooled_type,
					 &model)) {
		return -1;
	}
	struct libmc_client *settings = libmc_of(model);
	if (self->kind || settings->pool || settings->base.pool) {
		PyErr_SetString(PyExc_ValueError, "the pool is set up already");
		return -1;
	}
	if (PyList_GET_SIZE(settings->identities) > 0 &&
	    open_pool(settings, &pool) != 0) {
		return -1;
	}
	base_adopt(&settings->base, NULL);
	settings->stale = false;
	settings->pool = pool;
	Py_INCREF(model);
	return pool_set_up(self, &kind, model, pool) ? 0 : -1;
}

/* libmc takes any number, so numbers outside 1 .. TENON_POOL_CLIENTS_MAX are clamped. */
static PyObject *pool_resize(PyObject *object, PyObject *size)
{
	struct tenon_pool_limits limits = { 1, 1, 1 };
	struct tenon_error err = { 0 };
	int most;

	if (!int_argument(size, &most)) {
		return NULL;
	}
	if (most > 1) {
		limits.max = most < TENON_POOL_CLIENTS_MAX ?
			(uint32_t)most : TENON_POOL_CLIENTS_MAX;
	}
	if (pool_of(object)->pool &&
	    tenon_pool_resize(pool_of(object)->pool, &limits, &err) != 0) {
		libmc_raise_config_error(&err);
		return NULL;
	}
	Py_RETURN_NONE;
}

static PyMethodDef pool_methods[] = {
	{ "resize", pool_resize, METH_O,
	  DOC("resize", "($self, size, /)", "Set the largest number of clients.") },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot pool_slots[] = {
	{ Py_tp_doc, (void *)DOC("LibmcPool", "(model)", "Lends clients with the settings of the model. A change of the model changes all of them.") },
	{ Py_tp_init, (void *)pool_init },
	{ Py_tp_methods, pool_methods },
	{ 0, NULL },
};

PyType_Spec libmc_pool_spec = {
	.name = "_tenon.LibmcPool",
	.basicsize = sizeof(struct pool_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
	.slots = pool_slots,
};
