/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Socket calls that all transports share. The functions are inline in a header, because a
 * plugin links to no library of tenon. Include this header before any other.
 *
 * Tools such as greenify replace poll, connect, recv, send and sendmsg in a loaded library, and
 * find the calls by these names. A hardened build (_FORTIFY_SOURCE) would call __poll_chk and
 * the like instead, so it is switched off here.
 */
#ifndef TENON_TRANSPORT_SOCKET_H
#define TENON_TRANSPORT_SOCKET_H

#undef _FORTIFY_SOURCE
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* POLLRDHUP */
#endif

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <unistd.h>

#include "tenon/plugin/transport.h"

/* Close the socket of a connection, if it is open. */
static inline void socket_close(struct tenon_connection *conn)
{
	if (conn->fd >= 0) {
		close(conn->fd);
		conn->fd = -1;
	}
}

/* Options that long-lived TCP connections get, in the units of setsockopt(2). */
struct socket_options {
	int keepalive_idle_s; /* 0: no keepalive */
	int keepalive_interval_s;
	int keepalive_count;
	unsigned user_timeout_ms; /* 0: the kernel's default */
};

static inline void socket_options_init(struct socket_options *options,
				       const struct tenon_transport_setup *setup)
{
	*options = (struct socket_options){
		.keepalive_idle_s = (int)setup->keepalive_idle_s,
		.keepalive_interval_s = (int)setup->keepalive_interval_s,
		.keepalive_count = (int)setup->keepalive_count,
		.user_timeout_ms = (unsigned)setup->user_timeout_ms,
	};
}

static inline void socket_set_int(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

/* Set the options of a TCP connection that was just made. */
static inline void socket_set_options(int fd,
				      const struct socket_options *options)
{
	if (options->keepalive_idle_s > 0) {
		socket_set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE,
			       options->keepalive_idle_s);
		socket_set_int(fd, IPPROTO_TCP, TCP_KEEPINTVL,
			       options->keepalive_interval_s);
		socket_set_int(fd, IPPROTO_TCP, TCP_KEEPCNT,
			       options->keepalive_count);
		socket_set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	}
	if (options->user_timeout_ms > 0) {
		socket_set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
			       (int)options->user_timeout_ms);
	}
}

/* Make a non-blocking socket for this address. Returns its descriptor; -1: errno says why. */
static inline int socket_open(const struct tenon_address *address)
{
	int fd = socket(address->sockaddr.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0 && address->sockaddr.ss_family != AF_UNIX) {
		socket_set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	}
	return fd;
}

/* Connect without blocking. Returns 0 when connected, else an errno such as EINPROGRESS. */
static inline int socket_connect(int fd, const struct tenon_address *address)
{
	if (connect(fd, (const struct sockaddr *)&address->sockaddr,
		    address->sockaddr_len) == 0 ||
	    errno == EISCONN) {
		return 0;
	}
	return errno;
}

/* Return the result of a connect that was in progress: 0 when connected, else an errno. */
static inline int socket_result(int fd)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0) {
		return errno;
	}
	return code;
}

/*
 * A message of iov[0..count-1]. msg_iovlen is a size_t in glibc and an int in musl. Both hold a
 * uint16_t, and a message never has more than IOV_MAX = 1024 pieces.
 */
static inline struct msghdr socket_message(struct iovec *iov, size_t count)
{
	return (struct msghdr){ .msg_iov = iov, .msg_iovlen = (uint16_t)count };
}

/* Send iov[0..count-1]. Returns how many bytes the kernel took, or -1 and errno. */
static inline ssize_t socket_send(const struct tenon_connection *conn,
				  struct iovec *iov, size_t count, int flags)
{
	if (count == 1) {
		return send(conn->fd, iov->iov_base, iov->iov_len,
			    flags | MSG_NOSIGNAL);
	}
	struct msghdr message = socket_message(iov, count);

	return sendmsg(conn->fd, &message, flags | MSG_NOSIGNAL);
}

/* Return true when a call failed with this errno only because it would have to wait. */
static inline bool socket_would_block(int code)
{
	return code == EAGAIN || code == EWOULDBLOCK;
}

#endif
