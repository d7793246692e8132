/* SPDX-License-Identifier: BSD-3-Clause */
/* Leases: one of all callers makes a value. And what a server knows of a key. */
#include "client_object.h"

#include <time.h>

#include "tenon/lease.h"
#include "waiting.h"

/* A call on one key, with the options that all calls of this file have. */
struct leased {
	struct client *self;
	PyObject *key;
	struct tenon_item item;
	struct tenon_lease lease;
	struct tenon_result result;
	int code; /* what the library returned; TENON_EWAIT when a wait raised */
};

/* ---- types ------------------------------------------------------------------- */

static PyStructSequence_Field leased_fields[] = {
	{ "value", "the value; None when there is none" },
	{ "hit", "True when there is a value" },
	{ "won", "True when the caller is to make the value and to fill() it with the token" },
	{ "taken", "True when another caller makes the value" },
	{ "stale", "True when the value is older than its time to live" },
	{ "token", "for fill() and give_back()" },
	{ NULL, NULL },
};

PyStructSequence_Desc leased_desc = {
	"tenon.Leased", DOC("Leased", "(values)", "The answer of get_or_lease()."),
	leased_fields, 6,
};

static PyStructSequence_Field info_fields[] = {
	{ "ttl", "seconds until the key expires; None: it does not" },
	{ "size", "bytes of the value, as it is stored" },
	{ "flags", "flags, as they are stored, with those of codecs" },
	{ "cas", "the cas unique" },
	{ "idle", "seconds since the last access" },
	{ "read", "True when the value was read since it was stored" },
	{ NULL, NULL },
};

PyStructSequence_Desc info_desc = {
	"tenon.Info", DOC("Info", "(values)", "The answer of info()."),
	info_fields, 6,
};

/* ---- calls of the library ------------------------------------------------------ */

/* A function of tenon/lease.h that takes an item. */
typedef int (*lease_fn)(struct tenon_client *client,
			const struct tenon_item *item,
			const struct tenon_lease *lease,
			struct tenon_result *out, struct tenon_error *err);

static int get_or_lease(struct tenon_client *client,
			const struct tenon_item *item,
			const struct tenon_lease *lease,
			struct tenon_result *out, struct tenon_error *err)
{
	return tenon_get_or_lease(client, item->key, lease, out, err);
}

static int invalidate(struct tenon_client *client, const struct tenon_item *item,
		      const struct tenon_lease *lease, struct tenon_result *out,
		      struct tenon_error *err)
{
	return tenon_invalidate(client, item->key, lease, out, err);
}

/*
 * Call the library. Returns true, and then the caller has the client, for base_leave(). Returns false
 * with an exception set.
 */
static bool run(struct leased *call, lease_fn function)
{
	struct client *self = call->self;
	struct tenon_error err;

	if (!client_key(call->key, &call->item)) {
		return false;
	}
	call->lease.routing_key = call->item.routing_key;
	if (!client_enter(self)) {
		return false;
	}
	waiting_unlock();
	call->code = function(self->base.client, &call->item, &call->lease,
			      &call->result, &err);
	call->code = waiting_end() ? call->code : TENON_EWAIT;
	if (call->code == 0) {
		return true;
	}
	base_leave(&self->base);
	client_raise(self, call->code, &err, call->result.server, call->key);
	return false;
}

/* Run a call of which only the status matters. Returns 1: it is `wanted`; 0: it is not; -1: exception. */
static int run_for(struct leased *call, lease_fn function, int wanted)
{
	if (!run(call, function)) {
		return -1;
	}
	base_leave(&call->self->base);
	return call->result.status == wanted;
}

static PyObject *truth(int answer)
{
	return answer < 0 ? NULL : PyBool_FromLong(answer);
}

/* ---- options --------------------------------------------------------------------- */

/* The names of the options, in the order in which read_options() takes them. */
#define OPTION_NAMES "lease", "stale_for", "refresh", "timeout"
enum { OPTIONS = 4 };

static bool read_seconds(PyObject *given, const char *name, int64_t *out)
{
	return !given || seconds_argument(given, name, out);
}

/* Read the options of a call. Returns false with an exception set. */
static bool read_options(struct leased *call, PyObject *const *given)
{
	struct tenon_call terms;

	call->lease.size = sizeof(call->lease);
	if (!read_seconds(given[0], "lease", &call->lease.lease_s) ||
	    !read_seconds(given[1], "stale_for", &call->lease.stale_for_s) ||
	    !read_seconds(given[2], "refresh", &call->lease.refresh_s) ||
	    !client_call(TENON_GETS, given[3], &terms)) {
		return false;
	}
	call->lease.timeout_ms = terms.timeout_ms;
	return true;
}

/* ---- get_or_lease ------------------------------------------------------------------ */

/*
 * Look at a key. *value becomes the decoded value, or None. Returns false with an exception set. The
 * client is free again.
 */
static bool look(struct leased *call, PyObject **value)
{
	PyObject *bytes = Py_None;

	if (!run(call, get_or_lease)) {
		return false;
	}
	bool hit = call->result.status == TENON_HIT;
	if (hit) {
		bytes = base_value(&call->result, NULL);
	} else {
		Py_INCREF(bytes);
	}
	base_leave(&call->self->base);
	*value = hit && bytes ? client_decode(call->self, bytes,
					      call->result.flags, call->key)
			      : bytes;
	return *value != NULL;
}

PyObject *client_get_or_lease(PyObject *self, PyObject *const *args,
			      Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "key", OPTION_NAMES, NULL };
	static const struct parameters parameters = { "get_or_lease", names, 1,
						      OPTIONS };
	PyObject *given[1 + OPTIONS], *value;
	struct leased call = { .self = client_of(self) };

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !read_options(&call, given + 1)) {
		return NULL;
	}
	call.key = given[0];
	if (!look(&call, &value)) {
		return NULL;
	}
	uint32_t marks = call.result.marks;
	PyObject *const objects[] = {
		value,
		PyBool_FromLong(call.result.status == TENON_HIT),
		PyBool_FromLong(marks & TENON_MARK_WON),
		PyBool_FromLong(marks & TENON_MARK_TAKEN),
		PyBool_FromLong(marks & TENON_MARK_STALE),
		PyLong_FromUnsignedLongLong(call.result.cas),
	};
	return client_struct(call.self->base.state->leased_type, objects, 6);
}

/* ---- fill, give_back, invalidate ----------------------------------------------------- */

/* Store bytes that the caller has the lease for. Returns 1: stored; 0: not; -1: exception. */
static int fill(struct leased *call, const struct encoded *encoded)
{
	call->item.value = encoded->value;
	call->item.flags = encoded->flags;
	call->lease.options = TENON_FROM_NOW;
	int answer = run_for(call, tenon_fill, TENON_STORED);
	call->lease.options = 0;
	return answer;
}

PyObject *client_fill(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		      PyObject *kwnames)
{
	static const char *const names[] = { "key", "value", "token", "ttl",
					     OPTION_NAMES, NULL };
	static const struct parameters parameters = { "fill", names, 3, OPTIONS };
	PyObject *given[4 + OPTIONS];
	struct leased call = { .self = client_of(self) };

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !whole_argument(given[2], "token", &call.item.cas) ||
	    (given[3] && !client_ttl(given[3], &call.item.exptime)) ||
	    !read_options(&call, given + 4)) {
		return NULL;
	}
	struct encoded encoded = { .owner = NULL };
	call.key = given[0];
	int answer = client_encode(call.self, given[1], &encoded)
			     ? fill(&call, &encoded)
			     : -1;
	Py_XDECREF(encoded.owner);
	return truth(answer);
}

PyObject *client_give_back(PyObject *self, PyObject *const *args,
			   Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "key", "token", "timeout", NULL };
	static const struct parameters parameters = { "give_back", names, 2, 1 };
	PyObject *given[3];
	struct leased call = { .self = client_of(self) };

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !whole_argument(given[1], "token", &call.item.cas)) {
		return NULL;
	}
	PyObject *const options[OPTIONS] = { NULL, NULL, NULL, given[2] };
	if (!read_options(&call, options)) {
		return NULL;
	}
	call.key = given[0];
	return truth(run_for(&call, tenon_give_back, TENON_DELETED));
}

PyObject *client_invalidate(PyObject *self, PyObject *const *args,
			    Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "key", OPTION_NAMES, NULL };
	static const struct parameters parameters = { "invalidate", names, 1,
						      OPTIONS };
	PyObject *given[1 + OPTIONS];
	struct leased call = { .self = client_of(self) };

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !read_options(&call, given + 1)) {
		return NULL;
	}
	call.key = given[0];
	return truth(run_for(&call, invalidate, TENON_DELETED));
}

/* ---- fetch --------------------------------------------------------------------------- */

/* The first wait between two looks, and the longest, without jitter. */
#define WAIT_FIRST_MS 10
#define WAIT_MOST_MS 200

/* The waits of one fetch. */
struct patience {
	int64_t until_ms; /* monotonic; 0: no wait has begun */
	int64_t most_ms;  /* of all waits together */
	int64_t next_ms;  /* the next wait, without jitter */
};

/* Wait by the client's wait function, or by the method _sleep of its class. */
static bool sleep_ms(struct client *self, int64_t ms)
{
	PyObject *answer = self->base.wait
		? PyObject_CallFunction(self->base.wait, "[]L", (long long)ms)
		: PyObject_CallMethod((PyObject *)self, "_sleep", "d",
				      (double)ms / 1000);

	Py_XDECREF(answer);
	return answer != NULL;
}

/* Wait a little before the next look. Returns false with an exception set. */
static bool wait_a_little(struct leased *call, struct patience *patience)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	int64_t half_ms = patience->next_ms / 2;
	int64_t ms = half_ms + now.tv_nsec / 1000 % (half_ms + 1); /* jitter */

	if (patience->until_ms == 0) {
		patience->until_ms = now_ms + patience->most_ms;
	}
	int64_t left_ms = patience->until_ms - now_ms;
	if (left_ms <= 0) {
		struct tenon_error err = { .code = TENON_ETIMEDOUT };

		PyOS_snprintf(err.message, sizeof(err.message),
			      "another caller has the lease and did not store the value within wait (%lld ms)",
			      (long long)patience->most_ms);
		client_raise(call->self, TENON_ETIMEDOUT, &err,
			     call->result.server, call->key);
		return false;
	}
	if (patience->next_ms < WAIT_MOST_MS) {
		patience->next_ms *= 2;
	}
	return sleep_ms(call->self, ms < left_ms ? ms : left_ms);
}

/* There is no value that can be stored: give the lease back, and keep the exception. */
static void give_up(struct leased *call)
{
	PyObject *type, *value, *trace;

	PyErr_Fetch(&type, &value, &trace);
	if (run_for(call, tenon_give_back, TENON_DELETED) < 0) {
		PyErr_Clear();
	}
	PyErr_Restore(type, value, trace);
}

/*
 * The value is not stored: give the lease back, and make a Python warning of the exception that is set.
 * Returns false with an exception set when the filters make one of the warning, or a wait raised.
 */
static bool warn_unstored(struct leased *call)
{
	PyObject *type, *error, *trace;

	PyErr_Fetch(&type, &error, &trace);
	PyErr_NormalizeException(&type, &error, &trace);
	bool waited = run_for(call, tenon_give_back, TENON_DELETED) >= 0 ||
		      call->code != TENON_EWAIT;
	if (waited) {
		PyErr_Clear();
	}
	bool told = waited &&
		    PyErr_WarnFormat(PyExc_UserWarning, 1,
				     "fetch() could not store the value: %S",
				     error) == 0;
	Py_XDECREF(type);
	Py_XDECREF(error);
	Py_XDECREF(trace);
	return told;
}

/* The caller has won: call the function, and store its value. */
static PyObject *make(struct leased *call, PyObject *function)
{
	struct encoded encoded = { .owner = NULL };
	PyObject *value = PyObject_CallNoArgs(function);

	call->item.cas = call->result.cas;
	if (!value || !client_encode(call->self, value, &encoded)) {
		give_up(call);
		Py_CLEAR(value);
	} else if (fill(call, &encoded) >= 0) {
		;
	} else if (call->code == TENON_EWAIT || call->code == 0) {
		Py_CLEAR(value); /* a wait raised, or the client was closed */
	} else if (!warn_unstored(call)) {
		Py_CLEAR(value);
	}
	Py_XDECREF(encoded.owner);
	return value;
}

static PyObject *fetch(struct leased *call, PyObject *function,
		       struct patience *patience)
{
	PyObject *value;

	for (;;) {
		if (!look(call, &value)) {
			return NULL;
		}
		if (call->result.marks & TENON_MARK_WON) {
			Py_DECREF(value);
			return make(call, function);
		}
		if (call->result.status == TENON_HIT) {
			return value;
		}
		Py_DECREF(value);
		if (!wait_a_little(call, patience)) {
			return NULL;
		}
	}
}

/* Read how long a fetch waits. Returns false with an exception set. */
static bool read_patience(PyObject *given, const struct leased *call,
			  struct patience *out)
{
	int64_t lease_s = call->lease.lease_s ? call->lease.lease_s
					      : TENON_LEASE_S;
	int64_t us = 2000000 * lease_s;

	if (given && given != Py_None && !duration_argument(given, "wait", &us)) {
		return false;
	}
	*out = (struct patience){ .most_ms = us / 1000, .next_ms = WAIT_FIRST_MS };
	return true;
}

/* Refuse a ttl behind which no value can be stale. Returns false with an exception set. */
static bool check_ttl(const struct leased *call)
{
	struct tenon_error err = { .code = TENON_EINVAL };

	if (!call->lease.stale_for_s || call->item.exptime > 0) {
		return true;
	}
	PyOS_snprintf(err.message, sizeof(err.message),
		      "ttl is %lld: a value can be stale only behind a ttl of 1 or more",
		      (long long)call->item.exptime);
	client_raise(call->self, TENON_EINVAL, &err, UINT32_MAX, call->key);
	return false;
}

PyObject *client_fetch(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		       PyObject *kwnames)
{
	static const char *const names[] = { "key", "ttl", "function",
					     OPTION_NAMES, "wait", NULL };
	static const struct parameters parameters = { "fetch", names, 3,
						      OPTIONS + 1 };
	PyObject *given[4 + OPTIONS];
	struct leased call = { .self = client_of(self) };
	struct patience patience;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !client_ttl(given[1], &call.item.exptime) ||
	    !read_options(&call, given + 3) ||
	    !read_patience(given[3 + OPTIONS], &call, &patience)) {
		return NULL;
	}
	if (!PyCallable_Check(given[2])) {
		return PyErr_Format(PyExc_TypeError,
				    "function must be callable, not %s",
				    Py_TYPE(given[2])->tp_name);
	}
	call.key = given[0];
	return check_ttl(&call) ? fetch(&call, given[2], &patience) : NULL;
}

/* ---- info ---------------------------------------------------------------------------- */

/* tenon_info(), for keys with a routing key too. */
static int info(struct tenon_client *client, const struct tenon_item *item,
		const struct tenon_lease *lease, struct tenon_result *out,
		struct tenon_error *err)
{
	const struct tenon_call call = { .size = sizeof(call),
					 .options = TENON_FACTS,
					 .timeout_ms = lease->timeout_ms };
	const struct tenon_result *results;
	int code = tenon_run(client, TENON_GETS, item, 1, &call, &results, err);

	*out = results ? *results
		       : (struct tenon_result){ .server = UINT32_MAX };
	return code;
}

PyObject *client_info(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		      PyObject *kwnames)
{
	static const char *const names[] = { "key", "timeout", NULL };
	static const struct parameters parameters = { "info", names, 1, 1 };
	PyObject *given[2];
	struct leased call = { .self = client_of(self) };

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	PyObject *const options[OPTIONS] = { NULL, NULL, NULL, given[1] };
	call.key = given[0];
	if (!read_options(&call, options) || !run(&call, info)) {
		return NULL;
	}
	const struct tenon_result found = call.result;
	base_leave(&call.self->base);
	if (found.status != TENON_HIT) {
		Py_RETURN_NONE;
	}
	PyObject *const objects[] = {
		found.ttl_s < 0 ? Py_BuildValue("")
				: PyLong_FromLongLong(found.ttl_s),
		PyLong_FromUnsignedLongLong(found.size_bytes),
		PyLong_FromUnsignedLong(found.flags),
		PyLong_FromUnsignedLongLong(found.cas),
		PyLong_FromUnsignedLongLong(found.idle_s),
		PyBool_FromLong(found.marks & TENON_MARK_READ),
	};
	return client_struct(call.self->base.state->info_type, objects, 6);
}
