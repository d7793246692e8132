/* SPDX-License-Identifier: BSD-3-Clause */
/* From YAML to JSON, for texts that the library gives as YAML. */
#ifndef TENON_CLI_YAML_JSON_H
#define TENON_CLI_YAML_JSON_H

#include <jansson.h>

/*
 * Read one YAML document: maps become objects, lists arrays. A scalar without quotes becomes a number,
 * true, false or null when it looks like one; yes and on are true, no and off are false. Returns NULL
 * for a text that is not YAML. The caller owns the value.
 */
json_t *yaml_json(const char *text);

#endif
