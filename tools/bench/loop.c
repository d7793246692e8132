/* SPDX-License-Identifier: BSD-3-Clause */
/* The mode `loop`: it runs the operations of one case only, for strace, callgrind and perf. */
#include <stdlib.h>

#include "contest.h"
#include "run.h"
#include "bench_subject.h"

static const struct subject *const subjects[] = {
	&codec_subject,
	&distribution_subject,
	&hash_subject,
	&ring_subject,
};

int run_loop(const struct settings *settings, const char *client,
	     const char *case_name, size_t operations)
{
	const struct bench_case *bench_case = case_find(case_name);
	struct contest contest;
	struct servers servers;
	struct work work;

	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (subject_loop(subjects[i], settings, client, case_name,
				 operations)) {
			return EXIT_SUCCESS;
		}
	}
	if (!bench_case) {
		fail("no such case: '%s'; --list shows the cases", case_name);
	}
	contest_init(&contest, client);
	servers_init(&servers, settings);
	work_init(&work, bench_case, &servers);
	contest_open(&contest, &work, false);
	if (contest.list[contest.count - 1].is_out) {
		return EXIT_FAILURE;
	}
	contest_run(&contest, contest.count - 1, operations);
	contest_close(&contest);
	work_fini(&work);
	servers_stop(&servers);
	return EXIT_SUCCESS;
}
