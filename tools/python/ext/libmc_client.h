/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libmc's client on top of the library. Its answers are those of libmc 1.4.15 (libmc/_client.pyx).
 * tools/python/README.md lists the differences.
 */
#ifndef TENON_PYTHON_LIBMC_CLIENT_H
#define TENON_PYTHON_LIBMC_CLIENT_H

#include <tenon/pool.h>

#include "base.h"

/* With do_split, larger values than this are split. The default of the codec `split` as well. */
#define LIBMC_CHUNK_BYTES 1000000

/* The transport `poll` waits in poll() only, and greenify replaces poll(). */
#define LIBMC_TRANSPORT "poll"

/* The numbers that get_last_error() returns. Source: libmc's include/Export.h. */
enum libmc_error {
	LIBMC_SEND_ERR = -9,
	LIBMC_RECV_ERR = -8,
	LIBMC_CONN_POLL_ERR = -7,
	LIBMC_POLL_TIMEOUT_ERR = -6,
	LIBMC_POLL_ERR = -5,
	LIBMC_SERVER_ERR = -4,
	LIBMC_PROGRAMMING_ERR = -3,
	LIBMC_INVALID_KEY_ERR = -2,
	LIBMC_INCOMPLETE_BUFFER_ERR = -1,
	LIBMC_OK = 0
};

/* The options of config(). Source: libmc's include/Export.h. */
enum libmc_option {
	LIBMC_POLL_TIMEOUT = 0,
	LIBMC_CONNECT_TIMEOUT = 1,
	LIBMC_RETRY_TIMEOUT = 2,
	LIBMC_HASH_FUNCTION = 3,
	LIBMC_MAX_RETRIES = 4,
	LIBMC_SET_FAILOVER = 5,
	LIBMC_INITIAL_CLIENTS = 7,
	LIBMC_MAX_CLIENTS = 8,
	LIBMC_MAX_GROWTH = 9,
	LIBMC_OPTION_MAX_INFLATED_BYTES = 1000 /* not of libmc */
};

enum libmc_hash {
	LIBMC_HASH_MD5 = 0,
	LIBMC_HASH_FNV1_32 = 1,
	LIBMC_HASH_FNV1A_32 = 2,
	LIBMC_HASH_CRC_32 = 3
};

struct libmc_client {
	struct base_client base; /* first */
	PyObject *servers;       /* list of server lines, a copy of the caller's */
	PyObject *identities;    /* list of bytes: the name that the ring hashes, for each server */
	PyObject *prefix;        /* bytes, or NULL */
	PyObject *tls;           /* str: the key `tls` as JSON; NULL: none */
	PyObject *auth;          /* str: the key `auth` as JSON; NULL: none */
	PyObject *encoding;      /* str */
	bool is_utf8;            /* encoding is a name of UTF-8 */
	bool do_split;
	bool noreply;
	bool failover;
	bool flush_all_enabled;
	bool stale; /* settings changed since the client was opened */
	struct tenon_pool *pool; /* in a pool's model: the pool with these settings; else NULL */
	int comp_threshold;
	int hash;
	int poll_timeout_ms, connect_timeout_ms, retry_timeout_s;
	int max_inflated_bytes;
	int last_error;

	/* Which methods are overridden: bits 1 << enum libmc_method. See libmc_overrides(). */
	unsigned overrides; /* by the type or by attributes of the client */
	unsigned patched;   /* by attributes of the client */
	unsigned type_version; /* of the type, when overrides was found; 0: find them again */
	bool normalizes;    /* the client was opened without prefix, for LIBMC_NORMALIZE_KEY */

	/* The thread that used the client first. */
	bool records;             /* remember this thread */
	bool checks;              /* refuse other threads; only with records */
	PyObject *ident;          /* (pid, name of the thread); NULL: not used yet */
	PyObject *created_stack;
	uint64_t thread_id;       /* PyThreadState_GetID(): never used for two threads */
	unsigned fork_count;
};

static inline struct libmc_client *libmc_of(PyObject *self)
{
	return (struct libmc_client *)(void *)self;
}

/* ---- libmc_override.c ---------------------------------------------------- */

/* Prepare this file's functions. Returns false with an exception set. */
bool libmc_find_methods(struct module_state *state);

/* Find the overridden methods of a client again. */
unsigned libmc_find_overrides(struct libmc_client *self);

/*
 * Return the version of a type, which changes whenever an attribute of the type does; 0: not known.
 * Before CPython 3.11 a type keeps the number of the version that it had before a change.
 */
static inline unsigned libmc_type_version(const PyTypeObject *type)
{
#if PY_VERSION_HEX < 0x030b0000
	if (!(type->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG)) {
		return 0;
	}
#endif
	return type->tp_version_tag;
}

/* Return true when a subclass, or an attribute of the client, overrides a method. */
static inline bool libmc_overrides(struct libmc_client *self,
				   enum libmc_method method)
{
	unsigned version = libmc_type_version(Py_TYPE((PyObject *)self));
	unsigned overrides = version != 0 && version == self->type_version ?
		self->overrides : libmc_find_overrides(self);

	return (overrides >> method) & 1;
}

/*
 * Call an overridden method with up to four arguments; NULL ends them. Returns NULL with an
 * exception set.
 */
PyObject *libmc_call(struct libmc_client *self, enum libmc_method method,
		     PyObject *a, PyObject *b, PyObject *c, PyObject *d);

/* tp_setattro of the client types. */
int libmc_setattro(PyObject *self, PyObject *name, PyObject *value);

/* ---- libmc_open.c -------------------------------------------------------- */

PyObject *libmc_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);

/*
 * Make a config from the settings. *shared becomes true when servers have the same address: their
 * addresses in the config are then no servers.
 * Owns:   *out is the caller's, for tenon_config_destroy(), also after an error.
 * Errors: those of tenon_config_set() and tenon_config_add_server(); -1 with an exception set
 *         when a server line or the prefix is wrong.
 */
int libmc_make_config(const struct libmc_client *self,
		      struct tenon_config **out, bool *shared,
		      struct tenon_error *err);

/*
 * Move the servers of a client, or of a pool, that libmc_make_config() made with `shared` to their
 * addresses. Errors: those of tenon_client_update_servers(); -1 with an exception set.
 */
int libmc_move_to_servers(const struct libmc_client *self,
			  struct tenon_client *client, struct tenon_pool *pool,
			  struct tenon_error *err);

/* Set the exception of a config that was refused. An exception that is set already stays. */
void libmc_raise_config_error(const struct tenon_error *err);

/*
 * Open the client when the settings are stale. The model of a pool opens no client: it gives the
 * settings to its pool. Returns false with an exception set.
 */
bool libmc_open(struct libmc_client *self);

PyObject *libmc_servers(PyObject *self, void *unused);
PyObject *libmc_args(PyObject *self, PyObject *unused);
PyObject *libmc_reduce(PyObject *self, PyObject *unused);
PyObject *libmc_config(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		       PyObject *kwnames);
PyObject *libmc_update_servers(PyObject *self, PyObject *servers);

/*
 * Return libmc's name of server number index: its alias, or "host:port", or the path of its
 * socket.
 */
PyObject *libmc_server_name(struct libmc_client *self, size_t index);

/* ---- libmc_thread.c ------------------------------------------------------ */

/* Remember the thread that uses the client first. Returns false with an exception set. */
bool libmc_record_thread(struct libmc_client *self);

/*
 * Remember the thread that uses the client first, and refuse every other thread. Returns false
 * with an exception set: ThreadUnsafe in another thread, when the client checks.
 */
bool libmc_check_thread(struct libmc_client *self);

PyObject *libmc_reset(PyObject *self, PyObject *unused);
PyObject *libmc_clear_thread_ident(PyObject *self, PyObject *unused);
PyObject *libmc_record_thread_ident(PyObject *self, PyObject *unused);
PyObject *libmc_check_thread_ident(PyObject *self, PyObject *unused);
PyObject *libmc_get_current_thread_ident(PyObject *self, PyObject *unused);

/* ---- libmc_calls.c ------------------------------------------------------- */

/*
 * Read an exptime. Every negative one lets an item expire at once, and every one that is too late
 * for a server is the last date that a server can have. Returns false with an exception set.
 */
bool libmc_exptime(PyObject *object, int64_t *out);

/*
 * Check a key and find its bytes, without the prefix; or, when normalize_key() is overridden, the
 * bytes that it returns, with which no prefix is sent.
 * Owns:    the bytes belong to *owner, whose reference the caller drops; or, when *owner is NULL,
 *          to the object `key`.
 * Returns: false with an exception set.
 */
bool libmc_key(struct libmc_client *self, PyObject *key,
	       struct tenon_slice *out, PyObject **owner);

/* Return the bytes that are sent for a key: the key with the prefix. NULL with MemoryError set. */
PyObject *libmc_normalized(struct libmc_client *self,
			   const struct tenon_slice *key);

/*
 * Take the client, for base_leave(), and open it when the settings are stale. Returns false with
 * an exception set.
 */
bool libmc_enter(struct libmc_client *self);

/*
 * Run a verb and set last_error. *results is NULL when there is no server, or no item. Returns
 * true, and then the caller has the client, for base_leave(). Returns false with an exception
 * set. For sinks see base_run().
 */
bool libmc_run(struct libmc_client *self, enum tenon_verb verb,
	       const struct tenon_item *items, size_t count, unsigned options,
	       PyObject **sinks, const struct tenon_result **results);

/* Set the exception of a call of the library that has no results. One that is set stays. */
void libmc_raise_no_results(const struct libmc_client *self, int code);

/*
 * Return libmc's error number for the outcome of a call. items is NULL for a command over servers.
 * before is last_error as it was: the outcome when all values were refused as too large.
 */
int libmc_error_of(enum tenon_verb verb, const struct tenon_item *items,
		   const struct tenon_result *results, size_t count, int before);

/* Return the options of a call that stores. value_len is that of its largest value, in bytes. */
unsigned libmc_store_options(const struct libmc_client *self,
			     enum tenon_verb verb, size_t value_len);

/* ---- types --------------------------------------------------------------- */

/* Declare a method: FAST for METH_FASTCALL | METH_KEYWORDS, ONE for METH_O and METH_NOARGS. */
#define LIBMC_FAST(name) \
	PyObject *libmc_##name(PyObject *self, PyObject *const *args, \
			       Py_ssize_t nargs, PyObject *kwnames)
#define LIBMC_ONE(name) PyObject *libmc_##name(PyObject *self, PyObject *argument)

LIBMC_ONE(get);
LIBMC_ONE(gets);
LIBMC_ONE(get_raw);
LIBMC_FAST(set);
LIBMC_FAST(set_raw);
LIBMC_FAST(add);
LIBMC_FAST(replace);
LIBMC_FAST(append);
LIBMC_FAST(prepend);
LIBMC_FAST(cas);
LIBMC_ONE(delete);
LIBMC_FAST(touch);
LIBMC_ONE(expire);
LIBMC_FAST(incr);
LIBMC_FAST(decr);
LIBMC_ONE(normalize_key);

LIBMC_ONE(get_multi);
LIBMC_ONE(get_list);
LIBMC_FAST(set_multi);
LIBMC_FAST(append_multi);
LIBMC_FAST(prepend_multi);
LIBMC_FAST(delete_multi);

LIBMC_ONE(version);
LIBMC_ONE(stats);
LIBMC_ONE(flush_all);
LIBMC_ONE(toggle_flush_all_feature);
LIBMC_ONE(quit);
LIBMC_ONE(get_host_by_key);
LIBMC_ONE(get_realtime_host_by_key);
LIBMC_ONE(get_last_error);
LIBMC_ONE(get_last_strerror);

extern PyType_Spec libmc_spec, libmc_unsafe_spec, libmc_pooled_spec;

#endif
