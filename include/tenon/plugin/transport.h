/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/transport.h
 * @brief Transports: how the bytes of one operation move.
 *
 * The core speaks the protocol and never touches a socket; a transport moves
 * bytes and knows no protocol. One operation is one run() over a batch of connections,
 * one per server concerned: the transport connects, sends and receives on all of
 * them at once until each is done or has failed.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_TRANSPORT_H
#define TENON_PLUGIN_TRANSPORT_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "tenon/plugin/plugin.h"

TENON_BEGIN_DECLS

/** One connection. The core owns the struct; these fields are the transport's. */
struct tenon_connection {
	int32_t fd;      /**< -1 when there is no connection; set and closed by the transport */
	uint32_t server; /**< index of the server; read only */
	void *io;        /**< the transport's own, NULL at first; freed by close() */
};

/** Where to connect to. */
struct tenon_address {
	struct sockaddr_storage sockaddr; /**< of any family */
	socklen_t sockaddr_len;           /**< of its bytes, those that count */
	int32_t wait_fd; /**< see tenon_connection_ops.address */
};

/** What received bytes meant. */
enum tenon_verdict {
	TENON_VERDICT_MORE = 0, /**< the reply is not complete: receive more */
	TENON_VERDICT_DONE =
		1, /**< complete; the connection is good for the next run */
	TENON_VERDICT_BROKEN =
		-1 /**< not the protocol: close the connection; do not call failed() */
};

/** What follows a send, as bits; 0: the connection is done. */
#define TENON_AFTER_SEND 1  /**< there is more to send */
#define TENON_AFTER_REPLY 2 /**< a reply comes */

/** What a transport may ask of a connection. Called on the thread that runs the operation. */
struct tenon_connection_ops {
	uint32_t size; /**< sizeof this struct, as the core saw it */
	/** Monotonic time in ns. */
	int64_t (*now_ns)(void);
	/**
	 * Get the next address to connect to.
	 * Returns 1: *out is set; connect, and ask again when that fails.
	 * 0: the name is being looked up; ask again when out->wait_fd is
	 * readable (the descriptor stays the core's). Negative: no address is
	 * left; the status to report with failed().
	 */
	int (*address)(struct tenon_connection *conn,
		       struct tenon_address *out);
	/** A connection was made: what follows is sent on it from the start. */
	void (*connected)(struct tenon_connection *conn);
	/**
	 * Get what to send next: first when a run begins, or a connection was
	 * made, then as long as sent() says that there is more.
	 * Shape: fills iov[0..max-1], returns how many; 0: nothing more to send.
	 *        Until sent() is called the same bytes are returned again.
	 */
	size_t (*send_next)(struct tenon_connection *conn, struct iovec *iov,
			    size_t max);
	/**
	 * n bytes (1 or more) of what send_next returned were taken by the
	 * kernel. Returns what follows, bits TENON_AFTER_...; 0: no reply comes,
	 * and the connection is good for the next run.
	 */
	int (*sent)(struct tenon_connection *conn, size_t n);
	/**
	 * Get where to put incoming bytes; *len is 1 or more. NULL: out of
	 * memory, report failed(TENON_ENOMEM).
	 */
	void *(*recv_space)(struct tenon_connection *conn, size_t *len);
	/** n bytes (1 or more) arrived there. Returns enum tenon_verdict. */
	int (*received)(struct tenon_connection *conn, size_t n);
	/**
	 * The connection failed for good in this run; the transport has closed it.
	 * status: TENON_ECONNECT, TENON_ECLOSED (sys_errno 0 at end of file),
	 * TENON_ETIMEDOUT, TENON_ENOMEM, or TENON_EWAIT: waiting itself failed.
	 */
	void (*failed)(struct tenon_connection *conn, int status,
		       int sys_errno);
	/**
	 * What will follow once n bytes (1 or more) of what send_next returned
	 * are sent? As sent() will say. For a transport that gives the kernel a
	 * send and the receive behind it at the same time.
	 */
	int (*after)(struct tenon_connection *conn, size_t n);
};

/** What a transport is told when it is set up. connection lives as long as the instance. */
struct tenon_transport_setup {
	uint32_t size;                     /**< sizeof this struct, as the core saw it */
	uint32_t server_count;             /**< greatest batch */
	int64_t connect_timeout_ms;        /**< the config's connect_timeout */
	const struct tenon_connection_ops *ops; /**< what it may ask */
};

/** The slots of a transport. One thread at a time; every client has its own instance. */
struct tenon_transport_ops {
	uint32_t size;       /**< sizeof(struct tenon_transport_ops) */
	uint32_t state_size; /**< bytes the core allocates, zeroed, as `self` */
	/**
	 * Prepare the instance; opens no connection.
	 * Errors: TENON_ENOMEM, TENON_ECONFIG, TENON_EIO (the kernel lacks or
	 * refuses something). Must leave self safe for fini. OPTIONAL.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_transport_setup *setup,
		    struct tenon_error *err);
	/** Release the instance; every connection was closed before. OPTIONAL. */
	void (*fini)(void *self);
	/**
	 * Drive connections[count] until each of them is done (TENON_VERDICT_DONE),
	 * broken (TENON_VERDICT_BROKEN) or failed (failed() was called), no later
	 * than deadline_ns; start_ns is the time of the call. Connections without a connection are connected, all at
	 * the same time, within connect_timeout_ms. Never waits for one connection's
	 * kernel buffer while replies of any connection may be pending. Never raises
	 * SIGPIPE; descriptors are close-on-exec. A connection that fails or is
	 * broken is closed before run returns. REQUIRED.
	 */
	void (*run)(void *self, struct tenon_connection *const *conns,
		    size_t count, int64_t start_ns, int64_t deadline_ns);
	/**
	 * Close one connection if it is open; sets fd to -1. Never blocks. In a fork
	 * it is called for every connection before anything else: the connection is
	 * the parent's as well, so nothing is sent or shut down; what else is
	 * shared with the parent is up to the transport. REQUIRED.
	 */
	void (*close)(void *self, struct tenon_connection *conn);
	/**
	 * From the next run on, call wait(..., payload) in the place of poll(2),
	 * and block nowhere else; NULL: wait by itself again. When a wait fails,
	 * except by EINTR, every connection that is left failed by TENON_EWAIT.
	 * Errors: TENON_EINVAL: it cannot. OPTIONAL: refuses every hook.
	 */
	int (*set_wait)(void *self, tenon_wait_fn wait, void *payload);
};

TENON_END_DECLS

#endif
