/* SPDX-License-Identifier: BSD-3-Clause */
#include "connection/greeting.h"

#include <stdio.h>

/* The functions of the connection behind the greeting. */
#define PLAIN tenon__connection_ops

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

static int greeting_connected(void *context, struct tenon_connection *base)
{
	struct tenon__connection *conn = tenon__connection_of(base);

	(void)context;
	if (!conn->greeting) {
		return PLAIN.connected(NULL, base);
	}
	tenon__connection_go(conn, TENON_CONNECTION_GREETING);
	conn->wire.fresh = true;
	conn->greeted_bytes = 0;
	return TENON_WANT_SEND;
}

static size_t greeting_send_next(void *context, struct tenon_connection *base,
				 struct iovec *iov, size_t max)
{
	const struct tenon__connection *conn = tenon__connection_of(base);

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

static int greeting_sent(void *context, struct tenon_connection *base, size_t n)
{
	struct tenon__connection *conn = tenon__connection_of(base);

	(void)context;
	if (!is_greeting(conn)) {
		return PLAIN.sent(NULL, base, n);
	}
	tenon__count(&conn->health->sent_bytes, n);
	conn->greeted_bytes += n;
	return want_of(left_bytes(conn));
}

static int greeting_after(void *context, struct tenon_connection *base,
			  size_t n)
{
	const struct tenon__connection *conn = tenon__connection_of(base);

	(void)context;
	return is_greeting(conn) ? want_of(left_bytes(conn) - n)
				 : PLAIN.after(NULL, base, n);
}

static int greeting_received(void *context, struct tenon_connection *base,
			     size_t n)
{
	struct tenon__connection *conn = tenon__connection_of(base);
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
	"the server closed the connection before it answered user and password; it may want TLS, or SASL, which tenon does not speak: `tenon check --online` tells"

static void greeting_failed(void *context, struct tenon_connection *base,
			    int status, int sys_errno)
{
	struct tenon__connection *conn = tenon__connection_of(base);

	(void)context;
	if (is_greeting(conn) && status == TENON_ECLOSED) {
		conn->cut = true;
		snprintf(conn->wire.problem, sizeof(conn->wire.problem), CUT);
	}
	PLAIN.failed(NULL, base, status, sys_errno);
}

const struct tenon_connection_ops tenon__greeting_ops = {
	.size = sizeof(tenon__greeting_ops),
	.now_ns = tenon__connection_now_ns,
	.address = tenon__connection_address,
	.connected = greeting_connected,
	.send_next = greeting_send_next,
	.sent = greeting_sent,
	.recv_space = tenon__connection_recv_space,
	.received = greeting_received,
	.failed = greeting_failed,
	.after = greeting_after,
	.seen = tenon__connection_seen,
	.address_ended = tenon__connection_address_ended,
	.addresses_left = tenon__connection_addresses_left,
	.sets_up = tenon__connection_sets_up,
	.server = tenon__connection_server,
};
