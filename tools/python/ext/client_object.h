/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client of the package tenon. The outcome of a key is an answer or an exception. The package
 * registers the functions that make the exceptions, see client_register().
 */
#ifndef TENON_PYTHON_CLIENT_OBJECT_H
#define TENON_PYTHON_CLIENT_OBJECT_H

#include "base.h"

struct client {
	struct base_client base; /* first */
	PyObject *dumps, *loads; /* the serializer's methods; NULL: values are bytes */
};

static inline struct client *client_of(PyObject *self)
{
	return (struct client *)(void *)self;
}

/* ---- client_error.c ------------------------------------------------------ */

/* The module's function register(make_error, make_multi_error). */
PyObject *client_register(PyObject *module, PyObject *const *args,
			  Py_ssize_t nargs, PyObject *kwnames);

/*
 * Set the exception of a call that failed as a whole. An exception that is set already (by the
 * wait function) stays. server UINT32_MAX: no server is concerned. key NULL: no key is.
 */
void client_raise(struct client *self, int status,
		  const struct tenon_error *err, uint32_t server,
		  PyObject *key);

/*
 * Make the exception of one key, or of one server, in a call over many.
 * Shape: status is negative; text may be NULL.
 * Returns NULL with an exception set.
 */
PyObject *client_make_error(struct client *self, int status, const char *text,
			    uint32_t server, PyObject *key, int sys_errno);

/*
 * Replace the exception that loads() raised by an UndecodableError, with that exception as cause.
 */
void client_chain_undecodable(struct client *self, PyObject *key);

/* Set MultiError, for a call in which some keys failed. Takes both dicts over. */
void client_raise_multi(struct client *self, PyObject *values,
			PyObject *errors);

/* ---- client_open.c ------------------------------------------------------- */

int client_init(PyObject *self, PyObject *args, PyObject *kwargs);

/*
 * Make the config that Client and Pool open: load the file at path, then set each setting.
 * Shape:  path is str, bytes, os.PathLike or None (no file); settings is a list of (key, YAML
 *         text).
 * Owns:   *out is the caller's, for tenon_config_destroy(), also after an error.
 * Errors: those of tenon_config_load_file() and tenon_config_set(); -1 with an exception set when
 *         an argument is wrong.
 */
int client_make_config(PyObject *path, PyObject *settings,
		       struct tenon_config **out, struct tenon_error *err);

/*
 * Let the serializer encode and decode values. None: values are bytes. Returns false with an
 * exception set.
 */
bool client_set_serializer(struct client *self, PyObject *serializer);

/*
 * Check the argument of set_wait(): a function, or None, which makes *out NULL. Returns false with
 * TypeError set.
 */
bool client_wait_argument(PyObject *argument, PyObject **out);

/* Server lines, in the form that the library takes. */
struct client_lines {
	PyObject *list; /* owns the text of specs */
	const char **specs;
	size_t count;
};

/*
 * Read a sequence of str. Returns false with an exception set. The caller calls
 * client_lines_fini() in both cases.
 */
bool client_lines_init(struct client_lines *out, PyObject *servers);
void client_lines_fini(struct client_lines *lines);

/*
 * Take the client, for base_leave(). Returns false with an exception set when it is closed or when
 * another call has it.
 */
bool client_enter(struct client *self);

PyObject *client_servers(PyObject *self, void *unused);
PyObject *client_closed(PyObject *self, void *unused);

/* ---- client_ring.c ------------------------------------------------------- */

/* The module's function diff(before, after, keys, count). */
PyObject *client_diff(PyObject *module, PyObject *const *args,
		      Py_ssize_t nargs, PyObject *kwnames);

/* ---- client_value.c ------------------------------------------------------ */

/*
 * Find the bytes of a key, and of its routing key when the key is a tuple (routing_key, key).
 * Shape:  a str counts as its UTF-8 bytes. Only key and routing_key of *item are written, and
 *         routing_key only for a tuple.
 * Owns:   the object `key` owns the bytes.
 * Errors: returns false with an exception set. TypeError: the key, or a part of the tuple, is
 *         neither str nor bytes. ValueError: the tuple has not two parts, its routing key is
 *         empty, or a str has no UTF-8 form.
 */
bool client_key(PyObject *key, struct tenon_item *item);

/*
 * Read a time to live (seconds from now as seconds_argument() reads them, 0: no expiry), for a call
 * with client_call(). Returns false with an exception set.
 */
bool client_ttl(PyObject *ttl, int64_t *out);

/*
 * Make the options of a call: an exptime is seconds from now, however long. timeout is a duration
 * as duration_argument() reads it; NULL or None: poll_timeout. TENON_VERB_COUNT stands for a call
 * over all servers. Returns false with an exception set.
 */
bool client_call(enum tenon_verb verb, PyObject *timeout,
		 struct tenon_call *out);

/*
 * Turn an object into the bytes to store. The caller drops the reference out->owner. Returns false
 * with an exception set.
 */
bool client_encode(struct client *self, PyObject *object, struct encoded *out);

/* Turn stored bytes back into an object. Takes bytes over. NULL with an exception set. */
PyObject *client_decode(struct client *self, PyObject *bytes, uint32_t flags,
			PyObject *key);

/*
 * Put count objects into a new named tuple of the type. Takes them over; one may be NULL, with an
 * exception. Returns NULL with an exception set.
 */
PyObject *client_struct(PyTypeObject *type, PyObject *const *objects,
			Py_ssize_t count);

/* ---- client_lease.c ------------------------------------------------------ */

extern PyStructSequence_Desc leased_desc, info_desc;

/* ---- client_metric.c ------------------------------------------------------- */

extern PyStructSequence_Desc metric_desc;

/* ---- calls --------------------------------------------------------------- */

#define CLIENT_FAST(name) \
	PyObject *client_##name(PyObject *self, PyObject *const *args, \
				Py_ssize_t nargs, PyObject *kwnames)
#define CLIENT_ONE(name) PyObject *client_##name(PyObject *self, PyObject *argument)

CLIENT_FAST(get);
CLIENT_FAST(gets);
CLIENT_FAST(gat);
CLIENT_FAST(set);
CLIENT_FAST(add);
CLIENT_FAST(replace);
CLIENT_FAST(append);
CLIENT_FAST(prepend);
CLIENT_FAST(cas);
CLIENT_FAST(delete);
CLIENT_ONE(set_wait);
CLIENT_FAST(touch);
CLIENT_FAST(incr);
CLIENT_FAST(decr);

CLIENT_FAST(get_or_lease);
CLIENT_FAST(fill);
CLIENT_FAST(give_back);
CLIENT_FAST(invalidate);
CLIENT_FAST(fetch);
CLIENT_FAST(info);

CLIENT_FAST(get_multi);
CLIENT_FAST(set_multi);
CLIENT_FAST(delete_multi);
CLIENT_FAST(touch_multi);

CLIENT_FAST(version);
CLIENT_FAST(stats);
CLIENT_FAST(flush_all);
CLIENT_ONE(where);
CLIENT_ONE(route);
CLIENT_ONE(update_servers);
CLIENT_ONE(metrics);
CLIENT_ONE(disconnect);
CLIENT_ONE(close);

extern PyType_Spec client_spec;

#endif
