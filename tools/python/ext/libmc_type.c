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

#define FAST(name, doc) \
	{ #name, (PyCFunction)(void (*)(void))libmc_##name, \
	  METH_FASTCALL | METH_KEYWORDS, doc }
#define ONE(name, doc) { #name, libmc_##name, METH_O, doc }
#define NONE(name, doc) { #name, libmc_##name, METH_NOARGS, doc }

static PyMethodDef libmc_methods[] = {
	ONE(get, "get(key)\n\nThe value, or None when the server has no such key."),
	ONE(gets, "gets(key)\n\n(value, cas_unique), or None when the server has no such key."),
	ONE(get_raw, "get_raw(key)\n\n(stored bytes, flags), or (None, 0) when the server has no such key."),
	ONE(get_multi, "get_multi(keys)\n\nA dict from key to value; absent keys are left out."),
	ONE(get_list, "get_list(keys)\n\nA list of the values; None for an absent key."),
	FAST(set, "set(key, val, time=0, compress=True)\n\nStore. True when stored; None when val cannot be encoded."),
	FAST(set_raw, "set_raw(key, val, time, flags)\n\nStore bytes with the given flags."),
	FAST(set_multi, "set_multi(dct, time=0, compress=True, return_failure=False)\n\nStore every pair. True when all are stored."),
	FAST(add, "add(key, val, time=0)\n\nStore if the server has no such key. True when stored."),
	FAST(replace, "replace(key, val, time=0)\n\nStore if the server has the key. True when stored."),
	FAST(append, "append(key, val, compress=False)\n\nAdd bytes after the stored value."),
	FAST(prepend, "prepend(key, val, compress=False)\n\nAdd bytes before the stored value."),
	FAST(append_multi, "append_multi(keys, val, exptime=0, compress=False, return_failure=False)"),
	FAST(prepend_multi, "prepend_multi(keys, val, exptime=0, compress=False, return_failure=False)"),
	FAST(cas, "cas(key, val, exptime, cas_unique)\n\nStore if the key was not changed since gets()."),
	ONE(delete, "delete(key)\n\nDelete. True also when the server had no such key."),
	FAST(delete_multi, "delete_multi(keys, return_failure=False)"),
	FAST(touch, "touch(key, exptime)\n\nGive the key a new exptime. False when the server has no such key."),
	ONE(expire, "expire(key)\n\nLet the key expire now."),
	FAST(incr, "incr(key, delta=1)\n\nThe new number, or None when the server has no such key."),
	FAST(decr, "decr(key, delta=1)\n\nThe new number, or None when the server has no such key."),
	NONE(version, "version()\n\nA dict from server to version."),
	NONE(stats, "stats()\n\nA dict from server to a dict of statistics."),
	NONE(flush_all, "flush_all()\n\nDelete all keys on every server. Enable it by toggle_flush_all_feature() first."),
	ONE(toggle_flush_all_feature, "toggle_flush_all_feature(enabled)"),
	NONE(quit, "quit()\n\nClose every connection."),
	FAST(config, "config(opt, val)\n\nChange a setting; opt is MC_POLL_TIMEOUT or another of them."),
	ONE(update_servers, "update_servers(servers)\n\nGive the aliases new addresses. False when the aliases are not the same."),
	ONE(get_host_by_key, "get_host_by_key(key)\n\nThe home server of the key."),
	ONE(get_realtime_host_by_key, "get_realtime_host_by_key(key)\n\nThe server that answers for the key now, or None when no server does."),
	ONE(normalize_key, "normalize_key(raw_key)\n\nThe bytes that are sent for the key: the key with the prefix."),
	NONE(get_last_error, "get_last_error()\n\nThe outcome of the last call, a number such as MC_RETURN_OK."),
	NONE(get_last_strerror, "get_last_strerror()\n\nThe name of the outcome of the last call."),
	NONE(reset, "reset()\n\nForget the thread that used the client first: another may use it now."),
	{ "clear_thread_ident", libmc_reset, METH_NOARGS, "The same as reset()." },
	{ "_args", libmc_args, METH_NOARGS, NULL },
	{ "__reduce__", libmc_reduce, METH_NOARGS, NULL },
	{ NULL, NULL, 0, NULL },
};

static PyMemberDef libmc_members[] = {
	{ "servers", T_OBJECT_EX, offsetof(struct libmc_client, servers),
	  READONLY, NULL },
	{ "comp_threshold", T_INT,
	  offsetof(struct libmc_client, comp_threshold), READONLY, NULL },
	{ NULL, 0, 0, 0, NULL },
};

static PyType_Slot libmc_slots[] = {
	{ Py_tp_doc, (void *)"libmc's client. Only the thread that uses it first may use it." },
	{ Py_tp_new, (void *)libmc_new },
	{ Py_tp_dealloc, (void *)libmc_dealloc },
	{ Py_tp_traverse, (void *)libmc_traverse },
	{ Py_tp_clear, (void *)libmc_clear },
	{ Py_tp_methods, libmc_methods },
	{ Py_tp_members, libmc_members },
	{ 0, NULL },
};

PyType_Spec libmc_spec = {
	.name = "_tenon.LibmcClient",
	.basicsize = sizeof(struct libmc_client),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = libmc_slots,
};

static PyType_Slot unsafe_slots[] = {
	{ Py_tp_doc, (void *)"libmc's client without the check of threads." },
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
	{ Py_tp_doc, (void *)"libmc's client as a pool lends it." },
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
