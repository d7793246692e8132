/* SPDX-License-Identifier: BSD-3-Clause */
#include "waiting.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

/* The state of the call of the library that this thread is in. */
static _Thread_local struct {
	PyThreadState *thread;
	PyObject *raised[3]; /* the exception of its hook, from PyErr_Fetch() */
} call;

void waiting_unlock(void)
{
	call.thread = PyEval_SaveThread();
}

void waiting_lock(void)
{
	PyEval_RestoreThread(call.thread);
}

bool waiting_end(void)
{
	waiting_lock();
	if (!call.raised[0]) {
		return true;
	}
	PyErr_Restore(call.raised[0], call.raised[1], call.raised[2]);
	memset(call.raised, 0, sizeof(call.raised));
	return false;
}

/*
 * Keep the exception of a hook for waiting_end(), and give up the interpreter lock. Returns the
 * value that the hook returns to the library.
 */
static int give_up(void)
{
	PyErr_Fetch(&call.raised[0], &call.raised[1], &call.raised[2]);
	waiting_unlock();
	errno = ECANCELED;
	return -1;
}

static PyObject *list_fds(const struct pollfd *fds, size_t count)
{
	PyObject *list = PyList_New((Py_ssize_t)count);

	for (size_t i = 0; list && i < count; i++) {
		PyObject *pair = Py_BuildValue("(ii)", fds[i].fd,
					       (int)fds[i].events);

		if (!pair) {
			Py_CLEAR(list);
			break;
		}
		PyList_SET_ITEM(list, (Py_ssize_t)i, pair);
	}
	return list;
}

/* Call the Python function. Returns false with an exception set. */
static bool run_hook(PyObject *function, const struct pollfd *fds, size_t count,
		     int timeout_ms)
{
	PyObject *list = list_fds(fds, count);
	PyObject *answer = list ? PyObject_CallFunction(function, "Oi", list,
							timeout_ms) : NULL;

	Py_XDECREF(list);
	Py_XDECREF(answer);
	return answer != NULL;
}

int waiting_in_python(struct pollfd *fds, size_t count, int timeout_ms,
		      void *payload)
{
	if (call.raised[0]) {
		errno = ECANCELED; /* a hook has raised: the call is about to end */
		return -1;
	}
	waiting_lock();
	PyObject *wait = *(PyObject **)payload;
	if (!wait) {
		waiting_unlock();
		return poll(fds, (nfds_t)count, timeout_ms);
	}
	Py_INCREF(wait);
	bool waited = run_hook(wait, fds, count, timeout_ms);
	Py_DECREF(wait);
	if (!waited) {
		return give_up();
	}
	waiting_unlock();
	return poll(fds, (nfds_t)count, 0);
}

int waiting_check_signals(void *payload)
{
	(void)payload;
	if (call.raised[0]) {
		return -1; /* a hook has raised: the call is about to end */
	}
	waiting_lock();
	if (PyErr_CheckSignals() != 0) {
		return give_up();
	}
	waiting_unlock();
	return 0;
}

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int waiting_for_signals(struct pollfd *fds, size_t count, int timeout_ms,
			void *payload)
{
	int64_t until_ns = now_ns() + (int64_t)timeout_ms * 1000000;
	int ready = poll(fds, (nfds_t)count, timeout_ms);

	(void)payload;
	if (ready == 0 && (timeout_ms < 0 || now_ns() < until_ns)) {
		errno = ECANCELED; /* a replacement of poll(2) has ended early */
		return -1;
	}
	if (ready >= 0 || errno != EINTR) {
		return ready;
	}
	if (waiting_check_signals(NULL) != 0) {
		return -1;
	}
	errno = EINTR;
	return ready;
}
