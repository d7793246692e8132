/* SPDX-License-Identifier: BSD-3-Clause */
#include "libmc_client.h"

/* Return (pid, name of the thread): libmc compares threads by this tuple. */
static PyObject *current_ident(const struct module_state *state)
{
	PyObject *pid = PyObject_CallNoArgs(state->getpid);
	PyObject *thread = pid ? PyObject_CallNoArgs(state->current_thread) :
				 NULL;
	PyObject *name = thread ? PyObject_GetAttr(thread, state->name) : NULL;
	PyObject *ident = name ? PyTuple_Pack(2, pid, name) : NULL;

	Py_XDECREF(pid);
	Py_XDECREF(thread);
	Py_XDECREF(name);
	return ident;
}

bool libmc_record_thread(struct libmc_client *self)
{
	if (self->ident || !self->records) {
		return true;
	}
	self->ident = current_ident(self->base.state);
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
	PyObject *now = current_ident(self->base.state);
	int same = now ? PyObject_RichCompareBool(now, self->ident, Py_EQ) : -1;

	if (same == 0) {
		PyErr_Format(self->base.state->thread_unsafe,
			     "mc client created in %S\n%S, called in %S",
			     self->ident, self->created_stack, now);
	}
	Py_XDECREF(now);
	return same == 1;
}

bool libmc_check_thread(struct libmc_client *self)
{
	if (!libmc_record_thread(self)) {
		return false;
	}
	if (!self->checks ||
	    (self->thread_id == PyThreadState_GetID(PyThreadState_Get()) &&
	     self->fork_count == module_fork_count())) {
		return true;
	}
	return compare_idents(self);
}

PyObject *libmc_reset(PyObject *self, PyObject *unused)
{
	(void)unused;
	Py_CLEAR(libmc_of(self)->ident);
	Py_RETURN_NONE;
}
