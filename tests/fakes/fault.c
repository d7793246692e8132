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

#define SERVERS_MAX 64

_Thread_local struct fault_counts fault_counts;

/*
 * The connection slots have no argument for the state of a decorator. So the state is
 * per thread, and a thread wraps one client at a time.
 */
static _Thread_local struct {
	struct fault_plan plan;
	const struct tenon_transport_ops *next;
	struct tenon_connection_ops connection_ops;
	char *space[SERVERS_MAX];  /* the last result of recv_space */
	bool replying[SERVERS_MAX]; /* the first bytes of the reply have arrived */
} fault;

/* Not ck_assert: programs without libcheck use this file too. */
static void must(bool fine, const char *what)
{
	if (!fine) {
		fprintf(stderr, "fault decorator: %s\n", what);
		abort();
	}
}

static bool happens(unsigned chance)
{
	return chance > 0 && random_next(&fault.plan.seed) % 100 < chance;
}

/* Return a random number from 1 to max, and at most n. */
static size_t shorten(size_t n, size_t max, size_t *count)
{
	if (max == 0 || n <= 1) {
		return n;
	}
	size_t shorter = 1 + random_next(&fault.plan.seed) % max;
	if (shorter < n) {
		++*count;
		return shorter;
	}
	return n;
}

static int fault_address(struct tenon_connection *conn,
			 struct tenon_address *out)
{
	fault_counts.addresses++;
	tenon__clock_advance(fault.plan.address_advance_ms * 1000000);
	return tenon__connection_ops.address(conn, out);
}

static size_t fault_send_next(struct tenon_connection *conn, struct iovec *iov,
			      size_t max)
{
	size_t count = tenon__connection_ops.send_next(conn, iov, max);

	if (count > 0 && fault.plan.write_max_bytes > 0) {
		iov[0].iov_len = shorten(iov[0].iov_len,
					 fault.plan.write_max_bytes,
					 &fault_counts.short_writes);
		return 1;
	}
	return count;
}

static void *fault_recv_space(struct tenon_connection *conn, size_t *len)
{
	char *space = tenon__connection_ops.recv_space(conn, len);

	if (space) {
		fault.space[conn->server] = space;
		*len = shorten(*len, fault.plan.read_max_bytes,
			       &fault_counts.short_reads);
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

static int fault_sent(struct tenon_connection *conn, size_t n)
{
	int after = tenon__connection_ops.sent(conn, n);

	if (happens(fault.plan.lose_chance)) {
		fault_counts.losses++;
		cut(conn->fd);
	}
	return after;
}

static int fault_received(struct tenon_connection *conn, size_t n)
{
	if (happens(fault.plan.delay_chance)) {
		fault_counts.delays++;
		usleep(fault.plan.delay_ms > 0 ? fault.plan.delay_ms * 1000 :
						 1000);
	}
	if (fault.plan.advance_ms > 0) {
		fault_counts.delays++;
		tenon__clock_advance(fault.plan.advance_ms * 1000000);
	}
	if (!fault.replying[conn->server]) {
		fault.replying[conn->server] = true;
		if (happens(fault.plan.garbage_chance)) {
			size_t spoiled = 1 + random_next(&fault.plan.seed) % (n < 4 ? n : 4);

			fault_counts.garbage++;
			for (size_t i = 0; i < spoiled; i++) {
				fault.space[conn->server][i] ^=
					(char)(1 +
					       random_next(&fault.plan.seed) %
						       255);
			}
		}
	}
	int verdict = tenon__connection_ops.received(conn, n);
	if (verdict == TENON_VERDICT_MORE && happens(fault.plan.reset_chance)) {
		fault_counts.resets++;
		cut(conn->fd);
	}
	return verdict;
}

static void fault_run(void *self, struct tenon_connection *const *conns,
		      size_t count, int64_t start_ns, int64_t deadline_ns)
{
	for (size_t i = 0; i < count; i++) {
		fault.replying[conns[i]->server] = false;
		if (conns[i]->fd >= 0 && happens(fault.plan.cut_chance)) {
			fault_counts.cuts++;
			cut(conns[i]->fd);
		}
	}
	fault.next->run(self, conns, count, start_ns, deadline_ns);
}

static void fault_close(void *self, struct tenon_connection *conn)
{
	fault.next->close(self, conn);
}

static void fault_fini(void *self)
{
	fault.next->fini(self);
}

static void fault_look(void *self, struct tenon_connection *const *conns,
		       size_t count)
{
	if (fault.next->look) {
		fault.next->look(self, conns, count);
	}
}

static const struct tenon_transport_ops fault_ops = {
	.size = sizeof(fault_ops),
	.look = fault_look,
	.fini = fault_fini,
	.run = fault_run,
	.close = fault_close,
};

/* Make the client's transport anew, with other connection slots. */
static void set_up(struct tenon_client *client,
		   const struct tenon_connection_ops *connection_ops)
{
	const struct tenon__assembly *assembly = client->engine.assembly;
	const struct tenon_transport_setup setup = {
		.size = sizeof(setup),
		.server_count = (uint32_t)client->engine.server_count,
		.connect_timeout_ms = assembly->connect_timeout_ms,
		.ops = connection_ops,
		.resolve_timeout_ms = assembly->resolve_timeout_ms,
	};

	fault.next->fini(client->engine.transport);
	free(client->engine.transport);
	client->engine.transport = calloc(1, fault.next->state_size + 1);
	must(client->engine.transport != NULL, "memory");
	must(fault.next->init(client->engine.transport,
			      assembly->transport_options, &assembly->host,
			      &setup, NULL) == 0,
	     "the transport's init");
}

void fault_wrap(struct tenon_client *client, const struct fault_plan *plan)
{
	must(!fault.next && client->engine.server_count <= SERVERS_MAX,
	     "one client a thread");
	memset(&fault, 0, sizeof(fault));
	memset(&fault_counts, 0, sizeof(fault_counts));
	fault.plan = *plan;
	fault.next = client->engine.assembly->transport;
	fault.connection_ops = tenon__connection_ops;
	fault.connection_ops.address = fault_address;
	fault.connection_ops.send_next = fault_send_next;
	fault.connection_ops.sent = fault_sent;
	fault.connection_ops.recv_space = fault_recv_space;
	fault.connection_ops.received = fault_received;
	set_up(client, &fault.connection_ops);
	client->engine.assembly->transport = &fault_ops;
}

void fault_change(const struct fault_plan *plan)
{
	fault.plan = *plan;
}

void fault_unwrap(struct tenon_client *client)
{
	client->engine.assembly->transport = fault.next;
	set_up(client, &tenon__connection_ops);
	fault.next = NULL;
}
