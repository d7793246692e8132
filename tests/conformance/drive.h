/* SPDX-License-Identifier: BSD-3-Clause */
/* The ways to use a transport. Tests run in each of them. */
#ifndef TENON_TESTS_DRIVE_H
#define TENON_TESTS_DRIVE_H

#include <stddef.h>
#include <stdint.h>

#include "fakes/rig.h"
#include "tenon/plugin/transport.h"

enum drive_way {
	DRIVE_RUN,  /* the slot run */
	DRIVE_TURN, /* begin, and turn, which waits */
	DRIVE_FDS   /* begin, poll(2) on what fds says, and turn, which does not wait */
};

/*
 * Go on once with the connections that are under way, as DRIVE_TURN or DRIVE_FDS says, and wait
 * until until_ns at most. Checks what fds says. Returns the number of connections that are still
 * under way.
 */
size_t drive_once(enum drive_way way, const struct tenon_transport_ops *ops,
		  void *self, int64_t until_ns);

/* Do what the slot run does, in one of the ways. */
void drive_run(enum drive_way way, const struct tenon_transport_ops *ops,
	       void *self, struct tenon_connection *const *conns, size_t count,
	       int64_t start_ns, int64_t deadline_ns);

/* The ways that the suite tests: drive_ways of them, from drive_first on. */
extern enum drive_way drive_first;
extern int drive_ways;

/* Return the way of a test with this _i, which subjects_add_test_to() gave drive_ways variants. */
enum drive_way drive_of(int i);

/* The way of the clients that drive_client() gets from now on. Initially DRIVE_RUN. */
extern enum drive_way drive_way;

/* Let a client that was just opened use its transport in that way: a value for rig_opened. */
void drive_client(struct rig *rig);

#endif
