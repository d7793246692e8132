/* SPDX-License-Identifier: BSD-3-Clause */
/* tenon_run() and tenon_run_servers(), which all other calls use, and the reasons of their results. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "api/call_options.h"
#include "base/clock.h"
#include "base/error.h"
#include "operation/call.h"
#include "operation/explain.h"
#include "wire/exptime.h"

/* Longest argument of stats, flush_all and verbosity. These arguments are one or two words. */
#define ARGUMENT_MAX_BYTES 200

/* ---- over keys --------------------------------------------------------- */

void tenon_client_set_sink(struct tenon_client *client, size_t min_bytes,
			   tenon_sink_fn fn, void *payload)
{
	client->operation.requests.sink_rule = (struct tenon__sink_rule){
		.fn = fn,
		.payload = payload,
		.min_bytes = min_bytes,
	};
}

int tenon_run(struct tenon_client *client, enum tenon_verb verb,
	      const struct tenon_item *items, size_t count,
	      const struct tenon_call *call,
	      const struct tenon_result **results, struct tenon_error *err)
{
	struct tenon_call copy;

	tenon__error_clear(err);
	*results = NULL;
	if ((unsigned)verb >= TENON_VERB_COUNT) {
		return tenon__error_set(err, TENON_EINVAL,
					"verb %d does not exist", (int)verb);
	}
	const struct tenon__verb *command = tenon__verb_of(verb);
	int code = call ? tenon__options_read(&copy, call, command,
					      client->engine.assembly->protocol,
					      err)
			: 0;
	if (code) {
		return code;
	}
	if (count >= TENON_REQUESTS_LIMIT) {
		return tenon__error_set(err, TENON_EINVAL,
					"%zu keys are too many for one call",
					count);
	}
	if (!tenon__client_enter(client)) {
		return tenon__client_is_busy(err);
	}
	code = tenon__call_items(&client->operation, command, items, count,
				 call ? &copy : &tenon__call_usual);
	if (code) {
		tenon__error_no_memory(err);
	} else {
		*results = client->operation.requests.results;
		code = tenon__explain_first(&client->operation, count, err);
	}
	tenon__client_leave(client);
	return code;
}

int tenon_client_explain(struct tenon_client *client,
			 const struct tenon_item *item,
			 const struct tenon_result *result,
			 struct tenon_error *err)
{
	bool has_server = result->server != TENON_NO_SERVER;

	tenon__error_clear(err);
	if (result->status >= 0) {
		return 0;
	}
	if (has_server ? result->server >= client->engine.server_count : !item) {
		return tenon__error_set(err, TENON_EINVAL,
					has_server
						? "the result is of a server that does not exist"
						: "a result without a server, and without its item");
	}
	if (!tenon__client_enter(client)) {
		return tenon__client_is_busy(err);
	}
	int code = tenon__explain(&client->operation, item, result, err);
	tenon__client_leave(client);
	return code;
}

/* ---- over servers ------------------------------------------------------ */

/*
 * Return TENON_EINVAL when the command does not accept this argument. Control bytes are
 * refused, because a line end in the argument would begin a second command.
 */
static int check_argument(const struct tenon__verb *verb, const char *argument,
			  struct tenon_error *err)
{
	static const char *const expected[] = {
		[TENON_ARGUMENT_NONE] = "no argument",
		[TENON_ARGUMENT_NUMBER] = "a number",
		[TENON_ARGUMENT_WORDS] = "words",
	};
	size_t len = argument ? strlen(argument) : 0;
	bool fits = !argument ||
		(verb->argument != TENON_ARGUMENT_NONE && len > 0);

	if (len > ARGUMENT_MAX_BYTES) {
		return tenon__error_set(err, TENON_EINVAL,
			"the argument of %s has %zu bytes, expected at most %d",
			verb->name, len, ARGUMENT_MAX_BYTES);
	}
	for (size_t i = 0; i < len && fits; i++) {
		unsigned char byte = (unsigned char)argument[i];

		fits = verb->argument == TENON_ARGUMENT_NUMBER ?
			byte >= '0' && byte <= '9' :
			byte >= 0x20 && byte != 0x7f;
	}
	return fits ? 0 : tenon__error_set(err, TENON_EINVAL,
		"argument \"%s\" of %s, expected %s", argument, verb->name,
		expected[verb->argument]);
}

/* Room for a delay in decimal with its NUL. */
#define DELAY_BYTES 24

/*
 * Prepare the delay of flush_all for servers, which read it as they read an exptime. delay gets
 * the text that is sent. argument has digits only.
 */
static int prepare_delay(const char *argument, char delay[DELAY_BYTES],
			 struct tenon_error *err)
{
	errno = 0;
	int64_t seconds = strtoll(argument, NULL, 10);

	if (errno != 0 ||
	    !tenon__exptime_prepare(&seconds, true, tenon__unix_s())) {
		return tenon__error_set(err, TENON_EINVAL,
					"delay \"%s\" of flush_all, expected at most %" PRId64
					" seconds",
					argument, TENON_EXPTIME_MAX_S);
	}
	snprintf(delay, DELAY_BYTES, "%" PRId64, seconds);
	return 0;
}

int tenon_run_servers(struct tenon_client *client, enum tenon_server_verb verb,
		      const char *argument, const struct tenon_call *call,
		      const struct tenon_result **results,
		      struct tenon_error *err)
{
	struct tenon_call terms = tenon__call_usual;
	char delay[DELAY_BYTES];

	tenon__error_clear(err);
	*results = NULL;
	if ((unsigned)verb >= TENON_SERVER_VERB_COUNT) {
		return tenon__error_set(err, TENON_EINVAL,
					"verb %d does not exist", (int)verb);
	}
	const struct tenon__verb *command = tenon__server_verb_of(verb);
	int code = call ? tenon__options_read(&terms, call, command,
					      client->engine.assembly->protocol,
					      err)
			: 0;
	if (code) {
		return code;
	}
	if (verb == TENON_FLUSH_ALL &&
	    !client->engine.assembly->enable_flush_all) {
		return tenon__error_set(err, TENON_EDISABLED,
			"flush_all is disabled; set enable_flush_all: true to allow it");
	}
	code = check_argument(command, argument, err);
	if (!code && argument && verb == TENON_FLUSH_ALL) {
		code = prepare_delay(argument, delay, err);
		argument = delay;
	}
	if (code) {
		return code;
	}
	if (!tenon__client_enter(client)) {
		return tenon__client_is_busy(err);
	}
	if (verb == TENON_QUIT) { /* has no reply: the server closes the connection */
		terms.options |= TENON_NOREPLY;
	}
	code = tenon__call_servers(&client->operation, command, argument,
				   &terms);
	if (code) {
		tenon__error_no_memory(err);
	} else {
		*results = client->operation.requests.results;
		code = tenon__explain_first(&client->operation,
					    client->engine.server_count, err);
	}
	tenon__client_leave(client);
	if (verb == TENON_QUIT) {
		tenon_client_disconnect(client);
	}
	return code;
}

