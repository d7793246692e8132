/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json.h"
#include "output.h"
#include "report.h"

void js_put(json_t *object, const char *name, json_t *value)
{
	if (!object || json_object_set_new(object, name, value) != 0) {
		alloc_failed();
	}
}

void js_append(json_t *array, json_t *value)
{
	if (!array || json_array_append_new(array, value) != 0) {
		alloc_failed();
	}
}

/*
 * Encode as base64: RFC 4648, section 4. Written here because jansson has no base64, and
 * another library would be one more package to install. The caller frees the text.
 */
char *js_base64(const void *bytes, size_t len)
{
	const unsigned char *data = bytes;
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t groups = len / 3 + (len % 3 != 0);
	char *text = alloc_array(groups + 1, 4);
	char *out = text;

	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)data[i] << 16;

		bits |= have > 1 ? (uint32_t)data[i + 1] << 8 : 0;
		bits |= have > 2 ? data[i + 2] : 0;
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = have > 1 ? digits[bits >> 6 & 63] : '=';
		*out++ = have > 2 ? digits[bits & 63] : '=';
	}
	return text;
}

void js_put_bytes(json_t *object, const char *name, const void *data,
		  size_t len)
{
	/* jansson refuses NULL, even with length 0. */
	const char *bytes = len == 0 ? "" : data;
	json_t *value = json_stringn(bytes, len); /* NULL: not UTF-8 */
	char *text;
	char *name_base64;

	if (value) {
		js_put(object, name, value);
		return;
	}
	text = js_base64(bytes, len);
	name_base64 = alloc_format("%s_base64", name);
	js_put(object, name_base64, json_string(text));
	free(name_base64);
	free(text);
}

char *js_name(const void *data, size_t len)
{
	char *clean = output_clean(data, len);
	json_t *value = json_string(clean); /* NULL: not UTF-8 */
	char *ascii;
	char *out;

	json_decref(value);
	if (value) {
		return clean;
	}
	ascii = alloc_array(strlen(clean) + 1, 4);
	out = ascii;
	for (const char *at = clean; *at != '\0'; at++) {
		out += snprintf(out, 5, (unsigned char)*at < 0x80 ? "%c" : "\\x%02x",
				(unsigned char)*at);
	}
	free(clean);
	return ascii;
}

void js_put_text(json_t *object, const char *name, const char *text)
{
	if (text) {
		js_put_bytes(object, name, text, strlen(text));
	}
}

void js_put_u64(json_t *object, const char *name, uint64_t number)
{
	char *text;

	if (number <= INT64_MAX) {
		js_put(object, name, json_integer((json_int_t)number));
		return;
	}
	text = alloc_format("%" PRIu64, number);
	js_put(object, name, json_string(text));
	free(text);
}

json_t *js_error(const struct tenon_error *err)
{
	json_t *object = json_object();
	const char *where = err->where[0] == '\0' ? NULL : err->where;

	js_put(object, "code", json_integer(err->code));
	js_put_text(object, "status", tenon_status_name(err->code));
	js_put_text(object, "message", err->message);
	if (err->sys_errno != 0) {
		js_put(object, "errno", json_integer(err->sys_errno));
	}
	if (err->code == TENON_ECONFIG || err->code == TENON_EPLUGIN ||
	    err->code == TENON_EIO) {
		js_put_text(object, "file", where);
	} else {
		js_put_text(object, "server", where);
	}
	if (err->line != 0) {
		js_put(object, "line", json_integer(err->line));
		js_put(object, "column", json_integer(err->column));
	}
	return object;
}

void js_put_server(json_t *object, const struct tenon_client *client,
		   size_t index)
{
	struct tenon_server_info info;

	if (tenon_client_server(client, index, &info) == 0) {
		js_put_text(object, "server", info.alias);
		js_put_text(object, "address", info.address);
	}
}

void js_put_reason(json_t *object, const struct app *app,
		   const struct tenon_result *result)
{
	char *reason = result_reason(app, result);

	js_put_text(object, "text", reason);
	free(reason);
}

/*
 * Write a part of a JSON document. jansson leaves DEL, C1 and the like as they are. Only strings
 * can have them, where an escape is the same character, and does nothing to a terminal.
 */
static int write_chunk(const char *data, size_t len, void *payload)
{
	size_t from = 0;
	size_t bytes;

	(void)payload;
	for (size_t i = 0; i < len; i += bytes) {
		uint32_t character =
			output_character(data + i, len - i, &bytes);

		if (!output_is_control(character) || character == '\n') {
			continue;
		}
		output_write(data + from, i - from);
		output_format("\\u%04x", (unsigned)character);
		from = i + bytes;
	}
	output_write(data + from, len - from);
	return 0;
}

static void dump(json_t *root, size_t how)
{
	if (!root || json_dump_callback(root, write_chunk, NULL, how) != 0) {
		alloc_failed();
	}
	json_decref(root);
}

void js_print(json_t *root)
{
	/* Milliseconds to the nanosecond are enough. */
	dump(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	output_text("\n");
}

void js_print_compact(json_t *root)
{
	dump(root, JSON_COMPACT);
}
