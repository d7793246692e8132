/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The mode `count`: system calls and user-space instructions of one operation. Other work on the
 * machine does not change these numbers.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "results.h"
#include "run.h"
#include "tool.h"

struct counts {
	double calls[CONTESTANTS_MAX]; /* negative: no figure */
	double instructions[CONTESTANTS_MAX];
};

static void count_case(const struct settings *settings,
		       const struct contest *contest,
		       const struct bench_case *bench_case,
		       struct counts *counts)
{
	for (size_t i = 0; i < contest->count; i++) {
		const char *name = contest->list[i].name;
		char *text = alloc_format("%s, %s", bench_case->title, name);

		counts->calls[i] = -1;
		counts->instructions[i] = -1;
		progress_step(text);
		if (!contest->list[i].is_out) {
			counts->calls[i] =
				count_calls(settings, name, bench_case->name,
					    bench_case->count_operations);
			counts->instructions[i] = count_instructions(
				settings, name, bench_case->name,
				bench_case->count_operations);
		}
		free(text);
	}
}

/* Leave out the clients that cannot be opened, before the tools run for minutes. */
static void try_open(struct contest *contest, const struct bench_case *row,
		     const struct servers *servers)
{
	struct work work;

	work_init(&work, row, servers);
	contest_open(contest, &work, false);
	contest_close(contest);
	work_fini(&work);
}

static void print_number(double number, int decimals)
{
	if (number < 0) {
		printf(" - |");
	} else {
		printf(" %.*f |", decimals, number);
	}
}

static void print_one(const char *title, const struct contest *contest,
		      const struct bench_case *const *cases,
		      const struct counts *counts, bool calls)
{
	printf("%s\n\n| case |", title);
	for (size_t i = 0; i < contest->count; i++) {
		printf(" %s |", contest->list[i].name);
	}
	printf("\n|---|");
	for (size_t i = 0; i < contest->count; i++) {
		printf("---:|");
	}
	printf("\n");
	for (size_t row = 0; cases[row]; row++) {
		printf("| %s |", cases[row]->title);
		for (size_t i = 0; i < contest->count; i++) {
			if (calls) {
				print_number(counts[row].calls[i], 1);
			} else {
				print_number(counts[row].instructions[i], 0);
			}
		}
		printf("\n");
	}
}

static void print_json(const struct contest *contest,
		       const struct bench_case *const *cases,
		       const struct counts *counts)
{
	json_t *array = json_array();
	json_t *root;

	for (size_t row = 0; cases[row]; row++) {
		json_t *clients = json_array();

		for (size_t i = 0; i < contest->count; i++) {
			double calls = counts[row].calls[i];
			double instructions = counts[row].instructions[i];

			json_array_append_new(
				clients,
				json_pack("{s:s, s:o, s:o}", "name",
					  contest->list[i].name, "system_calls",
					  calls < 0 ? json_null()
						    : json_real(calls),
					  "instructions",
					  instructions < 0
						  ? json_null()
						  : json_real(instructions)));
		}
		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:o}", "name",
						cases[row]->name, "title",
						cases[row]->title, "clients",
						clients));
	}
	root = json_pack("{s:s, s:o}", "mode", "count", "cases", array);
	if (!root ||
	    json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(8)) !=
		    0) {
		fail("the result cannot be written");
	}
	printf("\n");
	json_decref(root);
}

int run_count(const struct settings *given)
{
	const struct bench_case **cases = cases_select(given->cases);
	struct settings settings = *given;
	struct contest contest;
	struct servers servers;
	struct counts *counts;
	size_t count = 0;
	char *list;

	contest_init(&contest, settings.clients);
	while (cases[count]) {
		count++;
	}
	counts = alloc_array(count, sizeof(*counts));
	servers_init(&servers, &settings);
	list = servers_format(&servers);
	settings.servers = list;
	settings.tls_ca = servers.tls_ca;
	try_open(&contest, cases[0], &servers);
	progress_begin(count * contest.count);
	for (size_t row = 0; row < count; row++) {
		count_case(&settings, &contest, cases[row], &counts[row]);
	}
	progress_end();
	servers_stop(&servers);
	if (settings.json) {
		print_json(&contest, cases, counts);
	} else {
		print_one("System calls per operation (strace):", &contest,
			  cases, counts, true);
		print_one(
			"\nUser-space instructions per operation (callgrind):",
			&contest, cases, counts, false);
	}
	free(list);
	free(counts);
	free(cases);
	return EXIT_SUCCESS;
}
