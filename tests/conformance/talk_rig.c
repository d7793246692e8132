/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/talk_rig.h"

#include <check.h>

struct talk talk;
struct talker talkers[TALKERS];
struct talker *const all_talkers[5] = { &talkers[0], &talkers[1], &talkers[2],
					&talkers[3], &talkers[4] };
struct fake_server *talk_servers[TALKERS];

const struct fake_listen plain = { .family = FAKE_INET };
const struct fake_listen narrow = { .family = FAKE_UNIX, .buffer_bytes = 8192 };
const struct fake_listen full = { .full = true };

const struct talk_part one_trip[2] = { ROUND_TRIP_PARTS(1) };

void open_talk(int i)
{
	talk_open(&talk, i % subjects_count(), drive_of(i));
}

void open_begun(int i)
{
	open_talk(drive_first == DRIVE_RUN ? i + subjects_count() : i);
}

void talk_start(size_t i, const struct fake_listen *listen,
		const struct fake_step *steps, size_t count)
{
	talk_servers[i] = fake_server_listen(listen, steps, count);
	ck_assert_ptr_nonnull(talk_servers[i]);
	ck_assert_status(talk_add(&talk, &talkers[i], fake_server_address(talk_servers[i])),
		TENON_OK);
}

void talk_end(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		talk_remove(&talk, &talkers[i]);
		if (talk_servers[i]) {
			char *problem = fake_server_join(talk_servers[i]);

			ck_assert_msg(!problem, "%s: %s", subject_now(),
				      problem);
		}
	}
	talk_close(&talk);
}

void check_failed(size_t i, int status, int sys_errno)
{
	ck_assert_outcome(&talkers[i], TALK_FAILED);
	ck_assert_status(talkers[i].status, status);
	ck_assert_msg(talkers[i].sys_errno == sys_errno,
		      "%s: connection %zu has failed with %s and errno %d (%s), expected %d (%s)",
		      subject_now(), i, seen_status(talkers[i].status),
		      talkers[i].sys_errno, strerror(talkers[i].sys_errno),
		      sys_errno, strerror(sys_errno));
	check_closed(&talkers[i]);
}
