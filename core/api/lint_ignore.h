/* SPDX-License-Identifier: BSD-3-Clause */
/* Comments that silence findings of the linter. */
#ifndef TENON_CORE_LINT_IGNORE_H
#define TENON_CORE_LINT_IGNORE_H

#include "api/lint_list.h"

/*
 * Silence the findings that comments of the config's texts ask for. notes: add a note for each
 * comment that silences nothing.
 */
void tenon__lint_ignore(struct tenon__lint *lint, bool notes);

#endif
