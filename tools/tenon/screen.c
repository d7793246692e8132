/* SPDX-License-Identifier: BSD-3-Clause */
#include "screen.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "latency.h"
#include "output.h"

/* ECMA-48 and DEC private modes. Terminals that are not "dumb" have known them since the VT220. */
#define CURSOR_OFF "\033[?25l"
#define CURSOR_ON "\033[?25h"
#define WRAP_OFF "\033[?7l"
#define WRAP_ON "\033[?7h"
#define GO_HOME "\033[H"
#define ERASE_ALL "\033[2J"
#define ERASE_LINE "\033[K"
#define ERASE_BELOW "\033[J"

static bool draws_screen;
static bool reads_keys;
static struct termios before; /* of the terminal on standard input, when reads_keys */
static volatile sig_atomic_t owns_terminal;
static volatile sig_atomic_t was_stopped; /* the program has to take the terminal again */
static volatile sig_atomic_t must_clear;
/* Signals that end the program. They are held back while a piece of output is written. */
static sigset_t ending;
/* Signals of job control and size. They act in screen_wait() only. */
static sigset_t changing;

bool screen_is_possible(void)
{
	const char *term = getenv("TERM");

	return output_is_terminal() && term && *term != '\0' &&
	       strcmp(term, "dumb") != 0;
}

/* ---- owning the terminal ------------------------------------------------- */

/* Return true when the terminal is this program's to change, not that of another job. */
static bool is_in_foreground(void)
{
	pid_t group = tcgetpgrp(STDOUT_FILENO);

	return group < 0 || group == getpgrp();
}

/* Write at once. Only functions that are safe in a signal handler are called. */
static void put(const char *codes)
{
	size_t len = strlen(codes);

	while (len > 0) {
		ssize_t written = write(STDOUT_FILENO, codes, len);

		if (written <= 0) {
			return;
		}
		codes += written;
		len -= (size_t)written;
	}
}

static void give_back(void)
{
	if (!owns_terminal) {
		return;
	}
	owns_terminal = 0;
	/* A change by a job in the background would stop that job. */
	if (!is_in_foreground()) {
		return;
	}
	put(WRAP_ON CURSOR_ON);
	if (reads_keys) {
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	}
}

/* End the program. SIGHUP and SIGQUIT then do what they do in a program without a handler. */
static void on_end(int number)
{
	give_back();
	if (number == SIGINT || number == SIGTERM) {
		_exit(EXIT_DONE);
	}
	raise(number); /* SA_RESETHAND: the default action, once the handler has returned */
}

static void on_stop(int number)
{
	give_back();
	was_stopped = 1;
	raise(number); /* as in on_end() */
}

static void on_continue(int number)
{
	(void)number;
	was_stopped = 1;
}

static void on_resize(int number)
{
	(void)number;
	must_clear = 1;
}

/* Install a handler, unless the caller of the program wants the signal to be ignored. */
static void handle(int number, void (*handler)(int))
{
	bool raises_again = handler == on_end || handler == on_stop;
	struct sigaction action = {
		.sa_handler = handler,
		.sa_flags = raises_again ? SA_RESTART | (int)SA_RESETHAND :
					   SA_RESTART,
		.sa_mask = ending,
	};
	struct sigaction old;

	sigaction(number, NULL, &old);
	if (old.sa_handler == SIG_IGN && number != SIGINT &&
	    number != SIGTERM) {
		return;
	}
	sigaction(number, &action, NULL);
}

static void take_terminal(void)
{
	struct termios keys;

	/* A job in the background stops here, and goes on when it is in the foreground. */
	if (!is_in_foreground()) {
		raise(SIGTTOU);
	}
	was_stopped = 0;
	/* After SIGSTOP, which has no handler, the settings are still those of this program. */
	if (!owns_terminal) {
		reads_keys = tcgetattr(STDIN_FILENO, &before) == 0;
		owns_terminal = 1;
	}
	if (reads_keys) {
		keys = before;
		keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		keys.c_cc[VMIN] = 1;
		keys.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	}
	put(CURSOR_OFF WRAP_OFF);
	must_clear = 1;
	handle(SIGTSTP, on_stop); /* the handler is gone after each stop */
}

void screen_begin(bool draws)
{
	draws_screen = draws;
	sigemptyset(&changing);
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	if (draws) {
		sigaddset(&ending, SIGHUP);
		sigaddset(&ending, SIGQUIT);
		sigaddset(&changing, SIGTSTP);
		sigaddset(&changing, SIGCONT);
		sigaddset(&changing, SIGWINCH);
		handle(SIGHUP, on_end);
		handle(SIGQUIT, on_end);
		handle(SIGCONT, on_continue);
		handle(SIGWINCH, on_resize);
	}
	handle(SIGINT, on_end);
	handle(SIGTERM, on_end);
	sigprocmask(SIG_BLOCK, &changing, NULL);
	sigprocmask(SIG_UNBLOCK, &ending, NULL);
	if (draws) {
		if (atexit(screen_end) != 0) {
			alloc_failed();
		}
		take_terminal();
	}
}

void screen_end(void)
{
	give_back();
}

/* ---- drawing ------------------------------------------------------------- */

void screen_hold(void)
{
	sigprocmask(SIG_BLOCK, &ending, NULL);
}

void screen_release(void)
{
	sigprocmask(SIG_UNBLOCK, &ending, NULL);
}

void screen_home(void)
{
	if (must_clear) {
		must_clear = 0;
		output_text(ERASE_ALL);
	}
	output_text(GO_HOME ERASE_LINE);
	/* Erase a line before it is written: behind a full line, the last character would go. */
	output_set_newline("\n" ERASE_LINE);
}

void screen_done(void)
{
	output_set_newline("\n");
	output_text(ERASE_BELOW);
}

/* ---- waiting ------------------------------------------------------------- */

/* Let the signals of `changing` act, which ppoll() may have held back again behind a handler. */
static void let_signals_act(void)
{
	sigprocmask(SIG_UNBLOCK, &changing, NULL);
	if (was_stopped) {
		take_terminal();
	}
	sigprocmask(SIG_BLOCK, &changing, NULL);
}

/* Return true when the user has pressed q, or can press nothing any more. */
static bool is_quit_key(void)
{
	char key;

	return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q';
}

enum screen_event screen_wait(int64_t until_ms)
{
	sigset_t none;

	sigemptyset(&none);
	for (;;) {
		struct pollfd input = { .fd = reads_keys ? STDIN_FILENO : -1,
					.events = POLLIN };
		int64_t left_ms = until_ms - clock_ms();
		struct timespec time = {
			.tv_sec = (time_t)(left_ms / 1000),
			.tv_nsec = (long)(left_ms % 1000 * 1000000)
		};

		if (left_ms <= 0) {
			time = (struct timespec){ 0 };
		}
		int ready = ppoll(&input, 1, &time, &none);

		let_signals_act();
		if (draws_screen && must_clear) {
			return SCREEN_REDRAW;
		}
		if (ready > 0 && is_quit_key()) {
			return SCREEN_QUIT;
		}
		if (ready == 0 || left_ms <= 0) {
			return SCREEN_TIME;
		}
	}
}
