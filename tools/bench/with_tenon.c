/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers of tenon, by its public interface: with one of its transports, or with a protocol. */
#include <stdlib.h>
#include <string.h>

#include "bench_client.h"
#include "driver.h"

struct with_tenon {
	const struct work *work;
	struct tenon_client *client;
	struct tenon_item *items;
};

static void with_tenon_close(void *opened)
{
	struct with_tenon *self = opened;

	tenon_client_close(self->client);
	free(self->items);
	free(self);
}

/* Open a client whose config has this value of a key. */
static struct tenon_client *open_client(const struct work *work,
					const char *key, const char *value,
					struct tenon_error *err)
{
	struct config_key keys[] = { { key, value },
				     { NULL, NULL },
				     { NULL, NULL } };
	char *tls = NULL;
	struct tenon_client *client;

	if (work->tls_ca) {
		tls = alloc_format("{tls: {ca: '%s'}}", work->tls_ca);
		keys[1] = (struct config_key){ "secure", tls };
	}
	client = client_open(work->addresses, work->server_count, keys, err);
	free(tls);
	return client;
}

static void *open_with(const struct work *work, const char *key,
		       const char *value)
{
	struct with_tenon *self = alloc_array(1, sizeof(*self));
	struct tenon_error err;

	self->work = work;
	self->items = alloc_array(work->key_count, sizeof(*self->items));
	for (size_t i = 0; i < work->key_count; i++) {
		self->items[i].key.data = work->keys[i].key;
		self->items[i].key.len = KEY_BYTES;
		self->items[i].value.data = work->keys[i].value;
		self->items[i].value.len = work->value_len;
	}
	self->client = open_client(work, key, value, &err);
	if (!self->client) {
		driver_fail("%s", err.message);
		with_tenon_close(self);
		return NULL;
	}
	return self;
}

static void *with_tenon_open(const struct work *work, const char *variant)
{
	return open_with(work, "transport", variant);
}

static void *with_protocol_open(const struct work *work, const char *variant)
{
	return open_with(work, "protocol", variant);
}

static int check_hit(const struct with_tenon *self, size_t index,
		     const struct tenon_result *result, struct seen *seen)
{
	if (result->status != TENON_HIT ||
	    result->value_len != self->work->value_len) {
		return driver_fail("'%s': %s", self->work->keys[index].key,
				   tenon_status_name(result->status));
	}
	if (seen) {
		seen_value(seen, self->work->keys[index].key, KEY_BYTES,
			   result->value, result->value_len);
	}
	return 0;
}

static int get_many(struct with_tenon *self, struct seen *seen)
{
	const struct tenon_result *results;
	struct tenon_error err;

	if (tenon_run(self->client, TENON_GET, self->items,
		      self->work->key_count, NULL, &results, &err) != 0) {
		return driver_fail("%s", err.message);
	}
	for (size_t i = 0; i < self->work->key_count; i++) {
		if (check_hit(self, i, &results[i], seen) != 0) {
			return -1;
		}
	}
	return 0;
}

static int with_tenon_get(void *opened, size_t index, struct seen *seen)
{
	struct with_tenon *self = opened;
	struct tenon_result result;
	struct tenon_error err;

	if (self->work->bench_case->is_multi) {
		return get_many(self, seen);
	}
	if (tenon_get(self->client, self->items[index].key, &result, &err) !=
	    0) {
		return driver_fail("%s", err.message);
	}
	return check_hit(self, index, &result, seen);
}

static int set_many(struct with_tenon *self, unsigned options, int expected)
{
	const struct tenon_call call = { .size = sizeof(call),
					 .options = options };
	const struct tenon_result *results;
	struct tenon_error err;

	if (tenon_run(self->client, TENON_SET, self->items,
		      self->work->key_count, &call, &results, &err) != 0) {
		return driver_fail("%s", err.message);
	}
	for (size_t i = 0; i < self->work->key_count; i++) {
		if (results[i].status != expected) {
			return driver_fail("'%s': %s", self->work->keys[i].key,
					   tenon_status_name(results[i].status));
		}
	}
	return 0;
}

static int with_tenon_set(void *opened, size_t index)
{
	struct with_tenon *self = opened;
	struct tenon_result result;
	struct tenon_error err;

	if (self->work->bench_case->is_multi) {
		return set_many(self, 0, TENON_STORED);
	}
	if (tenon_set(self->client, &self->items[index], &result, &err) != 0) {
		return driver_fail("%s", err.message);
	}
	return result.status == TENON_STORED ?
		       0 :
		       driver_fail("'%s': %s", self->work->keys[index].key,
				   tenon_status_name(result.status));
}

static int with_tenon_set_noreply(void *opened)
{
	return set_many(opened, TENON_NOREPLY, TENON_SENT);
}

const struct driver tenon_driver = {
	.speaks_tls = true,
	.open = with_tenon_open,
	.close = with_tenon_close,
	.get = with_tenon_get,
	.set = with_tenon_set,
	.set_noreply = with_tenon_set_noreply,
};

const struct driver tenon_protocol_driver = {
	.speaks_tls = true,
	.open = with_protocol_open,
	.close = with_tenon_close,
	.get = with_tenon_get,
	.set = with_tenon_set,
	.set_noreply = with_tenon_set_noreply,
};

/* ---- ring ---------------------------------------------------------------- */

static void *ring_open(const struct address *servers, size_t count)
{
	struct tenon_error err;
	struct tenon_client *client =
		client_open(servers, count, NULL, &err);

	if (!client) {
		driver_fail("%s", err.message);
	}
	return client;
}

static void ring_close(void *self)
{
	tenon_client_close(self);
}

static uint64_t ring_where(void *self, const char *const *keys, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		struct tenon_slice key = { keys[i], KEY_BYTES };
		size_t server;

		if (tenon_client_where(self, key, &server, NULL) != 0) {
			return 0;
		}
		sum += server + 1;
	}
	return sum;
}

const struct ring_driver tenon_ring_driver = {
	.name = "tenon",
	.open = ring_open,
	.close = ring_close,
	.where = ring_where,
};
