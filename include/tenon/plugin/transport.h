/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/transport.h
 * @brief Transports: connect to servers, send and receive bytes.
 *
 * The core knows the memcached protocol and never uses a socket. A transport uses sockets and does
 * not know the protocol. There are two ways to use a transport:
 *
 * - run(): for each operation the core gives the connections of all servers that the operation
 *   needs, one connection for each server. The transport connects, sends and receives on all of
 *   them at the same time, and returns when each connection is finished.
 * - begin(), turn() and fds(): for an event loop. The core begins connections one by one, at any
 *   time. Each call of turn() waits once and makes progress. A transport may lack these slots.
 *
 * After each event (connected, sent, received) the core says what the connection wants next: an
 * enum tenon_want. So either side may speak first, and a connection may send after it has received,
 * as a handshake does.
 *
 * A connection is under way from the start of run(), or from begin(), until it is finished. It is
 * finished when the core has answered TENON_WANT_NOTHING or TENON_WANT_CLOSE, or when the transport
 * has called failed().
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_TRANSPORT_H
#define TENON_PLUGIN_TRANSPORT_H

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tenon/plugin/plugin.h"

TENON_BEGIN_DECLS

/** One connection to one server. The core owns the struct; the transport sets fd and io. */
struct tenon_connection {
	int32_t fd;      /**< socket; -1: not connected. The transport opens and closes it */
	uint32_t server; /**< index of the server; the transport must not change it */
	void *io;        /**< for the transport; NULL at first. close() or remove() frees it */
};

/** An address to connect to. */
struct tenon_address {
	struct sockaddr_storage sockaddr; /**< address of any family */
	socklen_t sockaddr_len;           /**< bytes of sockaddr that are used */
	int32_t wait_fd; /**< see tenon_connection_ops.address */
};

/**
 * What a connection wants after an event. Each answer replaces the one before. A positive answer is
 * a sum of the bits SEND and RECEIVE.
 *
 * - SEND: call send_next(), which gives 1 entry or more, and send the bytes.
 * - RECEIVE: wait for bytes, and receive them.
 * - Both bits: do both, in any order. The replies to a large request may come before all of it is
 *   sent, and a transport that only sends could wait for ever.
 * - SEND without RECEIVE: a transport may receive while the send has to wait, because the server may
 *   say why it does not read.
 */
enum tenon_want {
	TENON_WANT_CLOSE = -1, /**< close the connection; do not call failed() */
	TENON_WANT_NOTHING = 0, /**< finished; keep the connection open for the next time */
	TENON_WANT_SEND = 1,    /**< bit: there are bytes to send */
	TENON_WANT_RECEIVE = 2  /**< bit: bytes are to come */
};

/** Bit of what waits on an idle connection: the server sends nothing more. */
#define TENON_SEEN_END 1u
/** Bit of what waits on an idle connection: bytes. */
#define TENON_SEEN_BYTES 2u
/** Most bytes that a look takes from an idle connection, without removing them. */
#define TENON_SEEN_MAX_BYTES 512

/**
 * Functions of the core that a transport calls, on the thread that called the slot. The first
 * argument of each is the field context. The functions call no slot of the transport.
 */
struct tenon_connection_ops {
	uint32_t size; /**< sizeof(struct tenon_connection_ops) when the host was compiled */
	void *context; /**< first argument of each function */
	/** Return the time of a monotonic clock, in nanoseconds. */
	int64_t (*now_ns)(void *context);
	/**
	 * Get the next address of the server. Addresses race (RFC 8305): call address() again when
	 * an address has failed, and also when it is still connecting after a fraction of
	 * connect_timeout. The first address that connects wins; close the other sockets.
	 * Returns: 1: *out is set. Connect to it. 0: the name is being resolved. Wait until
	 *          out->wait_fd is readable, and call address() again. Negative: there are no more
	 *          addresses. When none is connecting any more, call failed() with this status.
	 * Owns:    out->wait_fd is the core's: do not close it.
	 */
	int (*address)(void *context, struct tenon_connection *conn,
		       struct tenon_address *out);
	/**
	 * Tell the core that a connection was made. The core starts from the beginning.
	 * Returns: an enum tenon_want: SEND in most protocols; RECEIVE when the server speaks first.
	 */
	int (*connected)(void *context, struct tenon_connection *conn);
	/**
	 * Get the bytes to send next. Call send_next() when the connection wants to send, and when
	 * work begins on a connection that is open already.
	 * Shape:   iov has max entries. Until sent() is called, send_next() gives the same bytes
	 *          again.
	 * Returns: the number of entries filled: 1 or more while the connection wants to send. 0:
	 *          nothing can be sent now. Call sent() with 0: it says what the connection wants.
	 * Owns:    the bytes are the core's, and stay where they are until sent() is called.
	 */
	size_t (*send_next)(void *context, struct tenon_connection *conn,
			    struct iovec *iov, size_t max);
	/**
	 * Tell the core that the kernel took n bytes of those that send_next() gave.
	 * Shape:   n is 1 or more; 0 when send_next() gave nothing.
	 * Returns: an enum tenon_want.
	 */
	int (*sent)(void *context, struct tenon_connection *conn, size_t n);
	/**
	 * Get memory for bytes to receive.
	 * Shape:   *len becomes the size of the memory in bytes, 1 or more.
	 * Returns: the memory; NULL: out of memory. Call failed() with TENON_ENOMEM then.
	 * Owns:    the memory is the core's.
	 */
	void *(*recv_space)(void *context, struct tenon_connection *conn,
			    size_t *len);
	/**
	 * Tell the core that n bytes were received into the memory of recv_space(). n is 1 or more.
	 * Returns: an enum tenon_want. SEND is set as long as bytes are left for which sent() was
	 *          not called, also when their send is in flight.
	 */
	int (*received)(void *context, struct tenon_connection *conn, size_t n);
	/**
	 * Tell the core that the connection failed. It is finished: the transport does not try it
	 * again before the next run() or begin(). The transport has closed the connection.
	 * Shape:   status is TENON_ECONNECT, TENON_ECLOSED, TENON_ETIMEDOUT, TENON_ENOMEM or
	 *          TENON_EWAIT (the wait itself failed). sys_errno is the errno; 0: end of file, or
	 *          TENON_ECONNECT after address_ended() was called for each address.
	 *          TENON_ETIMEDOUT for a connection on which nothing was sent yet: the deadline passed
	 *          before its turn. Such a connection may stay open.
	 */
	void (*failed)(void *context, struct tenon_connection *conn, int status,
		       int sys_errno);
	/**
	 * Get what sent() will return when the kernel has taken n bytes of those that send_next()
	 * gave; n is 1 or more. For a transport that gives the kernel a send and the receive after
	 * it at the same time.
	 * Returns: an enum tenon_want.
	 */
	int (*after)(void *context, struct tenon_connection *conn, size_t n);
	/**
	 * Tell the core what waits on an idle connection. See look() of struct tenon_transport_ops.
	 * Shape:   seen is the sum of bits TENON_SEEN_..., not 0. bytes are the first len bytes that
	 *          wait, at most TENON_SEEN_MAX_BYTES of them; with TENON_SEEN_END len may be 0.
	 * Returns: 1: close the connection. 0: keep the connection; the bytes are still there.
	 */
	int (*seen)(void *context, struct tenon_connection *conn, unsigned seen,
		    const void *bytes, size_t len);
	/**
	 * Tell the core how the connect to one address ended. The core remembers the address that
	 * worked, to give it first next time, and chooses the errno to report: when one address
	 * met a local limit (EMFILE, ENOBUFS, EADDRNOTAVAIL...) and another was refused, the
	 * refusal counts. Call it before connected() or failed(), once for each address whose
	 * outcome is known; not for sockets that lost the race. A transport that tries one address
	 * after the other, and gives failed() the errno of the last one, need not call it.
	 * Shape:   nth: 0 for the first address that address() gave since the connection is under
	 *          way, 1 for the second...
	 *          sys_errno: 0: connected. ETIMEDOUT: connect_timeout has passed. EAGAIN: the
	 *          backlog of a UNIX socket was full until then.
	 */
	void (*address_ended)(void *context, struct tenon_connection *conn,
			      uint32_t nth, int sys_errno);
	/** Return the number of addresses that address() has left, as far as it is known now. */
	uint32_t (*addresses_left)(void *context, struct tenon_connection *conn);
	/**
	 * Tell whether the connection is still set up: the handshake of a secure plugin, or the answer
	 * to user and password, has not come. connect_timeout holds for that too. Ask when it has
	 * passed since the first address was known; when the answer is 1, close the connection and
	 * call failed() with TENON_ECONNECT and ETIMEDOUT.
	 * Returns: 1 or 0.
	 */
	int (*sets_up)(void *context, struct tenon_connection *conn);
	/**
	 * Get facts about the server of a connection: its name and its labels.
	 * Owns:    the strings are the core's. The host and the port can change between two calls of
	 *          run() or turn(), when the server moves.
	 */
	void (*server)(void *context, struct tenon_connection *conn,
		       struct tenon_server_facts *out);
};

/** Facts about the client, for init. ops lives as long as the instance. */
struct tenon_transport_setup {
	uint32_t size; /**< sizeof(struct tenon_transport_setup) when the host was compiled */
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
 * thread at a time. The host does not mix the two ways: it calls run() only while no connection of
 * begin() is under way.
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
	 * Release the instance, also after a failed init. Every connection was removed before.
	 * OPTIONAL. NULL: nothing to release.
	 */
	void (*fini)(void *self);
	/**
	 * Make room for one more connection, so that the other slots need no memory. The host adds
	 * each connection once, before any other slot gets it; other connections may be under way
	 * meanwhile. conn is not connected, and stays at its address until remove().
	 * Returns: 0, or a negative enum tenon_status. After an error the connection is not added.
	 * Errors:  TENON_ENOMEM; TENON_EIO: the kernel refuses something.
	 * OPTIONAL. NULL: the transport needs no room.
	 */
	int (*add)(void *self, struct tenon_connection *conn,
		   struct tenon_error *err);
	/**
	 * Forget a connection. The host has called close() for it before. No slot gets the
	 * connection again, unless the host adds it again.
	 * OPTIONAL. NULL: there is nothing to forget.
	 */
	void (*remove)(void *self, struct tenon_connection *conn);
	/**
	 * Do what the connections want until each is finished, but not longer than until
	 * deadline_ns. A connection that is open begins with SEND; one that is not open is connected
	 * first, and begins with what connected() returns.
	 *
	 * All connections are connected at the same time. connect_timeout_ms begins when the first
	 * address of a connection is known; until then resolve_timeout_ms counts. A connect to a UNIX
	 * socket whose backlog is full (EAGAIN) is tried again until connect_timeout_ms has passed. The
	 * options of the setup are set on each TCP socket that has connected.
	 *
	 * The slot never waits for the send buffer of one connection while replies of any connection
	 * may be pending. It never raises SIGPIPE, and its descriptors are close-on-exec. It closes a
	 * connection that fails, or whose want is TENON_WANT_CLOSE, before it returns.
	 * Shape:   conns has count entries.
	 * Units:   start_ns, the time of the call, and deadline_ns are times of now_ns().
	 * REQUIRED.
	 */
	void (*run)(void *self, struct tenon_connection *const *conns,
		    size_t count, int64_t start_ns, int64_t deadline_ns);
	/**
	 * Close one connection, if it is open, and set fd to -1. The slot never blocks. When the
	 * connection is under way, its work ends without a call of failed(), and the transport does
	 * not use the core's memory for the connection any more.
	 *
	 * After fork(2) the host calls close() in the child for every connection, before any other
	 * slot. The parent still uses the connection: the slot must neither send on it nor shut it
	 * down. The transport itself takes care of anything else that it shares with the parent.
	 * REQUIRED.
	 */
	void (*close)(void *self, struct tenon_connection *conn);
	/**
	 * Set the wait hook. From the next run() or turn() on, the transport calls wait() with payload
	 * where it would call poll(2), and blocks nowhere else. When the hook fails, except with EINTR,
	 * the transport calls failed() with TENON_EWAIT for each connection that is under way.
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
	 * Set the interrupt function. From the next run() or turn() on, the transport calls
	 * interrupt() with payload when a call that blocks, or the wait hook, has failed with EINTR;
	 * the transport may call it at other times of a wait, too. When interrupt() does not return 0,
	 * the transport calls failed() with TENON_EWAIT and ECANCELED for each connection that is under
	 * way.
	 * Shape:   interrupt NULL: the transport goes on after signals.
	 * Returns: 0, or TENON_EINVAL.
	 * Errors:  TENON_EINVAL: the transport cannot do this.
	 * OPTIONAL. NULL: every function is refused.
	 */
	int (*set_interrupt)(void *self, tenon_interrupt_fn interrupt,
			     void *payload);
	/**
	 * Begin to work on one connection, as run() does on each of its connections: connect it, or
	 * send. The slot never blocks. The connection may be finished when begin() returns; then
	 * turn() does nothing for it. A connection that is under way already wants to send more:
	 * deadline_ns replaces its deadline, and its receive goes on.
	 * Units:   now_ns, the time of the call, and deadline_ns are times of now_ns(). When deadline_ns
	 *          has passed, turn() calls failed(): with TENON_ETIMEDOUT, or with TENON_ECONNECT while
	 *          the connection is being made.
	 * OPTIONAL. A transport has begin, turn and fds, or none of them. NULL: the transport works
	 * with run() only.
	 */
	void (*begin)(void *self, struct tenon_connection *conn, int64_t now_ns,
		      int64_t deadline_ns);
	/**
	 * Wait once, until a connection under way can go on, or its time has come, but not longer
	 * than until until_ns. Then make progress on every connection that can go on, and fail those
	 * whose deadline has passed. When nothing is under way, return at once. The slot waits no
	 * second time. It may return early, for example after a signal.
	 * Units:   now_ns, the time of the call, and until_ns are times of now_ns(). until_ns not
	 *          after now_ns: do not wait, only make progress.
	 * Returns: the number of connections that are still under way.
	 * OPTIONAL. See begin.
	 */
	size_t (*turn)(void *self, int64_t now_ns, int64_t until_ns);
	/**
	 * Say what an outer event loop has to wait for: until one of the descriptors has one of its
	 * events, or until *until_ns. Then it calls turn(), which does not wait when until_ns is not
	 * after now_ns. The answer holds until the next call of begin(), turn() or close().
	 * Shape:   fds has max entries; the slot writes fd and events of the first ones. More than
	 *          max entries are counted, but not written.
	 * Units:   *until_ns is a time of now_ns(). The slot lowers it when turn() has to be called
	 *          sooner, and never raises it.
	 * Returns: the number of entries that there are; it may be more than max.
	 * Owns:    the descriptors are the transport's: do not read, write or close them.
	 * OPTIONAL. See begin.
	 */
	size_t (*fds)(void *self, struct pollfd *fds, size_t max,
		      int64_t *until_ns);
};

TENON_END_DECLS

#endif
