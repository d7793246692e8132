/* SPDX-License-Identifier: BSD-3-Clause */
#include "needs_meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "tenon/introspect.h"

static void take_setting(const struct tenon_setting_info *info, void *payload)
{
	bool *is_meta = payload;

	if (strcmp(info->name, "protocol") == 0) {
		*is_meta = strcmp(info->value, "meta") == 0;
	}
}

bool needs_meta(const struct app *app)
{
	bool is_meta = false;

	tenon_config_each_setting(app->config, take_setting, &is_meta);
	return is_meta;
}

int needs_meta_ask(struct app *app, size_t server, const struct tenon_call *call,
		   struct tenon_error *err)
{
	const struct tenon_meta_request request = { .command = "mn",
						    .server = (uint32_t)server };
	struct tenon_result result;
	int code = tenon_client_ask_meta(app->client, &request, call, &result,
					 err);

	if (code == TENON_EUNKNOWN) {
		snprintf(err->message, sizeof(err->message), "%s; %s",
			 NEEDS_META_TEXT, NEEDS_META_ADVICE);
	}
	return code;
}

char *needs_meta_advise(const struct app *app, char *text)
{
	/* core/wire/meta/meta_protocol.h */
	static const char *const advice[] = {
		"; the config needs protocol: classic",
		"; the server may know no meta commands, so set `protocol: classic`",
	};

	for (size_t i = 0; text && app->speaks_meta &&
			   i < sizeof(advice) / sizeof(advice[0]);
	     i++) {
		char *at = strstr(text, advice[i]);

		if (at) {
			char *whole = alloc_format(
				"%.*s; this command needs meta commands, which memcached 1.6.18 and later know",
				(int)(at - text), text);

			free(text);
			return whole;
		}
	}
	return text;
}
