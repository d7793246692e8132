/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A command that shows the same screen again and again: the terminal, its keys, and the signals
 * that end, stop or resize the command.
 */
#ifndef TENON_CLI_SCREEN_H
#define TENON_CLI_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Return true when standard output is a terminal that can move its cursor: one that is not called
 * "dumb", and that has a name in $TERM at all.
 */
bool screen_is_possible(void);

/*
 * Begin. SIGINT and SIGTERM end the program with EXIT_DONE from now on. When draws is true, the
 * program owns the terminal: it hides the cursor, reads single keys, and gives the terminal back
 * before a signal ends or stops the program. Without it, nothing is written to the terminal.
 */
void screen_begin(bool draws);

/* Give the terminal back. Also done by exit(). */
void screen_end(void);

/*
 * Call screen_hold() before a piece of output and screen_release() when it is written: in between,
 * no signal ends the program. Between screen_home() and screen_done(), the output functions draw
 * from the first line of the screen on. Text that stays the same does not flicker.
 */
void screen_hold(void);
void screen_release(void);
void screen_home(void);
void screen_done(void);

enum screen_event {
	SCREEN_TIME,   /* the time is over */
	SCREEN_REDRAW, /* the screen has another size, or shows the output of other programs */
	SCREEN_QUIT    /* the user has pressed q */
};

/* Wait until a time of clock_ms(). */
enum screen_event screen_wait(int64_t until_ms);

#endif
