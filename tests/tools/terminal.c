/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/terminal.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the shell ----------------------------------------------------------- */

static void run_program(const char *const *argv)
{
	const struct rlimit no_core = { 0, 0 };

	setpgid(0, 0);
	tcsetpgrp(STDIN_FILENO, getpid()); /* SIGTTOU is ignored so far */
	for (int number = 1; number < NSIG; number++) {
		signal(number, SIG_DFL); /* the test may have been started by nohup */
	}
	setrlimit(RLIMIT_CORE, &no_core);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

/* The shell: tell events of the program, and let it go on at each order. */
static void run_shell(const char *const *argv, int events, int orders)
{
	pid_t program;
	int status;
	char order;

	signal(SIGTTOU, SIG_IGN);
	program = fork();
	if (program == 0) {
		run_program(argv);
	}
	if (write(events, &program, sizeof(program)) != sizeof(program)) {
		_exit(1);
	}
	while (waitpid(program, &status, WUNTRACED) == program) {
		tcsetpgrp(STDIN_FILENO, getpid());
		if (write(events, &status, sizeof(status)) != sizeof(status) ||
		    !WIFSTOPPED(status) || read(orders, &order, 1) != 1) {
			break;
		}
		if (order == 'f') {
			tcsetpgrp(STDIN_FILENO, program);
		}
		kill(-program, SIGCONT);
	}
	kill(-program, SIGKILL);
	_exit(0);
}

/* Make the terminal's other end the controlling terminal and the standard descriptors. */
static void enter_terminal(const char *name, const char *term)
{
	int fd;

	setsid();
	fd = open(name, O_RDWR);
	if (fd < 0) {
		_exit(1);
	}
	for (int i = 0; i <= 2; i++) {
		dup2(fd, i);
	}
	close(fd);
	unsetenv("TERM");
	if (term) {
		setenv("TERM", term, 1);
	}
}

/* ---- the test's side ----------------------------------------------------- */

void terminal_resize(struct terminal *terminal, unsigned rows, unsigned columns)
{
	const struct winsize size = { .ws_row = (unsigned short)rows,
				      .ws_col = (unsigned short)columns };

	ck_assert_int_eq(ioctl(terminal->fd, TIOCSWINSZ, &size), 0);
}

void terminal_start(struct terminal *terminal, unsigned rows, unsigned columns,
		    const char *term, const char *const *argv)
{
	int events[2];
	int orders[2];

	terminal->seen_len = 0;
	terminal->seen[0] = '\0';
	terminal->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(terminal->fd, 0);
	ck_assert_int_eq(grantpt(terminal->fd), 0);
	ck_assert_int_eq(unlockpt(terminal->fd), 0);
	terminal_resize(terminal, rows, columns);
	ck_assert_int_eq(tcgetattr(terminal->fd, &terminal->before), 0);
	ck_assert_int_eq(pipe(events), 0);
	ck_assert_int_eq(pipe(orders), 0);
	terminal->shell = fork();
	ck_assert_int_ge(terminal->shell, 0);
	if (terminal->shell == 0) {
		enter_terminal(ptsname(terminal->fd), term);
		/* when the test ends in any way, the terminal hangs up */
		close(terminal->fd);
		for (int i = 0; i < 2; i++) {
			fcntl(events[i], F_SETFD, FD_CLOEXEC);
			fcntl(orders[i], F_SETFD, FD_CLOEXEC);
		}
		close(orders[1]); /* the shell ends with the test */
		run_shell(argv, events[1], orders[0]);
	}
	close(events[1]);
	close(orders[0]);
	terminal->events = events[0];
	terminal->orders = orders[1];
	ck_assert_int_eq(read(terminal->events, &terminal->program,
			      sizeof(terminal->program)),
			 sizeof(terminal->program));
}

/* Read what the program has written. Returns false when nobody can write any more. */
static bool read_some(struct terminal *terminal)
{
	size_t room = sizeof(terminal->seen) - 1 - terminal->seen_len;
	ssize_t len;

	ck_assert_uint_gt(room, 0);
	len = read(terminal->fd, terminal->seen + terminal->seen_len, room);
	if (len <= 0) {
		return false;
	}
	terminal->seen_len += (size_t)len;
	terminal->seen[terminal->seen_len] = '\0';
	return true;
}

size_t terminal_count(const struct terminal *terminal, const char *text)
{
	const char *at = terminal->seen;
	size_t count = 0;

	while ((at = strstr(at, text))) {
		at += strlen(text);
		count++;
	}
	return count;
}

void terminal_await(struct terminal *terminal, const char *text, size_t times)
{
	while (terminal_count(terminal, text) < times) {
		ck_assert_msg(read_some(terminal), "no '%s' in:\n%s", text,
			      terminal->seen);
	}
}

void terminal_type(struct terminal *terminal, const char *keys)
{
	ck_assert_int_eq(write(terminal->fd, keys, strlen(keys)),
			 (ssize_t)strlen(keys));
}

int terminal_wait(struct terminal *terminal)
{
	int status = 0;

	ck_assert_int_eq(read(terminal->events, &status, sizeof(status)),
			 sizeof(status));
	/* All that was written is in the terminal by now. */
	fcntl(terminal->fd, F_SETFL, O_NONBLOCK);
	while (read_some(terminal)) {
	}
	fcntl(terminal->fd, F_SETFL, 0);
	return status;
}

void terminal_continue(struct terminal *terminal, bool in_foreground)
{
	const char *order = in_foreground ? "f" : "b";

	ck_assert_int_eq(write(terminal->orders, order, 1), 1);
}

bool terminal_is_as_before(const struct terminal *terminal)
{
	struct termios now;

	ck_assert_int_eq(tcgetattr(terminal->fd, &now), 0);
	return now.c_iflag == terminal->before.c_iflag &&
	       now.c_oflag == terminal->before.c_oflag &&
	       now.c_lflag == terminal->before.c_lflag &&
	       memcmp(now.c_cc, terminal->before.c_cc, sizeof(now.c_cc)) == 0;
}
