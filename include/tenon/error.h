/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/error.h
 * @brief Statuses of operations and the error object that explains one.
 *
 * Stability: client ABI; names and numbers are never reused, lists grow at
 * their end.
 */
#ifndef TENON_ERROR_H
#define TENON_ERROR_H

#include "tenon/types.h"

TENON_BEGIN_DECLS

/**
 * What became of one key, one server or one call. Zero and above: the server
 * answered. Below zero: there is no answer, and why. Absence is an answer.
 */
enum tenon_status {
	TENON_OK = 0,         /**< done (flush_all, verbosity, stats, version) */
	TENON_HIT = 1,        /**< the key is there; value or number is set */
	TENON_MISS = 2,       /**< no such key */
	TENON_STORED = 3,     /**< the value was stored */
	TENON_NOT_STORED = 4, /**< add: key exists; replace, append, prepend: it does not */
	TENON_EXISTS = 5,     /**< cas: somebody stored the key since it was read */
	TENON_DELETED = 6,    /**< the key was there and is gone */
	TENON_TOUCHED = 7,    /**< the key has its new exptime */
	TENON_SENT = 8,       /**< noreply: handed to the kernel, nothing more is known */

	TENON_ENOMEM = -1,    /**< out of memory */
	TENON_EINVAL = -2,    /**< an argument is wrong; the message says which */
	TENON_EKEY = -3,      /**< key empty, too long, or with space or control bytes; never sent */
	TENON_ETOOBIG = -4,   /**< value above max_value_bytes, or item above item_max; never sent, or not received */
	TENON_ETIMEDOUT = -5, /**< no complete answer before the deadline */
	TENON_ECONNECT = -6,  /**< name not resolved, or connection refused or not made in time */
	TENON_ECLOSED = -7,   /**< the connection broke before the answer was complete */
	TENON_EDOWN = -8,     /**< the server failed before, and the failover policy has no other for the key; not sent */
	TENON_EPROTOCOL = -9, /**< the server sent what the protocol does not allow; connection closed */
	TENON_ESERVER = -10,  /**< SERVER_ERROR, with the server's text */
	TENON_ECLIENT = -11,  /**< CLIENT_ERROR, with the server's text */
	TENON_EUNKNOWN = -12, /**< ERROR: the server does not know the command */
	TENON_EDISABLED = -13, /**< flush_all without enable_flush_all */
	TENON_ECONFIG = -14,  /**< the config is wrong; file, line and column are set */
	TENON_EPLUGIN = -15,  /**< a plugin was refused, or broke its contract */
	TENON_EIO = -16,      /**< a file cannot be read, or the system refused a resource */
	TENON_EBUSY = -17,    /**< the client is in use by another call */
	TENON_EUNDECODABLE = -18, /**< a value is there, but not in a form that the codecs can read */
	TENON_EENCODED = -19, /**< append, prepend, incr, decr: the value there is encoded or split */
	TENON_EREFUSED = -20, /**< the failover policy does not let the key go to any server; not sent */
	TENON_EWAIT = -21 /**< the wait hook gave up, or poll(2) failed; errno says why; connection closed */
};

#define TENON_ERROR_WHERE_BYTES 160   /**< with its NUL */
#define TENON_ERROR_MESSAGE_BYTES 480 /**< with its NUL */

/**
 * Why a call returned a negative status. Owned by the caller, who may also pass
 * NULL; holds no pointers and needs no freeing. Every public function that takes
 * one clears it on entry.
 */
struct tenon_error {
	int32_t code;      /**< enum tenon_status, 0 when nothing went wrong */
	int32_t sys_errno; /**< errno of the system call concerned, or 0 */
	uint32_t line;     /**< line in the config, from 1; 0 when none */
	uint32_t column;   /**< column in that line, from 1; 0 when none */
	char where[TENON_ERROR_WHERE_BYTES]; /**< "alias (address)", config file, or "" */
	char message[TENON_ERROR_MESSAGE_BYTES]; /**< one sentence, no newline, complete in itself */
};

/**
 * Name a status.
 * Shape:   a static string such as "miss" or "timed out"; "unknown status" for
 *          a number that is none.
 * Threads: any.
 */
const char *tenon_status_name(int status);

TENON_END_DECLS

#endif
