/* SPDX-License-Identifier: BSD-3-Clause */
#include "connection/filter.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "connection/greeting.h"
#include "connection/secure_session.h"

/* The functions of the connection behind the filter, which have the plain bytes. */
#define PLAIN tenon__greeting_ops

struct tenon__filter {
	struct tenon__session session;
	/* The session has failed. The next call of a transport closes; `out` may have an alert. */
	bool broken;
	int plain;   /* what the connection wants: bits of enum tenon_want */

	/* out[out_from..out_len) is to be sent; up to plain_end it has out_plain plain bytes. */
	size_t out_from, out_len;
	size_t plain_end;
	size_t out_plain;
	size_t told; /* of out_plain: bytes that the connection was told of as sent */
	bool begins; /* no plain byte of the exchange was pushed */

	/* in[in_from..in_len) has arrived and is not taken by the session. */
	size_t in_from, in_len;
	/*
	 * After a look at the idle connection: of the wire bytes that the transport receives next,
	 * the session knows so many; they have given the plain bytes in `kept`.
	 */
	size_t seen_len;
	size_t kept_len;
	char kept[TENON_SEEN_MAX_BYTES];

	char out[TENON_FILTER_SEND_MAX_BYTES];
	char in[TENON_FILTER_RECEIVE_MAX_BYTES];
};

/*
 * The functions of a transport are called for every connection of an engine with filters. A
 * connection to a server without `secure` has none: its bytes go through as they are.
 */

/* ---- the beginning and the end ------------------------------------------------ */

/* Make the filter, with the plugin's memory behind it. Errors: NULL, no memory. */
static struct tenon__filter *make_filter(const struct tenon__connection *conn)
{
	size_t align = alignof(max_align_t);
	size_t size = (sizeof(struct tenon__filter) + align - 1) / align * align;
	struct tenon__filter *filter =
		tenon__alloc(size + conn->secure->ops->session_size);

	if (filter) {
		filter->session = (struct tenon__session){
			.plugin = conn->secure,
			.memory = (char *)filter + size,
		};
		filter->broken = false;
	}
	return filter;
}

void tenon__filter_end(struct tenon__connection *conn)
{
	if (conn->filter) {
		tenon__session_end(&conn->filter->session);
		conn->filter->broken = false;
	}
}

int tenon__filter_certificate(const struct tenon__connection *conn,
			      uint32_t index,
			      struct tenon_secure_certificate *out)
{
	return conn->filter ? tenon__session_certificate(&conn->filter->session,
							 index, out)
			    : 0;
}

void tenon__filter_free(struct tenon__connection *conn)
{
	if (conn->filter) {
		tenon__session_forget_chain(&conn->filter->session);
	}
	tenon__free(conn->filter);
	conn->filter = NULL;
}

static void empty_out(struct tenon__filter *filter)
{
	filter->out_from = filter->out_len = filter->plain_end = 0;
	filter->out_plain = filter->told = 0;
}

/* Begin a session with empty buffers. Returns 0, or a negative status. */
static int begin_session(struct tenon__connection *conn,
			 struct tenon_error *err)
{
	struct tenon__filter *filter = conn->filter;
	struct tenon_server_facts server;

	tenon__connection_server(NULL, &conn->base, &server);
	filter->begins = true;
	filter->plain = TENON_WANT_SEND;
	empty_out(filter);
	filter->in_from = filter->in_len = 0;
	filter->seen_len = filter->kept_len = 0;
	return tenon__session_begin(&filter->session, &server, err);
}

/* ---- failures -------------------------------------------------------------- */

#define CLOSED_EARLY "the server closed the connection during the handshake"

/* Write the sentence of a failure of the session. Returns TENON_ESECURE. */
static int explain(struct tenon__connection *conn, const char *sentence)
{
	snprintf(conn->wire.problem, sizeof(conn->wire.problem),
		 "secure plugin '%s': %.200s", conn->secure->name,
		 sentence);
	return TENON_ESECURE;
}

/*
 * The session has failed: end it, and tell the connection by the plugin's sentence. When the exchange
 * is complete, it stays so.
 */
static void end_failed(struct tenon__connection *conn, int code,
		       const struct tenon_error *err)
{
	bool is_done = conn->filter && conn->filter->plain == 0;
	bool is_open = conn->filter && conn->filter->session.open;

	if (conn->filter && !is_done) {
		tenon__session_keep_chain(&conn->filter->session);
	}
	tenon__filter_end(conn);
	if (!is_done && code == TENON_ECLOSED && !is_open) {
		conn->cut = true;
		code = explain(conn, err->message[0] ? err->message
						     : CLOSED_EARLY);
	} else if (!is_done && code != TENON_ENOMEM && code != TENON_ECLOSED) {
		code = explain(conn,
			       err->message[0] ? err->message
					       : "failed without a reason");
	}
	if (!is_done) {
		PLAIN.failed(NULL, &conn->base, code, 0);
	}
}

/* Give up the connection, whose session has failed. Returns TENON_WANT_CLOSE. */
static int fail(struct tenon__connection *conn, int code,
		const struct tenon_error *err)
{
	end_failed(conn, code, err);
	tenon__connection_go(conn, TENON_CONNECTION_CLOSED);
	return TENON_WANT_CLOSE;
}

/*
 * Give up the connection, after pull() has failed. In the handshake the server hears why: the alert is
 * sent in one try, and then the connection is closed. That does not wait, as the few bytes of a
 * handshake do not fill the send buffer of a socket; at the worst it ends at connect_timeout. Behind
 * the handshake, or when the kernel has not taken what was sent before, nothing is sent. Returns what
 * the transport has to do.
 */
static int fail_pull(struct tenon__connection *conn, int code,
		     const struct tenon_error *err)
{
	struct tenon__filter *filter = conn->filter;
	size_t len = 0;

	if (!filter->session.open && filter->out_from == filter->out_len) {
		len = tenon__session_alert(&filter->session, filter->out,
					   sizeof(filter->out));
	}
	if (len == 0) {
		return fail(conn, code, err);
	}
	end_failed(conn, code, err);
	empty_out(filter);
	filter->out_len = len;
	filter->in_from = filter->in_len = 0;
	filter->broken = true;
	return TENON_WANT_SEND;
}

/* The connection, whose session has failed, is closed next. Returns TENON_WANT_CLOSE. */
static int close_broken(struct tenon__connection *conn)
{
	tenon__filter_end(conn);
	tenon__connection_go(conn, TENON_CONNECTION_CLOSED);
	return TENON_WANT_CLOSE;
}

/* ---- what the connection wants ---------------------------------------------- */

/* Return what the transport has to do next. has_out: wire bytes are left to send. */
static int next_want(const struct tenon__filter *filter, int plain,
		     bool has_out)
{
	bool blocked = filter->session.wants & TENON_SECURE_RECEIVE;
	int want = 0;

	if (plain == TENON_WANT_CLOSE) {
		return plain;
	}
	if (has_out || (filter->session.wants & TENON_SECURE_SEND) ||
	    (!blocked && (plain & TENON_WANT_SEND))) {
		want |= TENON_WANT_SEND;
	}
	if ((plain & TENON_WANT_RECEIVE) || (blocked && plain)) {
		want |= TENON_WANT_RECEIVE;
	}
	return want;
}

static int want_of(const struct tenon__filter *filter)
{
	return next_want(filter, filter->plain,
			 filter->out_from < filter->out_len);
}

/* After a change of the session: the connection hears when the handshake is over. */
static void open_when_ready(struct tenon__connection *conn)
{
	struct tenon__filter *filter = conn->filter;
	struct tenon__session *session = &filter->session;

	if (!session->open && !(session->wants & TENON_SECURE_RECEIVE)) {
		tenon__session_open(session, conn->health);
		filter->plain = PLAIN.connected(NULL, &conn->base);
	}
}

static int filter_connected(void *context, struct tenon_connection *base)
{
	(void)context;
	struct tenon__connection *conn = tenon__connection_of(base);
	struct tenon_error err = { .code = 0 };

	if (!conn->secure) {
		return PLAIN.connected(NULL, base);
	}
	conn->wire.fresh = true; /* a handshake that fails is that of a new connection */
	tenon__connection_go(conn, TENON_CONNECTION_SECURING);
	tenon__filter_end(conn);
	if (!conn->filter) {
		conn->filter = make_filter(conn);
	}
	if (!conn->filter) {
		return fail(conn, TENON_ENOMEM, &err);
	}
	int code = begin_session(conn, &err);
	if (code) {
		return fail(conn, code, &err);
	}
	open_when_ready(conn);
	return want_of(conn->filter);
}

static void filter_failed(void *context, struct tenon_connection *base,
			  int status, int sys_errno)
{
	(void)context;
	struct tenon__connection *conn = tenon__connection_of(base);
	struct tenon__filter *filter = conn->filter;

	if (status == TENON_ECLOSED && filter && filter->session.begun &&
	    !filter->session.open) {
		tenon__session_keep_chain(&filter->session);
		conn->cut = true;
		status = explain(conn, CLOSED_EARLY);
	}
	if (filter && filter->broken) {
		(void)close_broken(conn); /* the alert could not be sent; the failure is known */
		return;
	}
	PLAIN.failed(NULL, base, status, sys_errno);
	if (base->fd < 0) {
		tenon__filter_end(conn);
	}
}

/* ---- sending --------------------------------------------------------------- */

/*
 * Push plain bytes; len 0: only fetch wire bytes of the session. Returns the number of plain bytes
 * that were taken, or a negative enum tenon_status with *err.
 */
static ptrdiff_t push_some(struct tenon__filter *filter, const void *plain,
			   size_t len, struct tenon_error *err)
{
	struct tenon_secure_io io = {
		.size = sizeof(io),
		.in = plain,
		.in_len = len,
		.out = filter->out + filter->out_len,
		.out_room = sizeof(filter->out) - filter->out_len,
	};
	int code = tenon__session_push(&filter->session, &io, err);

	if (code) {
		return code;
	}
	filter->out_len += io.out_len;
	filter->out_plain += io.in_used;
	if (io.in_used > 0) {
		filter->plain_end = filter->out_len;
	}
	return (ptrdiff_t)io.in_used;
}

static bool has_room(const struct tenon__filter *filter)
{
	return filter->out_len < sizeof(filter->out);
}

/* Push all bytes of one piece, as long as there is room. Returns 0, or a negative status. */
static int push_piece(struct tenon__filter *filter, const struct iovec *piece,
		      struct tenon_error *err)
{
	const char *bytes = piece->iov_base;
	size_t left = piece->iov_len;

	while (left > 0 && has_room(filter) &&
	       !(filter->session.wants & TENON_SECURE_RECEIVE)) {
		ptrdiff_t n = push_some(filter, bytes, left, err);
		if (n < 0) {
			return (int)n;
		}
		bytes += n;
		left -= (size_t)n;
	}
	return 0;
}

/* memcached reads so many bytes at once, while it waits for a command. */
#define SERVER_BUFFER_BYTES 16384

/*
 * Push the pieces, and the last byte alone, unless one read of the server takes them all. memcached
 * waits for the socket while bytes that it has decrypted wait in its memory: those behind a value,
 * when the end of the value was in the same record. A last record that the server reads whole keeps
 * the socket readable until then. Returns 0, or a negative status.
 */
static int push_pieces(struct tenon__filter *filter, const struct iovec *pieces,
		       size_t count, struct tenon_error *err)
{
	bool at_once = filter->begins && count == 1 &&
		       pieces[0].iov_len <= SERVER_BUFFER_BYTES;
	int code = 0;

	filter->begins = filter->begins && count == 0;
	for (size_t i = 0; i < count && !code; i++) {
		struct iovec piece = pieces[i];
		bool is_cut = i == count - 1 && !at_once && piece.iov_len > 1;

		piece.iov_len -= is_cut;
		code = push_piece(filter, &piece, err);
		if (!code && is_cut) {
			piece.iov_base = (char *)piece.iov_base + piece.iov_len;
			piece.iov_len = 1;
			code = push_piece(filter, &piece, err);
		}
	}
	return code;
}

/*
 * Fill the empty outgoing buffer with the wire bytes of the plain bytes that the connection sends
 * next, and with the session's own. Returns 0, or a negative status.
 */
static int fill(struct tenon__connection *conn, struct tenon_error *err)
{
	struct tenon__filter *filter = conn->filter;
	struct iovec pieces[TENON_SEND_PIECES];
	size_t count = 0;
	int code = 0;

	empty_out(filter);
	if (filter->session.open &&
	    !(filter->session.wants & TENON_SECURE_RECEIVE)) {
		count = PLAIN.send_next(NULL, &conn->base, pieces,
					TENON_SEND_PIECES);
	}
	code = push_pieces(filter, pieces, count, err);
	while (!code && (filter->session.wants & TENON_SECURE_SEND) &&
	       has_room(filter)) {
		ptrdiff_t n = push_some(filter, NULL, 0, err);
		code = n < 0 ? (int)n : 0;
	}
	if (!code && filter->out_plain > 0 && filter->out_len == 0) {
		snprintf(err->message, sizeof(err->message),
			 "push took bytes and does not send them, which its contract does not allow");
		code = TENON_ESECURE;
	}
	return code;
}

static size_t filter_send_next(void *context, struct tenon_connection *base,
			       struct iovec *iov, size_t max)
{
	(void)context;
	struct tenon__connection *conn = tenon__connection_of(base);
	struct tenon__filter *filter = conn->filter;
	struct tenon_error err = { .code = 0 };

	if (!conn->secure) {
		return PLAIN.send_next(NULL, base, iov, max);
	}
	if (filter->out_from == filter->out_len && !filter->broken) {
		if (filter->plain == 0 && conn->wire.queue) {
			filter->plain = TENON_WANT_SEND; /* an exchange begins */
			filter->begins = true;
		}
		int code = fill(conn, &err);
		if (code) {
			(void)fail(conn, code, &err);
			empty_out(filter);
			filter->broken = true;
		}
	}
	if (filter->out_from == filter->out_len) {
		return 0;
	}
	iov[0] = (struct iovec){ .iov_base = filter->out + filter->out_from,
				 .iov_len = filter->out_len - filter->out_from };
	return 1;
}

/*
 * Return how many more plain bytes the connection has to hear of when the kernel took out[0..end).
 * It hears of one as soon as the kernel took a part, so that no request of which a part is on its
 * way is taken for unsent; of the others when the kernel took all.
 */
static size_t untold(const struct tenon__filter *filter, size_t end)
{
	size_t sent = end == 0 ? 0
		      : end >= filter->plain_end || filter->out_plain == 0
			      ? filter->out_plain
			      : 1;

	return sent > filter->told ? sent - filter->told : 0;
}

static int filter_sent(void *context, struct tenon_connection *base, size_t n)
{
	struct tenon__connection *conn = tenon__connection_of(base);
	struct tenon__filter *filter = conn->filter;

	(void)context;
	if (!filter) {
		return PLAIN.sent(NULL, base, n);
	}
	if (filter->broken) {
		return close_broken(conn);
	}
	filter->out_from += n;
	size_t plain = untold(filter, filter->out_from);
	filter->told += plain;
	if (plain > 0) {
		filter->plain = PLAIN.sent(NULL, base, plain);
	}
	return want_of(filter);
}

static int filter_after(void *context, struct tenon_connection *base, size_t n)
{
	const struct tenon__filter *filter = tenon__connection_of(base)->filter;

	(void)context;
	if (!filter) {
		return PLAIN.after(NULL, base, n);
	}
	if (filter->broken) {
		return TENON_WANT_CLOSE;
	}
	n += filter->out_from;
	size_t plain = untold(filter, n);
	return next_want(filter,
			 plain > 0 ? PLAIN.after(NULL, base, plain)
				   : filter->plain,
			 n < filter->out_len);
}

/* ---- receiving ------------------------------------------------------------- */

/*
 * Pull plain bytes into `room` bytes at `space`. Returns their number. *code is 0, or a negative
 * enum tenon_status with *err. *stuck: the session needs more wire bytes.
 */
static size_t pull_some(struct tenon__filter *filter, void *space, size_t room,
			int *code, bool *stuck, struct tenon_error *err)
{
	struct tenon_secure_io io = {
		.size = sizeof(io),
		.in = filter->in + filter->in_from,
		.in_len = filter->in_len - filter->in_from,
		.out = space,
		.out_room = room,
	};

	*code = tenon__session_pull(&filter->session, &io, stuck, err);
	filter->in_from += io.in_used;
	return io.out_len;
}

static void *filter_recv_space(void *context, struct tenon_connection *base,
			       size_t *len)
{
	struct tenon__filter *filter = tenon__connection_of(base)->filter;

	(void)context;
	if (!filter) {
		return PLAIN.recv_space(NULL, base, len);
	}
	*len = sizeof(filter->in) - filter->in_len;
	return filter->in + filter->in_len;
}

/* Give plain bytes that were kept to the connection. Returns false when it closes. */
static bool give_kept(struct tenon__connection *conn)
{
	struct tenon__filter *filter = conn->filter;
	size_t given = 0;

	while (given < filter->kept_len) {
		size_t n = filter->kept_len - given;
		size_t room;
		void *space = PLAIN.recv_space(NULL, &conn->base, &room);

		if (!space) {
			PLAIN.failed(NULL, &conn->base, TENON_ENOMEM, 0);
			return false;
		}
		n = n < room ? n : room;
		memcpy(space, filter->kept + given, n);
		given += n;
		filter->plain = PLAIN.received(NULL, &conn->base, n);
		if (filter->plain == TENON_WANT_CLOSE) {
			return false;
		}
	}
	filter->kept_len = 0;
	return true;
}

/* Add the n wire bytes that have arrived to `in`, except those that the session has seen already. */
static void take_in(struct tenon__filter *filter, size_t n)
{
	size_t seen = filter->seen_len < n ? filter->seen_len : n;
	char *arrived = filter->in + filter->in_len;

	filter->seen_len -= seen;
	memmove(arrived, arrived + seen, n - seen);
	filter->in_len += n - seen;
}

/* Move the wire bytes that the session has not taken to the front. */
static void compact_in(struct tenon__filter *filter)
{
	filter->in_len -= filter->in_from;
	memmove(filter->in, filter->in + filter->in_from, filter->in_len);
	filter->in_from = 0;
}

/* Give n plain bytes, which lie in the connection's memory, to the connection. Returns 0 or a status. */
static int give(struct tenon__connection *conn, size_t n,
		struct tenon_error *err)
{
	struct tenon__filter *filter = conn->filter;

	if (n > 0 && !filter->session.open) {
		snprintf(err->message, sizeof(err->message),
			 "pull gave plain bytes before the end of the handshake, which its contract does not allow");
		return TENON_ESECURE;
	}
	if (n > 0) {
		filter->plain = PLAIN.received(NULL, &conn->base, n);
	}
	return 0;
}

/*
 * Pull once, and give the plain bytes to the connection. Returns true when there may be more to
 * pull; *want is what the transport has to do.
 */
static bool pull_on(struct tenon__connection *conn, int *want)
{
	struct tenon__filter *filter = conn->filter;
	struct tenon_error err = { .code = 0 };
	int code = TENON_ENOMEM;
	bool stuck = true;
	size_t room;
	void *space = PLAIN.recv_space(NULL, &conn->base, &room);

	if (space) {
		size_t n = pull_some(filter, space, room, &code,
				     &stuck, &err);

		open_when_ready(conn);
		int given = give(conn, n, &err);
		code = given ? given : code;
	}
	if (filter->plain == TENON_WANT_CLOSE) {
		tenon__filter_end(conn);
		*want = TENON_WANT_CLOSE;
	} else {
		*want = code ? fail_pull(conn, code, &err)
			     : want_of(filter);
	}
	return *want != TENON_WANT_CLOSE && !code && !stuck &&
	       (filter->in_from < filter->in_len ||
		(filter->session.wants & TENON_SECURE_MORE));
}

static int filter_received(void *context, struct tenon_connection *base,
			   size_t n)
{
	(void)context;
	struct tenon__connection *conn = tenon__connection_of(base);
	int want;

	if (!conn->secure) {
		return PLAIN.received(NULL, base, n);
	}
	if (conn->filter->broken) {
		return close_broken(conn); /* the server goes on, and hears of the failure too late */
	}
	take_in(conn->filter, n);
	if (!give_kept(conn)) {
		tenon__filter_end(conn);
		return TENON_WANT_CLOSE;
	}
	while (pull_on(conn, &want)) {
	}
	compact_in(conn->filter);
	return want;
}

/* ---- an idle connection ------------------------------------------------------- */

/*
 * Let the session see wire bytes that wait on the idle connection: they may be the session's own,
 * such as a ticket, and mean nothing to the connection. Plain bytes among them are kept until the
 * transport receives the same bytes. Returns 0, or a negative status.
 */
static int look_at(struct tenon__connection *conn, const char *bytes,
		   size_t len)
{
	struct tenon__filter *filter = conn->filter;
	size_t seen = filter->seen_len < len ? filter->seen_len : len;
	struct tenon_error err = { .code = 0 };
	bool stuck = false;
	int code = 0;

	if (sizeof(filter->in) - filter->in_len < len - seen) {
		return TENON_ESECURE;
	}
	memcpy(filter->in + filter->in_len, bytes + seen, len - seen);
	filter->in_len += len - seen;
	filter->seen_len += len - seen;
	while (!code && !stuck && filter->kept_len < sizeof(filter->kept)) {
		filter->kept_len += pull_some(
			filter, filter->kept + filter->kept_len,
			sizeof(filter->kept) - filter->kept_len, &code, &stuck,
			&err);
	}
	open_when_ready(conn);
	compact_in(filter);
	return code;
}

static int filter_seen(void *context, struct tenon_connection *base,
		       unsigned seen, const void *bytes, size_t len)
{
	(void)context;
	struct tenon__connection *conn = tenon__connection_of(base);
	const struct tenon__filter *filter = conn->filter;
	int closes = 0;

	if (!filter) {
		return PLAIN.seen(NULL, base, seen, bytes, len);
	}
	if (!(seen & TENON_SEEN_END) &&
	    look_at(conn, bytes, len) != 0) {
		seen = TENON_SEEN_END;
	}
	if (seen & TENON_SEEN_END) {
		closes = PLAIN.seen(NULL, base, TENON_SEEN_END, NULL, 0);
	} else if (filter->kept_len > 0) {
		closes = PLAIN.seen(NULL, base, TENON_SEEN_BYTES, filter->kept,
				    filter->kept_len);
	}
	if (closes) {
		tenon__filter_end(conn);
	}
	return closes;
}

/* ---- the table --------------------------------------------------------------- */

struct tenon_connection_ops tenon__filter_ops(void)
{
	struct tenon_connection_ops ops = PLAIN;

	ops.connected = filter_connected;
	ops.send_next = filter_send_next;
	ops.sent = filter_sent;
	ops.recv_space = filter_recv_space;
	ops.received = filter_received;
	ops.failed = filter_failed;
	ops.after = filter_after;
	ops.seen = filter_seen;
	return ops;
}
