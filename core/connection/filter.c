/* SPDX-License-Identifier: BSD-3-Clause */
#include "connection/filter.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "connection/greeting.h"

/* The functions of the connection behind the filter, which have the plain bytes. */
#define PLAIN tenon__greeting_ops

struct tenon__filter {
	const struct tenon__secure *plugin;
	void *session;
	bool begun;  /* the session has begun and not ended */
	bool open;   /* the session takes plain bytes: its handshake is over */
	bool broken; /* send_next() met a failure, of which sent() tells the transport */
	int secure;  /* what the session wants: bits of enum tenon_secure_want */
	struct tenon_secure_certificate *failed; /* the chain of the session that failed */
	uint32_t failed_count; /* entries of failed */
	int64_t begun_ns; /* monotonic time at the beginning of the session */
	int plain;   /* what the connection wants: bits of enum tenon_want */

	/* out[out_from..out_len) is to be sent; up to plain_end it has out_plain plain bytes. */
	size_t out_from, out_len;
	size_t plain_end;
	size_t out_plain;
	size_t told; /* of out_plain: bytes that the connection was told of as sent */

	/* in[in_from..in_len) has arrived and is not taken by the session. */
	size_t in_from, in_len;
	size_t silent_len; /* wire bytes that the session took since its last plain byte */
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

/* ---- sessions -------------------------------------------------------------- */

/* Make the filter, with the memory of its session behind it. Errors: NULL, no memory. */
static struct tenon__filter *make_filter(const struct tenon__connection *conn)
{
	size_t align = alignof(max_align_t);
	size_t size = (sizeof(struct tenon__filter) + align - 1) / align * align;
	struct tenon__filter *filter =
		tenon__alloc(size + conn->secure->ops->session_size);

	if (filter) {
		filter->plugin = conn->secure;
		filter->session = (char *)filter + size;
		filter->begun = false;
		filter->failed = NULL;
		filter->failed_count = 0;
	}
	return filter;
}

void tenon__filter_end(struct tenon__connection *conn)
{
	struct tenon__filter *filter = conn->filter;

	if (filter && filter->begun) {
		conn->secure->ops->end(conn->secure->self, filter->session);
		filter->begun = false;
	}
}

/* ---- certificates ---------------------------------------------------------- */

static void forget_chain(struct tenon__filter *filter)
{
	tenon__free(filter->failed);
	filter->failed = NULL;
	filter->failed_count = 0;
}

/* Ask the session, which has begun and not ended. */
static int ask_certificate(const struct tenon__filter *filter, uint32_t index,
			   struct tenon_secure_certificate *out)
{
	return filter->plugin->ops->certificate(filter->plugin->self,
						filter->session, index, out);
}

/* The session fails: keep its chain for those who ask why. Without memory, there is no chain. */
static void keep_chain(struct tenon__filter *filter)
{
	struct tenon_secure_certificate one = { .size = sizeof(one) };

	if (!filter || !filter->begun || !ask_certificate(filter, 0, &one)) {
		return;
	}
	forget_chain(filter);
	filter->failed = tenon__calloc(TENON_FILTER_CHAIN_MAX, sizeof(one));
	for (uint32_t i = 0; filter->failed && i < TENON_FILTER_CHAIN_MAX;
	     i++) {
		filter->failed[i].size = sizeof(one);
		if (!ask_certificate(filter, i, &filter->failed[i])) {
			break;
		}
		filter->failed_count = i + 1;
	}
}

int tenon__filter_certificate(const struct tenon__connection *conn,
			      uint32_t index,
			      struct tenon_secure_certificate *out)
{
	const struct tenon__filter *filter = conn->filter;

	if (filter && filter->begun) {
		return ask_certificate(filter, index, out);
	}
	if (!filter || index >= filter->failed_count) {
		return 0;
	}
	*out = filter->failed[index];
	return 1;
}

void tenon__filter_free(struct tenon__connection *conn)
{
	if (conn->filter) {
		forget_chain(conn->filter);
	}
	tenon__free(conn->filter);
	conn->filter = NULL;
}

static void empty_out(struct tenon__filter *filter)
{
	filter->out_from = filter->out_len = filter->plain_end = 0;
	filter->out_plain = filter->told = 0;
}

static int begin_session(struct tenon__connection *conn,
			 struct tenon_error *err)
{
	struct tenon__filter *filter = conn->filter;
	struct tenon_server_facts server;

	tenon__connection_server(NULL, &conn->base, &server);
	filter->open = filter->broken = false;
	filter->begun_ns = tenon__now_ns();
	forget_chain(filter);
	filter->secure = 0;
	filter->plain = TENON_WANT_SEND;
	empty_out(filter);
	filter->in_from = filter->in_len = 0;
	filter->silent_len = 0;
	filter->seen_len = filter->kept_len = 0;
	memset(filter->session, 0, conn->secure->ops->session_size);
	filter->begun = true;
	return conn->secure->ops->begin(conn->secure->self, filter->session,
				       &server, err);
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
 * The session has failed: give up the connection, with the plugin's sentence. When the exchange is
 * complete, it stays so. Returns TENON_WANT_CLOSE.
 */
static int fail(struct tenon__connection *conn, int code,
		const struct tenon_error *err)
{
	bool is_done = conn->filter && conn->filter->plain == 0;
	bool is_open = conn->filter && conn->filter->open;

	if (!is_done) {
		keep_chain(conn->filter);
	}
	tenon__filter_end(conn);
	if (!is_done && code == TENON_ECLOSED && !is_open) {
		conn->cut = true;
		code = explain(conn, CLOSED_EARLY);
	} else if (!is_done && code != TENON_ENOMEM && code != TENON_ECLOSED) {
		code = explain(conn,
			       err->message[0] ? err->message
					       : "failed without a reason");
	}
	if (!is_done) {
		PLAIN.failed(NULL, &conn->base, code, 0);
	}
	tenon__connection_go(conn, TENON_CONNECTION_CLOSED);
	return TENON_WANT_CLOSE;
}

/* ---- what the connection wants ---------------------------------------------- */

/* Return what the transport has to do next. has_out: wire bytes are left to send. */
static int next_want(const struct tenon__filter *filter, int plain,
		     bool has_out)
{
	bool blocked = filter->secure & TENON_SECURE_RECEIVE;
	int want = 0;

	if (plain == TENON_WANT_CLOSE) {
		return plain;
	}
	if (has_out || (filter->secure & TENON_SECURE_SEND) ||
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

/* Record the session, whose handshake is over, in the health of the server. */
static void record(struct tenon__connection *conn)
{
	struct tenon_secure_facts facts = { .size = sizeof(facts) };

	conn->secure->ops->facts(conn->secure->self, conn->filter->session,
				&facts);
	tenon__health_secured(conn->health, &facts,
			      tenon__now_ns() - conn->filter->begun_ns);
}

/* After a change of the session: the connection hears when the handshake is over. */
static void open_when_ready(struct tenon__connection *conn)
{
	struct tenon__filter *filter = conn->filter;

	if (!filter->open && !(filter->secure & TENON_SECURE_RECEIVE)) {
		filter->open = true;
		record(conn);
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
	int secure = begin_session(conn, &err);
	if (secure < 0) {
		return fail(conn, secure, &err);
	}
	conn->filter->secure = secure;
	open_when_ready(conn);
	return want_of(conn->filter);
}

static void filter_failed(void *context, struct tenon_connection *base,
			  int status, int sys_errno)
{
	(void)context;
	struct tenon__connection *conn = tenon__connection_of(base);
	struct tenon__filter *filter = conn->filter;

	if (status == TENON_ECLOSED && filter && filter->begun &&
	    !filter->open) {
		keep_chain(filter);
		conn->cut = true;
		status = explain(conn, CLOSED_EARLY);
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
	int code = filter->plugin->ops->push(filter->plugin->self,
					  filter->session, &io, err);

	if (code < 0) {
		return code;
	}
	if (io.in_used > len || io.out_len > io.out_room ||
	    (io.in_used == 0 && io.out_len == 0)) {
		snprintf(err->message, sizeof(err->message),
			 "push took %zu of %zu bytes and gave %zu for a room of %zu, which its contract does not allow",
			 io.in_used, len, io.out_len, io.out_room);
		return TENON_ESECURE;
	}
	filter->secure = code;
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
	       !(filter->secure & TENON_SECURE_RECEIVE)) {
		ptrdiff_t n = push_some(filter, bytes, left, err);
		if (n < 0) {
			return (int)n;
		}
		bytes += n;
		left -= (size_t)n;
	}
	return 0;
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
	if (filter->open && !(filter->secure & TENON_SECURE_RECEIVE)) {
		count = PLAIN.send_next(NULL, &conn->base, pieces,
					TENON_SEND_PIECES);
	}
	for (size_t i = 0; i < count && !code; i++) {
		code = push_piece(filter, &pieces[i], err);
	}
	while (!code && (filter->secure & TENON_SECURE_SEND) &&
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
		}
		int code = fill(conn, &err);
		if (code) {
			filter->broken = true;
			(void)fail(conn, code, &err);
		}
	}
	if (filter->broken || filter->out_from == filter->out_len) {
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
	struct tenon__filter *filter = tenon__connection_of(base)->filter;

	(void)context;
	if (!filter) {
		return PLAIN.sent(NULL, base, n);
	}
	if (filter->broken) {
		return TENON_WANT_CLOSE;
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
 * Count wire bytes that the session took, and plain bytes that it gave for them. Returns 0;
 * TENON_ESECURE, when the session has taken too many without a plain byte.
 */
static int count_silent(struct tenon__filter *filter, size_t taken,
			size_t given, struct tenon_error *err)
{
	filter->silent_len = given > 0 ? 0 : filter->silent_len + taken;
	if (filter->silent_len <= TENON_FILTER_SILENT_MAX_BYTES) {
		return 0;
	}
	snprintf(err->message, sizeof(err->message),
		 "the server has sent more than %d KiB without a byte of an answer",
		 TENON_FILTER_SILENT_MAX_BYTES / 1024);
	return TENON_ESECURE;
}

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
	int wants = filter->plugin->ops->pull(filter->plugin->self,
					   filter->session, &io, err);

	*stuck = io.in_used == 0 && io.out_len == 0;
	if (io.in_used > io.in_len || io.out_len > room ||
	    (*stuck && wants >= 0 && io.in_len == sizeof(filter->in))) {
		snprintf(err->message, sizeof(err->message),
			 "pull took %zu of %zu bytes and gave %zu for a room of %zu, which its contract does not allow",
			 io.in_used, io.in_len, io.out_len, room);
		*code = TENON_ESECURE;
		return 0;
	}
	filter->in_from += io.in_used;
	*code = wants < 0 ? wants : 0;
	if (wants >= 0) {
		filter->secure = wants;
		*code = count_silent(filter, io.in_used, io.out_len, err);
	}
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

	if (n > 0 && !filter->open) {
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
		*want = code ? fail(conn, code, &err)
			     : want_of(filter);
	}
	return *want != TENON_WANT_CLOSE && !stuck &&
	       (filter->in_from < filter->in_len ||
		(filter->secure & TENON_SECURE_MORE));
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
