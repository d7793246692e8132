/* SPDX-License-Identifier: BSD-3-Clause */
/* The Python types of libmc's clients. */
#include "libmc_client.h"

#include <stddef.h>
#include <structmember.h>

static int libmc_traverse(PyObject *object, visitproc visit, void *arg)
{
	struct libmc_client *self = libmc_of(object);

	Py_VISIT(Py_TYPE(object));
	Py_VISIT(self->servers);
	Py_VISIT(self->identities);
	Py_VISIT(self->ident);
	Py_VISIT(self->created_stack);
	Py_VISIT(self->base.pool);
	return 0;
}

static int libmc_clear(PyObject *object)
{
	struct libmc_client *self = libmc_of(object);

	Py_CLEAR(self->servers);
	Py_CLEAR(self->identities);
	Py_CLEAR(self->prefix);
	Py_CLEAR(self->tls);
	Py_CLEAR(self->auth);
	Py_CLEAR(self->encoding);
	Py_CLEAR(self->ident);
	Py_CLEAR(self->created_stack);
	return 0;
}

static void libmc_dealloc(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);

	PyObject_GC_UnTrack(object);
	libmc_clear(object);
	base_fini(&libmc_of(object)->base);
	type->tp_free(object);
	Py_DECREF(type);
}

/* A row of the table of methods. */
#define FAST(name, signature, doc) \
	{ #name, (PyCFunction)(void (*)(void))libmc_##name, \
	  METH_FASTCALL | METH_KEYWORDS, DOC(#name, signature, doc) }
#define ONE(name, signature, doc) \
	{ #name, (PyCFunction)(void (*)(void))one_##name, \
	  METH_FASTCALL | METH_KEYWORDS, DOC(#name, signature, doc) }
#define NONE(name, doc) \
	{ #name, libmc_##name, METH_NOARGS, DOC(#name, "($self)", doc) }
/* A method of threads, whose name has an underscore in Python. */
#define THREAD(name) \
	{ "_" #name, libmc_##name, METH_NOARGS, DOC("_" #name, "($self)", "") }

ONE_ARGUMENT(one_get, libmc_get, "get", "key")
ONE_ARGUMENT(one_gets, libmc_gets, "gets", "key")
ONE_ARGUMENT(one_get_raw, libmc_get_raw, "get_raw", "key")
ONE_ARGUMENT(one_get_multi, libmc_get_multi, "get_multi", "keys")
ONE_ARGUMENT(one_get_list, libmc_get_list, "get_list", "keys")
ONE_ARGUMENT(one_delete, libmc_delete, "delete", "key")
ONE_ARGUMENT(one_expire, libmc_expire, "expire", "key")
ONE_ARGUMENT(one_toggle_flush_all_feature, libmc_toggle_flush_all_feature,
	     "toggle_flush_all_feature", "enabled")
ONE_ARGUMENT(one_update_servers, libmc_update_servers, "update_servers",
	     "servers")
ONE_ARGUMENT(one_get_host_by_key, libmc_get_host_by_key, "get_host_by_key",
	     "key")
ONE_ARGUMENT(one_get_realtime_host_by_key, libmc_get_realtime_host_by_key,
	     "get_realtime_host_by_key", "key")
ONE_ARGUMENT(one_normalize_key, libmc_normalize_key, "normalize_key",
	     "raw_key")

static PyMethodDef libmc_methods[] = {
	ONE(get, "($self, key)", "The value, or None when the server has no such key."),
	ONE(gets, "($self, key)", "(value, cas_unique), or None when the server has no such key."),
	ONE(get_raw, "($self, key)", "(stored bytes, flags), or (None, 0) when the server has no such key."),
	ONE(get_multi, "($self, keys)", "A dict from key to value; absent keys are left out."),
	ONE(get_list, "($self, keys)", "A list of the values; None for an absent key."),
	FAST(set, "($self, key, val, time=0, compress=True)", "Store. True when stored; None when val cannot be encoded."),
	FAST(set_raw, "($self, key, val, time, flags)", "Store bytes with the given flags."),
	FAST(set_multi, "($self, dct, time=0, compress=True, return_failure=False)", "Store every pair. True when all are stored."),
	FAST(add, "($self, key, val, time=0)", "Store if the server has no such key. True when stored."),
	FAST(replace, "($self, key, val, time=0)", "Store if the server has the key. True when stored."),
	FAST(append, "($self, key, val, compress=False)", "Add bytes after the stored value."),
	FAST(prepend, "($self, key, val, compress=False)", "Add bytes before the stored value."),
	FAST(append_multi, "($self, keys, val, exptime=0, compress=False, return_failure=False)", "Add bytes after the stored value of every key."),
	FAST(prepend_multi, "($self, keys, val, exptime=0, compress=False, return_failure=False)", "Add bytes before the stored value of every key."),
	FAST(cas, "($self, key, val, exptime, cas_unique)", "Store if the key was not changed since gets()."),
	ONE(delete, "($self, key)", "Delete. True also when the server had no such key."),
	FAST(delete_multi, "($self, keys, return_failure=False)", "Delete every key. True also for keys that the server had not."),
	FAST(touch, "($self, key, exptime)", "Give the key a new exptime. False when the server has no such key."),
	ONE(expire, "($self, key)", "Let the key expire now."),
	FAST(incr, "($self, key, delta=1)", "The new number, or None when the server has no such key."),
	FAST(decr, "($self, key, delta=1)", "The new number, or None when the server has no such key."),
	NONE(version, "A dict from server to version."),
	NONE(stats, "A dict from server to a dict of statistics."),
	NONE(flush_all, "Delete all keys on every server. Enable it by toggle_flush_all_feature() first."),
	ONE(toggle_flush_all_feature, "($self, enabled)", "Enable or disable flush_all()."),
	NONE(quit, "Close every connection."),
	FAST(config, "($self, opt, val)", "Change a setting; opt is MC_POLL_TIMEOUT or another of them."),
	ONE(update_servers, "($self, servers)", "Give the aliases new addresses. False when the aliases are not the same."),
	ONE(get_host_by_key, "($self, key)", "The home server of the key."),
	ONE(get_realtime_host_by_key, "($self, key)", "The server that answers for the key now, or None when no server does."),
	ONE(normalize_key, "($self, raw_key)", "The bytes that are sent for the key: the key with the prefix."),
	NONE(get_last_error, "The outcome of the last call, a number such as MC_RETURN_OK."),
	NONE(get_last_strerror, "The name of the outcome of the last call."),
	NONE(reset, "Forget the thread that used the client first: another may use it now."),
	NONE(clear_thread_ident, "The same as reset()."),
	THREAD(record_thread_ident),
	THREAD(check_thread_ident),
	THREAD(get_current_thread_ident),
	{ "_args", libmc_args, METH_NOARGS, NULL },
	{ "__reduce__", libmc_reduce, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef libmc_getset[] = {
	{ "servers", libmc_servers, NULL, "A list of the server lines.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyMemberDef libmc_members[] = {
	{ "comp_threshold", T_INT,
	  offsetof(struct libmc_client, comp_threshold), READONLY, NULL },
	{ NULL, 0, 0, 0, NULL },
};

#define CLIENT_SIGNATURE \
	"(servers, do_split=True, comp_threshold=0, noreply=False, prefix=None, hash_fn=0, failover=False, encoding='utf8', *, auth=None, tls=None)"

static PyType_Slot libmc_slots[] = {
	{ Py_tp_doc, (void *)DOC("LibmcClient", CLIENT_SIGNATURE, "libmc's client. Only the thread that uses it first may use it.") },
	{ Py_tp_setattro, (void *)libmc_setattro },
	{ Py_tp_new, (void *)libmc_new },
	{ Py_tp_dealloc, (void *)libmc_dealloc },
	{ Py_tp_traverse, (void *)libmc_traverse },
	{ Py_tp_clear, (void *)libmc_clear },
	{ Py_tp_methods, libmc_methods },
	{ Py_tp_members, libmc_members },
	{ Py_tp_getset, libmc_getset },
	{ 0, NULL },
};

PyType_Spec libmc_spec = {
	.name = "_tenon.LibmcClient",
	.basicsize = sizeof(struct libmc_client),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = libmc_slots,
};

static PyType_Slot unsafe_slots[] = {
	{ Py_tp_doc, (void *)DOC("LibmcClientUnsafe", CLIENT_SIGNATURE, "libmc's client without the check of threads.") },
	{ Py_tp_dealloc, (void *)libmc_dealloc },
	{ Py_tp_traverse, (void *)libmc_traverse },
	{ Py_tp_clear, (void *)libmc_clear },
	{ 0, NULL },
};

PyType_Spec libmc_unsafe_spec = {
	.name = "_tenon.LibmcClientUnsafe",
	.basicsize = sizeof(struct libmc_client),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = unsafe_slots,
};

static PyType_Slot pooled_slots[] = {
	{ Py_tp_doc, (void *)DOC("LibmcPooledClient", CLIENT_SIGNATURE, "libmc's client as a pool lends it.") },
	{ Py_tp_dealloc, (void *)libmc_dealloc },
	{ Py_tp_traverse, (void *)libmc_traverse },
	{ Py_tp_clear, (void *)libmc_clear },
	{ 0, NULL },
};

PyType_Spec libmc_pooled_spec = {
	.name = "_tenon.LibmcPooledClient",
	.basicsize = sizeof(struct libmc_client),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = pooled_slots,
};
