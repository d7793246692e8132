/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/talk.h"

#include <check.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define TALKERS_MAX 32

const char *talk_outcome(enum talk_outcome outcome)
{
	static const char *const names[] = { "under way", "finished",
					     "closed by the core",
					     "reported as failed" };

	return names[outcome];
}

const char *talk_end_of(const struct talker *talker)
{
	return talker->outcome != TALK_FAILED
		       ? talk_outcome(talker->outcome)
		       : seen_format("%s with %s and errno %d",
				     talk_outcome(TALK_FAILED),
				     seen_status(talker->status),
				     talker->sys_errno);
}

void check_steps(struct fake_server *server, size_t count)
{
	bool done = fake_server_await(server, count);
	char *problem = done ? NULL : fake_server_join(server);

	ck_assert_msg(done, "%s: the server has not done %zu steps: %s",
		      subject_now(), count,
		      problem ? problem : "its script has ended");
	free(problem);
}

static struct talker *talker_of(void *context, struct tenon_connection *conn)
{
	struct talk *talk = context;

	talk->calls++;
	return (struct talker *)(void *)conn;
}

/* As talker_of(), for functions that are called only while the connection is under way. */
static struct talker *speaker_of(void *context, struct tenon_connection *conn)
{
	struct talker *talker = talker_of(context, conn);

	ck_assert_msg(talker->outcome == TALK_UNDER_WAY,
		      "%s calls a function for a connection that is %s",
		      subject_now(), talk_end_of(talker));
	return talker;
}

/* As speaker_of(), for functions that are called only once connected() was. */
static struct talker *open_speaker_of(void *context,
				      struct tenon_connection *conn)
{
	struct talker *talker = speaker_of(context, conn);

	ck_assert_msg(talker->is_connected,
		      "%s sends or receives on a connection that is %s, and has called connected() %zu times",
		      subject_now(), talk_end_of(talker), talker->connects);
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
		ck_assert_outcome(talker, TALK_UNDER_WAY);
		ck_assert_number(talker->heard, ==, 0);
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
		ck_assert_number(i, <, talker->count);
		const struct talk_part *part = &talker->parts[i];

		if (at >= part->hear_len) {
			at -= part->hear_len;
			continue;
		}
		size_t left = part->hear_len - at;
		size_t len = n - done < left ? n - done : left;

		const struct tenon_slice received = { talker->space + done, len };
		const struct tenon_slice sent = { part->hear + at, len };

		ck_assert_bytes(received, sent);
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

	ck_assert_number(conn->fd, >=, 0);
	talker->connects++;
	talker->is_connected = true;
	return go_on(talker);
}

static size_t talk_send_next(void *context, struct tenon_connection *conn,
			     struct iovec *iov, size_t max)
{
	struct talker *talker = open_speaker_of(context, conn);
	const struct talk_part *now = &talker->parts[talker->part];

	ck_assert_number(max, >=, 1);
	ck_assert_number(talker->said, <, now->say_len);
	iov[0] = (struct iovec){ (char *)(uintptr_t)now->say + talker->said,
				 now->say_len - talker->said };
	return 1;
}

static int talk_after(void *context, struct tenon_connection *conn, size_t n)
{
	struct talker *talker = open_speaker_of(context, conn);

	ck_assert_number(n, >=, 1);
	return want_at(talker, talker->part, talker->said + n, talker->heard);
}

static int talk_sent(void *context, struct tenon_connection *conn, size_t n)
{
	struct talker *talker = open_speaker_of(context, conn);

	ck_assert_number(n, >=, 1);
	talker->said += n;
	ck_assert_number(talker->said, <=, talker->parts[talker->part].say_len);
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

	ck_assert_number(n, >=, 1);
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
		      "%s calls failed() with status %s while descriptor %d is open; a transport closes it first",
		      subject_now(), seen_status(status), (int)conn->fd);
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
	ck_assert_number(nth, ==, 0);
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

static void talk_server(void *context, struct tenon_connection *conn,
			struct tenon_server_facts *out)
{
	(void)context;
	(void)conn;
	*out = (struct tenon_server_facts){
		.size = sizeof(*out), .port = 11211, .alias = "server", .host = "127.0.0.1",
	};
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
	.server = talk_server,
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
		      "%s: init: %s", subject_now(), err.message);
}

void talk_close(struct talk *talk)
{
	ck_assert_number(talk->calls, >, 0);
	ck_assert_number(talk->host.made, ==, talk->made);
	talk->plugin->ops.transport.fini(talk->self);
	free(talk->self);
	subject_options_free(talk->plugin, talk->options);
	ck_assert_msg(talk->host.live == 0,
		      "%s: %zu allocations of the host are left after fini",
		      subject_now(), talk->host.live);
}

int talk_add(struct talk *talk, struct talker *talker, const char *address)
{
	struct tenon_error err = { 0 };

	memset(talker, 0, sizeof(*talker));
	talker->base.fd = -1;
	talker->outcome = TALK_KEPT;
	talker->lookup_fd = -1;
	ck_assert_msg(address_parse(address, &talker->address),
		      "the address %s cannot be read", seen_text(address));
	int code = talk->plugin->ops.transport.add(talk->self, &talker->base,
						   &err);
	talk->made = talk->host.made;
	return subject_check_reason(talk->plugin, code, &err);
}

void check_closed(const struct talker *talker)
{
	ck_assert_msg(talker->base.fd == -1,
		      "%s: the descriptor of a connection that is %s is %d, expected -1",
		      subject_now(), talk_end_of(talker), (int)talker->base.fd);
}

void talk_stop(struct talk *talk, struct talker *talker)
{
	talk->plugin->ops.transport.close(talk->self, &talker->base);
	check_closed(talker);
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

static void check_finished(const struct talker *talker)
{
	ck_assert_msg(talker->outcome != TALK_UNDER_WAY,
		      "%s: a connection is under way, in part %zu of %zu of its script, expected its end",
		      subject_now(), talker->part, talker->count);
}

void talk_script(struct talker *talker, const struct talk_part *parts,
		 size_t count)
{
	check_finished(talker);
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
		ck_assert_msg(talker->base.fd >= 0,
			      "%s: the descriptor of a connection that the script keeps is %d, expected an open one",
			      subject_now(), (int)talker->base.fd);
	} else if (talker->outcome == TALK_CLOSED) {
		check_closed(talker);
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
		check_finished(talkers[i]);
		check_end(talkers[i]);
	}
}
