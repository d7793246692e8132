/* SPDX-License-Identifier: BSD-3-Clause */
/* The names and values of tenon_stat_next(), which have no NUL. */
#ifndef TENON_CLI_STATISTIC_H
#define TENON_CLI_STATISTIC_H

#include <stdbool.h>

#include "tenon/tenon.h"

/* Return true when a name or value is this word. */
bool statistic_is(const struct tenon_slice *text, const char *word);

/* Return the whole number of a value; 0 when it is none, or more than max. */
uint64_t statistic_number(const struct tenon_slice *value, uint64_t max);

#endif
