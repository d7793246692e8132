/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interpreter lock around calls of the library, and the hooks that such calls
 * wait by. A thread is in one such call at a time, and what a hook needs to know of
 * it is kept by thread: a hook of a pool serves many calls. Greenlets of a thread
 * take turns within hooks only.
 */
#ifndef TENON_PYTHON_WAITING_H
#define TENON_PYTHON_WAITING_H

#include "module.h"

/* Give the interpreter lock up: a call of the library begins, or goes on. */
void waiting_unlock(void);

/* Within such a call: take the lock, until the next waiting_unlock(). */
void waiting_lock(void);

/* The call has ended: take the lock. Returns false with the exception set that a hook raised. */
bool waiting_end(void);

/*
 * A tenon_wait_fn: the Python function *(PyObject **)payload waits. It is called with
 * (fds, timeout_ms), fds a list of (descriptor, events as in module select) and -1
 * for no timeout, and returns when one may be ready or it is late. What it raises
 * ends the call, which raises it. Where the function is NULL, poll(2) waits.
 */
int waiting_in_python(struct pollfd *fds, size_t count, int timeout_ms,
		      void *payload);

/* A tenon_wait_fn: poll(2), which ends when a signal's handler in Python raises. */
int waiting_for_signals(struct pollfd *fds, size_t count, int timeout_ms,
			void *payload);

#endif
