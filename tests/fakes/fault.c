/* SPDX-License-Identifier: BSD-3-Clause */
#include "fakes/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/client.h"
#include "base/clock.h"
#include "fakes/random.h"

/* Not ck_assert: programs without libcheck use this file too. */
static void must(bool fine, const char *what)
{
	if (!fine) {
		fprintf(stderr, "fault decorator: %s\n", what);
		abort();
	}
}

static bool happens(struct fault *fault, unsigned chance)
{
	return chance > 0 && random_next(&fault->plan.seed) % 100 < chance;
}

/* Return a random number from 1 to max, and at most n. */
static size_t shorten(struct fault *fault, size_t n, size_t max, size_t *count)
{
	if (max == 0 || n <= 1) {
		return n;
	}
	size_t shorter = 1 + random_next(&fault->plan.seed) % max;
	if (shorter < n) {
		++*count;
		return shorter;
	}
	return n;
}

/* ---- the functions that the transport calls ------------------------------ */

static int64_t fault_now_ns(void *context)
{
	const struct fault *fault = context;

	return fault->core->now_ns(fault->core->context);
}

static int fault_connected(void *context, struct tenon_connection *conn)
{
	const struct fault *fault = context;

	return fault->core->connected(fault->core->context,
					       conn);
}

static void fault_failed(void *context, struct tenon_connection *conn,
			 int status, int sys_errno)
{
	const struct fault *fault = context;

	fault->core->failed(fault->core->context, conn,
				     status, sys_errno);
}

static int fault_after(void *context, struct tenon_connection *conn, size_t n)
{
	const struct fault *fault = context;

	return fault->core->after(fault->core->context, conn,
					   n);
}

static int fault_seen(void *context, struct tenon_connection *conn,
		      unsigned seen, const void *bytes, size_t len)
{
	const struct fault *fault = context;

	return fault->core->seen(fault->core->context, conn,
					  seen, bytes, len);
}

static void fault_address_ended(void *context, struct tenon_connection *conn,
				uint32_t nth, int sys_errno)
{
	const struct fault *fault = context;

	fault->core->address_ended(fault->core->context,
					    conn, nth, sys_errno);
}

static uint32_t fault_addresses_left(void *context,
				     struct tenon_connection *conn)
{
	const struct fault *fault = context;

	return fault->core->addresses_left(
		fault->core->context, conn);
}

static int fault_sets_up(void *context, struct tenon_connection *conn)
{
	const struct fault *fault = context;

	return fault->core->sets_up(fault->core->context, conn);
}

static int fault_address(void *context, struct tenon_connection *conn,
			 struct tenon_address *out)
{
	struct fault *fault = context;

	fault->counts.addresses++;
	tenon__clock_advance(fault->plan.address_advance_ms * 1000000);
	return fault->core->address(fault->core->context, conn, out);
}

static size_t fault_send_next(void *context, struct tenon_connection *conn, struct iovec *iov,
			      size_t max)
{
	struct fault *fault = context;
	size_t count = fault->core->send_next(fault->core->context, conn, iov, max);

	if (count > 0 && fault->plan.write_max_bytes > 0) {
		iov[0].iov_len = shorten(fault, iov[0].iov_len,
					 fault->plan.write_max_bytes,
					 &fault->counts.short_writes);
		return 1;
	}
	return count;
}

static void *fault_recv_space(void *context, struct tenon_connection *conn, size_t *len)
{
	struct fault *fault = context;
	char *space = fault->core->recv_space(fault->core->context, conn, len);

	if (space) {
		fault->space[conn->server] = space;
		*len = shorten(fault, *len, fault->plan.read_max_bytes,
			       &fault->counts.short_reads);
	}
	return space;
}

/*
 * Replace the connection by one that has ended: bytes on their way are lost. The
 * shutdown also ends a receive that the kernel has already taken, as io_uring's.
 */
static void cut(int fd)
{
	int ends[2];

	shutdown(fd, SHUT_RDWR);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		must(errno == EMFILE, "socketpair");
		return; /* without a new descriptor, bytes on their way may arrive */
	}
	close(ends[1]);
	must(dup3(ends[0], fd, O_CLOEXEC) == fd, "dup3");
	close(ends[0]);
}

static int fault_sent(void *context, struct tenon_connection *conn, size_t n)
{
	struct fault *fault = context;
	int want = fault->core->sent(fault->core->context, conn, n);

	if (happens(fault, fault->plan.lose_chance)) {
		fault->counts.losses++;
		cut(conn->fd);
	}
	return want;
}

static int fault_received(void *context, struct tenon_connection *conn, size_t n)
{
	struct fault *fault = context;

	if (happens(fault, fault->plan.delay_chance)) {
		fault->counts.delays++;
		usleep(fault->plan.delay_ms > 0 ? fault->plan.delay_ms * 1000 :
						 1000);
	}
	if (fault->plan.advance_ms > 0) {
		fault->counts.delays++;
		tenon__clock_advance(fault->plan.advance_ms * 1000000);
	}
	if (!fault->replying[conn->server]) {
		fault->replying[conn->server] = true;
		if (happens(fault, fault->plan.garbage_chance)) {
			size_t spoiled = 1 + random_next(&fault->plan.seed) % (n < 4 ? n : 4);

			fault->counts.garbage++;
			for (size_t i = 0; i < spoiled; i++) {
				fault->space[conn->server][i] ^=
					(char)(1 +
					       random_next(&fault->plan.seed) %
						       255);
			}
		}
	}
	int want = fault->core->received(fault->core->context, conn, n);
	if (want > TENON_WANT_NOTHING && happens(fault, fault->plan.reset_chance)) {
		fault->counts.resets++;
		cut(conn->fd);
	}
	return want;
}

static void fault_server(void *context, struct tenon_connection *conn,
			 struct tenon_server_facts *out)
{
	const struct fault *fault = context;

	fault->core->server(fault->core->context, conn, out);
}

static const struct tenon_connection_ops fault_connection_ops = {
	.size = sizeof(fault_connection_ops),
	.now_ns = fault_now_ns,
	.address = fault_address,
	.connected = fault_connected,
	.send_next = fault_send_next,
	.sent = fault_sent,
	.recv_space = fault_recv_space,
	.received = fault_received,
	.failed = fault_failed,
	.after = fault_after,
	.seen = fault_seen,
	.address_ended = fault_address_ended,
	.addresses_left = fault_addresses_left,
	.sets_up = fault_sets_up,
	.server = fault_server,
};

/* ---- the transport ------------------------------------------------------- */

static void fault_run(void *self, struct tenon_connection *const *conns,
		      size_t count, int64_t start_ns, int64_t deadline_ns)
{
	struct fault *fault = self;

	for (size_t i = 0; i < count; i++) {
		fault->replying[conns[i]->server] = false;
		if (conns[i]->fd >= 0 &&
		    happens(fault, fault->plan.cut_chance)) {
			fault->counts.cuts++;
			cut(conns[i]->fd);
		}
	}
	fault->next->run(fault->self, conns, count, start_ns, deadline_ns);
}

static void fault_close(void *self, struct tenon_connection *conn)
{
	struct fault *fault = self;

	fault->next->close(fault->self, conn);
}

static void fault_look(void *self, struct tenon_connection *const *conns,
		       size_t count)
{
	struct fault *fault = self;

	fault->next->look(fault->self, conns, count);
}

static const struct tenon_transport_ops fault_ops = {
	.size = sizeof(fault_ops),
	.run = fault_run,
	.close = fault_close,
	.look = fault_look,
};

/* Make an instance of the transport that calls the decorator. */
static void set_up(struct fault *fault, const struct tenon__assembly *assembly)
{
	const struct tenon_transport_setup setup = {
		.size = sizeof(setup),
		.connect_timeout_ms = assembly->connect_timeout_ms,
		.ops = &fault->connection_ops,
		.resolve_timeout_ms = assembly->resolve_timeout_ms,
	};

	fault->self = calloc(1, fault->next->state_size + 1);
	must(fault->self != NULL, "memory");
	must(fault->next->init(fault->self, assembly->transport_options,
			       assembly->transport_host, &setup, NULL) == 0,
	     "the transport's init");
}

/* Move the client's connections from one instance of its transport to another. */
static void move_connections(struct tenon_client *client,
			     const struct tenon_transport_ops *transport,
			     void *from, void *to)
{
	for (size_t i = 0; i < client->engine.server_count; i++) {
		struct tenon_connection *conn = &client->engine.conns[i].base;

		transport->remove(from, conn);
		must(transport->add(to, conn, NULL) == 0, "memory");
	}
}

void fault_wrap(struct fault *fault, struct tenon_client *client,
		const struct fault_plan *plan)
{
	struct tenon__engine *engine = &client->engine;

	must(engine->server_count <= FAULT_SERVERS_MAX, "too many servers");
	*fault = (struct fault){ .plan = *plan,
				 .next = engine->assembly->transport,
				 .replaced = engine->transport,
				 .core = engine->ops,
				 .connection_ops = fault_connection_ops };
	fault->connection_ops.context = fault;
	set_up(fault, engine->assembly);
	move_connections(client, fault->next, fault->replaced, fault->self);
	engine->transport = fault;
	engine->assembly->transport = &fault_ops;
}

void fault_unwrap(struct fault *fault, struct tenon_client *client)
{
	struct tenon__engine *engine = &client->engine;

	move_connections(client, fault->next, fault->self, fault->replaced);
	engine->assembly->transport = fault->next;
	engine->transport = fault->replaced;
	fault->next->fini(fault->self);
	free(fault->self);
}
