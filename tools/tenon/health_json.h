/* SPDX-License-Identifier: BSD-3-Clause */
/* The errors in a health record as JSON. */
#ifndef TENON_CLI_HEALTH_JSON_H
#define TENON_CLI_HEALTH_JSON_H

#include <jansson.h>

#include "tenon/health.h"

/* Make an object of the last error of a server. The record has one. */
json_t *health_json_error(const struct tenon_health *health);

/* Make an object of the errors of noreply requests: their number, and the last one when there is one. */
json_t *health_json_noreply(const struct tenon_health *health);

#endif
