/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client of the package tenon. What a key's outcome means is an answer or an
 * exception; exceptions are made by functions that the package registers.
 */
#ifndef TENON_PYTHON_CLIENT_OBJECT_H
#define TENON_PYTHON_CLIENT_OBJECT_H

#include "base.h"

struct client {
	struct base_client base; /* first */
	PyObject *dumps, *loads; /* of the serializer; NULL: values are bytes */
};

static inline struct client *client_of(PyObject *self)
{
	return (struct client *)(void *)self;
}

/* ---- client_error.c ------------------------------------------------------ */

/* The module's function register(make_error, make_multi_error). */
PyObject *client_register(PyObject *module, PyObject *const *args,
			  Py_ssize_t nargs, PyObject *kwnames);

/* Set the exception of a call that failed as a whole; server UINT32_MAX: none. */
void client_raise(struct client *self, int status,
		  const struct tenon_error *err, uint32_t server,
		  PyObject *key);

/*
 * Make the exception of one key, or one server, among several.
 * Shape: status is negative; text may be NULL.
 */
PyObject *client_make_error(struct client *self, int status, const char *text,
			    uint32_t server, PyObject *key);

/* Replace the exception that loads() raised by UndecodableError; it is its cause. */
void client_chain_undecodable(struct client *self, PyObject *key);

/* Set the exception of a call of which some keys failed; takes both dicts over. */
void client_raise_multi(struct client *self, PyObject *values,
			PyObject *errors);

/* ---- client_open.c ------------------------------------------------------- */

int client_init(PyObject *self, PyObject *args, PyObject *kwargs);

/*
 * Make the config that Client and Pool open: path (bytes, str, a path, or None), then
 * a list of (key, YAML).
 * Owns:   *out is the caller's, for tenon_config_destroy(), also after an error.
 * Errors: as tenon_config_load_file() and tenon_config_set(); -1 with an exception set.
 */
int client_make_config(PyObject *path, PyObject *settings,
		       struct tenon_config **out, struct tenon_error *err);

/* Encode and decode by the serializer, or None. Returns false with an exception set. */
bool client_set_serializer(struct client *self, PyObject *serializer);

/* What set_wait() is given: a function, or None, then *out is NULL. False with TypeError set. */
bool client_wait_argument(PyObject *argument, PyObject **out);

/* Server lines as the library takes them. */
struct client_lines {
	PyObject *list; /* keeps the text */
	const char **specs;
	size_t count;
};

/* Read a sequence of str. Returns false with an exception set; client_lines_fini() all the same. */
bool client_lines_init(struct client_lines *out, PyObject *servers);
void client_lines_fini(struct client_lines *lines);

/* Take the client. Returns false with an exception set: closed, or in use. */
bool client_enter(struct client *self);

PyObject *client_servers(PyObject *self, void *unused);
PyObject *client_closed(PyObject *self, void *unused);

/* ---- client_value.c ------------------------------------------------------ */

/* Find the bytes of a key, which owns them. Returns false with TypeError set. */
bool client_key(PyObject *key, struct tenon_slice *out);

/* Read a time to live: seconds from now, 0 for ever. Returns false with an exception set. */
bool client_ttl(PyObject *ttl, int64_t *out);

/* Turn an object into bytes. out->owner is the caller's. Returns false with an exception set. */
bool client_encode(struct client *self, PyObject *object, struct encoded *out);

/* Turn bytes back into an object; takes bytes over. NULL with an exception set. */
PyObject *client_decode(struct client *self, PyObject *bytes, uint32_t flags,
			PyObject *key);

/* ---- calls --------------------------------------------------------------- */

#define CLIENT_FAST(name) \
	PyObject *client_##name(PyObject *self, PyObject *const *args, \
				Py_ssize_t nargs, PyObject *kwnames)
#define CLIENT_ONE(name) PyObject *client_##name(PyObject *self, PyObject *argument)

CLIENT_FAST(get);
CLIENT_ONE(gets);
CLIENT_FAST(gat);
CLIENT_FAST(set);
CLIENT_FAST(add);
CLIENT_FAST(replace);
CLIENT_FAST(append);
CLIENT_FAST(prepend);
CLIENT_FAST(cas);
CLIENT_ONE(delete);
CLIENT_ONE(set_wait);
CLIENT_FAST(touch);
CLIENT_FAST(incr);
CLIENT_FAST(decr);

CLIENT_ONE(get_multi);
CLIENT_FAST(set_multi);
CLIENT_ONE(delete_multi);
CLIENT_FAST(touch_multi);

CLIENT_ONE(version);
CLIENT_FAST(stats);
CLIENT_FAST(flush_all);
CLIENT_ONE(where);
CLIENT_ONE(update_servers);
CLIENT_ONE(disconnect);
CLIENT_ONE(close);

extern PyType_Spec client_spec;

#endif
