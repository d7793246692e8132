/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls over many keys, and calls over all servers. */
#include "client_object.h"

/* A call over many keys. */
struct multi {
	struct client *self;
	struct scratch *scratch;
	size_t count;
	PyObject *timeout; /* NULL: not given */
	PyObject *values; /* dict: key to answer */
	PyObject *errors; /* dict: key to exception; NULL: no key has failed so far */
};

/* Return a call without keys. */
static struct multi multi_of(PyObject *self)
{
	return (struct multi){ .self = client_of(self) };
}

/*
 * Take over scratch memory with count keys, and find the bytes of each key. Returns false with an
 * exception set, also when scratch is NULL; multi_end() frees everything.
 */
static bool multi_init(struct multi *multi, PyObject *self,
		       struct scratch *scratch, size_t count)
{
	*multi = multi_of(self);
	multi->scratch = scratch;
	multi->count = count;
	multi->values = scratch ? new_dict((Py_ssize_t)count) : NULL;
	if (!multi->values) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		scratch->items[i] = (struct tenon_item){ .delta = 0 };
		if (!client_key(scratch->keys[i], &scratch->items[i])) {
			return false;
		}
	}
	return true;
}

/*
 * End the call. Returns the answers; or raises MultiError when a key has failed. done false: an
 * exception is set already, and stays.
 */
static PyObject *multi_end(struct multi *multi, bool done)
{
	PyObject *values = multi->values;
	PyObject *errors = multi->errors;

	if (multi->scratch) {
		base_put_scratch(&multi->self->base, multi->scratch,
				 multi->count);
	}
	if (done && !errors) {
		return values;
	}
	if (done) {
		client_raise_multi(multi->self, values, errors);
	} else {
		Py_XDECREF(values);
		Py_XDECREF(errors);
	}
	return NULL;
}

/*
 * Set errors[key] = error. Takes error over; NULL: an exception is set. Returns false with an
 * exception set.
 */
static bool add_error(struct multi *multi, PyObject *key, PyObject *error)
{
	if (error && !multi->errors) {
		multi->errors = PyDict_New();
	}
	bool done = error && multi->errors &&
		PyDict_SetItem(multi->errors, key, error) == 0;

	Py_XDECREF(error);
	return done;
}

/*
 * Move the exception that is set into errors[key]. An exception such as KeyboardInterrupt stays
 * set.
 */
static bool keep_exception(struct multi *multi, PyObject *key)
{
	PyObject *kind, *error, *trace;

	if (!PyErr_ExceptionMatches(PyExc_Exception)) {
		return false;
	}
	PyErr_Fetch(&kind, &error, &trace);
	PyErr_NormalizeException(&kind, &error, &trace);
	Py_XDECREF(kind);
	Py_XDECREF(trace);
	return add_error(multi, key, error);
}

/* Take the keys out of any iterable but str and bytes. Returns false with an exception set. */
static bool take_keys(struct multi *multi, PyObject *self, PyObject *keys)
{
	if (PyUnicode_Check(keys) || PyBytes_Check(keys)) {
		*multi = multi_of(self);
		PyErr_Format(PyExc_TypeError,
			     "keys must be an iterable of keys, not %s",
			     Py_TYPE(keys)->tp_name);
		return false;
	}
	bool copied = !PyList_CheckExact(keys) && !PyTuple_CheckExact(keys);
	PyObject *list = copied ? PySequence_List(keys) : keys;
	struct scratch *scratch = NULL;
	size_t count = 0;

	if (list) {
		scratch = base_copy_sequence(base_of(self), list, &count);
	}
	if (copied) {
		Py_XDECREF(list);
	}
	return multi_init(multi, self, scratch, count);
}

/*
 * Run all items. Returns true, and then the caller has the client, for base_leave(). Returns false
 * with an exception set.
 */
static bool run(struct multi *multi, enum tenon_verb verb, PyObject **sinks,
		const struct tenon_result **results)
{
	struct tenon_call call;
	struct tenon_error err;

	if (!client_call(verb, multi->timeout, &call) ||
	    !client_enter(multi->self)) {
		return false;
	}
	int code = base_run(&multi->self->base, verb, multi->scratch->items,
			    multi->count, &call, sinks, results, &err);
	if (*results || (!code && multi->count == 0)) {
		return true;
	}
	base_leave(&multi->self->base);
	client_raise(multi->self, code, &err, UINT32_MAX, NULL);
	return false;
}

/*
 * Add the error of a key or a server, with the library's sentence for this result. item NULL: the
 * result is that of a server. Returns false with an exception set.
 */
static bool add_failure(struct multi *multi, PyObject *name, PyObject *key,
			const struct tenon_item *item,
			const struct tenon_result *result)
{
	struct tenon_error err;

	(void)tenon_client_explain(multi->self->base.client, item, result,
				   &err);
	return add_error(multi, name,
			 client_make_error(multi->self, result->status,
					   err.message, result->server, key,
					   err.sys_errno));
}

/* Add the error of key number i. Returns false with an exception set. */
static bool add_key_failure(struct multi *multi, size_t i,
			    const struct tenon_result *result)
{
	PyObject *key = multi->scratch->keys[i];

	return add_failure(multi, key, key, &multi->scratch->items[i], result);
}

/* ---- retrieving ---------------------------------------------------------- */

/*
 * Copy the values that the results point to, while the call has the client. Exceptions of keys are
 * made here too; this may run Python code, which cannot disturb the results.
 */
static bool take_results(struct multi *multi,
			 const struct tenon_result *results)
{
	struct scratch *scratch = multi->scratch;

	for (size_t i = 0; i < multi->count; i++) {
		PyObject *sink = scratch->values[i];
		bool hit = results[i].status == TENON_HIT;

		scratch->encoded[i].flags = results[i].flags;
		scratch->values[i] = hit ? base_value(&results[i], &sink) :
					   NULL;
		Py_XDECREF(sink);
		if ((hit && !scratch->values[i]) ||
		    (results[i].status < 0 &&
		     !add_key_failure(multi, i, &results[i]))) {
			return false;
		}
	}
	return true;
}

/* Decode every value and put it into the dict. Returns false with an exception set. */
static bool decode_values(struct multi *multi)
{
	struct scratch *scratch = multi->scratch;

	for (size_t i = 0; i < multi->count; i++) {
		PyObject *key = scratch->keys[i];
		PyObject *value = scratch->values[i];

		if (!value) {
			continue;
		}
		scratch->values[i] = NULL;
		value = client_decode(multi->self, value,
				      scratch->encoded[i].flags, key);
		bool done = value ?
			PyDict_SetItem(multi->values, key, value) == 0 :
			keep_exception(multi, key);
		Py_XDECREF(value);
		if (!done) {
			return false;
		}
	}
	return true;
}

static const char *const keys_names[] = { "keys", "timeout", NULL };

PyObject *client_get_multi(PyObject *self, PyObject *const *args,
			   Py_ssize_t nargs, PyObject *kwnames)
{
	static const struct parameters parameters = { "get_multi", keys_names,
						      1, 1 };
	const struct tenon_result *results;
	struct multi multi;
	PyObject *given[2];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	bool done = take_keys(&multi, self, given[0]);
	multi.timeout = given[1];
	done = done && run(&multi, TENON_GET, multi.scratch->values, &results);
	if (done) {
		done = take_results(&multi, results);
		base_leave(&multi.self->base);
	}
	return multi_end(&multi, done && decode_values(&multi));
}

/* ---- storing, deleting --------------------------------------------------- */

/*
 * Run all items and end the call. The answer for a key is True when its status is `wanted`, else
 * False. With answers false, only the errors are collected.
 */
static PyObject *run_for(struct multi *multi, enum tenon_verb verb, int wanted,
			 bool answers)
{
	const struct tenon_result *results;
	bool done = run(multi, verb, NULL, &results);

	if (!done) {
		return multi_end(multi, false);
	}
	for (size_t i = 0; done && i < multi->count; i++) {
		if (results[i].status < 0) {
			done = add_key_failure(multi, i, &results[i]);
		} else if (answers) {
			done = PyDict_SetItem(multi->values,
				multi->scratch->keys[i],
				results[i].status == wanted ? Py_True :
							      Py_False) == 0;
		}
	}
	base_leave(&multi->self->base);
	return multi_end(multi, done);
}

PyObject *client_delete_multi(PyObject *self, PyObject *const *args,
			      Py_ssize_t nargs, PyObject *kwnames)
{
	static const struct parameters parameters = { "delete_multi",
						      keys_names, 1, 1 };
	struct multi multi;
	PyObject *given[2];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	if (!take_keys(&multi, self, given[0])) {
		return multi_end(&multi, false);
	}
	multi.timeout = given[1];
	return run_for(&multi, TENON_DELETE, TENON_DELETED, true);
}

PyObject *client_touch_multi(PyObject *self, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "keys", "ttl", "timeout", NULL };
	static const struct parameters parameters = { "touch_multi", names, 2,
						      1 };
	struct multi multi;
	PyObject *given[3];
	int64_t exptime;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    !client_ttl(given[1], &exptime)) {
		return NULL;
	}
	if (!take_keys(&multi, self, given[0])) {
		return multi_end(&multi, false);
	}
	multi.timeout = given[2];
	for (size_t i = 0; i < multi.count; i++) {
		multi.scratch->items[i].exptime = exptime;
	}
	return run_for(&multi, TENON_TOUCH, TENON_TOUCHED, true);
}

/* Take the keys and values out of a dict. Returns false with an exception set. */
static bool take_pairs(struct multi *multi, PyObject *self, PyObject *dict)
{
	size_t count;
	struct scratch *scratch = base_copy_dict(base_of(self), dict, &count);

	return multi_init(multi, self, scratch, count);
}

/* Encode every value. Returns false with an exception set. */
static bool encode_values(struct multi *multi, int64_t exptime)
{
	struct scratch *scratch = multi->scratch;

	for (size_t i = 0; i < multi->count; i++) {
		if (!client_encode(multi->self, scratch->values[i],
				   &scratch->encoded[i])) {
			return false;
		}
		scratch->items[i].value = scratch->encoded[i].value;
		scratch->items[i].flags = scratch->encoded[i].flags;
		scratch->items[i].exptime = exptime;
	}
	return true;
}

PyObject *client_set_multi(PyObject *self, PyObject *const *args,
			   Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "items", "ttl", "timeout", NULL };
	static const struct parameters parameters = { "set_multi", names, 1,
						      1 };
	struct multi multi;
	PyObject *given[3];
	int64_t exptime = 0;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given) ||
	    (given[1] && !client_ttl(given[1], &exptime))) {
		return NULL;
	}
	PyObject *dict = PyDict_Check(given[0]) ? given[0] :
		PyObject_CallOneArg((PyObject *)&PyDict_Type, given[0]);
	if (!dict) {
		return NULL;
	}
	bool done = take_pairs(&multi, self, dict) &&
		encode_values(&multi, exptime);
	if (dict != given[0]) {
		Py_DECREF(dict);
	}
	multi.timeout = given[2];
	PyObject *answers = done ?
		run_for(&multi, TENON_SET, TENON_STORED, false) :
		multi_end(&multi, false);
	if (!answers) {
		return NULL;
	}
	Py_DECREF(answers);
	Py_RETURN_NONE;
}

/* ---- all servers --------------------------------------------------------- */

/* Makes the object to return for a server that answered. */
typedef PyObject *(*describe_fn)(const struct tenon_result *result);

/*
 * Run a command on all servers. Returns a dict from alias to the object that describe() makes; or
 * raises MultiError, with errors by alias, when a server did not answer. timeout NULL: not given.
 */
static PyObject *run_servers(PyObject *object, enum tenon_server_verb verb,
			     const char *argument, PyObject *timeout,
			     describe_fn describe)
{
	struct multi multi = multi_of(object);
	const struct tenon_result *results;
	struct tenon_call call;
	struct tenon_error err;

	if (!client_call(TENON_VERB_COUNT, timeout, &call) ||
	    !client_enter(multi.self)) {
		return NULL;
	}
	int code = base_run_servers(&multi.self->base, verb, argument, &call,
				    &results, &err);
	if (!results) {
		base_leave(&multi.self->base);
		client_raise(multi.self, code, &err, UINT32_MAX, NULL);
		return NULL;
	}
	size_t count = tenon_client_server_count(multi.self->base.client);
	multi.values = PyDict_New();
	bool done = multi.values != NULL;
	for (uint32_t i = 0; done && i < count; i++) {
		struct tenon_server_info info = { .alias = "" };

		(void)tenon_client_server(multi.self->base.client, i, &info);
		PyObject *alias = PyUnicode_FromString(info.alias);
		PyObject *value = alias && results[i].status >= 0 ?
			describe(&results[i]) : NULL;
		if (value) {
			done = PyDict_SetItem(multi.values, alias, value) == 0;
		} else {
			done = alias && results[i].status < 0 &&
				add_failure(&multi, alias, NULL, NULL,
					    &results[i]);
		}
		Py_XDECREF(alias);
		Py_XDECREF(value);
	}
	base_leave(&multi.self->base);
	return multi_end(&multi, done);
}

static PyObject *describe_version(const struct tenon_result *result)
{
	return PyUnicode_DecodeLatin1(result->value,
				      (Py_ssize_t)result->value_len, NULL);
}

PyObject *client_version(PyObject *self, PyObject *const *args,
			 Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "timeout", NULL };
	static const struct parameters parameters = { "version", names, 0, 1 };
	PyObject *timeout;

	if (!bind_arguments(&parameters, args, nargs, kwnames, &timeout)) {
		return NULL;
	}
	return run_servers(self, TENON_VERSION, NULL, timeout,
			   describe_version);
}

static PyObject *decode(struct tenon_slice text)
{
	return PyUnicode_DecodeLatin1(text.data, (Py_ssize_t)text.len, NULL);
}

static PyObject *describe_stats(const struct tenon_result *result)
{
	return base_stats(result, decode, decode);
}

PyObject *client_stats(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
		       PyObject *kwnames)
{
	static const char *const names[] = { "what", "timeout", NULL };
	static const struct parameters parameters = { "stats", names, 0, 1 };
	const char *argument = NULL;
	PyObject *given[2];

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	if (given[0] && given[0] != Py_None) {
		argument = text_argument(given[0], "what");
		if (!argument) {
			return NULL;
		}
	}
	return run_servers(self, TENON_STATS, argument, given[1],
			   describe_stats);
}

static PyObject *describe_done(const struct tenon_result *result)
{
	(void)result;
	Py_RETURN_TRUE;
}

PyObject *client_flush_all(PyObject *self, PyObject *const *args,
			   Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "delay", "timeout", NULL };
	static const struct parameters parameters = { "flush_all", names, 0,
						      1 };
	char argument[24] = "";
	PyObject *given[2];
	int64_t delay_s;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	bool delayed = given[0] && given[0] != Py_None;
	if (delayed && !seconds_argument(given[0], "delay", &delay_s)) {
		return NULL;
	}
	if (delayed) {
		PyOS_snprintf(argument, sizeof(argument), "%lld",
			      (long long)delay_s);
	}
	PyObject *done = run_servers(self, TENON_FLUSH_ALL,
				     delayed ? argument : NULL, given[1],
				     describe_done);
	if (!done) {
		return NULL;
	}
	Py_DECREF(done);
	Py_RETURN_NONE;
}
