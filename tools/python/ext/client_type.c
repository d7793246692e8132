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

#define FAST(name, signature, doc) \
	{ #name, (PyCFunction)(void (*)(void))client_##name, \
	  METH_FASTCALL | METH_KEYWORDS, DOC(#name, signature, doc) }
#define ONE(name, signature, doc) \
	{ #name, (PyCFunction)(void (*)(void))one_##name, \
	  METH_FASTCALL | METH_KEYWORDS, DOC(#name, signature, doc) }
#define NONE(name, doc) \
	{ #name, client_##name, METH_NOARGS, DOC(#name, "($self)", doc) }

ONE_ARGUMENT(one_where, client_where, "where", "key")
ONE_ARGUMENT(one_route, client_route, "_route", "key")
ONE_ARGUMENT(one_update_servers, client_update_servers, "update_servers",
	     "servers")
ONE_ARGUMENT(one_set_wait, client_set_wait, "set_wait", "wait")

static PyMethodDef client_methods[] = {
	FAST(get, "($self, key, default=None, *, timeout=None)", "The value, or default when the server has no such key."),
	FAST(gets, "($self, key, *, timeout=None)", "(value, cas), or None when the server has no such key. Give cas to cas()."),
	FAST(gat, "($self, key, ttl, default=None, *, timeout=None)", "Get the value, and give the key a new time to live."),
	FAST(get_multi, "($self, keys, *, timeout=None)", "A dict from key to value; absent keys are left out. Raises MultiError when a\nserver does not answer: its values are the values that were received, its errors\nhave an exception for each other key."),
	FAST(set, "($self, key, value, ttl=0, *, timeout=None)", "Store the value. ttl is the time to live: whole seconds, text such as \"10min\", or a\ndatetime.timedelta; 0: the value does not expire."),
	FAST(add, "($self, key, value, ttl=0, *, timeout=None)", "Store if the server has no such key. True when stored."),
	FAST(replace, "($self, key, value, ttl=0, *, timeout=None)", "Store if the server has the key. True when stored."),
	FAST(append, "($self, key, data, *, timeout=None)", "Add bytes after the stored value. False when the server has no such key."),
	FAST(prepend, "($self, key, data, *, timeout=None)", "Add bytes before the stored value. False when the server has no such key."),
	FAST(cas, "($self, key, value, cas, ttl=0, *, timeout=None)", "Store if the key was not changed since gets() returned cas. True when stored."),
	FAST(set_multi, "($self, items, ttl=0, *, timeout=None)", "Store every pair of a mapping. Raises MultiError when some are not stored."),
	FAST(delete, "($self, key, *, timeout=None)", "True when the server had the key."),
	FAST(delete_multi, "($self, keys, *, timeout=None)", "A dict from key to True, or to False when the server had no such key."),
	FAST(touch, "($self, key, ttl, *, timeout=None)", "Give the key a new time to live. False when the server has no such key."),
	FAST(touch_multi, "($self, keys, ttl, *, timeout=None)", "A dict from key to True, or to False when the server has no such key."),
	FAST(incr, "($self, key, delta=1, *, timeout=None)", "The new number, or None when the server has no such key. Wraps at 2**64."),
	FAST(decr, "($self, key, delta=1, *, timeout=None)", "The new number, at least 0, or None when the server has no such key."),
	FAST(fetch, "($self, key, ttl, function, *, lease=10, stale_for=0, refresh=0, timeout=None, wait=None)", "The value of the key. When it is absent or old, one of all callers makes it by\nfunction() and stores it; the others wait for it, or have the old value for stale_for\nseconds behind its ttl. A store that fails is a UserWarning. Raises TimeoutError\nafter wait; None: twice lease. An exception of the function ends the call. See tenon_fetch(3)."),
	FAST(get_or_lease, "($self, key, *, lease=10, stale_for=0, refresh=0, timeout=None)", "(value, hit, won, taken, stale, token). won: the caller is to make the value, and to\nfill() it with the token. taken: another caller does so. See tenon_get_or_lease(3)."),
	FAST(fill, "($self, key, value, token, ttl=0, *, lease=10, stale_for=0, refresh=0, timeout=None)", "Store a value that get_or_lease() gave the token for. True when stored; False when the\nkey was stored, deleted or invalidated since, or the lease is over."),
	FAST(give_back, "($self, key, token, *, timeout=None)", "Give up the lease, so that the next caller wins at once; a value stays, as a stale one.\nTrue when the caller had the lease."),
	FAST(invalidate, "($self, key, *, lease=10, stale_for=0, refresh=0, timeout=None)", "Make the value stale, so that the next get_or_lease() or fetch() wins. Over classic\ntext: delete it. True when the server had the key."),
	FAST(info, "($self, key, *, timeout=None)", "(ttl, size, flags, cas, idle, read) of the key, which the server does not count as an\naccess, or None when the server has no such key. Needs protocol: meta."),
	FAST(version, "($self, *, timeout=None)", "A dict from alias to version."),
	FAST(stats, "($self, what=None, *, timeout=None)", "A dict from alias to a dict of statistics, which are str. A line that is no\nstatistic, of \"cachedump 1 5\" or \"detail dump\", is under its first two words."),
	FAST(flush_all, "($self, delay=None, *, timeout=None)", "Delete all keys on every server, after delay seconds. The config must set\nenable_flush_all."),
	ONE(where, "($self, key)", "(alias, address, weight) of the key's server. Nothing is sent."),
	{ "_route", (PyCFunction)(void (*)(void))one_route,
	  METH_FASTCALL | METH_KEYWORDS,
	  DOC("_route", "($self, key)", "The parts of route(), for the package tenon.") },
	ONE(update_servers, "($self, servers)", "Give the aliases new addresses: lines such as \"host:port alias\", each alias\nonce. Every key keeps its alias."),
	ONE(set_wait, "($self, wait)", "Let the function wait(fds, timeout_ms) do the waiting of every call. fds is a\nlist of (descriptor, events); events are those of select.poll. An exception of the\nfunction ends the call. None: the client waits by itself again."),
	NONE(metrics, "A list of tenon.Metric: what the plugins of the config count. Nothing is sent."),
	NONE(disconnect, "Close every connection. The next call opens the connections that it needs."),
	NONE(close, "Close the client for good."),
	{ "__enter__", client_enter_block, METH_NOARGS,
	  DOC("__enter__", "($self)", "") },
	{ "__exit__", client_leave_block, METH_VARARGS,
	  DOC("__exit__", "($self, *exc_info)", "Close the client.") },
	{ "__reduce__", client_reduce, METH_NOARGS, NULL },
	{ "__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS,
	  "Client[V] for type checkers; V is the type of the values." },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef client_getset[] = {
	{ "servers", client_servers, NULL,
	  "A list of (alias, address, weight).", NULL },
	{ "closed", client_closed, NULL, "True after close().", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

static PyType_Slot client_slots[] = {
	{ Py_tp_doc, (void *)DOC("Client", "(path, settings, serializer)", "See tenon.Client.") },
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
