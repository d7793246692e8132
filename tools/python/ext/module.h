/* SPDX-License-Identifier: BSD-3-Clause */
/* Included by every file of the extension: the module's state, and reading arguments. */
#ifndef TENON_PYTHON_MODULE_H
#define TENON_PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <tenon/tenon.h>

/* The objects that the module made or imported; one state for each interpreter. */
struct module_state {
	PyTypeObject *base_type;
	PyTypeObject *client_type;
	PyTypeObject *libmc_type;
	PyTypeObject *libmc_unsafe_type;
	PyTypeObject *libmc_pooled_type;
	PyTypeObject *lease_type;
	PyTypeObject *base_pool_type;
	PyTypeObject *pool_type;
	PyTypeObject *libmc_pool_type;
	PyObject *thread_unsafe; /* libmc.ThreadUnsafe */
	PyObject *make_error;    /* of the package tenon; NULL before client_register() */
	PyObject *make_multi_error;
	PyObject *module_name; /* "__module__" */
	PyObject *pickle_dumps, *pickle_loads;
	PyObject *zlib_compress, *zlib_decompress, *zlib_error;
	PyObject *warn;
	PyObject *format_stack, *extract_stack;
	PyObject *current_thread, *name, *getpid;
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
};

/*
 * Sort the arguments of a METH_FASTCALL | METH_KEYWORDS call into out, which has one place for
 * each name. The place of an argument that was not given is NULL. Returns false with TypeError
 * set.
 */
bool bind_arguments(const struct parameters *parameters, PyObject *const *args,
		    Py_ssize_t nargs, PyObject *kwnames, PyObject **out);

/*
 * Read a whole number as libmc does: from an int, or from an object with __int__ or __index__,
 * such as a float. A str is refused. Return false with TypeError or OverflowError set.
 */
bool int64_argument(PyObject *object, int64_t *out);
bool uint64_argument(PyObject *object, uint64_t *out);
bool uint32_argument(PyObject *object, uint32_t *out);
bool int_argument(PyObject *object, int *out);

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
