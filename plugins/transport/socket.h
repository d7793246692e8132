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
		conn->io = NULL;
	}
}

/*
 * Start to connect, without blocking.
 * Returns 0 when connected, EINPROGRESS when the kernel is still connecting (conn->fd is set in
 * both cases), or the errno of the failure (conn->fd is -1).
 */
static inline int socket_connect(struct tenon_connection *conn,
				 const struct tenon_address *address)
{
	int one = 1;

	conn->fd = socket(address->sockaddr.ss_family,
			  SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (conn->fd < 0) {
		return errno;
	}
	if (address->sockaddr.ss_family != AF_UNIX) {
		(void)setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one,
				 sizeof(one));
	}
	if (connect(conn->fd, (const struct sockaddr *)&address->sockaddr,
		    address->sockaddr_len) == 0) {
		return 0;
	}
	int code = errno == EINTR ? EINPROGRESS : errno;
	if (code != EINPROGRESS) {
		socket_close(conn);
	}
	return code;
}

/* Return the result of a connect that was in progress: 0 when connected, else an errno. */
static inline int socket_connect_result(const struct tenon_connection *conn)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0) {
		return errno;
	}
	return code;
}

/* Send iov[0..count-1]. Returns how many bytes the kernel took, or -1 and errno. */
static inline ssize_t socket_send(const struct tenon_connection *conn,
				  struct iovec *iov, size_t count, int flags)
{
	if (count == 1) {
		return send(conn->fd, iov->iov_base, iov->iov_len,
			    flags | MSG_NOSIGNAL);
	}
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = count };

	return sendmsg(conn->fd, &message, flags | MSG_NOSIGNAL);
}

/* Return true when a call failed with this errno only because it would have to wait. */
static inline bool socket_would_block(int code)
{
	return code == EAGAIN || code == EWOULDBLOCK;
}

#endif
