/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue of callers that wait for a client of a client pool. test_pool.c tests their order. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>

#include "base/queue.h"
#include "runner/suite.h"

#define WAITERS 70

/* TENON_QUEUE_SPARE_MAX */
START_TEST(sixty_four_waiters_are_kept_and_the_others_freed)
{
	struct tenon__queue queue = { 0 };
	struct tenon__waiter *waiters[WAITERS];
	int event_fd[WAITERS];
	int open_count = 0;

	for (int i = 0; i < WAITERS; i++) {
		ck_assert_int_eq(tenon__queue_join(&queue, &waiters[i]), 0);
		event_fd[i] = waiters[i]->event_fd;
	}
	for (int i = 0; i < WAITERS; i++) {
		tenon__queue_leave(&queue, waiters[i]);
		tenon__queue_reuse(&queue, waiters[i]);
	}
	for (int i = 0; i < WAITERS; i++) {
		open_count += fcntl(event_fd[i], F_GETFD) >= 0;
	}
	ck_assert_int_eq(open_count, 64);
	ck_assert_uint_eq(queue.spare_count, 64);
	tenon__queue_fini(&queue);
	ck_assert_int_eq(fcntl(event_fd[0], F_GETFD), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("queue");
	TCase *tcase = tcase_create("queue");

	tcase_add_test(tcase, sixty_four_waiters_are_kept_and_the_others_freed);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
