/* SPDX-License-Identifier: BSD-3-Clause */
/* diff: the keys that move between the rings of two configs. Connects to no server. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "json.h"
#include "lines.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "setup.h"
#include "tenon/ring.h"

#define KEYS_DEFAULT 100000
#define SEED 0 /* the keys of `tenon check` */

/* More servers have no matrix, but a list of the greatest moves. */
#define MATRIX_SERVERS_MAX 8
#define MOVES_SHOWN 20

#define BAR_WIDTH 20
#define MOVE_BAR_WIDTH 30

struct comparison {
	struct app *app;
	struct tenon_diff *diff;
	struct tenon_diff_sums sums;
	uint64_t read; /* keys of the file so far */
	uint64_t skipped; /* empty lines of the file */
	bool failed; /* memory was out while a key was added */
	struct tenon_error err;
};

static double per_cent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (double)part * 100.0 / (double)whole;
}

/* ---- keys ----------------------------------------------------------------------- */

/* Between two looks of a user at the progress, so many keys are read. */
#define PROGRESS_STEP 200000

/* A line may end in CR LF, as on Windows. */
static void take_key(void *payload, const void *line, size_t len)
{
	struct comparison *at = payload;
	bool has_cr = len > 0 && ((const char *)line)[len - 1] == '\r';
	const struct tenon_item item = { .key = { line, len - has_cr } };

	if (item.key.len == 0) {
		at->skipped++;
		return;
	}
	if (!at->failed) {
		at->failed = tenon_diff_add(at->diff, &item, 1, &at->err) != 0;
	}
	if (++at->read % PROGRESS_STEP == 0) {
		progress_line("%" PRIu64 " keys", at->read);
	}
}

static int read_keys(struct comparison *at, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 ? errno : lines_read(fd, take_key, at);

	progress_end();
	if (fd >= 0 && !is_stdin) {
		close(fd);
	}
	if (error) {
		return fail(at->app, TENON_EIO, "%s: %s",
			    is_stdin ? "standard input" : path,
			    strerror(error));
	}
	if (!at->failed && at->read == 0) {
		return fail(at->app, TENON_EINVAL, "%s: found no keys",
			    is_stdin ? "standard input" : path);
	}
	return at->failed ? fail_error(at->app, &at->err) : EXIT_DONE;
}

static int add_keys(struct comparison *at)
{
	const struct options *options = &at->app->options;
	bool counted = (options->given & OPTION_BIT(OPTION_KEY_COUNT)) != 0;

	if (options->key_path) {
		return read_keys(at, options->key_path);
	}
	if (tenon_diff_simulate(at->diff,
				counted ? options->key_count : KEYS_DEFAULT,
				SEED, &at->err) != 0) {
		return fail_error(at->app, &at->err);
	}
	return EXIT_DONE;
}

/* ---- text ------------------------------------------------------------------------- */

static void print_summary(const struct comparison *at)
{
	const struct tenon_diff_sums *sums = &at->sums;
	char *text = alloc_format("%" PRIu64 " of %" PRIu64 " %skeys move, %.1f%%",
				  sums->moved, sums->keys,
				  at->app->options.key_path ? "" : "simulated ",
				  per_cent(sums->moved, sums->keys));

	output_styled(sums->moved == 0 ? STYLE_GOOD : STYLE_BOLD, text);
	free(text);
	output_format("\n  expected misses  %.1f%%\n",
		      per_cent(sums->missed, sums->keys));
	if (sums->renamed > 0) {
		output_format("  sent otherwise   %" PRIu64
			      " keys, as the prefix is another one\n",
			      sums->renamed);
	}
	output_format("  max/mean         %.2f before, %.2f after\n",
		      sums->max_per_mean_before, sums->max_per_mean_after);
}

/* The greatest number of keys of one server. */
static uint64_t most_keys(const struct comparison *at)
{
	struct tenon_diff_server server;
	uint64_t most = 0;

	for (size_t i = 0; tenon_diff_server(at->diff, i, &server) == 0; i++) {
		most = server.keys_before > most ? server.keys_before : most;
		most = server.keys_after > most ? server.keys_after : most;
	}
	return most;
}

/* The cells of one server in one ring: keys, share and bar. */
static void add_share(const struct comparison *at, struct table *table,
		      bool is_there, uint64_t keys, uint64_t most)
{
	char *bar = output_bar(keys, most, BAR_WIDTH);

	if (is_there) {
		table_add(table, STYLE_NONE, "%" PRIu64, keys);
		table_add(table, STYLE_DIM, "%.1f%%",
			  per_cent(keys, at->sums.keys));
	} else {
		table_add(table, STYLE_DIM, "absent");
		table_add(table, STYLE_NONE, "%s", "");
	}
	table_add(table, STYLE_GOOD, "%s", bar);
	free(bar);
}

static void print_shares(const struct comparison *at)
{
	static const char *const titles[] = { "SERVER", "BEFORE", "", "",
					      "AFTER",	"",	  "" };
	struct table table = {
		.columns = 7,
		.right = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 5,
	};
	struct tenon_diff_server server;
	uint64_t most = most_keys(at);

	for (size_t i = 0; i < table.columns; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; tenon_diff_server(at->diff, i, &server) == 0; i++) {
		table_add(&table, STYLE_BOLD, "%s", server.name);
		add_share(at, &table, server.before != UINT32_MAX,
			  server.keys_before, most);
		add_share(at, &table, server.after != UINT32_MAX,
			  server.keys_after, most);
	}
	output_text("\n");
	table_print(&table, 2);
}

/* Fill counts[from * count + to] with the keys that move, or that stay. */
static void fill_matrix(const struct comparison *at, uint64_t *counts,
			size_t count)
{
	struct tenon_diff_server server;
	struct tenon_diff_move move;

	for (size_t i = 0; i < count; i++) {
		tenon_diff_server(at->diff, i, &server);
		counts[i * count + i] = server.keys_before - server.keys_lost;
	}
	for (size_t i = 0; tenon_diff_move(at->diff, i, &move) == 0; i++) {
		counts[move.from * count + move.to] = move.keys;
	}
}

static void add_matrix_cell(const struct comparison *at, struct table *table,
			    uint64_t keys, bool stays)
{
	if (keys == 0) {
		table_add(table, STYLE_DIM, "·");
		return;
	}
	table_add(table, stays ? STYLE_DIM : STYLE_BOLD, "%" PRIu64 " %.1f%%",
		  keys, per_cent(keys, at->sums.keys));
}

/* A line for each server of OLD, a column for each server of NEW. */
static void print_matrix(const struct comparison *at)
{
	size_t count = (size_t)at->sums.server_count;
	uint64_t *counts = alloc_array(count * count, sizeof(*counts));
	struct table table = { .columns = count + 1, .right = ~1u };
	struct tenon_diff_server server;

	fill_matrix(at, counts, count);
	table_add(&table, STYLE_DIM, "FROM \\ TO");
	for (size_t i = 0; i < count; i++) {
		tenon_diff_server(at->diff, i, &server);
		table_add(&table, STYLE_DIM, "%s", server.name);
		if (server.after == UINT32_MAX) {
			table.hidden |= 1u << (i + 1);
		}
	}
	for (size_t from = 0; from < count; from++) {
		tenon_diff_server(at->diff, from, &server);
		if (server.before == UINT32_MAX) {
			continue;
		}
		table_add(&table, STYLE_BOLD, "%s", server.name);
		for (size_t to = 0; to < count; to++) {
			add_matrix_cell(at, &table, counts[from * count + to],
					from == to);
		}
	}
	free(counts);
	output_text("\n");
	table_print(&table, 2);
}

/* The greatest moves, each with a bar. */
static void print_moves(const struct comparison *at)
{
	static const char *const titles[] = { "FROM", "TO", "KEYS", "", "" };
	struct table table = { .columns = 5, .right = 1u << 2 | 1u << 3 };
	struct tenon_diff_server from, to;
	struct tenon_diff_move move;
	uint64_t most = 0;

	for (size_t i = 0; i < table.columns; i++) {
		table_add(&table, STYLE_DIM, "%s", titles[i]);
	}
	for (size_t i = 0; i < MOVES_SHOWN &&
			   tenon_diff_move(at->diff, i, &move) == 0; i++) {
		most = i == 0 ? move.keys : most;
		char *bar = output_bar(move.keys, most, MOVE_BAR_WIDTH);

		tenon_diff_server(at->diff, move.from, &from);
		tenon_diff_server(at->diff, move.to, &to);
		table_add(&table, STYLE_BOLD, "%s", from.name);
		table_add(&table, STYLE_BOLD, "%s", to.name);
		table_add(&table, STYLE_NONE, "%" PRIu64, move.keys);
		table_add(&table, STYLE_DIM, "%.1f%%",
			  per_cent(move.keys, at->sums.keys));
		table_add(&table, STYLE_GOOD, "%s", bar);
		free(bar);
	}
	output_text("\n");
	table_print(&table, 2);
	if (at->sums.move_count > MOVES_SHOWN) {
		output_format("  and %" PRIu64 " more\n",
			      at->sums.move_count - MOVES_SHOWN);
	}
}

static void print_text(const struct comparison *at)
{
	print_summary(at);
	print_shares(at);
	if (at->sums.moved == 0) {
		return;
	}
	if (at->sums.server_count <= MATRIX_SERVERS_MAX) {
		print_matrix(at);
	}
	print_moves(at);
}

/* ---- JSON ------------------------------------------------------------------------- */

static json_t *servers_json(const struct comparison *at)
{
	json_t *array = json_array();
	struct tenon_diff_server server;

	for (size_t i = 0; tenon_diff_server(at->diff, i, &server) == 0; i++) {
		json_t *object = json_object();

		js_put_text(object, "server", server.name);
		js_put_text(object, "address", server.address);
		js_put(object, "weight_before",
		       json_integer(server.weight_before));
		js_put(object, "weight_after",
		       json_integer(server.weight_after));
		js_put_u64(object, "keys_before", server.keys_before);
		js_put_u64(object, "keys_after", server.keys_after);
		js_put_u64(object, "keys_gained", server.keys_gained);
		js_put_u64(object, "keys_lost", server.keys_lost);
		js_append(array, object);
	}
	return array;
}

static json_t *moves_json(const struct comparison *at)
{
	json_t *array = json_array();
	struct tenon_diff_server server;
	struct tenon_diff_move move;

	for (size_t i = 0; tenon_diff_move(at->diff, i, &move) == 0; i++) {
		json_t *object = json_object();

		tenon_diff_server(at->diff, move.from, &server);
		js_put_text(object, "from", server.name);
		tenon_diff_server(at->diff, move.to, &server);
		js_put_text(object, "to", server.name);
		js_put_u64(object, "keys", move.keys);
		js_append(array, object);
	}
	return array;
}

static void print_json(const struct comparison *at)
{
	const struct tenon_diff_sums *sums = &at->sums;
	json_t *object = json_object();

	js_put_u64(object, "keys", sums->keys);
	js_put(object, "simulated",
	       json_boolean(!at->app->options.key_path));
	js_put_u64(object, "refused", sums->refused);
	js_put_u64(object, "skipped_lines", at->skipped);
	js_put_u64(object, "moved", sums->moved);
	js_put_u64(object, "renamed", sums->renamed);
	js_put_u64(object, "missed", sums->missed);
	js_put(object, "expected_misses",
	       json_real(per_cent(sums->missed, sums->keys) / 100));
	js_put(object, "max_per_mean_before",
	       json_real(sums->max_per_mean_before));
	js_put(object, "max_per_mean_after",
	       json_real(sums->max_per_mean_after));
	js_put(object, "servers", servers_json(at));
	js_put(object, "moves", moves_json(at));
	js_print(object);
}

/* ---- the command -------------------------------------------------------------------- */

/* Open the two clients and their comparison. The clients are not needed afterwards. */
static int open_diff(struct comparison *at)
{
	struct app *app = at->app;
	struct tenon_client *before = NULL, *after = NULL;
	int code = setup_file(app, app->operands[0], &before, &at->err);

	if (!code) {
		code = setup_file(app, app->operands[1], &after, &at->err);
	}
	if (!code) {
		code = tenon_diff_open(before, after, &at->diff, &at->err);
	}
	tenon_client_close(before);
	tenon_client_close(after);
	return code ? fail_error(app, &at->err) : EXIT_DONE;
}

static void print(struct comparison *at)
{
	tenon_diff_sums(at->diff, &at->sums);
	if (at->skipped > 0) {
		report("%" PRIu64 " empty line%s of the keys %s skipped",
		       at->skipped, at->skipped == 1 ? "" : "s",
		       at->skipped == 1 ? "is" : "are");
	}
	if (at->sums.refused > 0) {
		report("warning: %" PRIu64
		       " keys are left out, because they cannot be sent; 'tenon where --stdin' gives the reasons",
		       at->sums.refused);
	}
	if (at->app->options.json) {
		print_json(at);
	} else {
		print_text(at);
	}
}

int run_diff(struct app *app)
{
	struct comparison at = { .app = app };
	int status;

	if (app->options.config_path || app->options.servers) {
		return fail_usage(app, "diff reads OLD and NEW, and takes neither -c nor --servers");
	}
	if (app->options.key_path &&
	    (app->options.given & OPTION_BIT(OPTION_KEY_COUNT)) != 0) {
		return fail_usage(app, "--keys gives keys and --count simulates keys, give one of them");
	}
	status = open_diff(&at);
	if (status == EXIT_DONE) {
		status = add_keys(&at);
	}
	if (status == EXIT_DONE) {
		print(&at);
	}
	tenon_diff_close(at.diff);
	return status;
}
