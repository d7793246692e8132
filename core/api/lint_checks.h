/* SPDX-License-Identifier: BSD-3-Clause */
/* The checks of the linter. */
#ifndef TENON_CORE_LINT_CHECKS_H
#define TENON_CORE_LINT_CHECKS_H

#include "api/lint_list.h"

/* The table of checks. Ends with name NULL. */
extern const struct tenon__check tenon__checks[];

/* The check for comments that silence nothing. lint_ignore.c runs it after all others. */
extern const struct tenon__check tenon__unused_ignore;

#endif
