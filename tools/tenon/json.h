/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON for --json, made with jansson. These functions end the program when memory is out. */
#ifndef TENON_CLI_JSON_H
#define TENON_CLI_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "tenon/tenon.h"

struct app;

/* Put value under name. Takes over the reference to value. */
void js_put(json_t *object, const char *name, json_t *value);

/* Append value. Takes over the reference to value. */
void js_append(json_t *array, json_t *value);

/*
 * Make words of a server fit for the name of a field: output_clean(), and bytes beyond ASCII as
 * \xNN when the words are not UTF-8. The caller frees the text.
 */
char *js_name(const void *data, size_t len);

/* Put text under name. Does nothing when text is NULL. */
void js_put_text(json_t *object, const char *name, const char *text);

/* Put bytes under name when they are UTF-8; otherwise put their base64 under <name>_base64. */
void js_put_bytes(json_t *object, const char *name, const void *data,
		  size_t len);

/* Encode as base64, with padding. The caller frees the text. */
char *js_base64(const void *data, size_t len);

/*
 * Put a number under name. A number above 2^63-1 becomes a string, since JSON readers have
 * at most 64 bits with a sign.
 */
void js_put_u64(json_t *object, const char *name, uint64_t number);

/* Put result_reason() under "text", unless it is NULL. */
void js_put_reason(json_t *object, const struct app *app,
		   const struct tenon_result *result);

/* Make the object that is put under "error". */
json_t *js_error(const struct tenon_error *err);

/* Put "server" and "address" of server number index. Does nothing for UINT32_MAX, no server. */
void js_put_server(json_t *object, const struct tenon_client *client,
		   size_t index);

/* Write root and a newline to standard output. Takes over the reference to root. */
void js_print(json_t *root);

/* Write root on one line and without a newline, for streams of objects. Takes over root. */
void js_print_compact(json_t *root);

#endif
