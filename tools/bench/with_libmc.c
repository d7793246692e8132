/* SPDX-License-Identifier: BSD-3-Clause */
/* Driver of libmc, by its C interface: md5, ketama, no failover. */
#include <stdlib.h>
#include <string.h>

#include "c_client.h"
#include "driver.h"

struct with_libmc {
	const struct work *work;
	void *client;
	const char **keys;
	size_t *key_lens;
	const char **values;
	size_t *value_lens;
	flags_t *flags;
};

static void *open_client(const struct address *servers, size_t count)
{
	const char **hosts = alloc_array(count, sizeof(*hosts));
	uint32_t *ports = alloc_array(count, sizeof(*ports));
	void *client = client_create();

	for (size_t i = 0; i < count; i++) {
		hosts[i] = servers[i].host;
		ports[i] = servers[i].port;
	}
	client_config(client, CFG_HASH_FUNCTION, OPT_HASH_MD5);
	client_init(client, hosts, ports, count, NULL, 0);
	client_config(client, CFG_CONNECT_TIMEOUT, 5000);
	client_config(client, CFG_POLL_TIMEOUT, 10000);
	free(hosts);
	free(ports);
	return client;
}

static void *with_libmc_open(const struct work *work, const char *variant)
{
	struct with_libmc *self = alloc_array(1, sizeof(*self));
	size_t count = work->key_count;

	(void)variant;
	self->work = work;
	self->keys = alloc_array(count, sizeof(*self->keys));
	self->key_lens = alloc_array(count, sizeof(*self->key_lens));
	self->values = alloc_array(count, sizeof(*self->values));
	self->value_lens = alloc_array(count, sizeof(*self->value_lens));
	self->flags = alloc_array(count, sizeof(*self->flags));
	for (size_t i = 0; i < count; i++) {
		self->keys[i] = work->keys[i].key;
		self->key_lens[i] = KEY_BYTES;
		self->values[i] = work->keys[i].value;
		self->value_lens[i] = work->value_len;
	}
	self->client = open_client(work->addresses, work->server_count);
	return self;
}

static void with_libmc_close(void *opened)
{
	struct with_libmc *self = opened;

	client_destroy(self->client);
	free(self->keys);
	free(self->key_lens);
	free(self->values);
	free(self->value_lens);
	free(self->flags);
	free(self);
}

static int with_libmc_get(void *opened, size_t index, struct seen *seen)
{
	struct with_libmc *self = opened;
	bool is_multi = self->work->bench_case->is_multi;
	size_t wanted = is_multi ? self->work->key_count : 1;
	retrieval_result_t **results = NULL;
	size_t bytes = 0;
	size_t count = 0;
	err_code_t code;

	index = is_multi ? 0 : index;
	code = client_get(self->client, self->keys + index,
			self->key_lens + index, wanted, &results, &count);
	for (size_t i = 0; i < count; i++) {
		bytes += results[i]->bytes;
		if (seen) {
			seen_value(seen, results[i]->key, results[i]->key_len,
				   results[i]->data_block, results[i]->bytes);
		}
	}
	client_destroy_retrieval_result(self->client);
	if (code != RET_OK || bytes != wanted * self->work->value_len) {
		return driver_fail("%s, %zu of %zu values",
				   err_code_to_string(code), count, wanted);
	}
	return 0;
}

static int store(struct with_libmc *self, size_t index, size_t wanted,
		 bool noreply)
{
	message_result_t **results = NULL;
	size_t count = 0;
	size_t stored = 0;
	err_code_t code = client_set(self->client, self->keys + index,
				   self->key_lens + index, self->flags, 0, NULL,
				   noreply, self->values + index,
				   self->value_lens + index, wanted, &results,
				   &count);

	for (size_t i = 0; i < count; i++) {
		stored += results[i]->type_ == MSG_STORED;
	}
	client_destroy_message_result(self->client);
	if (code != RET_OK || stored != (noreply ? 0 : wanted)) {
		return driver_fail("%s, %zu of %zu stored",
				   err_code_to_string(code), stored, wanted);
	}
	return 0;
}

static int with_libmc_set(void *opened, size_t index)
{
	struct with_libmc *self = opened;

	if (self->work->bench_case->is_multi) {
		return store(self, 0, self->work->key_count, false);
	}
	return store(self, index, 1, false);
}

static int with_libmc_set_noreply(void *opened)
{
	struct with_libmc *self = opened;

	return store(self, 0, self->work->key_count, true);
}

const struct driver libmc_driver = {
	.open = with_libmc_open,
	.close = with_libmc_close,
	.get = with_libmc_get,
	.set = with_libmc_set,
	.set_noreply = with_libmc_set_noreply,
};

/* ---- ring ---------------------------------------------------------------- */

static uint64_t ring_where(void *self, const char *const *keys, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = client_get_server_address_by_key(
			self, keys[i], KEY_BYTES);

		if (!name) {
			return 0;
		}
		sum += (unsigned char)name[0];
	}
	return sum;
}

const struct ring_driver libmc_ring_driver = {
	.name = "libmc",
	.open = open_client,
	.close = client_destroy,
	.where = ring_where,
};
