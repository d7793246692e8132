/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/error.h
 * @brief Statuses, and the error object that explains a negative status.
 *
 * Stability: client ABI. Names and numbers are never reused; new statuses are added at the end.
 */
#ifndef TENON_ERROR_H
#define TENON_ERROR_H

#include "tenon/types.h"

TENON_BEGIN_DECLS

/**
 * Outcome of one key, one server or one call. Zero and positive: the server answered. An absent
 * key is an answer too. Negative: there is no answer, and the status says why.
 */
enum tenon_status {
	TENON_OK = 0,         /**< done: flush_all, verbosity, stats, version */
	TENON_HIT = 1,        /**< the key is there; value or number is set */
	TENON_MISS = 2,       /**< the key is not there */
	TENON_STORED = 3,     /**< the value was stored */
	TENON_NOT_STORED = 4, /**< add: the key exists; replace, append, prepend: the key is absent */
	TENON_EXISTS = 5,     /**< cas, delete with TENON_COMPARE: the cas unique has changed */
	TENON_DELETED = 6,    /**< the key was there and is deleted */
	TENON_TOUCHED = 7,    /**< the key has its new exptime */
	TENON_SENT = 8,       /**< noreply, quit: the kernel took the request; no answer comes */
	TENON_NOT_MODIFIED = 9, /**< TENON_COMPARE: the value is the one that the caller has */

	TENON_ENOMEM = -1,    /**< out of memory */
	TENON_EINVAL = -2,    /**< an argument is wrong; the message says which */
	TENON_EKEY = -3,      /**< the key is empty, too long, or has bytes that cannot be sent; not sent */
	/**
	 * The value is above max_value_bytes: not sent, or not received. Or the item is above
	 * item_max: not sent.
	 */
	TENON_ETOOBIG = -4,
	TENON_ETIMEDOUT = -5, /**< no complete answer came before the deadline */
	TENON_ECONNECT = -6,  /**< name not resolved, connection refused, or not connected in time */
	TENON_ECLOSED = -7,   /**< the connection broke before the answer was complete */
	TENON_EDOWN = -8,     /**< the server failed before, and the policy has no other one; not sent */
	TENON_EPROTOCOL = -9, /**< the server broke the protocol; the client closed the connection */
	TENON_ESERVER = -10,  /**< the server answered SERVER_ERROR; its text is in the result */
	TENON_ECLIENT = -11,  /**< the server answered CLIENT_ERROR; its text is in the result */
	/**
	 * The server answered ERROR: it does not know the command. With `protocol: meta`, a server that has
	 * never answered a meta command does not fit the config: no key hops, and no new connection is
	 * tried for retry_timeout.
	 */
	TENON_EUNKNOWN = -12,
	TENON_EDISABLED = -13, /**< flush_all, but the config does not set enable_flush_all */
	TENON_ECONFIG = -14,  /**< the config is wrong; the error has file, line and column */
	TENON_EPLUGIN = -15,  /**< a plugin was refused, or broke its contract */
	TENON_EIO = -16,      /**< a file cannot be read, or the system refused a resource */
	TENON_EBUSY = -17,    /**< another call is using the client */
	TENON_EUNDECODABLE = -18, /**< there is a value, but the codecs cannot decode it */
	TENON_EENCODED = -19, /**< append, prepend, incr, decr: the stored value is encoded or split */
	TENON_EREFUSED = -20, /**< the failover policy lets the key go to no server; not sent */
	TENON_EWAIT = -21, /**< the wait hook or poll(2) failed; see sys_errno; connection closed */
	/**
	 * This process or this host has no descriptor, port or memory left for a connection, see
	 * sys_errno. The server is not to blame: no failover policy hears of it, and no key hops.
	 */
	TENON_ELOCAL = -22,
	/**
	 * The connection is not secured as the config says: the `secure` plugin refused the handshake
	 * or damaged bytes, or the server speaks TLS and the config does not. The message says why.
	 * No failover policy hears of it, no key hops, and no new connection is tried for retry_timeout.
	 */
	TENON_ESECURE = -23,
	/**
	 * The server refused the user and password of the config, or wants some and the config has
	 * none. The message says which. What follows is the same as for TENON_ESECURE.
	 */
	TENON_EAUTH = -24
};

#define TENON_ERROR_WHERE_BYTES 160   /**< size of where, its NUL included */
#define TENON_ERROR_MESSAGE_BYTES 480 /**< size of message, its NUL included */

/**
 * Why a call returned a negative status. The caller owns the struct and may pass NULL instead.
 * The struct holds no pointers and needs no freeing. Every public function that takes a struct
 * tenon_error clears it first.
 */
struct tenon_error {
	int32_t code;      /**< enum tenon_status; 0 when nothing went wrong */
	int32_t sys_errno; /**< errno of the system call that failed, or 0 */
	uint32_t line;     /**< line in the config, from 1; 0: no line */
	uint32_t column;   /**< column in that line, from 1; 0: no column */
	char where[TENON_ERROR_WHERE_BYTES]; /**< "alias (address)", the config file, or "" */
	char message[TENON_ERROR_MESSAGE_BYTES]; /**< one complete sentence, no newline */
};

/**
 * Get the name of a status.
 * Shape:   status is an enum tenon_status or any other number.
 * Returns: a string such as "miss" or "timed out"; "unknown status" for any other number.
 * Owns:    the string is static.
 * Errors:  none.
 * Threads: any.
 */
const char *tenon_status_name(int status);

TENON_END_DECLS

#endif
