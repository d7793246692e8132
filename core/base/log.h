/* SPDX-License-Identifier: BSD-3-Clause */
/* The application's log: where lines go, and writing one. */
#ifndef TENON_CORE_LOG_H
#define TENON_CORE_LOG_H

#include "tenon/tenon.h"

/* Where lines go. Zeroed: nowhere. */
struct tenon__log {
	tenon_log_fn fn;
	void *payload;
};

/*
 * Write one line, printf-formatted, without a newline. A longer line than
 * TENON_ERROR_MESSAGE_BYTES + TENON_ERROR_WHERE_BYTES is cut.
 * Threads: those that the application's function allows.
 */
void tenon__log_line(const struct tenon__log *log, int level,
		     const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
