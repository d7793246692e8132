/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every transport does with a socket. Included, not linked: a plugin stands
 * alone. To be included first.
 *
 * Programs that make libraries wait otherwise (greenify) look for calls of poll,
 * connect, recv, send and sendmsg by these names: they stay so in a build that is
 * hardened, which would make __poll_chk and the like of them.
 */
#ifndef TENON_TRANSPORT_SOCKET_H
#define TENON_TRANSPORT_SOCKET_H

#undef _FORTIFY_SOURCE

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <unistd.h>

#include "tenon/plugin/transport.h"

/* Close a connection's connection, if it has one. */
static inline void socket_close(struct tenon_connection *conn)
{
	if (conn->fd >= 0) {
		close(conn->fd);
		conn->fd = -1;
		conn->io = NULL;
	}
}

/*
 * Begin to connect, without blocking. Returns 0 when connected, EINPROGRESS when
 * it goes on (connection->fd is set in both), or the errno that ended it.
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

/* How a connect that was in progress ended: 0, or an errno. */
static inline int socket_connect_result(const struct tenon_connection *conn)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0) {
		return errno;
	}
	return code;
}

/* Send what the pieces hold, as far as the kernel takes it: a count, or -1 and errno. */
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

/* Is this the errno of a call that would have to wait? */
static inline bool socket_would_block(int code)
{
	return code == EAGAIN || code == EWOULDBLOCK;
}

#endif
