/* SPDX-License-Identifier: BSD-3-Clause */
/* libmc's calls over many keys. */
#include "libmc_client.h"
#include "libmc_value.h"

/* The state of a call over many keys. */
struct multi {
	struct libmc_client *self;
	struct scratch *scratch;
	size_t count;
	bool indexable; /* the keys are a list or a tuple: keys[i] need not be read again */
};

static void multi_fini(struct multi *multi)
{
	if (multi->scratch) {
		base_put_scratch(&multi->self->base, multi->scratch,
				 multi->count);
	}
}

/* Find the bytes of every key. Returns false with an exception set. */
static bool find_keys(struct multi *multi)
{
	struct scratch *scratch = multi->scratch;
	/* an overridden normalize_key() may take keys of any type */
	bool any = libmc_overrides(multi->self, LIBMC_NORMALIZE_KEY);

	for (size_t i = 0; i < multi->count; i++) {
		PyObject *key = scratch->keys[i];

		if (!PyUnicode_CheckExact(key) && key != Py_None && !any) {
			PyErr_Format(PyExc_TypeError, "Expected str, got %s",
				     Py_TYPE(key)->tp_name);
			return false;
		}
		scratch->items[i] = (struct tenon_item){ .delta = 0 };
		if (!libmc_key(multi->self, key, &scratch->items[i].key,
			       &scratch->bytes[i])) {
			return false;
		}
	}
	return true;
}

/* Take the keys out of any iterable. Returns false with an exception set. */
static bool multi_keys(struct multi *multi, struct libmc_client *self,
		       PyObject *keys)
{
	bool indexable = PyList_CheckExact(keys) || PyTuple_CheckExact(keys);
	PyObject *list = indexable ? keys : PySequence_List(keys);

	*multi = (struct multi){ .self = self, .indexable = indexable };
	if (list) {
		multi->scratch = base_copy_sequence(&self->base, list,
						    &multi->count);
	}
	if (!indexable) {
		Py_XDECREF(list);
	}
	return multi->scratch && find_keys(multi);
}

/* ---- retrieving ---------------------------------------------------------- */

/*
 * Make objects of the results while the call has the client. A value that needs Python code to be
 * decoded stays bytes, for decode_values(). Returns false with an exception set.
 */
static bool take_values(struct multi *multi, const struct tenon_result *results)
{
	struct scratch *scratch = multi->scratch;
	const struct module_state *state = multi->self->base.state;

	for (size_t i = 0; i < multi->count; i++) {
		PyObject *sink = scratch->values[i];

		scratch->values[i] = NULL;
		scratch->encoded[i].flags = results[i].flags;
		if (results[i].status == TENON_HIT) {
			scratch->values[i] = libmc_is_plain(results[i].flags) ?
				libmc_decode_result(state, &results[i], &sink) :
				base_value(&results[i], &sink);
		}
		Py_XDECREF(sink);
		if (results[i].status == TENON_HIT && !scratch->values[i]) {
			return false;
		}
	}
	return true;
}

static bool decode_values(struct multi *multi)
{
	struct scratch *scratch = multi->scratch;

	for (size_t i = 0; i < multi->count; i++) {
		PyObject *bytes = scratch->values[i];

		if (!bytes || libmc_is_plain(scratch->encoded[i].flags)) {
			continue;
		}
		scratch->values[i] = libmc_decode(multi->self->base.state,
						  bytes,
						  scratch->encoded[i].flags,
						  multi->self->max_inflated_bytes);
		Py_DECREF(bytes);
		if (!scratch->values[i]) {
			return false;
		}
	}
	return true;
}

/*
 * Read all keys into scratch->values; NULL for an absent key. Returns false with an exception
 * set.
 */
static bool retrieve(struct multi *multi)
{
	struct libmc_client *self = multi->self;
	const struct tenon_result *results;

	if (!libmc_run(self, TENON_GET, multi->scratch->items, multi->count,
		       self->do_split ? 0 : TENON_RAW, multi->scratch->values,
		       &results)) {
		return false;
	}
	bool done = !results || take_values(multi, results);
	base_leave(&self->base);
	return done && decode_values(multi);
}

/*
 * Return the key for the returned dict, as a new reference. libmc reads keys[i] again, which
 * raises TypeError for an iterable that cannot be indexed.
 */
static PyObject *key_of(const struct multi *multi, PyObject *keys, size_t i)
{
	if (!multi->indexable) {
		PyObject *index = PyLong_FromSize_t(i);
		PyObject *key = index ? PyObject_GetItem(keys, index) : NULL;

		Py_XDECREF(index);
		return key;
	}
	Py_INCREF(multi->scratch->keys[i]);
	return multi->scratch->keys[i];
}

static PyObject *make_dict(const struct multi *multi, PyObject *keys)
{
	PyObject *dict = new_dict((Py_ssize_t)multi->count);

	for (size_t i = 0; dict && i < multi->count; i++) {
		PyObject *value = multi->scratch->values[i];

		if (!value) {
			continue;
		}
		PyObject *key = key_of(multi, keys, i);
		if (!key || PyDict_SetItem(dict, key, value) < 0) {
			Py_CLEAR(dict);
		}
		Py_XDECREF(key);
	}
	return dict;
}

PyObject *libmc_get_multi(PyObject *object, PyObject *keys)
{
	struct multi multi = { .scratch = NULL };
	PyObject *dict = NULL;

	if (libmc_record_thread(libmc_of(object)) &&
	    multi_keys(&multi, libmc_of(object), keys) && retrieve(&multi)) {
		dict = make_dict(&multi, keys);
	}
	multi_fini(&multi);
	return dict;
}

static PyObject *make_list(const struct multi *multi)
{
	PyObject *list = PyList_New((Py_ssize_t)multi->count);

	for (size_t i = 0; list && i < multi->count; i++) {
		PyObject *value = multi->scratch->values[i];

		value = value ? value : Py_None;
		Py_INCREF(value);
		PyList_SET_ITEM(list, (Py_ssize_t)i, value);
	}
	return list;
}

/* Return a list of dict.get(key) for each key. NULL with an exception set. */
static PyObject *list_of(PyObject *dict, PyObject *keys)
{
	PyObject *each = PyObject_GetIter(keys);
	PyObject *list = each ? PyList_New(0) : NULL;
	PyObject *key;

	while (list && (key = PyIter_Next(each))) {
		PyObject *value = PyObject_CallMethod(dict, "get", "O", key);

		if (!value || PyList_Append(list, value) < 0) {
			Py_CLEAR(list);
		}
		Py_XDECREF(value);
		Py_DECREF(key);
	}
	Py_XDECREF(each);
	if (PyErr_Occurred()) {
		Py_CLEAR(list);
	}
	return list;
}

/* Get a list by the overridden get_multi(). */
static PyObject *list_by_multi(struct libmc_client *self, PyObject *keys)
{
	PyObject *dict = libmc_record_thread(self) ?
		libmc_call(self, LIBMC_GET_MULTI, keys, NULL, NULL, NULL) :
		NULL;
	PyObject *list = dict ? list_of(dict, keys) : NULL;

	Py_XDECREF(dict);
	return list;
}

PyObject *libmc_get_list(PyObject *object, PyObject *keys)
{
	struct multi multi = { .scratch = NULL };
	PyObject *list = NULL;

	if (libmc_overrides(libmc_of(object), LIBMC_GET_MULTI)) {
		return list_by_multi(libmc_of(object), keys);
	}
	if (libmc_record_thread(libmc_of(object)) &&
	    multi_keys(&multi, libmc_of(object), keys) && retrieve(&multi)) {
		PyObject *dict = multi.indexable ? NULL :
						   make_dict(&multi, keys);

		if (dict || multi.indexable) {
			list = make_list(&multi);
		}
		Py_XDECREF(dict);
	}
	multi_fini(&multi);
	return list;
}

/* ---- outcomes ------------------------------------------------------------ */

/* Append key number i, with its prefix, to the list of failed keys. */
static bool add_failed(const struct multi *multi, PyObject *failed, size_t i)
{
	PyObject *key = libmc_normalized(multi->self,
					 &multi->scratch->items[i].key);
	bool done = key && PyList_Append(failed, key) == 0;

	Py_XDECREF(key);
	return done;
}

/*
 * Return the list of the failed keys: their status is neither `wanted`, `other` nor TENON_SENT.
 * NULL with an exception set.
 */
static PyObject *failed_keys(const struct multi *multi,
			     const struct tenon_result *results, int wanted,
			     int other)
{
	PyObject *failed = PyList_New(0);

	for (size_t i = 0; failed && i < multi->count; i++) {
		int status = results ? results[i].status : TENON_EDOWN;

		if (status != wanted && status != other &&
		    status != TENON_SENT && !add_failed(multi, failed, i)) {
			Py_CLEAR(failed);
		}
	}
	return failed;
}

/* Return success; or (success, failed) when failed is not NULL. Takes failed over. */
static PyObject *outcome(bool success, PyObject *failed)
{
	return failed ? Py_BuildValue("(ON)", success ? Py_True : Py_False,
				      failed) :
			PyBool_FromLong(success);
}

/* Return true when every key has an answer, positive or negative. */
static bool all_answered(const struct multi *multi,
			 const struct tenon_result *results)
{
	bool all = results && multi->self->last_error == LIBMC_OK;

	for (size_t i = 0; all && i < multi->count; i++) {
		all = results[i].status >= 0;
	}
	return all;
}

/* ---- storing ------------------------------------------------------------- */

/* Store all items. Returns True or False, or with return_failure (True or False, failed keys). */
static PyObject *store(struct multi *multi, enum tenon_verb verb,
		       bool return_failure)
{
	struct libmc_client *self = multi->self;
	struct tenon_item *items = multi->scratch->items;
	const struct tenon_result *results;
	size_t largest = 0;

	for (size_t i = 0; i < multi->count; i++) {
		if (items[i].value.len > largest) {
			largest = items[i].value.len;
		}
	}
	if (!libmc_run(self, verb, items, multi->count,
		       libmc_store_options(self, verb, largest), NULL,
		       &results)) {
		return NULL;
	}
	bool success = all_answered(multi, results);
	PyObject *failed = return_failure ?
		failed_keys(multi, results, TENON_STORED, TENON_STORED) : NULL;
	base_leave(&self->base);
	if (return_failure && !failed) {
		return NULL;
	}
	return outcome(success && (!failed || PyList_GET_SIZE(failed) == 0),
		       failed);
}

/*
 * Encode every value. Returns 0; 1 when a value cannot be encoded; -1 with an exception set.
 */
static int encode_values(struct multi *multi, int comp_threshold,
			 int64_t exptime)
{
	struct scratch *scratch = multi->scratch;
	bool refused = false;

	for (size_t i = 0; i < multi->count; i++) {
		struct encoded *encoded = &scratch->encoded[i];
		int code = libmc_encode(multi->self->base.state,
					scratch->values[i], comp_threshold,
					encoded);

		if (code < 0) {
			return -1;
		}
		refused |= code > 0;
		scratch->items[i].value = encoded->value;
		scratch->items[i].flags = encoded->flags;
		scratch->items[i].exptime = exptime;
	}
	return refused;
}

/* Return the answer when a value cannot be encoded. Nothing is stored then. */
static PyObject *refuse_all(const struct multi *multi, bool return_failure)
{
	PyObject *failed = return_failure ?
		failed_keys(multi, NULL, TENON_STORED, TENON_STORED) : NULL;

	return return_failure && !failed ? NULL : outcome(false, failed);
}

PyObject *libmc_set_multi(PyObject *object, PyObject *const *args,
			  Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "dct", "time", "compress",
					     "return_failure", NULL };
	static const struct parameters parameters = { "set_multi", names, 1, 0 };
	struct libmc_client *self = libmc_of(object);
	struct multi multi = { .scratch = NULL };
	PyObject *given[4], *done = NULL;
	int64_t exptime = 0;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	int compress = given[2] ? PyObject_IsTrue(given[2]) : 1;
	int return_failure = given[3] ? PyObject_IsTrue(given[3]) : 0;
	if (!PyDict_CheckExact(given[0])) {
		return PyErr_Format(PyExc_TypeError,
			"Argument 'dct' has incorrect type (expected dict, got %s)",
			Py_TYPE(given[0])->tp_name);
	}
	if (compress < 0 || return_failure < 0 || !libmc_check_thread(self) ||
	    (given[1] && !libmc_exptime(given[1], &exptime))) {
		return NULL;
	}
	multi.self = self;
	multi.scratch = base_copy_dict(&self->base, given[0], &multi.count);
	if (multi.scratch && find_keys(&multi)) {
		int code = encode_values(&multi, compress ?
					 self->comp_threshold : 0, exptime);

		if (code >= 0) {
			done = code > 0 ?
				refuse_all(&multi, return_failure != 0) :
				store(&multi, TENON_SET, return_failure != 0);
		}
	}
	multi_fini(&multi);
	return done;
}

/* append_multi() and prepend_multi(): one value for all keys. */
static PyObject *extend(PyObject *object, const struct parameters *parameters,
			enum tenon_verb verb, PyObject *const *args,
			Py_ssize_t nargs, PyObject *kwnames)
{
	struct libmc_client *self = libmc_of(object);
	struct multi multi = { .scratch = NULL };
	PyObject *given[5], *done = NULL;
	int64_t exptime = 0;

	if (!bind_arguments(parameters, args, nargs, kwnames, given) ||
	    (given[2] && !libmc_exptime(given[2], &exptime))) {
		return NULL;
	}
	PyObject *value = given[1];
	int return_failure = given[4] ? PyObject_IsTrue(given[4]) : 0;
	if (!PyBytes_CheckExact(value) && value != Py_None) {
		return PyErr_Format(PyExc_TypeError,
			"Argument 'val' has incorrect type (expected bytes, got %s)",
			Py_TYPE(value)->tp_name);
	}
	if (return_failure < 0 || !libmc_check_thread(self)) {
		return NULL;
	}
	if (!PyList_CheckExact(given[0])) {
		return PyErr_Format(PyExc_TypeError, "Expected list, got %s",
				    Py_TYPE(given[0])->tp_name);
	}
	if (multi_keys(&multi, self, given[0])) {
		if (value == Py_None ||
		    (self->do_split &&
		     PyBytes_GET_SIZE(value) > LIBMC_CHUNK_BYTES)) {
			Py_INCREF(Py_None);
			done = Py_None;
		} else {
			for (size_t i = 0; i < multi.count; i++) {
				struct tenon_item *item =
					&multi.scratch->items[i];

				item->value = bytes_slice(value);
				item->exptime = exptime;
			}
			done = store(&multi, verb, return_failure != 0);
		}
	}
	multi_fini(&multi);
	return done;
}

#define EXTEND_NAMES { "keys", "val", "exptime", "compress", \
		       "return_failure", NULL }

PyObject *libmc_append_multi(PyObject *self, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = EXTEND_NAMES;
	static const struct parameters parameters = { "append_multi", names, 2, 0 };

	return extend(self, &parameters, TENON_APPEND, args, nargs, kwnames);
}

PyObject *libmc_prepend_multi(PyObject *self, PyObject *const *args,
			      Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = EXTEND_NAMES;
	static const struct parameters parameters = { "prepend_multi", names, 2, 0 };

	return extend(self, &parameters, TENON_PREPEND, args, nargs, kwnames);
}

/* ---- deleting ------------------------------------------------------------ */

PyObject *libmc_delete_multi(PyObject *object, PyObject *const *args,
			     Py_ssize_t nargs, PyObject *kwnames)
{
	static const char *const names[] = { "keys", "return_failure", NULL };
	static const struct parameters parameters = { "delete_multi", names, 1, 0 };
	struct libmc_client *self = libmc_of(object);
	struct multi multi = { .scratch = NULL };
	const struct tenon_result *results;
	PyObject *given[2], *done = NULL, *failed = NULL;

	if (!bind_arguments(&parameters, args, nargs, kwnames, given)) {
		return NULL;
	}
	int return_failure = given[1] ? PyObject_IsTrue(given[1]) : 0;
	if (return_failure < 0 || !libmc_check_thread(self)) {
		return NULL;
	}
	if (multi_keys(&multi, self, given[0]) &&
	    libmc_run(self, TENON_DELETE, multi.scratch->items, multi.count,
		      libmc_store_options(self, TENON_DELETE, 0), NULL,
		      &results)) {
		bool success = all_answered(&multi, results);

		if (return_failure) {
			failed = success ? PyList_New(0) :
				failed_keys(&multi, results, TENON_DELETED,
					    TENON_MISS);
		}
		base_leave(&self->base);
		done = return_failure && !failed ? NULL :
						   outcome(success, failed);
	}
	multi_fini(&multi);
	return done;
}
