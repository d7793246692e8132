/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON for --json, on jansson. These functions end the program when memory is out. */
#ifndef TENON_CLI_JSON_H
#define TENON_CLI_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "tenon/tenon.h"

struct app;

/* Put value under name; takes value's reference. */
void js_put(json_t *object, const char *name, json_t *value);

/* Append value; takes its reference. */
void js_append(json_t *array, json_t *value);

/* Put UTF-8 text under name. NULL: nothing is put. */
void js_put_text(json_t *object, const char *name, const char *text);

/* Put bytes as text under name, or as base64 under name_base64 if not UTF-8. */
void js_put_bytes(json_t *object, const char *name, const void *data,
		  size_t len);

/*
 * Put a number under name. JSON readers have 64 bits with a sign at most: what
 * is above 2^63-1 becomes a string.
 */
void js_put_u64(json_t *object, const char *name, uint64_t number);

/* Put result_reason() under "text", if there is one. */
void js_put_reason(json_t *object, const struct app *app,
		   const struct tenon_result *result);

/* The object that stands under "error". */
json_t *js_error(const struct tenon_error *err);

/* Put "server" and "address" of server number index; none for UINT32_MAX. */
void js_put_server(json_t *object, const struct tenon_client *client,
		   size_t index);

/* Write root and a newline to standard output; takes its reference. */
void js_print(json_t *root);

/* The same on one line and without newline, for streams of objects. */
void js_print_compact(json_t *root);

#endif
