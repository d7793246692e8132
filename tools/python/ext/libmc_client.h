/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libmc's client on top of the library: what libmc 1.4.15 (libmc/_client.pyx) answers,
 * the client here answers too. tools/python/README.md lists what differs.
 */
#ifndef TENON_PYTHON_LIBMC_CLIENT_H
#define TENON_PYTHON_LIBMC_CLIENT_H

#include <tenon/pool.h>

#include "base.h"

/* Values above this are split where do_split is set; the codec's default as well. */
#define LIBMC_CHUNK_BYTES 1000000

/* Its only place that waits is poll(), which greenify rewrites. */
#define LIBMC_TRANSPORT "poll"

/* What get_last_error() returns; libmc's include/Export.h. */
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

/* What config() takes; likewise. */
enum libmc_option {
	LIBMC_POLL_TIMEOUT = 0,
	LIBMC_CONNECT_TIMEOUT = 1,
	LIBMC_RETRY_TIMEOUT = 2,
	LIBMC_HASH_FUNCTION = 3,
	LIBMC_MAX_RETRIES = 4,
	LIBMC_SET_FAILOVER = 5,
	LIBMC_INITIAL_CLIENTS = 7,
	LIBMC_MAX_CLIENTS = 8,
	LIBMC_MAX_GROWTH = 9
};

enum libmc_hash {
	LIBMC_HASH_MD5 = 0,
	LIBMC_HASH_FNV1_32 = 1,
	LIBMC_HASH_FNV1A_32 = 2,
	LIBMC_HASH_CRC_32 = 3
};

struct libmc_client {
	struct base_client base; /* first */
	PyObject *servers;       /* list, a copy of what was given */
	PyObject *identities;    /* list of bytes: what the ring knows each server by */
	PyObject *prefix;        /* bytes, or NULL */
	PyObject *encoding;      /* str */
	bool is_utf8;            /* that is its meaning */
	bool do_split;
	bool noreply;
	bool failover;
	bool flush_all_enabled;
	bool stale; /* settings changed since it was opened */
	struct tenon_pool *pool; /* of whose clients the settings are; NULL: its own */
	int comp_threshold;
	int hash;
	int poll_timeout_ms, connect_timeout_ms, retry_timeout_s;
	int last_error;

	/* Who used it first, where that counts. */
	bool records, checks;
	PyObject *ident;          /* (pid, thread's name); NULL: nobody yet */
	PyObject *created_stack;
	uint64_t thread_id;       /* the interpreter's, never used twice */
	unsigned fork_count;
};

static inline struct libmc_client *libmc_of(PyObject *self)
{
	return (struct libmc_client *)(void *)self;
}

/* ---- libmc_open.c -------------------------------------------------------- */

PyObject *libmc_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);

/*
 * Make the config that the settings describe.
 * Owns:   *out is the caller's, for tenon_config_destroy(), also after an error.
 * Errors: as tenon_config_set(); -1 with an exception set.
 */
int libmc_make_config(const struct libmc_client *self,
		      struct tenon_config **out, struct tenon_error *err);

/* Say in Python why no client was made, where no exception is set. */
void libmc_raise_config_error(const struct tenon_error *err);

/*
 * Open the client that the settings describe, if it is not; or give them to the pool
 * whose they are. Returns false with an exception set. */
bool libmc_open(struct libmc_client *self);

PyObject *libmc_args(PyObject *self, PyObject *unused);
PyObject *libmc_reduce(PyObject *self, PyObject *unused);
PyObject *libmc_config(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		       PyObject *kwnames);
PyObject *libmc_update_servers(PyObject *self, PyObject *servers);

/* What libmc calls server number index: its alias, or "host:port", or its path. */
PyObject *libmc_server_name(struct libmc_client *self, size_t index);

/* ---- libmc_thread.c ------------------------------------------------------ */

/* Remember who is first to use the client. Returns false with an exception set. */
bool libmc_record_thread(struct libmc_client *self);

/* The same, and raise ThreadUnsafe for anybody else. */
bool libmc_check_thread(struct libmc_client *self);

PyObject *libmc_reset(PyObject *self, PyObject *unused);

/* ---- libmc_calls.c ------------------------------------------------------- */

/*
 * Check a key and find its bytes, without prefix. *owner is NULL or keeps them, and
 * then the caller lets it go. Returns false with an exception set.
 */
bool libmc_key(const struct libmc_client *self, PyObject *key,
	       struct tenon_slice *out, PyObject **owner);

/* The key with its prefix, as bytes. */
PyObject *libmc_normalized(const struct libmc_client *self,
			   const struct tenon_slice *key);

/* Take the client and open it; give it back with base_leave(). False with an exception set. */
bool libmc_enter(struct libmc_client *self);

/*
 * Run a verb and set last_error. *results is NULL when there is no server, or no
 * item.
 * The client is the caller's when this returns true, for base_leave(); false with an
 * exception set otherwise.
 */
bool libmc_run(struct libmc_client *self, enum tenon_verb verb,
	       const struct tenon_item *items, size_t count, unsigned options,
	       PyObject **sinks, const struct tenon_result **results);

/* What the outcome of a call is to libmc; items may be NULL where there are no keys. */
int libmc_error_of(enum tenon_verb verb, const struct tenon_item *items,
		   const struct tenon_result *results, size_t count, int before);

/* Options of a call that stores, with its largest value. */
unsigned libmc_store_options(const struct libmc_client *self,
			     enum tenon_verb verb, size_t value_len);

/* ---- types --------------------------------------------------------------- */

/* METH_FASTCALL | METH_KEYWORDS, METH_O and METH_NOARGS, by their signatures. */
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
