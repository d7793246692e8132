/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz/decode.h"

#include <string.h>

#include "fakes/store.h"
#include "fuzz/fuzz_rig.h"

#define ID_DIGITS 16
#define CHUNKS_MAX 64 /* the store searches all of them for every key */

/* The config of the client, and the config for a build without lz4. */
static const char *const settings[] = {
	"servers: [nowhere]\nmax_value_bytes: 64KiB\n"
	"codecs: [zlib, lz4, split: {chunk: 64B, max: 4096B}]\n",
	"servers: [nowhere]\nmax_value_bytes: 64KiB\n"
	"codecs: [zlib, split: {chunk: 64B, max: 4096B}]\n",
};

static struct tenon_client *client;
static struct store store;

static void begin(void)
{
	client = fuzz_open(settings[0]);
	if (!client) {
		client = fuzz_open(settings[1]);
	}
	fuzz_must(client != NULL, "there is a client");
	store_wrap(&store, client);
}

void fuzz_decode_end(void)
{
	if (client) {
		store_unwrap(&store, client);
		tenon_client_close(client);
		client = NULL;
	}
}

/* Return the id in a sealed parent, "S1 BYTES COUNT ID CHECKSUM", or NULL. */
static const char *find_id(struct fuzz_input parent)
{
	for (int words = 0; words < 3; words++) {
		fuzz_until(&parent, ' ');
	}
	return parent.left >= ID_DIGITS ? (const char *)parent.at : NULL;
}

/* Store the chunks under the keys of both formats. */
static void put_chunks(struct fuzz_input *input, const char *id)
{
	char key[64];

	for (unsigned i = 0; input->left > 0 && i < CHUNKS_MAX; i++) {
		struct fuzz_input chunk = fuzz_take(input, fuzz_byte(input));
		int len = id ? snprintf(key, sizeof(key), "~1k/%.*s/%u",
					ID_DIGITS, id, i) :
			       snprintf(key, sizeof(key), "~1k/%u", i);

		store_put(&store, key, (size_t)len, 0, chunk.at, chunk.left);
	}
}

static void check(const struct tenon_result *result)
{
	fuzz_check_value(result);
	switch (result->status) {
	case TENON_HIT:
		fuzz_must(result->value != NULL, "a hit has a value");
		fuzz_must(result->value_len <= DECODE_MAX_VALUE_BYTES,
			  "a value is no larger than max_value_bytes");
		fuzz_must((result->flags & client->operation.chain.flags) == 0,
			  "the codecs' flags are gone");
		break;
	case TENON_MISS:
	case TENON_EUNDECODABLE:
	case TENON_ETOOBIG:
		fuzz_must(result->text && result->text[0] != '\0', "an error has a reason");
		break;
	default:
		fuzz_must(false, "the status is one that a reader may get");
	}
}

int fuzz_decode(const uint8_t *data, size_t size)
{
	const struct tenon_item item = { .key = TENON_LITERAL("k") };
	struct fuzz_input input = { data, size };
	const struct tenon_result *results;
	struct tenon_error err;

	if (!client) {
		begin();
	}
	store_clear(&store);
	uint32_t flags = fuzz_four(&input);
	struct fuzz_input stored = fuzz_take(&input, fuzz_two(&input));
	store_put(&store, "k", 1, flags, stored.at, stored.left);
	put_chunks(&input, find_id(stored));
	tenon_run(client, TENON_GET, &item, 1, NULL, &results, &err);
	fuzz_must(results != NULL, "there are results");
	check(results);
	return results->status;
}
