/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is the text of a config, up to the first NUL. Keys and values follow, each
 * up to a NUL, and are set one by one. A config that passes the check has to make a
 * client.
 */
#include <dlfcn.h>
#include <string.h>

#include "cluster/assembly.h"
#include "config/conf.h"
#include "fuzz/fuzz.h"

#define TEXT_MAX_BYTES 4096
/* Larger rings would be built as well, but with fewer runs in a second. */
#define WEIGHTS_MAX 64

const char fuzz_name[] = "config";

/*
 * No input may open a file of the machine. These functions replace those of the C
 * library for the core in this program.
 */
void *dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

char *dlerror(void)
{
	static char text[] = "no file is opened here";

	return text;
}

void fuzz_end(void)
{
}

static void check_error(int code, const struct tenon_error *err)
{
	fuzz_must(code == TENON_ECONFIG || code == TENON_EPLUGIN ||
			  code == TENON_EIO,
		  "the status is one that a config may get");
	fuzz_must(err->code == code, "the error has the code");
	fuzz_must(err->message[0] != '\0', "an error has a reason");
	fuzz_must(memchr(err->message, '\0', sizeof(err->message)) != NULL,
		  "the message ends in a NUL");
	fuzz_must((err->line == 0) == (err->column == 0),
		  "an error has a column when it has a line");
}

/* Return true when building the ring would take long. */
static bool is_heavy(const struct tenon_config *config)
{
	uint64_t weights = 0;

	for (size_t i = 0; i < config->servers.count; i++) {
		weights += config->servers.entries[i].server.weight;
	}
	return weights > WEIGHTS_MAX;
}

static void open_client(struct tenon_config *config)
{
	struct tenon_client *client;
	struct tenon_error err;
	int code = tenon_config_check(config, &err);
	int opened = tenon_client_open(config, &client, &err);

	fuzz_must(code == opened || opened == TENON_EIO ||
			  opened == TENON_EPLUGIN,
		  "a config that passes the check makes a client");
	if (code) {
		check_error(code, &err);
	}
	fuzz_must((opened == 0) == (client != NULL), "there is a client when opening succeeds");
	if (client) {
		fuzz_must(tenon_client_server_count(client) > 0,
			  "a client has a server");
	}
	tenon_client_close(client);
}

static int set_next(struct tenon_config *config, struct fuzz_input *input,
		    struct tenon_error *err)
{
	char texts[2][TEXT_MAX_BYTES + 1];

	for (int i = 0; i < 2; i++) {
		struct fuzz_input text = fuzz_until(input, '\0');

		memcpy(texts[i], text.at, text.left);
		texts[i][text.left] = '\0';
	}
	return tenon_config_set(config, texts[0], texts[1], err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct tenon_config *config;
	struct tenon_error err;

	if (size > TEXT_MAX_BYTES) {
		return 0;
	}
	if (tenon_config_create(&config, &err) != 0) {
		abort();
	}
	struct fuzz_input text = fuzz_until(&input, '\0');
	int code = tenon_config_load_text(config, "fuzz",
					  (const char *)text.at, text.left,
					  &err);
	while (!code && input.left > 0) {
		code = set_next(config, &input, &err);
	}
	if (code) {
		check_error(code, &err);
	} else if (!is_heavy(config)) {
		open_client(config);
	}
	tenon_config_destroy(config);
	return 0;
}
