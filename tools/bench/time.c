/* SPDX-License-Identifier: BSD-3-Clause */
/* The mode `time`: interleaved rounds, and ratios within a round. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results.h"
#include "run.h"

/* Return the number of operations of the floor that fill a slice. */
static size_t calibrate(struct contest *contest, unsigned slice_ms)
{
	int64_t wanted_ns = (int64_t)slice_ms * 1000000;
	size_t count = 1;
	double share;

	contest_run(contest, 0, 1);
	for (;;) {
		struct sample sample = contest_run(contest, 0, count);

		if (sample.wall_ns * 2 >= wanted_ns) {
			share = (double)wanted_ns / (double)sample.wall_ns;
			count = (size_t)((double)count * share);
			return count > 0 ? count : 1;
		}
		count *= 2;
	}
}

static void shuffle(size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)random() % i;
		size_t swapped = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swapped;
	}
}

/* Run a round of all clients. samples has CONTESTANTS_MAX places for this round. */
static void run_round(struct contest *contest, size_t operations,
		      struct sample *samples)
{
	size_t order[CONTESTANTS_MAX];

	for (size_t i = 0; i < contest->count; i++) {
		order[i] = i;
	}
	shuffle(order, contest->count);
	for (size_t i = 0; i < contest->count; i++) {
		size_t index = order[i];

		if (!contest->list[index].is_out) {
			samples[index] =
				contest_run(contest, index, operations);
		}
	}
}

static struct client_result summarize(const struct sample *samples,
				      size_t index, unsigned rounds,
				      size_t operations)
{
	enum { WALL, CPU, WALL_RATIO, CPU_RATIO, KINDS };
	double *values[KINDS];
	struct client_result result = { 0 };

	for (size_t i = 0; i < KINDS; i++) {
		values[i] = alloc_array(rounds, sizeof(double));
	}
	for (unsigned round = 0; round < rounds; round++) {
		const struct sample *row = samples + round * CONTESTANTS_MAX;
		double wall_ns = (double)row[index].wall_ns;
		double cpu_ns = (double)row[index].cpu_ns;

		values[WALL][round] = wall_ns / 1e3 / (double)operations;
		values[CPU][round] = cpu_ns / 1e3 / (double)operations;
		values[WALL_RATIO][round] = wall_ns / (double)row[0].wall_ns;
		values[CPU_RATIO][round] = cpu_ns / (double)row[0].cpu_ns;
	}
	result.wall_us = quartiles_of(values[WALL], rounds);
	result.cpu_us = quartiles_of(values[CPU], rounds);
	result.wall_ratio = quartiles_of(values[WALL_RATIO], rounds);
	result.cpu_ratio = quartiles_of(values[CPU_RATIO], rounds);
	for (size_t i = 0; i < KINDS; i++) {
		free(values[i]);
	}
	return result;
}

static void run_case(const struct settings *settings, struct contest *contest,
		     const struct work *work, struct case_result *result)
{
	const char *title = work->bench_case->title;
	struct sample *samples = alloc_array(
		(size_t)settings->rounds * CONTESTANTS_MAX, sizeof(*samples));

	contest_open(contest, work, settings->alone);
	result->bench_case = work->bench_case;
	result->slice_operations = calibrate(contest, settings->slice_ms);
	/* The first round warms up the caches. The next one overwrites its samples. */
	run_round(contest, result->slice_operations, samples);
	for (unsigned round = 0; round < settings->rounds; round++) {
		progress_step(title);
		run_round(contest, result->slice_operations,
			  samples + round * CONTESTANTS_MAX);
	}
	contest_close(contest);
	for (size_t i = 0; i < contest->count; i++) {
		result->clients[i].is_out = contest->list[i].is_out;
		if (!contest->list[i].is_out) {
			result->clients[i] =
				summarize(samples, i, settings->rounds,
					  result->slice_operations);
		}
	}
	free(samples);
}

/*
 * Open the file before the measurement, which takes minutes, so that a wrong path fails at once.
 */
static FILE *open_picture(const char *path)
{
	FILE *file = !path ? NULL : fopen(path, "w");

	if (path && !file) {
		fail("%s: %s", path, strerror(errno));
	}
	return file;
}

int run_time(const struct settings *settings)
{
	const struct bench_case **cases = cases_select(settings->cases);
	struct results results = { .settings = settings };
	struct contest contest;
	struct servers servers;
	FILE *picture = open_picture(settings->svg_path);

	contest_init(&contest, settings->clients);
	results.contest = &contest;
	while (cases[results.count]) {
		results.count++;
	}
	results.cases = alloc_array(results.count, sizeof(*results.cases));
	servers_init(&servers, settings);
	progress_begin(results.count * settings->rounds);
	for (size_t i = 0; i < results.count; i++) {
		struct work work;

		work_init(&work, cases[i], &servers);
		run_case(settings, &contest, &work, &results.cases[i]);
		work_fini(&work);
	}
	progress_end();
	servers_stop(&servers);
	if (settings->json) {
		results_json(&results);
	} else if (settings->markdown) {
		results_markdown(&results);
	} else {
		results_table(&results);
	}
	if (picture) {
		results_svg(&results, picture);
	}
	free(results.cases);
	free(cases);
	return EXIT_SUCCESS;
}
