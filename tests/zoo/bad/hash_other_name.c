/* SPDX-License-Identifier: BSD-3-Clause */
/* The name differs from that in the file's name. */
#define PLUGIN_NAME "something"
#include "hash_template.h"
