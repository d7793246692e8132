/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program on a pseudo terminal, with a process above it that does a shell's job control. Every
 * function here ends the test when something is wrong. A wait that is in vain ends by the test's
 * time limit.
 */
#ifndef TENON_TESTS_TOOLS_TERMINAL_H
#define TENON_TESTS_TOOLS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#define TERMINAL_SEEN_BYTES (1024 * 1024)

struct terminal {
	int fd;      /* the test's end of the pseudo terminal */
	int events;  /* read a wait status each time the program stops or ends */
	int orders;  /* write 'f' or 'b' to let a stopped program go on */
	pid_t shell; /* does the job control */
	pid_t program;
	struct termios before;          /* the terminal's settings when the program starts */
	char seen[TERMINAL_SEEN_BYTES]; /* all that the program has written */
	size_t seen_len;
};

/*
 * Start argv[0] on a terminal of this size. term is the value of $TERM; NULL: $TERM is unset.
 */
void terminal_start(struct terminal *terminal, unsigned rows, unsigned columns,
		    const char *term, const char *const *argv);

/* Wait until the program has written text so many times since it began. */
void terminal_await(struct terminal *terminal, const char *text, size_t times);

/* Press keys. */
void terminal_type(struct terminal *terminal, const char *keys);

void terminal_resize(struct terminal *terminal, unsigned rows,
		     unsigned columns);

/* Wait until the program stops or ends. Returns its wait status. */
int terminal_wait(struct terminal *terminal);

/* Let the stopped program go on in the foreground or in the background, as fg and bg do. */
void terminal_continue(struct terminal *terminal, bool in_foreground);

/* Return true when the settings of the terminal are as they were before the program. */
bool terminal_is_as_before(const struct terminal *terminal);

/* Return how often the program has written text. */
size_t terminal_count(const struct terminal *terminal, const char *text);

#endif
