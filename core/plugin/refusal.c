/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/refusal.h"

#include <stdarg.h>
#include <stdio.h>

#include "tenon/error.h"

int tenon__refuse(struct tenon__refusal *refusal, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(refusal->text, sizeof(refusal->text), format, args);
	va_end(args);
	return TENON_EPLUGIN;
}
