/* SPDX-License-Identifier: BSD-3-Clause */
/* Write a struct tenon_error. In every function here err may be NULL. */
#ifndef TENON_CORE_ERROR_H
#define TENON_CORE_ERROR_H

#include <stdbool.h>

#include "tenon/error.h"

/* Room for the sentence of a connection that failed, its NUL included. */
#define TENON__SENTENCE_BYTES 256

/*
 * Return true for the errno of a limit of this process or host: descriptors, memory, buffers, local
 * ports. Such a failure says nothing about a server.
 */
bool tenon__is_local_limit(int sys_errno);

/* Return a clause that says what to do about a local limit; "" for any other errno. */
const char *tenon__local_advice(int sys_errno);

/* Clear what an earlier call wrote. */
static inline void tenon__error_clear(struct tenon_error *err)
{
	if (err) {
		err->code = 0;
		err->sys_errno = 0;
		err->line = 0;
		err->column = 0;
		err->where[0] = '\0';
		err->message[0] = '\0';
	}
}

/* Write the code and a printf-formatted message; keep the other fields. Returns code. */
int tenon__error_set(struct tenon_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Write the message "out of memory". Returns TENON_ENOMEM. */
int tenon__error_no_memory(struct tenon_error *err);

/*
 * As tenon__error_set(), for an error at a place in a config. Also fills the fields where,
 * line and column. The message begins with "where:line:column: ", except when line is 0, which
 * means that the line is not known. Returns code.
 */
int tenon__error_at(struct tenon_error *err, int code, const char *where,
		    uint32_t line, uint32_t column, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

#endif
