/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/talk.h"

#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define TALKERS_MAX 32

static struct talker *talker_of(void *context, struct tenon_connection *conn)
{
	struct talk *talk = context;

	talk->calls++;
	return (struct talker *)(void *)conn;
}

/* As talker_of(), for functions that are called only while the connection is under way. */
static struct talker *speaker_of(void *context, struct tenon_connection *conn)
{
	static const char *const outcomes[] = { "under way", "finished",
						"closed by the core",
						"reported as failed" };
	struct talker *talker = talker_of(context, conn);

	ck_assert_msg(talker->outcome == TALK_UNDER_WAY,
		      "the transport calls a function for a connection that is %s",
		      outcomes[talker->outcome]);
	return talker;
}

/* As speaker_of(), for functions that are called only once connected() was. */
static struct talker *open_speaker_of(void *context,
				      struct tenon_connection *conn)
{
	struct talker *talker = speaker_of(context, conn);

	ck_assert_msg(talker->is_connected,
		      "the transport sends or receives, and has not called connected()");
	return talker;
}

/* ---- the script ---------------------------------------------------------- */

/* Return what a connection wants at a place of its script. */
static int want_at(const struct talker *talker, size_t part, size_t said,
		   size_t heard)
{
	for (; part < talker->count; part++) {
		const struct talk_part *now = &talker->parts[part];
		int want = (said < now->say_len ? TENON_WANT_SEND : 0) |
			   (heard < now->hear_len ? TENON_WANT_RECEIVE : 0);

		if (want) {
			return want;
		}
		heard -= now->hear_len;
		said = 0;
	}
	return talker->closes ? TENON_WANT_CLOSE : TENON_WANT_NOTHING;
}

/* Go on to the part that is not complete. Returns what the connection wants. */
static int go_on(struct talker *talker)
{
	int want = want_at(talker, talker->part, talker->said, talker->heard);

	while (talker->part < talker->count) {
		const struct talk_part *now = &talker->parts[talker->part];

		if (talker->said < now->say_len ||
		    talker->heard < now->hear_len) {
			break;
		}
		talker->heard -= now->hear_len;
		talker->said = 0;
		talker->part++;
	}
	if (want <= TENON_WANT_NOTHING) {
		ck_assert_int_eq(talker->outcome, TALK_UNDER_WAY);
		ck_assert_uint_eq(talker->heard, 0);
		talker->outcome = want == TENON_WANT_NOTHING ? TALK_KEPT
							     : TALK_CLOSED;
		talker->is_connected &= want == TENON_WANT_NOTHING;
	}
	return want;
}

/* Check n bytes that arrived behind the first `heard` ones of the current part. */
static void check_heard(const struct talker *talker, size_t n)
{
	size_t at = talker->heard, done = 0;

	for (size_t i = talker->part; done < n; i++) {
		ck_assert_uint_lt(i, talker->count);
		const struct talk_part *part = &talker->parts[i];

		if (at >= part->hear_len) {
			at -= part->hear_len;
			continue;
		}
		size_t left = part->hear_len - at;
		size_t len = n - done < left ? n - done : left;

		ck_assert_mem_eq(talker->space + done, part->hear + at, len);
		done += len;
		at = 0;
	}
}

/* ---- the functions that a transport calls -------------------------------- */

static int64_t talk_now_ns(void *context)
{
	struct talk *talk = context;

	talk->calls++;
	return tenon__now_ns();
}

static int talk_address(void *context, struct tenon_connection *conn,
			struct tenon_address *out)
{
	struct talker *talker = speaker_of(context, conn);

	if (talker->was_given) {
		return TENON_ECONNECT;
	}
	if (talker->lookup_fd >= 0) {
		struct pollfd answer = { .fd = talker->lookup_fd,
					 .events = POLLIN };

		if (poll(&answer, 1, 0) == 0) {
			out->wait_fd = talker->lookup_fd;
			return 0;
		}
	}
	talker->was_given = true;
	memset(out, 0, sizeof(*out));
	memcpy(&out->sockaddr, &talker->address.u, talker->address.len);
	out->sockaddr_len = talker->address.len;
	return 1;
}

static int talk_connected(void *context, struct tenon_connection *conn)
{
	struct talker *talker = speaker_of(context, conn);

	ck_assert_int_ge(conn->fd, 0);
	talker->connects++;
	talker->is_connected = true;
	return go_on(talker);
}

static size_t talk_send_next(void *context, struct tenon_connection *conn,
			     struct iovec *iov, size_t max)
{
	struct talker *talker = open_speaker_of(context, conn);
	const struct talk_part *now = &talker->parts[talker->part];

	ck_assert_uint_ge(max, 1);
	ck_assert_uint_lt(talker->said, now->say_len);
	iov[0] = (struct iovec){ (char *)(uintptr_t)now->say + talker->said,
				 now->say_len - talker->said };
	return 1;
}

static int talk_after(void *context, struct tenon_connection *conn, size_t n)
{
	struct talker *talker = open_speaker_of(context, conn);

	ck_assert_uint_ge(n, 1);
	return want_at(talker, talker->part, talker->said + n, talker->heard);
}

static int talk_sent(void *context, struct tenon_connection *conn, size_t n)
{
	struct talker *talker = open_speaker_of(context, conn);

	ck_assert_uint_ge(n, 1);
	talker->said += n;
	ck_assert_uint_le(talker->said, talker->parts[talker->part].say_len);
	return go_on(talker);
}

static void *talk_recv_space(void *context, struct tenon_connection *conn,
			     size_t *len)
{
	struct talker *talker = open_speaker_of(context, conn);

	*len = sizeof(talker->space);
	return talker->no_space ? NULL : talker->space;
}

static int talk_received(void *context, struct tenon_connection *conn, size_t n)
{
	struct talker *talker = open_speaker_of(context, conn);

	ck_assert_uint_ge(n, 1);
	check_heard(talker, n);
	talker->heard += n;
	return go_on(talker);
}

static void talk_failed(void *context, struct tenon_connection *conn,
			int status, int sys_errno)
{
	struct talker *talker = speaker_of(context, conn);

	/* a connection on which nothing was sent may stay open */
	ck_assert_msg(conn->fd < 0 ||
			      (status == TENON_ETIMEDOUT &&
			       talker->part == 0 && talker->said == 0),
		      "failed() is called with status %d while descriptor %d is open; the transport closes it first",
		      status, (int)conn->fd);
	talker->is_connected &= conn->fd >= 0;
	talker->outcome = TALK_FAILED;
	talker->status = status;
	talker->sys_errno = sys_errno;
}

static int talk_seen(void *context, struct tenon_connection *conn,
		     unsigned seen, const void *bytes, size_t len)
{
	(void)talker_of(context, conn);
	(void)seen;
	(void)bytes;
	(void)len;
	return 1;
}

static void talk_address_ended(void *context, struct tenon_connection *conn,
			       uint32_t nth, int sys_errno)
{
	(void)speaker_of(context, conn);
	(void)sys_errno;
	ck_assert_uint_eq(nth, 0);
}

static uint32_t talk_addresses_left(void *context,
				    struct tenon_connection *conn)
{
	return !speaker_of(context, conn)->was_given;
}

static int talk_sets_up(void *context, struct tenon_connection *conn)
{
	(void)speaker_of(context, conn);
	return 0;
}

static const struct tenon_connection_ops talk_ops = {
	.size = sizeof(talk_ops),
	.now_ns = talk_now_ns,
	.address = talk_address,
	.connected = talk_connected,
	.send_next = talk_send_next,
	.sent = talk_sent,
	.recv_space = talk_recv_space,
	.received = talk_received,
	.failed = talk_failed,
	.after = talk_after,
	.seen = talk_seen,
	.address_ended = talk_address_ended,
	.addresses_left = talk_addresses_left,
	.sets_up = talk_sets_up,
};

/* ---- the test's side ------------------------------------------------------ */

void talk_open(struct talk *talk, int i, enum drive_way way)
{
	const struct tenon_transport_setup setup = {
		.size = sizeof(setup),
		.connect_timeout_ms = 60 * 1000,
		.ops = &talk->ops,
		.resolve_timeout_ms = 60 * 1000,
	};
	struct tenon_error err = { 0 };

	memset(talk, 0, sizeof(*talk));
	talk->plugin = subject(i);
	talk->way = way;
	talk->ops = talk_ops;
	talk->ops.context = talk;
	watched_host_init(&talk->host);
	talk->options = subject_options(talk->plugin, &talk->host);
	talk->self = subject_state(talk->plugin->ops.transport.state_size);
	ck_assert_msg(talk->plugin->ops.transport.init(
			      talk->self, talk->options, &talk->host.table,
			      &setup, &err) == 0,
		      "%s", err.message);
}

void talk_close(struct talk *talk)
{
	ck_assert_uint_gt(talk->calls, 0);
	ck_assert_uint_eq(talk->host.made, talk->made);
	talk->plugin->ops.transport.fini(talk->self);
	free(talk->self);
	subject_options_free(talk->plugin, talk->options);
	ck_assert_msg(talk->host.live == 0,
		      "%zu allocations of the host are left after fini",
		      talk->host.live);
}

int talk_add(struct talk *talk, struct talker *talker, const char *address)
{
	struct tenon_error err = { 0 };

	memset(talker, 0, sizeof(*talker));
	talker->base.fd = -1;
	talker->outcome = TALK_KEPT;
	talker->lookup_fd = -1;
	ck_assert(address_parse(address, &talker->address));
	int code = talk->plugin->ops.transport.add(talk->self, &talker->base,
						   &err);
	talk->made = talk->host.made;
	return subject_check_reason(talk->plugin, code, &err);
}

void talk_stop(struct talk *talk, struct talker *talker)
{
	talk->plugin->ops.transport.close(talk->self, &talker->base);
	ck_assert_int_eq(talker->base.fd, -1);
	talker->is_connected = false;
	if (talker->outcome == TALK_UNDER_WAY) {
		talker->outcome = TALK_CLOSED;
	}
}

void talk_remove(struct talk *talk, struct talker *talker)
{
	talk_stop(talk, talker);
	talk->plugin->ops.transport.remove(talk->self, &talker->base);
}

void talk_script(struct talker *talker, const struct talk_part *parts,
		 size_t count)
{
	ck_assert_int_ne(talker->outcome, TALK_UNDER_WAY);
	talker->parts = parts;
	talker->count = count;
	talker->closes = false;
	talker->part = talker->said = talker->heard = 0;
	talker->was_given = false;
	talker->outcome = TALK_UNDER_WAY;
}

/* A connection is open when its script has kept it, and closed when its script has closed it. */
static void check_end(const struct talker *talker)
{
	if (talker->outcome == TALK_KEPT) {
		ck_assert_int_ge(talker->base.fd, 0);
	} else if (talker->outcome == TALK_CLOSED) {
		ck_assert_int_eq(talker->base.fd, -1);
	}
}

void talk_begin(struct talk *talk, struct talker *talker, int64_t timeout_ms)
{
	int64_t now_ns = tenon__now_ns();

	talk->plugin->ops.transport.begin(talk->self, &talker->base, now_ns,
					  now_ns + timeout_ms * 1000000);
	check_end(talker);
}

size_t talk_turn(struct talk *talk, int64_t timeout_ms)
{
	return drive_once(talk->way, &talk->plugin->ops.transport, talk->self,
			  tenon__now_ns() + timeout_ms * 1000000);
}

void talk_await(struct talk *talk, struct talker *talker)
{
	while (talker->outcome == TALK_UNDER_WAY) {
		(void)talk_turn(talk, 60 * 1000);
	}
	check_end(talker);
}

void talk_run(struct talk *talk, struct talker *const *talkers, size_t count,
	      int64_t timeout_ms)
{
	struct tenon_connection *conns[TALKERS_MAX];
	int64_t now_ns = tenon__now_ns();

	ck_assert_uint_le(count, TALKERS_MAX);
	for (size_t i = 0; i < count; i++) {
		conns[i] = &talkers[i]->base;
	}
	drive_run(talk->way, &talk->plugin->ops.transport, talk->self, conns,
		  count, now_ns, now_ns + timeout_ms * 1000000);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_ne(talkers[i]->outcome, TALK_UNDER_WAY);
		check_end(talkers[i]);
	}
}
