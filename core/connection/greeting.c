/* SPDX-License-Identifier: BSD-3-Clause */
#include "connection/greeting.h"

#include <stdio.h>

/* The functions of the connection behind the greeting. */
#define PLAIN tenon__connection_ops

static struct tenon__connection *connection_of(struct tenon_connection *base)
{
	return (struct tenon__connection *)(void *)base;
}

static bool is_greeting(const struct tenon__connection *conn)
{
	return conn->state == TENON_CONNECTION_GREETING;
}

static size_t left_bytes(const struct tenon__connection *conn)
{
	return conn->greeting->len - conn->greeted_bytes;
}

/* What the connection wants when all but `left` bytes of the greeting are sent. */
static int want_of(size_t left)
{
	return TENON_WANT_RECEIVE | (left > 0 ? TENON_WANT_SEND : 0);
}

int tenon__greeting_connected(void *context, struct tenon_connection *base)
{
	struct tenon__connection *conn = connection_of(base);

	(void)context;
	if (!conn->greeting) {
		return PLAIN.connected(NULL, base);
	}
	tenon__connection_go(conn, TENON_CONNECTION_GREETING);
	conn->wire.fresh = true;
	conn->greeted_bytes = 0;
	return TENON_WANT_SEND;
}

size_t tenon__greeting_send_next(void *context, struct tenon_connection *base,
				 struct iovec *iov, size_t max)
{
	const struct tenon__connection *conn = connection_of(base);

	(void)context;
	if (!is_greeting(conn)) {
		return PLAIN.send_next(NULL, base, iov, max);
	}
	iov[0] = (struct iovec){
		.iov_base = (char *)(uintptr_t)conn->greeting->bytes +
			    conn->greeted_bytes,
		.iov_len = left_bytes(conn),
	};
	return left_bytes(conn) > 0;
}

int tenon__greeting_sent(void *context, struct tenon_connection *base, size_t n)
{
	struct tenon__connection *conn = connection_of(base);

	(void)context;
	if (!is_greeting(conn)) {
		return PLAIN.sent(NULL, base, n);
	}
	tenon__count(&conn->health->sent_bytes, n);
	conn->greeted_bytes += n;
	return want_of(left_bytes(conn));
}

int tenon__greeting_after(void *context, struct tenon_connection *base,
			  size_t n)
{
	const struct tenon__connection *conn = connection_of(base);

	(void)context;
	return is_greeting(conn) ? want_of(left_bytes(conn) - n)
				 : PLAIN.after(NULL, base, n);
}

int tenon__greeting_received(void *context, struct tenon_connection *base,
			     size_t n)
{
	struct tenon__connection *conn = connection_of(base);
	struct tenon__wire *wire = &conn->wire;

	(void)context;
	if (!is_greeting(conn)) {
		return PLAIN.received(NULL, base, n);
	}
	tenon__count(&conn->health->received_bytes, n);
	wire->block->filled += n;
	int verdict = wire->protocol->greeted(wire);
	if (verdict == TENON_WIRE_MORE) {
		return want_of(left_bytes(conn));
	}
	if (verdict == TENON_WIRE_BROKEN) {
		tenon__connection_go(conn, TENON_CONNECTION_CLOSED);
		return TENON_WANT_CLOSE;
	}
	return PLAIN.connected(NULL, base);
}

#define CUT \
	"the server closed the connection before it answered user and password; it may want TLS, or SASL, which tenon does not speak"

void tenon__greeting_failed(void *context, struct tenon_connection *base,
			    int status, int sys_errno)
{
	struct tenon__connection *conn = connection_of(base);

	(void)context;
	if (is_greeting(conn) && status == TENON_ECLOSED) {
		conn->cut = true;
		snprintf(conn->wire.problem, sizeof(conn->wire.problem), CUT);
	}
	PLAIN.failed(NULL, base, status, sys_errno);
}
