/* SPDX-License-Identifier: BSD-3-Clause */
/* What every file of the extension knows: the module's state, and arguments. */
#ifndef TENON_PYTHON_MODULE_H
#define TENON_PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <tenon/tenon.h>

/* What the module made or imported, one for each interpreter. */
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
	PyObject *make_error;    /* tenon's; NULL before it is registered */
	PyObject *make_multi_error;
	PyObject *module_name; /* "__module__" */
	PyObject *pickle_dumps, *pickle_loads;
	PyObject *zlib_compress, *zlib_decompress, *zlib_error;
	PyObject *warn;
	PyObject *format_stack, *extract_stack;
	PyObject *current_thread, *name, *getpid;
};

extern struct PyModuleDef tenon_module_def;

/* The state that belongs to a type of this module, or to a class that derives from one. */
struct module_state *module_state_of(PyTypeObject *type);

/* How many times this process was forked from one that had loaded the module. */
unsigned module_fork_count(void);

/* One function's parameters; names end with NULL. */
struct parameters {
	const char *function;
	const char *const *names;
	int required; /* how many have to be given */
};

/*
 * Sort arguments of the fast calling convention into out, one place for each name;
 * NULL: not given. Returns false with TypeError set.
 */
bool bind_arguments(const struct parameters *parameters, PyObject *const *args,
		    Py_ssize_t nargs, PyObject *kwnames, PyObject **out);

/*
 * Whole numbers as libmc takes them: int, or what has __int__, such as float, and is
 * no text. Return false with TypeError or OverflowError set.
 */
bool int64_argument(PyObject *object, int64_t *out);
bool uint64_argument(PyObject *object, uint64_t *out);
bool uint32_argument(PyObject *object, uint32_t *out);
bool int_argument(PyObject *object, int *out);

/* Make a dict for `count` keys, without growing on the way where CPython can. */
PyObject *new_dict(Py_ssize_t count);

#endif
