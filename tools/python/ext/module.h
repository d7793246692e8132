/* SPDX-License-Identifier: BSD-3-Clause */
/* Included by every file of the extension: the module's state, and reading arguments. */
#ifndef TENON_PYTHON_MODULE_H
#define TENON_PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <tenon/tenon.h>

/*
 * The methods of libmc's client that its other methods call, as libmc's do, so that a subclass may
 * override them.
 */
enum libmc_method {
	LIBMC_NORMALIZE_KEY,
	LIBMC_GET_RAW,
	LIBMC_SET_RAW,
	LIBMC_GET_MULTI,
	LIBMC_TOUCH,
	LIBMC_CHECK_THREAD,
	LIBMC_RECORD_THREAD,
	LIBMC_CURRENT_THREAD,
	LIBMC_CLEAR_THREAD,
	LIBMC_METHOD_COUNT
};

/* The objects that the module made or imported; one state for each interpreter. */
struct module_state {
	PyTypeObject *base_type;
	PyTypeObject *client_type;
	PyTypeObject *libmc_type;
	PyTypeObject *libmc_unsafe_type;
	PyTypeObject *libmc_pooled_type;
	/* answers of get_or_lease(), info() and metrics() */
	PyTypeObject *leased_type, *info_type, *metric_type;
	PyTypeObject *lease_type;
	PyTypeObject *base_pool_type;
	PyTypeObject *pool_type;
	PyTypeObject *libmc_pool_type;
	PyObject *thread_unsafe; /* libmc.ThreadUnsafe */
	PyObject *make_error;    /* of the package tenon; NULL before client_register() */
	PyObject *make_multi_error;
	PyObject *module_name; /* "__module__" */
	PyObject *pickle_dumps, *pickle_loads;
	PyObject *zlib_compress, *zlib_decompressobj, *zlib_error;
	PyObject *warn;
	PyObject *format_stack, *extract_stack;
	PyObject *current_thread, *name, *getpid;
	PyObject *method_names[LIBMC_METHOD_COUNT];
	PyObject *methods[LIBMC_METHOD_COUNT]; /* of libmc_type */
};

extern struct PyModuleDef tenon_module_def;

/*
 * Return the state of the module, from a type of the module or a class that derives from one. NULL
 * with TypeError set.
 */
struct module_state *module_state_of(PyTypeObject *type);

/* Return how many forks lie between the process that loaded the module and this process. */
unsigned module_fork_count(void);

/* The parameters of one function; names ends with NULL. */
struct parameters {
	const char *function;
	const char *const *names;
	int required; /* the first `required` parameters have no default */
	int keywords; /* the last `keywords` parameters can be given by name only */
};

/*
 * Sort the arguments of a METH_FASTCALL | METH_KEYWORDS call into out, which has one place for
 * each name. The place of an argument that was not given is NULL. Returns false with TypeError
 * set.
 */
bool bind_arguments(const struct parameters *parameters, PyObject *const *args,
		    Py_ssize_t nargs, PyObject *kwnames, PyObject **out);

/* The docstring of a function. It begins with the signature that Python's inspect reads. */
#define DOC(name, signature, doc) name signature "\n--\n\n" doc

/* Define a METH_FASTCALL | METH_KEYWORDS function that takes one argument, function(self, it). */
#define ONE_ARGUMENT(caller, function, method, parameter) \
	static PyObject *caller(PyObject *self, PyObject *const *args, \
				Py_ssize_t nargs, PyObject *kwnames) \
	{ \
		static const char *const names[] = { parameter, NULL }; \
		static const struct parameters parameters = { method, names, \
							      1, 0 }; \
		PyObject *given; \
		return bind_arguments(&parameters, args, nargs, kwnames, \
				      &given) ? function(self, given) : NULL; \
	}

/*
 * Read a whole number as libmc does: from an int, or from an object with __int__ or __index__,
 * such as a float. A str is refused, and so is a number with a fraction, which libmc would cut
 * off. Return false with TypeError or OverflowError set.
 */
bool int64_argument(PyObject *object, int64_t *out);
bool uint64_argument(PyObject *object, uint64_t *out);
bool uint32_argument(PyObject *object, uint32_t *out);
bool int_argument(PyObject *object, int *out);

/*
 * Read a whole number from 0 to 2**64 - 1: an int, or an object with __index__. Returns false with
 * TypeError set for a float, a bool and other objects, and with OverflowError set for a number
 * outside of the range. name is the argument's name, for the message.
 */
bool whole_argument(PyObject *object, const char *name, uint64_t *out);

/*
 * Return the UTF-8 of a str without NUL bytes, which the str owns. Returns NULL with TypeError or
 * ValueError set. name is the argument's name, for the message.
 */
const char *text_argument(PyObject *object, const char *name);

/* Prepare duration_argument(). Returns false with an exception set. */
bool duration_init(void);

/*
 * Read a duration into microseconds: a number of seconds, text with a unit such as "300ms", or a
 * datetime.timedelta. A fraction of a microsecond is rounded up; what does not fit becomes
 * INT64_MAX or INT64_MIN. Returns false with an exception set: TypeError for another type, also
 * for a bool; ValueError for wrong text and for NaN.
 */
bool duration_argument(PyObject *object, const char *name, int64_t *out_us);

/*
 * Read a duration of whole seconds, 0 or more. Returns false with an exception set: as
 * duration_argument(), TypeError for a fraction of a second, and ValueError below 0.
 */
bool seconds_argument(PyObject *object, const char *name, int64_t *out_s);

/* Make *to a new reference to from, which may be NULL. Drops the reference that *to was. */
static inline void set_reference(PyObject **to, PyObject *from)
{
	Py_XINCREF(from);
	Py_XSETREF(*to, from);
}

/*
 * Make an empty dict. Before CPython 3.13 it has memory for `count` keys, so that it does not grow
 * while it is filled.
 */
PyObject *new_dict(Py_ssize_t count);

#endif
