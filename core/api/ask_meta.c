/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon_client_ask_meta(): a meta command in the caller's own words. */
#include <stdbool.h>
#include <string.h>

#include "api/client.h"
#include "base/error.h"
#include "operation/call.h"
#include "operation/explain.h"
#include "tenon/introspect.h"
#include "wire/verbatim.h"

/* A call that is checked. */
struct asked {
	const struct tenon__verb *verb;
	struct tenon_item item;
	struct tenon_slice flags;
	uint32_t server;
	bool typed; /* the key is base64: sent without the prefix */
	struct tenon_call call;
};

/* ---- the arguments --------------------------------------------------------------- */

/* Return true when one of the flags is this letter alone. */
static bool has_flag(struct tenon_slice flags, char letter)
{
	const char *text = flags.data;

	for (size_t i = 0; i < flags.len; i++) {
		if (text[i] == letter && (i == 0 || text[i - 1] == ' ') &&
		    (i + 1 == flags.len || text[i + 1] == ' ')) {
			return true;
		}
	}
	return false;
}

/* Errors: TENON_EINVAL. */
static int check_flags(struct tenon_slice flags, struct tenon_error *err)
{
	const char *text = flags.data;

	if (flags.len > TENON_META_FLAGS_MAX_BYTES) {
		return tenon__error_set(err, TENON_EINVAL,
					"the flags have %zu bytes, expected at most %d",
					flags.len, TENON_META_FLAGS_MAX_BYTES);
	}
	for (size_t i = 0; i < flags.len; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e) {
			return tenon__error_set(
				err, TENON_EINVAL,
				"the flags have byte 0x%02x, expected printable ASCII",
				(unsigned char)text[i]);
		}
	}
	return 0;
}

/* Check that the fields go with the command. Errors: TENON_EINVAL. */
static int check_fields(const struct tenon_meta_request *request,
			const struct tenon__verb *verb, size_t server_count,
			struct tenon_error *err)
{
	bool is_mn = tenon__verbatim_is_end(verb);
	const char *problem = NULL;

	if (request->reserved != 0) {
		problem = "the reserved field is not 0: set the whole struct to 0 before its fields";
	} else if (is_mn && (request->key.len > 0 ||
			     (request->flags && request->flags[0]))) {
		problem = "a key or flags, which mn does not take";
	} else if (is_mn && request->server == TENON_NO_SERVER) {
		problem = "mn without a server: it has no key that decides one";
	} else if (request->value.len > 0 && !tenon__verbatim_stores(verb)) {
		problem = "a value, which only ms takes";
	} else if (request->server != TENON_NO_SERVER &&
		   request->server >= server_count) {
		problem = "a server that does not exist";
	}
	return problem ? tenon__error_set(err, TENON_EINVAL, "%s", problem) : 0;
}

/* Errors: TENON_EINVAL. */
static int check_call(struct tenon_call *out, const struct tenon_call *given,
		      struct tenon_error *err)
{
	int code;

	*out = tenon__call_usual;
	code = given ? tenon__call_read(out, given, err) : 0;
	if (code || !(out->options | out->lease_s | out->refresh_s)) {
		return code;
	}
	return tenon__error_set(err, TENON_EINVAL,
				"a meta command takes no option of the call but timeout_ms");
}

/* Errors: TENON_EINVAL. */
static int read_request(struct asked *out, const struct tenon_client *client,
			const struct tenon_meta_request *request,
			const struct tenon_call *call, struct tenon_error *err)
{
	const char *name = request->command ? request->command : "";

	*out = (struct asked){
		.verb = tenon__verbatim_verb_of(name),
		.item = { .key = request->key,
			  .routing_key = request->routing_key,
			  .value = request->value },
		.flags = tenon_slice_of(request->flags),
		.server = request->server,
	};
	if (!out->verb) {
		return tenon__error_set(err, TENON_EINVAL,
					"command \"%.20s\", expected mg, ms, md, ma, mn or me",
					name);
	}
	int code = check_fields(request, out->verb, client->engine.server_count,
				err);
	code = code ? code : check_flags(out->flags, err);
	if (tenon__verbatim_is_end(out->verb)) {
		out->item.key = tenon_slice_of("mn"); /* not sent */
	}
	out->typed = has_flag(out->flags, 'b');
	return code ? code : check_call(&out->call, call, err);
}

/* ---- the call -------------------------------------------------------------------- */

/* Run one command for the key of the call. Errors: every negative enum tenon_status. */
static int run(struct tenon_client *client, const struct asked *asked,
	       const struct tenon__verb *verb, struct tenon_error *err)
{
	return tenon__call_verbatim(&client->operation, verb, &asked->item,
				    asked->flags, asked->server, asked->typed,
				    &asked->call) != 0
		       ? tenon__error_no_memory(err)
		       : tenon__explain_first(&client->operation, 1, err);
}

/* A server without meta commands would take a value for commands: ask mn first. */
static int run_safely(struct tenon_client *client, const struct asked *asked,
		      struct tenon_error *err)
{
	int code = tenon__verbatim_stores(asked->verb)
			   ? run(client, asked, tenon__verbatim_verb_of("mn"), err)
			   : 0;

	return code ? code : run(client, asked, asked->verb, err);
}

/* Copy the result. One that is an error has no part of a reply. */
static void take_result(const struct tenon_client *client, int code,
			struct tenon_result *result)
{
	const struct tenon__operation *op = &client->operation;

	*result = (struct tenon_result){ .status = code,
					 .server = TENON_NO_SERVER };
	if (op->request_count > 0) {
		*result = op->requests.results[0];
	}
	if (code) {
		result->status = code;
		result->value = NULL;
		result->value_len = 0;
	}
}

int tenon_client_ask_meta(struct tenon_client *client,
			  const struct tenon_meta_request *request,
			  const struct tenon_call *call,
			  struct tenon_result *result, struct tenon_error *err)
{
	struct asked asked;
	int code;

	tenon__error_clear(err);
	code = read_request(&asked, client, request, call, err);
	*result = (struct tenon_result){ .status = code,
					 .server = TENON_NO_SERVER };
	if (code) {
		return code;
	}
	if (!tenon__client_enter(client)) {
		result->status = TENON_EBUSY;
		return tenon__client_is_busy(err);
	}
	code = run_safely(client, &asked, err);
	take_result(client, code, result);
	tenon__client_leave(client);
	return code;
}
