/* SPDX-License-Identifier: BSD-3-Clause */
/* Write to the log function of the application. */
#ifndef TENON_CORE_LOG_H
#define TENON_CORE_LOG_H

#include "tenon/tenon.h"

/* The function that gets the lines. In a zeroed log there is none, and lines are dropped. */
struct tenon__log {
	tenon_log_fn fn;
	void *payload;
};

/*
 * Write one line, printf-formatted, without a newline. A line of
 * TENON_ERROR_MESSAGE_BYTES + TENON_ERROR_WHERE_BYTES or more bytes is cut.
 * Threads: any thread in which the application's function may be called.
 */
void tenon__log_line(const struct tenon__log *log, int level,
		     const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
