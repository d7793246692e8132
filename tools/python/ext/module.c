/* SPDX-License-Identifier: BSD-3-Clause */
/* _tenon: the extension module under the packages tenon and libmc. */
#include "module.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <tenon/introspect.h>

#include "client_object.h"
#include "libmc_client.h"
#include "libmc_value.h"
#include "pool_object.h"

/* ---- forks --------------------------------------------------------------- */

static atomic_uint fork_count;

static void count_fork(void)
{
	atomic_fetch_add(&fork_count, 1);
}

unsigned module_fork_count(void)
{
	return atomic_load_explicit(&fork_count, memory_order_relaxed);
}

static void watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, count_fork);
}

/* ---- state --------------------------------------------------------------- */

struct module_state *module_state_of(PyTypeObject *type)
{
	for (; type; type = type->tp_base) {
		PyObject *module = type->tp_flags & Py_TPFLAGS_HEAPTYPE ?
			((PyHeapTypeObject *)type)->ht_module : NULL;

		if (module && PyModule_GetDef(module) == &tenon_module_def) {
			return PyModule_GetState(module);
		}
	}
	PyErr_SetString(PyExc_TypeError, "the type does not derive from a type of _tenon");
	return NULL;
}

/* Set *out = module.name. */
static bool import_one(PyObject **out, const char *module, const char *name)
{
	PyObject *imported = PyImport_ImportModule(module);

	*out = imported ? PyObject_GetAttrString(imported, name) : NULL;
	Py_XDECREF(imported);
	return *out != NULL;
}

static bool import_all(struct module_state *state)
{
	state->module_name = PyUnicode_InternFromString("__module__");
	state->name = PyUnicode_InternFromString("name");
	return state->module_name && state->name && duration_init() &&
		import_one(&state->pickle_dumps, "pickle", "dumps") &&
		import_one(&state->pickle_loads, "pickle", "loads") &&
		import_one(&state->zlib_compress, "zlib", "compress") &&
		import_one(&state->zlib_decompressobj, "zlib",
			   "decompressobj") &&
		import_one(&state->zlib_error, "zlib", "error") &&
		import_one(&state->warn, "warnings", "warn") &&
		import_one(&state->format_stack, "traceback", "format_stack") &&
		import_one(&state->extract_stack, "traceback",
			   "extract_stack") &&
		import_one(&state->current_thread, "threading",
			   "current_thread") &&
		import_one(&state->getpid, "os", "getpid");
}

/* Make a type in *out, and add it to the module under the part of its name after the dot. */
static bool add_type(PyObject *module, PyTypeObject **out, PyType_Spec *spec,
		     PyTypeObject *base)
{
	PyObject *bases = base ? PyTuple_Pack(1, base) : NULL;

	if (base && !bases) {
		return false;
	}
	*out = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, bases);
	Py_XDECREF(bases);
	return *out && PyModule_AddType(module, *out) == 0;
}

/* Make the type of a named tuple in *out, and add it to the module. */
static bool add_tuple(PyObject *module, PyTypeObject **out,
		      PyStructSequence_Desc *description)
{
	*out = PyStructSequence_NewType(description);
	return *out && PyModule_AddType(module, *out) == 0;
}

static bool add_types(PyObject *module, struct module_state *state)
{
	return add_tuple(module, &state->leased_type, &leased_desc) &&
		add_tuple(module, &state->info_type, &info_desc) &&
		add_tuple(module, &state->metric_type, &metric_desc) &&
		add_type(module, &state->base_type, &base_spec, NULL) &&
		add_type(module, &state->client_type, &client_spec,
			 state->base_type) &&
		add_type(module, &state->libmc_type, &libmc_spec,
			 state->base_type) &&
		add_type(module, &state->libmc_unsafe_type, &libmc_unsafe_spec,
			 state->libmc_type) &&
		add_type(module, &state->libmc_pooled_type, &libmc_pooled_spec,
			 state->libmc_type) &&
		add_type(module, &state->lease_type, &lease_spec, NULL) &&
		add_type(module, &state->base_pool_type, &base_pool_spec,
			 NULL) &&
		add_type(module, &state->pool_type, &pool_spec,
			 state->base_pool_type) &&
		add_type(module, &state->libmc_pool_type, &libmc_pool_spec,
			 state->base_pool_type);
}

static bool add_rest(PyObject *module, struct module_state *state)
{
	state->thread_unsafe = PyErr_NewException("libmc.ThreadUnsafe", NULL,
						  NULL);
	if (!state->thread_unsafe) {
		return false;
	}
	Py_INCREF(state->thread_unsafe);
	if (PyModule_AddObject(module, "ThreadUnsafe",
			       state->thread_unsafe) < 0) {
		Py_DECREF(state->thread_unsafe);
		return false;
	}
	return PyModule_AddStringConstant(module, "__version__",
					  tenon_version()) == 0;
}

static int module_exec(PyObject *module)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct module_state *state = PyModule_GetState(module);

	pthread_once(&once, watch_forks);
	return import_all(state) && add_types(module, state) &&
		libmc_find_methods(state) && add_rest(module, state) ? 0 : -1;
}

/* ---- libraries ----------------------------------------------------------- */

static bool append_path(PyObject *list, const char *path)
{
	PyObject *text = PyUnicode_DecodeFSDefault(path);
	bool added = text && PyList_Append(list, text) == 0;

	Py_XDECREF(text);
	return added;
}

/* Add the file of the transport to the list, when the transport is a module. */
static void append_transport(const struct tenon_setting_info *info,
			     void *payload)
{
	if (strcmp(info->name, "transport") == 0 &&
	    strcmp(info->origin, "built-in") != 0) {
		(void)append_path(payload, info->origin);
	}
}

/*
 * libmc's transport may be a plugin module. Checking a config that names the transport finds the
 * module's file.
 */
static void append_module(PyObject *list)
{
	struct tenon_config *config;

	if (tenon_config_create(&config, NULL) != 0) {
		return;
	}
	if (tenon_config_set(config, "transport", LIBMC_TRANSPORT, NULL) == 0 &&
	    tenon_config_add_server(config, "127.0.0.1", NULL, 1, NULL) == 0 &&
	    tenon_config_check(config, NULL) == 0) {
		tenon_config_each_setting(config, append_transport, list);
	}
	tenon_config_destroy(config);
}

/*
 * List the files in which calls of the package libmc may wait: libtenon, this extension, and the
 * transport when it is a module.
 */
static PyObject *libraries(PyObject *module, PyObject *none)
{
	void *const functions[] = { (void *)tenon_run, (void *)watch_forks };
	PyObject *list = PyList_New(0);

	(void)module;
	(void)none;
	for (int i = 0; list && i < 2; i++) {
		Dl_info info;

		if (dladdr(functions[i], &info) &&
		    !append_path(list, info.dli_fname)) {
			Py_CLEAR(list);
		}
	}
	if (list) {
		append_module(list);
	}
	if (PyErr_Occurred()) {
		Py_CLEAR(list);
	}
	return list;
}

/* ---- options ------------------------------------------------------------- */

/* Append (plugin, option, type, range) for each option of a plugin to the list, until one fails. */
static void append_options(const struct tenon_plugin_info *info, void *payload)
{
	for (size_t i = 0; i < info->option_count && !PyErr_Occurred(); i++) {
		PyObject *row = Py_BuildValue("(ssss)", info->name,
					      info->options[i].name,
					      info->options[i].type,
					      info->options[i].range);

		if (row) {
			(void)PyList_Append(payload, row);
			Py_DECREF(row);
		}
	}
}

static PyObject *options(PyObject *module, PyObject *none)
{
	PyObject *list = PyList_New(0);
	struct tenon_config *config = NULL;

	(void)module;
	(void)none;
	if (list && tenon_config_create(&config, NULL) == 0) {
		(void)tenon_config_each_plugin(config, append_options, list,
					       NULL);
		tenon_config_destroy(config);
	}
	if (PyErr_Occurred()) {
		Py_CLEAR(list);
	}
	return list;
}

/* ---- the module ---------------------------------------------------------- */

/* Treat the state as an array: struct module_state has references only. */
static PyObject **references(struct module_state *state, size_t *count)
{
	*count = sizeof(*state) / sizeof(PyObject *);
	return (PyObject **)(void *)state;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
	size_t count;
	PyObject **all = references(PyModule_GetState(module), &count);

	for (size_t i = 0; i < count; i++) {
		Py_VISIT(all[i]);
	}
	return 0;
}

static int module_clear(PyObject *module)
{
	size_t count;
	PyObject **all = references(PyModule_GetState(module), &count);

	for (size_t i = 0; i < count; i++) {
		Py_CLEAR(all[i]);
	}
	return 0;
}

static void module_free(void *module)
{
	module_clear(module);
}

static PyMethodDef module_methods[] = {
	{ "diff", (PyCFunction)(void (*)(void))client_diff,
	  METH_FASTCALL | METH_KEYWORDS,
	  DOC("diff", "($module, before, after, keys, count)", "The parts of tenon.diff(), for the package tenon.") },
	{ "encode_value", (PyCFunction)(void (*)(void))libmc_encode_value,
	  METH_FASTCALL | METH_KEYWORDS,
	  DOC("encode_value", "($module, val, comp_threshold)", "(bytes, flags), in the form in which libmc stores val.") },
	{ "decode_value", (PyCFunction)(void (*)(void))libmc_decode_value,
	  METH_FASTCALL | METH_KEYWORDS,
	  DOC("decode_value", "($module, val, flags)", "The object that libmc makes of stored bytes and flags.") },
	{ "libraries", libraries, METH_NOARGS,
	  DOC("libraries", "($module)", "Paths of the shared libraries in which calls of the package libmc may wait.") },
	{ "options", options, METH_NOARGS,
	  DOC("options", "($module)", "A list of (plugin, option, type, range) for every option of a config; \"core\" is the\nplugin of the config's own keys.") },
	{ "register", (PyCFunction)(void (*)(void))client_register,
	  METH_FASTCALL | METH_KEYWORDS,
	  DOC("register", "($module, make_error, make_multi_error)", "Set the functions that make the exceptions of Client.") },
	{ NULL, NULL, 0, NULL },
};

static PyModuleDef_Slot module_slots[] = {
	{ Py_mod_exec, (void *)module_exec },
	{ 0, NULL },
};

struct PyModuleDef tenon_module_def = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_tenon",
	.m_doc = "The memcached client of tenon, for the packages tenon and libmc.",
	.m_size = sizeof(struct module_state),
	.m_methods = module_methods,
	.m_slots = module_slots,
	.m_traverse = module_traverse,
	.m_clear = module_clear,
	.m_free = module_free,
};

PyMODINIT_FUNC PyInit__tenon(void);

PyMODINIT_FUNC PyInit__tenon(void)
{
	return PyModuleDef_Init(&tenon_module_def);
}
