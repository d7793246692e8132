/* SPDX-License-Identifier: BSD-3-Clause */
/* The kind and name of the good hash plugin. */
#define PLUGIN_NAME "good"
#include "hash_template.h"
