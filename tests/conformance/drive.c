/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/drive.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "base/clock.h"
#include "conformance/subject.h"

#define AN_HOUR_NS (INT64_C(3600) * 1000000000)

/* ---- one turn ------------------------------------------------------------ */

/*
 * Get what an outer loop has to wait for, for free(). A list that is one entry too short is asked
 * for as well: the entries are counted, and none is written behind the list.
 */
static struct pollfd *list_fds(const struct tenon_transport_ops *ops,
			       void *self, size_t *count, int64_t *until_ns)
{
	int64_t latest_ns = *until_ns;
	int64_t again_ns = *until_ns;
	struct pollfd *fds;
	size_t again;

	*count = ops->fds(self, NULL, 0, until_ns);
	ck_assert_msg(*until_ns <= latest_ns,
		      "%s: fds sets until_ns to %lld, expected %lld or less",
		      subject_now(), (long long)*until_ns, (long long)latest_ns);
	fds = calloc(*count + 1, sizeof(*fds));
	ck_assert_ptr_nonnull(fds);
	if (*count > 0) {
		fds[*count - 1].fd = -2;
		again = ops->fds(self, fds, *count - 1, &again_ns);
		ck_assert_msg(again == *count && fds[*count - 1].fd == -2 &&
				      again_ns == *until_ns,
			      "%s: fds with room for %zu of %zu: found %zu, the descriptor %d behind the room (expected -2), and until_ns %lld, which was %lld",
			      subject_now(), *count - 1, *count, again,
			      fds[*count - 1].fd, (long long)again_ns,
			      (long long)*until_ns);
	}
	again = ops->fds(self, fds, *count, until_ns);
	ck_assert_msg(again == *count, "%s: fds gives %zu, and gave %zu before",
		      subject_now(), again, *count);
	for (size_t i = 0; i < *count; i++) {
		ck_assert_msg(fds[i].fd >= 0 && fds[i].events != 0,
			      "%s: fds gives the descriptor %d with the events %#x",
			      subject_now(), fds[i].fd, (unsigned)fds[i].events);
	}
	return fds;
}

/* Wait as an outer loop does. */
static void wait_outside(const struct tenon_transport_ops *ops, void *self,
			 int64_t now_ns, int64_t until_ns)
{
	size_t count;
	struct pollfd *fds = list_fds(ops, self, &count, &until_ns);
	int64_t left_ms = (until_ns - now_ns + 999999) / 1000000;
	int ready = poll(fds, (nfds_t)count, left_ms < 0 ? 0 : (int)left_ms);

	ck_assert_msg(ready >= 0 || errno == EINTR,
		      "%s: poll() of the %zu descriptors from fds: %s",
		      subject_now(), count, strerror(errno));
	free(fds);
}

size_t drive_once(enum drive_way way, const struct tenon_transport_ops *ops,
		  void *self, int64_t until_ns)
{
	int64_t now_ns = tenon__now_ns();

	ck_assert_number(way, !=, DRIVE_RUN);
	if (way == DRIVE_TURN) {
		return ops->turn(self, now_ns, until_ns);
	}
	wait_outside(ops, self, now_ns, until_ns);
	now_ns = tenon__now_ns();
	return ops->turn(self, now_ns, now_ns);
}

/* ---- a run ---------------------------------------------------------------- */

void drive_run(enum drive_way way, const struct tenon_transport_ops *ops,
	       void *self, struct tenon_connection *const *conns, size_t count,
	       int64_t start_ns, int64_t deadline_ns)
{
	int64_t now_ns;

	if (way == DRIVE_RUN) {
		ops->run(self, conns, count, start_ns, deadline_ns);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		ops->begin(self, conns[i], tenon__now_ns(), deadline_ns);
	}
	now_ns = tenon__now_ns();
	if (ops->turn(self, now_ns, now_ns) == 0) {
		return;
	}
	while (drive_once(way, ops, self, deadline_ns + AN_HOUR_NS) > 0) {
	}
}

/* ---- variants of tests ---------------------------------------------------- */

enum drive_way drive_first;
int drive_ways = 1;

enum drive_way drive_of(int i)
{
	return (enum drive_way)((int)drive_first +
				i / subjects_count() % drive_ways);
}

/* ---- clients -------------------------------------------------------------- */

enum drive_way drive_way;

/* The clients of a test have the same transport. */
static const struct tenon_transport_ops *transport;
static struct tenon_transport_ops driven;

static void driven_run(void *self, struct tenon_connection *const *conns,
		       size_t count, int64_t start_ns, int64_t deadline_ns)
{
	drive_run(drive_way, transport, self, conns, count, start_ns,
		  deadline_ns);
}

void drive_client(struct rig *rig)
{
	struct tenon__assembly *assembly = rig->client->engine.assembly;

	if (assembly->transport == &driven) {
		return;
	}
	transport = assembly->transport;
	driven = *transport;
	driven.run = driven_run;
	assembly->transport = &driven;
}
