/* SPDX-License-Identifier: BSD-3-Clause */
/* Receive a large value into memory of the program. */
#include <stdio.h>
#include <stdlib.h>
#include <tenon/tenon.h>

#define LARGE_BYTES 4096

struct photo {
	char *memory;
	size_t len;
};

/* The reply may be received twice: the memory of the first time is used again. */
static void *give_memory(void *payload, size_t index, size_t len)
{
	struct photo *photo = payload;

	(void)index; /* one key, so 0 */
	if (!photo->memory) {
		photo->memory = malloc(len + 1); /* a byte more, for a NUL */
		photo->len = len;
	}
	/* NULL: the client uses its own memory */
	return len <= photo->len ? photo->memory : NULL;
}

static int read_large(struct tenon_client *client, struct tenon_error *err)
{
	struct photo photo = { NULL, 0 };
	struct tenon_result result;

	tenon_client_set_sink(client, LARGE_BYTES, give_memory, &photo);
	int code = tenon_get(client, tenon_slice_of("photo"), &result, err);

	tenon_client_set_sink(client, 0, NULL, NULL);
	if (!code && result.status == TENON_HIT) {
		printf("%zu bytes, in %s memory\n", result.value_len,
		       result.value == photo.memory ? "our" : "the client's");
	}
	free(photo.memory);
	return code;
}

int main(int argc, char **argv)
{
	struct tenon_config *config;
	struct tenon_client *client = NULL;
	struct tenon_error err;
	int failed = tenon_config_create(&config, &err) ||
		     tenon_config_load_file(config, argc > 1 ? argv[1] :
					    "tenon.yaml", &err) ||
		     tenon_client_open(config, &client, &err);

	tenon_config_destroy(config);
	failed = failed || read_large(client, &err);
	if (failed) {
		fprintf(stderr, "%s\n", err.message);
	}
	tenon_client_close(client);
	return failed ? 3 : 0;
}
