/* SPDX-License-Identifier: BSD-3-Clause */
#include "libmc_client.h"

/* Return (pid, name of the thread): libmc compares threads by this tuple. */
PyObject *libmc_get_current_thread_ident(PyObject *self, PyObject *unused)
{
	const struct module_state *state = libmc_of(self)->base.state;
	PyObject *pid = PyObject_CallNoArgs(state->getpid);
	PyObject *thread = pid ? PyObject_CallNoArgs(state->current_thread) :
				 NULL;
	PyObject *name = thread ? PyObject_GetAttr(thread, state->name) : NULL;
	PyObject *ident = name ? PyTuple_Pack(2, pid, name) : NULL;

	(void)unused;
	Py_XDECREF(pid);
	Py_XDECREF(thread);
	Py_XDECREF(name);
	return ident;
}

static PyObject *current_ident(struct libmc_client *self)
{
	return libmc_overrides(self, LIBMC_CURRENT_THREAD) ?
		libmc_call(self, LIBMC_CURRENT_THREAD, NULL, NULL, NULL, NULL) :
		libmc_get_current_thread_ident((PyObject *)self, NULL);
}

/* ---- the thread that uses the client first --------------------------------- */

static bool record(struct libmc_client *self)
{
	if (self->ident || !self->records) {
		return true;
	}
	self->ident = current_ident(self);
	self->thread_id = PyThreadState_GetID(PyThreadState_Get());
	self->fork_count = module_fork_count();
	return self->ident != NULL;
}

/*
 * Called when the thread or the process is not the one that used the client first. Another thread
 * of the same name is accepted, as in libmc. Returns false with an exception set.
 */
static bool compare_idents(struct libmc_client *self)
{
	PyObject *now = current_ident(self);
	PyObject *before = self->ident ? self->ident : Py_None;

	Py_INCREF(before);
	int same = now ? PyObject_RichCompareBool(now, before, Py_EQ) : -1;

	if (same == 0) {
		PyErr_Format(self->base.state->thread_unsafe,
			     "mc client created in %S\n%S, called in %S",
			     before, self->created_stack, now);
	}
	Py_XDECREF(now);
	Py_DECREF(before);
	return same == 1;
}

static bool check(struct libmc_client *self)
{
	bool same = self->thread_id ==
			PyThreadState_GetID(PyThreadState_Get()) &&
		self->fork_count == module_fork_count() && self->ident &&
		!libmc_overrides(self, LIBMC_CURRENT_THREAD);

	return !self->checks || same || compare_idents(self);
}

/* ---- calls, also by overridden methods ----------------------------------- */

static bool call_method(struct libmc_client *self, enum libmc_method method)
{
	PyObject *done = libmc_call(self, method, NULL, NULL, NULL, NULL);

	Py_XDECREF(done);
	return done != NULL;
}

bool libmc_record_thread(struct libmc_client *self)
{
	return libmc_overrides(self, LIBMC_RECORD_THREAD) ?
		call_method(self, LIBMC_RECORD_THREAD) : record(self);
}

bool libmc_check_thread(struct libmc_client *self)
{
	if (!libmc_record_thread(self)) {
		return false;
	}
	return libmc_overrides(self, LIBMC_CHECK_THREAD) ?
		call_method(self, LIBMC_CHECK_THREAD) : check(self);
}

/* ---- methods ------------------------------------------------------------- */

static PyObject *none_if(bool done)
{
	if (!done) {
		return NULL;
	}
	Py_RETURN_NONE;
}

PyObject *libmc_record_thread_ident(PyObject *self, PyObject *unused)
{
	(void)unused;
	return none_if(record(libmc_of(self)));
}

PyObject *libmc_check_thread_ident(PyObject *self, PyObject *unused)
{
	(void)unused;
	return none_if(check(libmc_of(self)));
}

PyObject *libmc_clear_thread_ident(PyObject *self, PyObject *unused)
{
	(void)unused;
	Py_CLEAR(libmc_of(self)->ident);
	Py_RETURN_NONE;
}

PyObject *libmc_reset(PyObject *self, PyObject *unused)
{
	if (libmc_overrides(libmc_of(self), LIBMC_CLEAR_THREAD)) {
		return none_if(call_method(libmc_of(self),
					   LIBMC_CLEAR_THREAD));
	}
	return libmc_clear_thread_ident(self, unused);
}
