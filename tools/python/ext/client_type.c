/* SPDX-License-Identifier: BSD-3-Clause */
#include "client_object.h"

static int client_traverse(PyObject *object, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(object));
	Py_VISIT(client_of(object)->dumps);
	Py_VISIT(client_of(object)->loads);
	Py_VISIT(client_of(object)->base.wait);
	Py_VISIT(client_of(object)->base.pool);
	return 0;
}

static int client_clear(PyObject *object)
{
	Py_CLEAR(client_of(object)->dumps);
	Py_CLEAR(client_of(object)->loads);
	Py_CLEAR(client_of(object)->base.wait);
	return 0;
}

static void client_dealloc(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);

	PyObject_GC_UnTrack(object);
	client_clear(object);
	base_fini(&client_of(object)->base);
	type->tp_free(object);
	Py_DECREF(type);
}

static PyObject *client_enter_block(PyObject *self, PyObject *unused)
{
	(void)unused;
	Py_INCREF(self);
	return self;
}

static PyObject *client_leave_block(PyObject *self, PyObject *args)
{
	(void)args;
	return client_close(self, NULL);
}

static PyObject *client_reduce(PyObject *self, PyObject *unused)
{
	(void)unused;
	return PyErr_Format(PyExc_TypeError, "%s cannot be pickled: its connections belong to this process",
			    Py_TYPE(self)->tp_name);
}

#define FAST(name, doc) \
	{ #name, (PyCFunction)(void (*)(void))client_##name, \
	  METH_FASTCALL | METH_KEYWORDS, doc }
#define ONE(name, doc) { #name, client_##name, METH_O, doc }
#define NONE(name, doc) { #name, client_##name, METH_NOARGS, doc }

static PyMethodDef client_methods[] = {
	FAST(get, "get(key, default=None)\n\nThe value, or default when the key is not there."),
	ONE(gets, "gets(key)\n\n(value, cas) for cas(), or None when the key is not there."),
	FAST(gat, "gat(key, ttl, default=None)\n\nGet, and give the key a new time to live."),
	ONE(get_multi, "get_multi(keys)\n\nA dict of those that are there. When a server does not answer: MultiError,\nwhose values are those that came and whose errors say why the others did not."),
	FAST(set, "set(key, value, ttl=0)\n\nStore; ttl is in seconds from now, 0 for ever."),
	FAST(add, "add(key, value, ttl=0)\n\nStore when the key is not there. True when stored."),
	FAST(replace, "replace(key, value, ttl=0)\n\nStore when the key is there. True when stored."),
	FAST(append, "append(key, data)\n\nAdd bytes behind the stored ones. False when the key is not there."),
	FAST(prepend, "prepend(key, data)\n\nAdd bytes in front of the stored ones. False when the key is not there."),
	FAST(cas, "cas(key, value, cas, ttl=0)\n\nStore when nobody has since gets() returned cas. True when stored."),
	FAST(set_multi, "set_multi(items, ttl=0)\n\nStore every pair of a mapping. When some are not stored: MultiError."),
	ONE(delete, "delete(key)\n\nTrue when the key was there."),
	ONE(delete_multi, "delete_multi(keys)\n\nA dict that says of each key whether it was there."),
	FAST(touch, "touch(key, ttl)\n\nGive the key a new time to live. False when it is not there."),
	FAST(touch_multi, "touch_multi(keys, ttl)\n\nA dict that says of each key whether it was there."),
	FAST(incr, "incr(key, delta=1)\n\nThe new number, or None when the key is not there. 64 bits; wraps."),
	FAST(decr, "decr(key, delta=1)\n\nThe new number, 0 at least, or None when the key is not there."),
	NONE(version, "version()\n\nA dict of aliases and versions."),
	FAST(stats, "stats(what=None)\n\nA dict of aliases and statistics, which are text."),
	FAST(flush_all, "flush_all(delay=None)\n\nEmpty every server; the config has to have enable_flush_all."),
	ONE(where, "where(key)\n\n(alias, address, weight) of the server where the key lives; connects to nothing."),
	ONE(update_servers, "update_servers(servers)\n\nGive aliases new addresses: lines as \"host:port alias\", each alias once.\nNo key changes its alias."),
	ONE(set_wait, "set_wait(wait)\n\nLet wait(fds, timeout_ms) wait in every call; fds is a list of (descriptor,\nevents as in module select). What it raises ends the call. None: no more."),
	NONE(disconnect, "disconnect()\n\nClose every connection; the next call makes what it needs."),
	NONE(close, "close()\n\nClose the client for good."),
	{ "__enter__", client_enter_block, METH_NOARGS, NULL },
	{ "__exit__", client_leave_block, METH_VARARGS, NULL },
	{ "__reduce__", client_reduce, METH_NOARGS, NULL },
	{ "__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS,
	  "Client[type of the values], for type checkers." },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef client_getset[] = {
	{ "servers", client_servers, NULL,
	  "A list of (alias, address, weight).", NULL },
	{ "closed", client_closed, NULL, "Was close() called?", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot client_slots[] = {
	{ Py_tp_doc, (void *)"Client(path, settings, serializer): see tenon.Client." },
	{ Py_tp_new, (void *)base_new },
	{ Py_tp_init, (void *)client_init },
	{ Py_tp_dealloc, (void *)client_dealloc },
	{ Py_tp_traverse, (void *)client_traverse },
	{ Py_tp_clear, (void *)client_clear },
	{ Py_tp_methods, client_methods },
	{ Py_tp_getset, client_getset },
	{ 0, NULL },
};

PyType_Spec client_spec = {
	.name = "_tenon.Client",
	.basicsize = sizeof(struct client),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = client_slots,
};
