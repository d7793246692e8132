/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/types.h
 * @brief Types that applications and plugins share.
 *
 * Stability: client ABI and plugin ABI; never changes within a major version.
 */
#ifndef TENON_TYPES_H
#define TENON_TYPES_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The library is compiled with hidden visibility; these macros make the public headers visible. */
#if defined(__GNUC__)
#define TENON_VISIBLE_BEGIN _Pragma("GCC visibility push(default)")
#define TENON_VISIBLE_END _Pragma("GCC visibility pop")
#else
/** Begin declarations that are visible outside the library. */
#define TENON_VISIBLE_BEGIN
/** End declarations that are visible outside the library. */
#define TENON_VISIBLE_END
#endif

#ifdef __cplusplus
#define TENON_BEGIN_DECLS TENON_VISIBLE_BEGIN extern "C" {
#define TENON_END_DECLS } TENON_VISIBLE_END
#else
/** Begin the declarations of a header: C linkage, visible outside the library. */
#define TENON_BEGIN_DECLS TENON_VISIBLE_BEGIN
/** End the declarations of a header. */
#define TENON_END_DECLS TENON_VISIBLE_END
#endif

TENON_BEGIN_DECLS

/* ---- slices ------------------------------------------------------------ */

/** Bytes and their number. The bytes belong to somebody else and need no NUL at their end. */
struct tenon_slice {
	const void *data; /**< may be NULL when len is 0 */
	size_t len;       /**< bytes */
};

/**
 * Initialise a struct tenon_slice with a string literal, static objects included:
 * `static const struct tenon_slice key = TENON_LITERAL("greeting");`. The literal may contain
 * NUL bytes. TENON_LITERAL() is no expression; tenon_slice_of() is.
 */
#define TENON_LITERAL(s) { (s), sizeof(s) - 1 }

/**
 * Make a slice of a C string: `tenon_get(client, tenon_slice_of("greeting"), ...)`.
 * Shape:   text is NUL-terminated. NULL makes an empty slice.
 * Returns: a slice of text without its NUL.
 * Owns:    text is not copied. The caller keeps text for as long as the slice is used.
 * Errors:  none.
 * Threads: any.
 * Cost:    one strlen(3); compilers compute the length of a literal.
 */
static inline struct tenon_slice tenon_slice_of(const char *text)
{
	struct tenon_slice slice = { text, text ? strlen(text) : 0 };

	return slice;
}

/* ---- shared by all ----------------------------------------------------- */

/**
 * Longest key in bytes, the prefix of the config included.
 * Source:  memcached protocol.txt, "Keys".
 */
#define TENON_KEY_MAX_BYTES 250
/** Port of a server whose address names no port. */
#define TENON_DEFAULT_PORT 11211

/** Severity of a log line. */
enum tenon_log_level {
	TENON_LOG_ERROR = 0,   /**< something does not work */
	TENON_LOG_WARNING = 1, /**< something works, but is likely to cause trouble later */
	TENON_LOG_INFO = 2,    /**< a server changed its state */
	TENON_LOG_DEBUG = 3    /**< details for people who look for an error */
};

/** State of a server, as a client sees it. */
enum tenon_server_state {
	TENON_SERVER_UP = 0,      /**< the server gets its keys */
	TENON_SERVER_DOWN = 1,    /**< the failover policy sends no keys there for a while */
	TENON_SERVER_PROBING = 2, /**< the server gets a few keys, which show whether it is back */
	/**
	 * The last operation failed, but keys are still sent to the server. The health record
	 * sets this state; a failover policy never does.
	 */
	TENON_SERVER_FAILING = 3,
	/**
	 * The server answers, but with error lines only: it refuses every request. Keys are still
	 * sent to the server. The health record sets this state; a failover policy never does.
	 */
	TENON_SERVER_REFUSING = 4,
	/**
	 * The config and the server do not fit: TENON_ESECURE, TENON_EAUTH, or TENON_EUNKNOWN for a
	 * server that knows no meta commands with `protocol: meta`. Until retry_timeout has
	 * passed, no new connection is tried and the server's keys fail at once. The health record
	 * sets this state; a failover policy never does.
	 */
	TENON_SERVER_MISCONFIGURED = 5
};

/**
 * Wait hook: wait for descriptors in place of poll(2). With a hook, a program that has green
 * threads or an event loop runs other work while an operation waits.
 * Shape:   fds has count entries; with 0 entries the hook waits until the time is over. The
 *          events asked for are POLLIN and POLLOUT only. The hook fills revents.
 * Units:   timeout_ms is 0 or more milliseconds, or -1 for no limit.
 * Returns: the number of entries that are ready; 0 when the time is over; -1 with errno set
 *          when the wait failed.
 * Owns:    fds is valid during the call only. payload is the pointer that was given with the hook.
 * Errors:  after EINTR the client waits again. After any other errno the client gives up the
 *          wait, and the keys that have no answer yet get TENON_EWAIT.
 * Threads: called on the thread that runs the operation. The hook must not use the client
 *          that waits. The hook may use other clients.
 */
typedef int (*tenon_wait_fn)(struct pollfd *fds, size_t count, int timeout_ms,
			     void *payload);

/**
 * Interrupt function: called after a signal has interrupted a wait, so that a program with signal
 * handlers of its own, such as an interpreter, can run them and end the operation at once. A
 * transport may call the function at other times of a wait, too.
 * Returns: 0: the wait goes on. Any other number: the client gives up the wait, and the keys that
 *          have no answer yet get TENON_EWAIT.
 * Owns:    payload is the pointer that was given with the function.
 * Threads: called on the thread that runs the operation. The function must not use the client
 *          that waits.
 */
typedef int (*tenon_interrupt_fn)(void *payload);

TENON_END_DECLS

#endif
