/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/types.h
 * @brief What both applications and plugins speak of.
 *
 * Stability: client ABI and plugin ABI; never changes within a major version.
 */
#ifndef TENON_TYPES_H
#define TENON_TYPES_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

/* The library hides what no public header declares. */
#if defined(__GNUC__)
#define TENON_VISIBLE_BEGIN _Pragma("GCC visibility push(default)")
#define TENON_VISIBLE_END _Pragma("GCC visibility pop")
#else
/** What follows is seen outside the library. */
#define TENON_VISIBLE_BEGIN
/** What follows is seen as before. */
#define TENON_VISIBLE_END
#endif

#ifdef __cplusplus
#define TENON_BEGIN_DECLS TENON_VISIBLE_BEGIN extern "C" {
#define TENON_END_DECLS } TENON_VISIBLE_END
#else
/** Begins the declarations of a header: C linkage, seen outside. */
#define TENON_BEGIN_DECLS TENON_VISIBLE_BEGIN
/** Ends them. */
#define TENON_END_DECLS TENON_VISIBLE_END
#endif

TENON_BEGIN_DECLS

#define TENON_KEY_MAX_BYTES 250 /**< with prefix; memcached protocol.txt, "Keys" */
#define TENON_DEFAULT_PORT 11211 /**< of a server that is given without one */

/** Bytes that somebody else owns; not NUL-terminated. */
struct tenon_slice {
	const void *data; /**< may be NULL when len is 0 */
	size_t len;       /**< bytes */
};

/** How loud a log line is. */
enum tenon_log_level {
	TENON_LOG_ERROR = 0,   /**< something does not work */
	TENON_LOG_WARNING = 1, /**< something will hurt later */
	TENON_LOG_INFO = 2,    /**< a server changed its state */
	TENON_LOG_DEBUG = 3
};

/** What is made of a server. */
enum tenon_server_state {
	TENON_SERVER_UP = 0,      /**< it gets its keys */
	TENON_SERVER_DOWN = 1,    /**< it gets none for a while */
	TENON_SERVER_PROBING = 2, /**< it gets what is needed to see whether it is back */
	TENON_SERVER_FAILING = 3  /**< it gets its keys, but its last operation failed; no policy says this */
};

/**
 * Wait for descriptors in the place of poll(2): how a program with green threads
 * or an event loop lends the wait of an operation to others.
 * Shape:   fds[count] ask for POLLIN and POLLOUT only; revents is to be filled;
 *          timeout_ms is 0 or more, or -1 for no limit.
 *          Returns how many are ready; 0 when it is too late; -1 with errno:
 *          after EINTR the wait goes on, anything else gives it up (TENON_EWAIT).
 * Threads: called on the thread that runs the operation. What waits (the client)
 *          cannot be used from within the call; others can.
 */
typedef int (*tenon_wait_fn)(struct pollfd *fds, size_t count, int timeout_ms,
			     void *payload);

TENON_END_DECLS

#endif
