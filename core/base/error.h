/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing a struct tenon_error; each function takes NULL. */
#ifndef TENON_CORE_ERROR_H
#define TENON_CORE_ERROR_H

#include "tenon/error.h"

/* Forget what an earlier call left. */
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

/* Write code and sentence, keep the other fields; returns code. */
int tenon__error_set(struct tenon_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Write "out of memory"; returns TENON_ENOMEM. */
int tenon__error_no_memory(struct tenon_error *err);

/*
 * As tenon__error_set(), for a place in a config: fills where, line and column, and puts
 * "where:line:column: " in front of the sentence. line 0: no place is known,
 * nothing is put in front. Returns code.
 */
int tenon__error_at(struct tenon_error *err, int code, const char *where,
		    uint32_t line, uint32_t column, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

#endif
