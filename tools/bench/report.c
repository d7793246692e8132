/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables and the JSON of the mode `time`. */
#include <jansson.h>
#include <stdlib.h>

#include "results.h"
#include "tenon/tenon.h"

static void print_client(const char *name, const struct client_result *client)
{
	const struct quartiles *wall = &client->wall_ratio;
	const struct quartiles *cpu = &client->cpu_ratio;

	if (client->is_out) {
		printf("  %-18s left out\n", name);
		return;
	}
	printf("  %-18s %6.3f [%6.3f %6.3f]   %6.3f [%6.3f %6.3f]  %9.2f "
	       "%9.2f\n",
	       name, wall->median, wall->lower, wall->upper, cpu->median,
	       cpu->lower, cpu->upper, client->wall_us.median,
	       client->cpu_us.median);
}

static void print_how(const struct results *results)
{
	const struct settings *settings = results->settings;

	printf("%u rounds, %u ms of the floor each; ", settings->rounds,
	       settings->slice_ms);
	if (settings->client_cpu == CPU_NONE) {
		printf("nothing pinned");
	} else {
		printf("client on CPU %d, servers on CPU %d",
		       settings->client_cpu, settings->server_cpu);
	}
	printf("%s\n",
	       settings->alone ? "; each client in its own process" : "");
}

void results_table(const struct results *results)
{
	print_how(results);
	printf("Ratios to %s of the same round: median [quartiles]; wall "
	       "clock, then client CPU.\n\n",
	       FLOOR_NAME);
	printf("  %-18s %22s   %22s  %9s %9s\n", "", "wall", "CPU", "wall us",
	       "CPU us");
	for (size_t i = 0; i < results->count; i++) {
		const struct case_result *row = &results->cases[i];

		printf("%s\n", row->bench_case->title);
		for (size_t c = 0; c < results->contest->count; c++) {
			print_client(results->contest->list[c].name,
				     &row->clients[c]);
		}
	}
}

void results_markdown(const struct results *results)
{
	const struct contest *contest = results->contest;

	printf("| case | %s wall / CPU us |", FLOOR_NAME);
	for (size_t c = 1; c < contest->count; c++) {
		printf(" %s |", contest->list[c].name);
	}
	printf("\n|---|---:|");
	for (size_t c = 1; c < contest->count; c++) {
		printf("---:|");
	}
	printf("\n");
	for (size_t i = 0; i < results->count; i++) {
		const struct case_result *row = &results->cases[i];

		printf("| %s | %.1f / %.1f |", row->bench_case->title,
		       row->clients[0].wall_us.median,
		       row->clients[0].cpu_us.median);
		for (size_t c = 1; c < contest->count; c++) {
			if (row->clients[c].is_out) {
				printf(" - |");
				continue;
			}
			printf(" %.2f / %.2f |",
			       row->clients[c].wall_ratio.median,
			       row->clients[c].cpu_ratio.median);
		}
		printf("\n");
	}
}

/* ---- JSON ---------------------------------------------------------------- */

static json_t *json_quartiles(const struct quartiles *quartiles)
{
	return json_pack("{s:f, s:f, s:f}", "lower", quartiles->lower, "median",
			 quartiles->median, "upper", quartiles->upper);
}

static json_t *json_client(const char *name, const struct client_result *client)
{
	if (client->is_out) {
		return json_pack("{s:s, s:b}", "name", name, "left_out", 1);
	}
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", name, "wall_us",
			 json_quartiles(&client->wall_us), "cpu_us",
			 json_quartiles(&client->cpu_us), "wall_ratio",
			 json_quartiles(&client->wall_ratio), "cpu_ratio",
			 json_quartiles(&client->cpu_ratio));
}

static json_t *json_case(const struct results *results,
			 const struct case_result *row)
{
	const struct bench_case *bench_case = row->bench_case;
	json_t *clients = json_array();

	for (size_t c = 0; c < results->contest->count; c++) {
		json_array_append_new(
			clients, json_client(results->contest->list[c].name,
					     &row->clients[c]));
	}
	return json_pack(
		"{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "name", bench_case->name,
		"title", bench_case->title, "value_bytes",
		(json_int_t)bench_case->value_bytes, "servers",
		(json_int_t)bench_case->server_count, "servers_with_keys",
		(json_int_t)bench_case->touched_count, "slice_operations",
		(json_int_t)row->slice_operations, "clients", clients);
}

void results_json(const struct results *results)
{
	const struct settings *settings = results->settings;
	json_t *cases = json_array();
	json_t *root;

	for (size_t i = 0; i < results->count; i++) {
		json_array_append_new(cases,
				      json_case(results, &results->cases[i]));
	}
	root = json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:b, s:o}", "mode", "time",
		"floor", FLOOR_NAME, "tenon", tenon_version(), "rounds",
		(json_int_t)settings->rounds, "slice_ms",
		(json_int_t)settings->slice_ms, "client_cpu",
		settings->client_cpu, "server_cpu", settings->server_cpu,
		"alone", settings->alone, "cases", cases);
	if (!root ||
	    json_dumpf(root, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(8)) !=
		    0) {
		fail("the result cannot be written");
	}
	printf("\n");
	json_decref(root);
}
