/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/transport.h
 * @brief Transports: connect to servers, send and receive bytes.
 *
 * The core knows the memcached protocol and never uses a socket. A transport uses sockets and does
 * not know the protocol. For each operation the core calls run() with the connections of all
 * servers that the operation needs, one connection for each server. The transport connects, sends
 * and receives on all of them at the same time, until each connection is done or has failed.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_TRANSPORT_H
#define TENON_PLUGIN_TRANSPORT_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "tenon/plugin/plugin.h"

TENON_BEGIN_DECLS

/** One connection to one server. The core owns the struct; the transport sets fd and io. */
struct tenon_connection {
	int32_t fd;      /**< socket; -1: not connected. The transport opens and closes it */
	uint32_t server; /**< index of the server; the transport must not change it */
	void *io;        /**< for the transport; NULL at first. close() frees it */
};

/** An address to connect to. */
struct tenon_address {
	struct sockaddr_storage sockaddr; /**< address of any family */
	socklen_t sockaddr_len;           /**< bytes of sockaddr that are used */
	int32_t wait_fd; /**< see tenon_connection_ops.address */
};

/** Meaning of the bytes received so far. */
enum tenon_verdict {
	TENON_VERDICT_MORE = 0, /**< the reply is not complete: receive more */
	TENON_VERDICT_DONE = 1, /**< the reply is complete; keep the connection for the next run */
	TENON_VERDICT_BROKEN = -1 /**< protocol broken: close the connection, do not call failed() */
};

/** Bit of what follows a send: there is more to send. No bit is set: the connection is done. */
#define TENON_AFTER_SEND 1
/** Bit of what follows a send: a reply comes. */
#define TENON_AFTER_REPLY 2

/** Bit of what waits on an idle connection: the server sends nothing more. */
#define TENON_SEEN_END 1u
/** Bit of what waits on an idle connection: bytes. */
#define TENON_SEEN_BYTES 2u
/** Most bytes that a look takes from an idle connection, without removing them. */
#define TENON_SEEN_MAX_BYTES 512

/** Functions of the core that a transport calls, on the thread that runs the operation. */
struct tenon_connection_ops {
	uint32_t size; /**< sizeof(struct tenon_connection_ops) when the host was compiled */
	/** Return the time of a monotonic clock, in nanoseconds. */
	int64_t (*now_ns)(void);
	/**
	 * Get the next address of the server. Addresses race (RFC 8305): call address() again when
	 * an address has failed, and also when it is still connecting after a fraction of
	 * connect_timeout. The first address that connects wins; close the other sockets.
	 * Returns: 1: *out is set. Connect to it. 0: the name is being resolved. Wait until
	 *          out->wait_fd is readable, and call address() again. Negative: there are no more
	 *          addresses. When none is connecting any more, call failed() with this status.
	 * Owns:    out->wait_fd is the core's: do not close it.
	 */
	int (*address)(struct tenon_connection *conn,
		       struct tenon_address *out);
	/** Tell the core that a connection was made. The core starts to send from the beginning. */
	void (*connected)(struct tenon_connection *conn);
	/**
	 * Get the bytes to send next. Call send_next() when a run begins and when a connection was
	 * made, and then as long as sent() returns TENON_AFTER_SEND.
	 * Shape:   iov has max entries. Until sent() is called, send_next() gives the same bytes
	 *          again.
	 * Returns: the number of entries filled; 0: there is nothing more to send.
	 * Owns:    the bytes are the core's, and stay where they are until sent() is called.
	 */
	size_t (*send_next)(struct tenon_connection *conn, struct iovec *iov,
			    size_t max);
	/**
	 * Tell the core that the kernel took n bytes of those that send_next() gave.
	 * Shape:   n is 1 or more.
	 * Returns: the bits TENON_AFTER_SEND and TENON_AFTER_REPLY. 0: no reply comes; the
	 *          connection is done and good for the next run.
	 */
	int (*sent)(struct tenon_connection *conn, size_t n);
	/**
	 * Get memory for bytes to receive.
	 * Shape:   *len becomes the size of the memory in bytes, 1 or more.
	 * Returns: the memory; NULL: out of memory. Call failed() with TENON_ENOMEM then.
	 * Owns:    the memory is the core's.
	 */
	void *(*recv_space)(struct tenon_connection *conn, size_t *len);
	/**
	 * Tell the core that n bytes were received into the memory of recv_space(). n is 1 or more.
	 * Returns: an enum tenon_verdict.
	 */
	int (*received)(struct tenon_connection *conn, size_t n);
	/**
	 * Tell the core that the connection failed, and that this run does not try it again. The
	 * transport has closed the connection.
	 * Shape:   status is TENON_ECONNECT, TENON_ECLOSED, TENON_ETIMEDOUT, TENON_ENOMEM or
	 *          TENON_EWAIT (the wait itself failed). sys_errno is the errno; 0: end of file, or
	 *          TENON_ECONNECT after address_ended() was called for each address.
	 *          TENON_ETIMEDOUT for a connection on which nothing was sent yet: the deadline passed
	 *          before its turn. Such a connection may stay open.
	 */
	void (*failed)(struct tenon_connection *conn, int status,
		       int sys_errno);
	/**
	 * Get what sent() will return when the kernel has taken n bytes of those that send_next()
	 * gave; n is 1 or more. For a transport that gives the kernel a send and the receive after
	 * it at the same time.
	 */
	int (*after)(struct tenon_connection *conn, size_t n);
	/**
	 * Tell the core what waits on an idle connection. See look() of struct tenon_transport_ops.
	 * Shape:   seen is the sum of bits TENON_SEEN_..., not 0. bytes are the first len bytes that
	 *          wait, at most TENON_SEEN_MAX_BYTES of them; with TENON_SEEN_END len may be 0.
	 * Returns: 1: close the connection. 0: keep the connection; the bytes are still there.
	 */
	int (*seen)(struct tenon_connection *conn, unsigned seen,
		    const void *bytes, size_t len);
	/**
	 * Tell the core how the connect to one address ended. The core remembers the address that
	 * worked, to give it first next time, and chooses the errno to report: when one address
	 * met a local limit (EMFILE, ENOBUFS, EADDRNOTAVAIL...) and another was refused, the
	 * refusal counts. Call it before connected() or failed(), once for each address whose
	 * outcome is known; not for sockets that lost the race. A transport that tries one address
	 * after the other, and gives failed() the errno of the last one, need not call it.
	 * Shape:   nth: 0 for the first address that address() gave in this run, 1 for the second...
	 *          sys_errno: 0: connected. ETIMEDOUT: connect_timeout has passed. EAGAIN: the
	 *          backlog of a UNIX socket was full until then.
	 */
	void (*address_ended)(struct tenon_connection *conn, uint32_t nth,
			      int sys_errno);
	/** Return the number of addresses that address() has left, as far as it is known now. */
	uint32_t (*addresses_left)(struct tenon_connection *conn);
};

/** Facts about the client, for init. ops lives as long as the instance. */
struct tenon_transport_setup {
	uint32_t size; /**< sizeof(struct tenon_transport_setup) when the host was compiled */
	uint32_t server_count; /**< largest number of connections in a run */
	int64_t connect_timeout_ms; /**< the config's connect_timeout */
	const struct tenon_connection_ops *ops; /**< functions of the core */
	int64_t resolve_timeout_ms; /**< the config's resolve_timeout: the longest wait for wait_fd */
	int64_t keepalive_idle_s; /**< TCP_KEEPIDLE; 0: no keepalive. TCP sockets only */
	int64_t keepalive_interval_s; /**< TCP_KEEPINTVL */
	int64_t keepalive_count;      /**< TCP_KEEPCNT */
	int64_t user_timeout_ms; /**< TCP_USER_TIMEOUT of TCP sockets; 0: leave it alone */
};

/**
 * The slots of a transport. Every client has its own instance; the host calls its slots on one
 * thread at a time.
 */
struct tenon_transport_ops {
	uint32_t size;       /**< sizeof(struct tenon_transport_ops) */
	uint32_t state_size; /**< bytes, all zero, that the host allocates as `self`; 0: none */
	/**
	 * Prepare the instance. The slot opens no connection. The host calls fini also when init
	 * fails, so init must leave self in a state that fini can release.
	 * Returns: 0, or a negative enum tenon_status.
	 * Errors:  TENON_ENOMEM; TENON_ECONFIG; TENON_EIO: the kernel lacks or refuses something.
	 * OPTIONAL. NULL: nothing to prepare.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_transport_setup *setup,
		    struct tenon_error *err);
	/**
	 * Release the instance, also after a failed init. Every connection was closed before.
	 * OPTIONAL. NULL: nothing to release.
	 */
	void (*fini)(void *self);
	/**
	 * Send and receive until each connection is done (TENON_VERDICT_DONE, or sent() returned
	 * 0), broken (TENON_VERDICT_BROKEN) or failed (the transport called failed()), but not
	 * longer than until deadline_ns.
	 *
	 * Connections that are not connected are connected first, all at the same time.
	 * connect_timeout_ms begins when the first address of a connection is known; until then
	 * resolve_timeout_ms counts. A connect to a UNIX socket whose backlog is full (EAGAIN) is tried
	 * again until connect_timeout_ms has passed. The options of the setup are set on each TCP
	 * socket that has connected. The slot never waits for the send buffer of one connection while
	 * replies of any connection may be pending. It never raises SIGPIPE, and its descriptors are
	 * close-on-exec. It closes a connection that fails or is broken before it returns.
	 * Shape:   conns has count entries.
	 * Units:   start_ns, the time of the call, and deadline_ns are times of now_ns().
	 * REQUIRED.
	 */
	void (*run)(void *self, struct tenon_connection *const *conns,
		    size_t count, int64_t start_ns, int64_t deadline_ns);
	/**
	 * Close one connection, if it is open, and set fd to -1. The slot never blocks. After
	 * fork(2) the host calls close() in the child for every connection, before any other slot.
	 * The parent still uses the connection: the slot must neither send on it nor shut it down.
	 * The transport itself takes care of anything else that it shares with the parent.
	 * REQUIRED.
	 */
	void (*close)(void *self, struct tenon_connection *conn);
	/**
	 * Set the wait hook. From the next run on, the transport calls wait() with payload where it
	 * would call poll(2), and blocks nowhere else. When the hook fails, except with EINTR, the
	 * transport calls failed() with TENON_EWAIT for each connection that is not done.
	 * Shape:   wait NULL: the transport waits by itself again.
	 * Returns: 0, or TENON_EINVAL.
	 * Errors:  TENON_EINVAL: the transport cannot use a hook.
	 * OPTIONAL. NULL: every hook is refused.
	 */
	int (*set_wait)(void *self, tenon_wait_fn wait, void *payload);
	/**
	 * Look at open connections before requests are sent on them that must not be lost or
	 * answered by a stray line. Where bytes or an end of file wait, call seen() of the core,
	 * and close the connection when seen() returns 1. The slot reads nothing and never blocks:
	 * one poll(2) without timeout is enough for all connections.
	 * Shape:   conns has count entries; those that are not open are passed over.
	 * OPTIONAL. NULL: nothing is looked at. Then a request that must not be sent twice fails on
	 * a connection that the server had closed before.
	 */
	void (*look)(void *self, struct tenon_connection *const *conns,
		     size_t count);
	/**
	 * Set the interrupt function. From the next run on, the transport calls interrupt() with
	 * payload when a call that blocks, or the wait hook, has failed with EINTR; the transport may
	 * call it at other times of a wait, too. When interrupt()
	 * does not return 0, the transport calls failed() with TENON_EWAIT and ECANCELED for each
	 * connection that is not done.
	 * Shape:   interrupt NULL: the transport goes on after signals.
	 * Returns: 0, or TENON_EINVAL.
	 * Errors:  TENON_EINVAL: the transport cannot do this.
	 * OPTIONAL. NULL: every function is refused.
	 */
	int (*set_interrupt)(void *self, tenon_interrupt_fn interrupt,
			     void *payload);
};

TENON_END_DECLS

#endif
