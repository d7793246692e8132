/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of `tenon health --watch` on a terminal: what it draws, and how it leaves the terminal. */
#include <check.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakes/memcached.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"
#include "runner/builddir.h"
#include "runner/suite.h"
#include "tools/terminal.h"
#include "zoo/good/good.h"

#define CURSOR_OFF "\033[?25l"
#define CURSOR_ON "\033[?25h"
#define FRAME_BEGIN "\033[H"
#define FRAME_END "\033[J"

/* The program looks once and then waits until something happens. */
#define ONCE "86400"

static struct terminal terminal;
static struct memcached up;
static char servers[4096];
static const char *policy = "failover=none";

static void start_server(void)
{
	enter_builddir();
	ck_assert(memcached_start(&up, MEMCACHED_INET, NULL));
	snprintf(servers, sizeof(servers), "%s anna,127.0.0.1:1 dead", up.address);
}

static void stop_server(void)
{
	memcached_stop(&up);
}

static void start_watch(unsigned rows, unsigned columns, const char *term,
			const char *interval)
{
	const char *argv[] = { "tools/tenon/tenon", "--color=always",
			       "--servers", servers, "--set",
			       "connect_timeout=10s", "--set",
			       "poll_timeout=1h", "--set",
			       "plugin_path=" GOOD_DIR, "--set", policy,
			       "health", "--watch", interval, NULL };

	terminal_start(&terminal, rows, columns, term, argv);
}

/* Return the text of the last whole frame, without its control sequences. */
static char *last_frame(void)
{
	char *text = calloc(1, sizeof(terminal.seen));
	char *out = text;
	const char *from = terminal.seen;
	const char *next;

	while ((next = strstr(from + 1, FRAME_BEGIN)) &&
	       strstr(next, FRAME_END)) {
		from = next;
	}
	for (; *from != '\0' && strncmp(from, FRAME_END, strlen(FRAME_END)) != 0;
	     from++) {
		if (strncmp(from, "\033[", 2) == 0) {
			from += 2 + strcspn(from + 2,
					    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					    "abcdefghijklmnopqrstuvwxyz");
		} else if (*from != '\r') {
			*out++ = *from;
		}
	}
	return text;
}

/* Return the number of lines of the frame. No line may be wider than the terminal. */
static size_t lines_of(const char *frame, size_t columns)
{
	size_t lines = 0;

	while (*frame != '\0') {
		size_t len = strcspn(frame, "\n");

		ck_assert_msg(len <= columns, "%zu columns: '%.*s'", columns,
			      (int)len, frame);
		frame += len + (frame[len] == '\n');
		lines++;
	}
	return lines;
}

/* Return true when these words are in the frame, with any spaces between them. */
static bool has_words(const char *frame, const char *words)
{
	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		frame += strspn(frame, " \n");
		if (strncmp(frame, words, len) != 0) {
			return false;
		}
		frame += len;
		words += len + (words[len] == ' ');
	}
	return true;
}

static size_t count_words(const char *frame, const char *words)
{
	size_t count = 0;

	for (; *frame != '\0'; frame++) {
		count += has_words(frame, words) && *frame != ' ' &&
			 *frame != '\n';
	}
	return count;
}

/* ---- what is drawn ------------------------------------------------------- */

static const struct {
	unsigned rows, columns;
	const char *titles; /* the line of column titles */
} sizes[] = {
	{ 24, 200, "SERVER ADDRESS STATE FOR FAILS OPS/s HITS p50 p99 max LAST ERROR" },
	{ 24, 80, "SERVER ADDRESS STATE OPS/s HITS p50 p99 anna" },
	{ 24, 50, "SERVER STATE OPS/s HITS p99 anna" },
	{ 24, 25, "SERVER STATE OPS/s anna" },
	{ 24, 18, "SERVER STATE anna" },
	{ 40, 12, "anna up" },
};

START_TEST(a_frame_fits_the_terminal_and_has_every_error)
{
	unsigned rows = sizes[_i].rows;
	unsigned columns = sizes[_i].columns;
	char *frame;

	start_watch(rows, columns, "xterm", ONCE);
	terminal_await(&terminal, FRAME_END, 1);
	frame = last_frame();
	ck_assert_uint_lt(lines_of(frame, columns), rows);
	ck_assert_msg(count_words(frame, sizes[_i].titles) == 1, "%s", frame);
	ck_assert_msg(count_words(frame, "Connection refused") == 1, "%s",
		      frame);
	ck_assert_msg(count_words(frame, "down") == 1, "%s", frame);
	ck_assert_msg(count_words(frame, "1 of 2 up, every 86400 s, q quits") ==
			      1, "%s", frame);
	free(frame);
}
END_TEST

/* A name that is wider than the terminal goes on in the next line, and no character is lost. */
START_TEST(a_name_wider_than_the_terminal_is_whole)
{
	static const char name[] = "a-name-of-a-server-that-is-longer-than-the-line";
	char *frame;
	char *out;

	snprintf(servers, sizeof(servers), "127.0.0.1:1 %s", name);
	start_watch(24, 20, "xterm", ONCE);
	terminal_await(&terminal, FRAME_END, 1);
	frame = last_frame();
	lines_of(frame, 20);
	out = frame;
	for (const char *in = frame; *in != '\0'; in++) {
		if (*in != '\n') {
			*out++ = *in;
		}
	}
	*out = '\0';
	ck_assert_msg(strstr(frame, name) != NULL, "%s", frame);
	free(frame);
}
END_TEST

/* Servers that are not up are shown first, each with its error. */
START_TEST(more_servers_than_lines_are_counted)
{
	size_t len = (size_t)snprintf(servers, sizeof(servers), "%s anna",
				      up.address);
	char *frame;

	for (int i = 1; i <= 30; i++) {
		len += (size_t)snprintf(servers + len, sizeof(servers) - len,
					",127.0.0.%d:1 dead%02d", i, i);
	}
	start_watch(24, 80, "xterm", ONCE);
	terminal_await(&terminal, FRAME_END, 1);
	frame = last_frame();
	ck_assert_uint_lt(lines_of(frame, 80), 24);
	/* 19 of 24 lines are for servers; nine of those that are down take 18. */
	ck_assert_uint_eq(count_words(frame, "Connection refused"), 9);
	ck_assert_uint_eq(count_words(frame, "anna"), 1);
	ck_assert_msg(strstr(frame, "and 21 more") != NULL, "%s", frame);
	free(frame);
}
END_TEST

static const struct {
	unsigned rows, columns;
	const char *titles; /* of the table of metrics; NULL: there is none */
} metric_sizes[] = {
	{ 24, 80, "PLUGIN METRIC VALUE HELP failover counts" },
	{ 24, 50, "PLUGIN METRIC VALUE failover counts" },
	{ 24, 30, "METRIC VALUE instances_total 2" },
	/* 14 lines: 5 around the tables, 2 for each of 2 servers, 5 for 3 metrics */
	{ 14, 80, "PLUGIN METRIC VALUE HELP failover counts" },
	{ 13, 80, NULL },
};

START_TEST(metrics_are_below_the_servers_when_there_is_room)
{
	const char *titles = metric_sizes[_i].titles;
	char *frame;

	policy = "failover=counts";
	start_watch(metric_sizes[_i].rows, metric_sizes[_i].columns, "xterm",
		    ONCE);
	terminal_await(&terminal, FRAME_END, 1);
	frame = last_frame();
	ck_assert_uint_lt(lines_of(frame, metric_sizes[_i].columns),
			  metric_sizes[_i].rows);
	ck_assert_msg(count_words(frame, titles ? titles : "METRIC") ==
			      (titles ? 1 : 0), "%s", frame);
	ck_assert_msg(count_words(frame, "Connection refused") == 1, "%s",
		      frame);
	ck_assert_msg(count_words(frame, "anna") == 1, "%s", frame);
	free(frame);
}
END_TEST

START_TEST(another_size_is_followed_at_once)
{
	char *frame;

	start_watch(24, 200, "xterm", ONCE);
	terminal_await(&terminal, FRAME_END, 1);
	terminal_resize(&terminal, 24, 60);
	terminal_await(&terminal, FRAME_END, 2);
	frame = last_frame();
	lines_of(frame, 60);
	ck_assert_uint_eq(count_words(frame, "Connection refused"), 1);
	free(frame);
}
END_TEST

static const char *const plain_terms[] = { "dumb", "", NULL };

START_TEST(a_terminal_without_a_cursor_gets_plain_lines)
{
	start_watch(24, 80, plain_terms[_i], "0.1");
	terminal_await(&terminal, "1 of 2 up, every 0.1 s, Ctrl-C ends", 3);
	terminal_type(&terminal, "\003");
	ck_assert_int_eq(terminal_wait(&terminal), 0);
	ck_assert_uint_eq(terminal_count(&terminal, "\033[?"), 0);
	ck_assert_uint_eq(terminal_count(&terminal, FRAME_BEGIN), 0);
	ck_assert_uint_eq(terminal_count(&terminal, "\033[K"), 0);
	ck_assert(terminal_is_as_before(&terminal));
}
END_TEST

/* ---- once ---------------------------------------------------------------- */

#define REJECTION "ERROR Too many open connections"

/* Answer each connection as memcached does when all of its connections are in use. */
static void reject_all(int listener)
{
	char request[4096];

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0 ||
		    write(fd, REJECTION "\r\n", sizeof(REJECTION) + 1) < 0) {
			_exit(1);
		}
		shutdown(fd, SHUT_WR);
		while (read(fd, request, sizeof(request)) > 0) {
		}
		close(fd);
	}
}

/* Answer as a proxy that knows stats, but not version. */
static void know_only_stats(int listener)
{
	static const char stats[] = "STAT pid 1\r\nEND\r\n";
	static const char error[] = "ERROR\r\n";
	char request[64];

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		FILE *lines = fdopen(fd, "r");

		while (lines && fgets(request, sizeof(request), lines)) {
			const char *reply = strcmp(request, "stats\r\n") == 0 ?
						    stats : error;

			if (write(fd, reply, strlen(reply)) < 0) {
				_exit(1);
			}
		}
		fclose(lines);
	}
}

/* Start a server in a process of its own. `servers` becomes its address. */
static pid_t start_fake(void (*serve)(int listener))
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(listener, 64), 0);
	getsockname(listener, (struct sockaddr *)&address, &len);
	snprintf(servers, sizeof(servers), "127.0.0.1:%u fake",
		 ntohs(address.sin_port));
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener);
	}
	close(listener);
	return pid;
}

/* Run health once on a wide terminal, with a fake. Its exit status must be this one. */
static void look_once(void (*serve)(int listener), int exit_status)
{
	const char *argv[] = { "tools/tenon/tenon", "--servers", servers,
			       "health", NULL };
	pid_t server = start_fake(serve);
	int status;

	terminal_start(&terminal, 24, 200, "xterm", argv);
	status = terminal_wait(&terminal);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == exit_status,
		      "%d: %s", status, terminal.seen);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

START_TEST(a_server_that_rejects_every_connection_is_not_up)
{
	look_once(reject_all, 3);
	ck_assert_uint_ge(terminal_count(&terminal, REJECTION), 1);
	ck_assert_uint_eq(terminal_count(&terminal,
					 "1 of 1 servers is not up"), 1);
}
END_TEST

/* One request that the server did is enough. */
START_TEST(a_server_that_refuses_version_but_not_stats_is_up)
{
	look_once(know_only_stats, 0);
	ck_assert_uint_eq(terminal_count(&terminal, "not up"), 0);
}
END_TEST

/* ---- how the terminal is left -------------------------------------------- */

/* Check that the last thing written shows the cursor, and that keys are shown again. */
static void check_restored(void)
{
	const char *tail = terminal.seen + terminal.seen_len;

	ck_assert_uint_ge(terminal.seen_len, strlen(CURSOR_ON));
	ck_assert_str_eq(tail - strlen(CURSOR_ON), CURSOR_ON);
	ck_assert(terminal_is_as_before(&terminal));
}

static void await_screen(size_t frames)
{
	terminal_await(&terminal, FRAME_END, frames);
	ck_assert_uint_ge(terminal_count(&terminal, CURSOR_OFF), 1);
	ck_assert(!terminal_is_as_before(&terminal));
}

/* Keys and signals that end the program. */
static const struct {
	const char *keys;
	int signal; /* sent when keys is NULL */
	int status; /* wait status */
} ends[] = {
	{ "q", 0, 0 },
	{ "xQ", 0, 0 },
	{ "\003", 0, 0 },
	{ "\034", 0, SIGQUIT },
	{ NULL, SIGINT, 0 },
	{ NULL, SIGTERM, 0 },
	{ NULL, SIGHUP, SIGHUP },
	{ NULL, SIGQUIT, SIGQUIT },
};

START_TEST(every_end_restores_the_terminal)
{
	start_watch(24, 80, "xterm", ONCE);
	await_screen(1);
	if (ends[_i].keys) {
		terminal_type(&terminal, ends[_i].keys);
	} else {
		kill(terminal.program, ends[_i].signal);
	}
	ck_assert_int_eq(terminal_wait(&terminal), ends[_i].status);
	check_restored();
}
END_TEST

/* The server does not answer, so the program is in the middle of a look. */
START_TEST(a_key_ends_a_look_that_takes_long)
{
	memcached_freeze(&up);
	start_watch(24, 80, "xterm", ONCE);
	terminal_await(&terminal, CURSOR_OFF, 1);
	terminal_type(&terminal, "\003");
	ck_assert_int_eq(terminal_wait(&terminal), 0);
	check_restored();
	ck_assert_uint_eq(terminal_count(&terminal, FRAME_END), 0);
}
END_TEST

START_TEST(a_stopped_watch_gives_the_terminal_back_and_takes_it_again)
{
	start_watch(24, 80, "xterm", ONCE);
	await_screen(1);
	for (size_t stop = 1; stop <= 3; stop++) {
		int status;

		terminal_type(&terminal, "\032");
		status = terminal_wait(&terminal);
		ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
		check_restored();
		terminal_continue(&terminal, true);
		await_screen(stop + 1);
		ck_assert_uint_eq(terminal_count(&terminal, CURSOR_OFF),
				  stop + 1);
	}
	terminal_type(&terminal, "q");
	ck_assert_int_eq(terminal_wait(&terminal), 0);
	check_restored();
}
END_TEST

/* SIGSTOP cannot be handled: the program takes the terminal again when it goes on. */
START_TEST(a_watch_that_was_frozen_draws_again)
{
	int status;

	start_watch(24, 80, "xterm", ONCE);
	await_screen(1);
	kill(terminal.program, SIGSTOP);
	status = terminal_wait(&terminal);
	ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	terminal_continue(&terminal, true);
	await_screen(2);
	terminal_type(&terminal, "q");
	ck_assert_int_eq(terminal_wait(&terminal), 0);
	check_restored();
}
END_TEST

/* In the background, the terminal is the shell's: the program may neither change nor read it. */
START_TEST(a_watch_in_the_background_waits_for_the_foreground)
{
	int status;

	start_watch(24, 80, "xterm", ONCE);
	await_screen(1);
	terminal_type(&terminal, "\032");
	ck_assert(WIFSTOPPED(terminal_wait(&terminal)));
	terminal_continue(&terminal, false);
	status = terminal_wait(&terminal);
	ck_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
	check_restored();
	terminal_continue(&terminal, true);
	await_screen(2);
	terminal_type(&terminal, "q");
	ck_assert_int_eq(terminal_wait(&terminal), 0);
	check_restored();
}
END_TEST

static const int stops[] = { SIGTSTP, SIGSTOP };

START_TEST(a_stopped_watch_can_be_ended_in_the_background)
{
	start_watch(24, 80, "xterm", ONCE);
	await_screen(1);
	kill(terminal.program, stops[_i]);
	ck_assert(WIFSTOPPED(terminal_wait(&terminal)));
	kill(terminal.program, SIGTERM);
	terminal_continue(&terminal, false);
	ck_assert_int_eq(terminal_wait(&terminal), 0);
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *draws;
	TCase *leaves;

	memcached_require();
	scratch_begin();
	suite = suite_create("screen");
	draws = tcase_create("drawing");
	leaves = tcase_create("leaving");
	tcase_add_checked_fixture(draws, start_server, stop_server);
	tcase_add_checked_fixture(leaves, start_server, stop_server);
	LOOP(draws, a_frame_fits_the_terminal_and_has_every_error, COUNT(sizes));
	tcase_add_test(draws, a_name_wider_than_the_terminal_is_whole);
	tcase_add_test(draws, more_servers_than_lines_are_counted);
	LOOP(draws, metrics_are_below_the_servers_when_there_is_room,
	     COUNT(metric_sizes));
	tcase_add_test(draws, another_size_is_followed_at_once);
	LOOP(draws, a_terminal_without_a_cursor_gets_plain_lines,
	     COUNT(plain_terms));
	tcase_add_test(draws, a_server_that_rejects_every_connection_is_not_up);
	tcase_add_test(draws, a_server_that_refuses_version_but_not_stats_is_up);
	LOOP(leaves, every_end_restores_the_terminal, COUNT(ends));
	tcase_add_test(leaves, a_key_ends_a_look_that_takes_long);
	tcase_add_test(leaves,
		       a_stopped_watch_gives_the_terminal_back_and_takes_it_again);
	tcase_add_test(leaves, a_watch_that_was_frozen_draws_again);
	tcase_add_test(leaves,
		       a_watch_in_the_background_waits_for_the_foreground);
	LOOP(leaves, a_stopped_watch_can_be_ended_in_the_background,
	     COUNT(stops));
	suite_add_tcase(suite, draws);
	suite_add_tcase(suite, leaves);
	return suite_run(suite);
}
