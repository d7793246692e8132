/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Driver of libmemcached: md5, ketama, TCP_NODELAY, key verification. libmemcached has no call
 * that sets many keys, so set_multi is a loop. Without replies, the requests are buffered, which
 * is its fastest way.
 */
#include <libmemcached/memcached.h>
#include <stdlib.h>

#include "driver.h"

struct with_libmemcached {
	const struct work *work;
	memcached_st *client;
	memcached_result_st result; /* given to libmemcached, so that it does not allocate one */
	const char **keys;
	size_t *key_lens;
};

static const struct {
	memcached_behavior_t behavior;
	uint64_t value;
} behaviors[] = {
	{ MEMCACHED_BEHAVIOR_TCP_NODELAY, 1 },
	{ MEMCACHED_BEHAVIOR_VERIFY_KEY, 1 },
	{ MEMCACHED_BEHAVIOR_KETAMA, 1 },
	{ MEMCACHED_BEHAVIOR_HASH, MEMCACHED_HASH_MD5 },
	{ MEMCACHED_BEHAVIOR_KETAMA_HASH, MEMCACHED_HASH_MD5 },
	{ MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, 5000 },
	{ MEMCACHED_BEHAVIOR_POLL_TIMEOUT, 10000 },
};

static void *open_client(const struct address *servers, size_t count)
{
	memcached_st *client = memcached_create(NULL);
	memcached_server_st *list = NULL;
	memcached_return_t code = MEMCACHED_SUCCESS;

	for (size_t i = 0; i < sizeof(behaviors) / sizeof(behaviors[0]); i++) {
		if (memcached_failed(memcached_behavior_set(
			    client, behaviors[i].behavior,
			    behaviors[i].value))) {
			driver_fail("behavior %d is refused",
				    (int)behaviors[i].behavior);
			memcached_free(client);
			return NULL;
		}
	}
	for (size_t i = 0; i < count; i++) {
		list = memcached_server_list_append(list, servers[i].host,
						    servers[i].port, &code);
	}
	code = memcached_server_push(client, list);
	memcached_server_list_free(list);
	if (memcached_failed(code)) {
		driver_fail("%s", memcached_strerror(client, code));
		memcached_free(client);
		return NULL;
	}
	return client;
}

static void close_client(void *client)
{
	memcached_free(client);
}

static void with_libmemcached_close(void *opened)
{
	struct with_libmemcached *self = opened;

	memcached_result_free(&self->result);
	memcached_free(self->client);
	free(self->keys);
	free(self->key_lens);
	free(self);
}

static void *with_libmemcached_open(const struct work *work,
				    const char *variant)
{
	struct with_libmemcached *self = alloc_array(1, sizeof(*self));

	(void)variant;
	self->work = work;
	self->keys = alloc_array(work->key_count, sizeof(*self->keys));
	self->key_lens = alloc_array(work->key_count, sizeof(*self->key_lens));
	for (size_t i = 0; i < work->key_count; i++) {
		self->keys[i] = work->keys[i].key;
		self->key_lens[i] = KEY_BYTES;
	}
	self->client = open_client(work->addresses, work->server_count);
	if (!self->client) {
		free(self->keys);
		free(self->key_lens);
		free(self);
		return NULL;
	}
	if (work->bench_case->kind == CASE_SET_NOREPLY) {
		memcached_behavior_set(self->client, MEMCACHED_BEHAVIOR_NOREPLY,
				       1);
		memcached_behavior_set(self->client,
				       MEMCACHED_BEHAVIOR_BUFFER_REQUESTS, 1);
	}
	memcached_result_create(self->client, &self->result);
	return self;
}

static int get_many(struct with_libmemcached *self, struct seen *seen)
{
	size_t wanted = self->work->key_count * self->work->value_len;
	size_t bytes = 0;
	memcached_return_t code = memcached_mget(self->client, self->keys,
					       self->key_lens,
					       self->work->key_count);

	while (memcached_success(code) &&
	       memcached_fetch_result(self->client, &self->result, &code)) {
		const char *value = memcached_result_value(&self->result);
		size_t len = memcached_result_length(&self->result);

		bytes += len;
		if (seen) {
			seen_value(seen,
				   memcached_result_key_value(&self->result),
				   memcached_result_key_length(&self->result),
				   value, len);
		}
	}
	if (bytes != wanted) {
		return driver_fail("%s, %zu of %zu bytes",
				   memcached_strerror(self->client, code), bytes,
				   wanted);
	}
	return 0;
}

static int with_libmemcached_get(void *opened, size_t index, struct seen *seen)
{
	struct with_libmemcached *self = opened;
	memcached_return_t code;
	uint32_t flags;
	char *value;
	size_t len;

	if (self->work->bench_case->is_multi) {
		return get_many(self, seen);
	}
	value = memcached_get(self->client, self->keys[index], KEY_BYTES, &len,
			      &flags, &code);
	if (!value || len != self->work->value_len) {
		free(value);
		return driver_fail("'%s': %s", self->keys[index],
				   memcached_strerror(self->client, code));
	}
	if (seen) {
		seen_value(seen, self->keys[index], KEY_BYTES, value, len);
	}
	free(value);
	return 0;
}

static int store(struct with_libmemcached *self, size_t index)
{
	memcached_return_t code = memcached_set(
		self->client, self->keys[index], KEY_BYTES,
		self->work->keys[index].value, self->work->value_len, 0, 0);

	return memcached_success(code) ?
		       0 : driver_fail("'%s': %s", self->keys[index],
				       memcached_strerror(self->client, code));
}

static int store_all(struct with_libmemcached *self)
{
	for (size_t i = 0; i < self->work->key_count; i++) {
		if (store(self, i) != 0) {
			return -1;
		}
	}
	return 0;
}

static int with_libmemcached_set(void *opened, size_t index)
{
	struct with_libmemcached *self = opened;

	return self->work->bench_case->is_multi ? store_all(self) :
						  store(self, index);
}

static int with_libmemcached_set_noreply(void *opened)
{
	struct with_libmemcached *self = opened;
	memcached_return_t code;

	if (store_all(self) != 0) {
		return -1;
	}
	code = memcached_flush_buffers(self->client);
	return memcached_success(code) ?
		       0 : driver_fail("%s",
				       memcached_strerror(self->client, code));
}

const struct driver libmemcached_driver = {
	.open = with_libmemcached_open,
	.close = with_libmemcached_close,
	.get = with_libmemcached_get,
	.set = with_libmemcached_set,
	.set_noreply = with_libmemcached_set_noreply,
};

/* ---- ring ---------------------------------------------------------------- */

static uint64_t ring_where(void *self, const char *const *keys, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		sum += memcached_generate_hash(self, keys[i], KEY_BYTES) + 1;
	}
	return sum;
}

const struct ring_driver libmemcached_ring_driver = {
	.name = "libmemcached",
	.open = open_client,
	.close = close_client,
	.where = ring_where,
};
