/* SPDX-License-Identifier: BSD-3-Clause */
/* An option whose default is out of range. */
#define PLUGIN_NAME "option"
#define OPTION_DEFAULT 11
#include "hash_template.h"
