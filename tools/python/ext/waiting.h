/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interpreter lock around calls of the library, and the wait hooks that these calls use.
 *
 * A thread is in one call of the library at a time. The state that a hook needs is thread-local,
 * because the hook of a pool serves many calls at once. Greenlets of a thread switch only inside a
 * hook.
 */
#ifndef TENON_PYTHON_WAITING_H
#define TENON_PYTHON_WAITING_H

#include "module.h"

/* Give up the interpreter lock, before a call of the library and after waiting_lock(). */
void waiting_unlock(void);

/* Take the lock inside a call of the library, until the next waiting_unlock(). */
void waiting_lock(void);

/*
 * Take the lock after a call of the library. Returns false, with the exception set, when a hook
 * raised one during the call.
 */
bool waiting_end(void);

/*
 * Wait by the Python function *(PyObject **)payload; a tenon_wait_fn.
 *
 * The function is called as wait(fds, timeout_ms). fds is a list of (descriptor, events), with
 * the events of select.poll; timeout_ms -1 is no limit. The function returns when a descriptor
 * may be ready or the time is over. An exception of the function ends the call of the library,
 * which raises it. When *payload is NULL, poll(2) waits.
 */
int waiting_in_python(struct pollfd *fds, size_t count, int timeout_ms,
		      void *payload);

/* Run the Python signal handlers; not 0 when one raised. A tenon_interrupt_fn. */
int waiting_check_signals(void *payload);

/*
 * Wait by poll(2), until a Python signal handler raises; a tenon_wait_fn. A replacement of poll(2),
 * such as greenify's, returns 0 early when an exception was thrown into the waiting greenlet: the
 * wait fails with ECANCELED.
 */
int waiting_for_signals(struct pollfd *fds, size_t count, int timeout_ms,
			void *payload);

#endif
