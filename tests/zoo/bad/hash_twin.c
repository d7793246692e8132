/* SPDX-License-Identifier: BSD-3-Clause */
/* The kind and the name are those of the good hash plugin. */
#define PLUGIN_NAME "good"
#include "hash_template.h"
