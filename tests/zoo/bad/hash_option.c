/* SPDX-License-Identifier: BSD-3-Clause */
/* The default of an option is out of range. */
#define PLUGIN_NAME "option"
#define OPTION_DEFAULT 11
#include "hash_template.h"
