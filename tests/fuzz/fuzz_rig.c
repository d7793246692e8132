/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/fuzz_rig.h"

#include <string.h>

/* Results may not depend on the clock, so no operation times out. */
#define TIMEOUT_MS ((int64_t)24 * 3600 * 1000)

static unsigned char next_random;

void fuzz_rewind_random(void)
{
	next_random = 0;
}

static void random_bytes(void *context, void *out, size_t len)
{
	unsigned char *at = out;

	(void)context;
	while (len-- > 0) {
		*at++ = next_random += 41;
	}
}

struct tenon_client *fuzz_open(const char *text)
{
	struct tenon_config *config;
	struct tenon_client *client = NULL;
	struct tenon_error err;
	int code = tenon_config_create(&config, &err);

	if (!code) {
		code = tenon_config_load_text(config, "fuzz", text,
					      strlen(text), &err);
	}
	if (!code) {
		code = tenon_client_open(config, &client, &err);
	}
	if (code && code != TENON_EPLUGIN) {
		fprintf(stderr, "%s\n", err.message);
		abort();
	}
	if (client) {
		struct tenon__assembly *assembly = client->engine.assembly;

		for (size_t i = 0; i < assembly->codecs.count; i++) {
			((struct tenon_host *)(uintptr_t)
				 assembly->codecs.list[i].host)->random_bytes = random_bytes;
		}
		assembly->poll_timeout_ms = TIMEOUT_MS;
	}
	tenon_config_destroy(config);
	return client;
}

void fuzz_check_value(const struct tenon_result *result)
{
	unsigned long sum = 0;

	if (!result->value) {
		fuzz_must(result->value_len == 0, "a result without value has length 0");
		return;
	}
	for (size_t i = 0; i < result->value_len; i++) {
		sum += (unsigned char)result->value[i];
	}
	fuzz_must(sum <= 255 * result->value_len, "a value can be read");
	fuzz_must(result->status == TENON_HIT || result->status == TENON_OK,
		  "only a hit or an OK has a value");
	fuzz_must(result->status == TENON_OK ||
			  result->value[result->value_len] == '\0',
		  "a NUL is behind a value");
}
