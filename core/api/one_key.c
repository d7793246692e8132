/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls for one key. Each is tenon_run() with one item. */
#include "api/client.h"
#include "tenon/plugin/distribution.h"

int tenon__run_one(struct tenon_client *client, enum tenon_verb verb,
		   const struct tenon_item *item, const struct tenon_call *call,
		   struct tenon_result *out, struct tenon_error *err)
{
	const struct tenon_result *results;
	int code = tenon_run(client, verb, item, 1, call, &results, err);

	if (out) {
		*out = results ? *results :
			(struct tenon_result){ .status = code,
					       .server = TENON_NO_SERVER };
	}
	return code;
}

static int run_one(struct tenon_client *client, enum tenon_verb verb,
		   const struct tenon_item *item, struct tenon_result *out,
		   struct tenon_error *err)
{
	return tenon__run_one(client, verb, item, NULL, out, err);
}

int tenon_get(struct tenon_client *client, struct tenon_slice key,
	      struct tenon_result *out, struct tenon_error *err)
{
	const struct tenon_item item = { .key = key };

	return run_one(client, TENON_GET, &item, out, err);
}

int tenon_gets(struct tenon_client *client, struct tenon_slice key,
	       struct tenon_result *out, struct tenon_error *err)
{
	const struct tenon_item item = { .key = key };

	return run_one(client, TENON_GETS, &item, out, err);
}

int tenon_gat(struct tenon_client *client, struct tenon_slice key,
	      int64_t exptime, struct tenon_result *out, struct tenon_error *err)
{
	const struct tenon_item item = { .key = key, .exptime = exptime };

	return run_one(client, TENON_GAT, &item, out, err);
}

int tenon_gats(struct tenon_client *client, struct tenon_slice key,
	       int64_t exptime, struct tenon_result *out,
	       struct tenon_error *err)
{
	const struct tenon_item item = { .key = key, .exptime = exptime };

	return run_one(client, TENON_GATS, &item, out, err);
}

int tenon_set(struct tenon_client *client, const struct tenon_item *item,
	      struct tenon_result *out, struct tenon_error *err)
{
	return run_one(client, TENON_SET, item, out, err);
}

int tenon_add(struct tenon_client *client, const struct tenon_item *item,
	      struct tenon_result *out, struct tenon_error *err)
{
	return run_one(client, TENON_ADD, item, out, err);
}

int tenon_replace(struct tenon_client *client, const struct tenon_item *item,
		  struct tenon_result *out, struct tenon_error *err)
{
	return run_one(client, TENON_REPLACE, item, out, err);
}

int tenon_append(struct tenon_client *client, const struct tenon_item *item,
		 struct tenon_result *out, struct tenon_error *err)
{
	return run_one(client, TENON_APPEND, item, out, err);
}

int tenon_prepend(struct tenon_client *client, const struct tenon_item *item,
		  struct tenon_result *out, struct tenon_error *err)
{
	return run_one(client, TENON_PREPEND, item, out, err);
}

int tenon_cas(struct tenon_client *client, const struct tenon_item *item,
	      struct tenon_result *out, struct tenon_error *err)
{
	return run_one(client, TENON_CAS, item, out, err);
}

int tenon_delete(struct tenon_client *client, struct tenon_slice key,
		 struct tenon_result *out, struct tenon_error *err)
{
	const struct tenon_item item = { .key = key };

	return run_one(client, TENON_DELETE, &item, out, err);
}

int tenon_touch(struct tenon_client *client, struct tenon_slice key,
		int64_t exptime, struct tenon_result *out,
		struct tenon_error *err)
{
	const struct tenon_item item = { .key = key, .exptime = exptime };

	return run_one(client, TENON_TOUCH, &item, out, err);
}

int tenon_incr(struct tenon_client *client, struct tenon_slice key,
	       uint64_t delta, struct tenon_result *out,
	       struct tenon_error *err)
{
	const struct tenon_item item = { .key = key, .delta = delta };

	return run_one(client, TENON_INCR, &item, out, err);
}

int tenon_decr(struct tenon_client *client, struct tenon_slice key,
	       uint64_t delta, struct tenon_result *out,
	       struct tenon_error *err)
{
	const struct tenon_item item = { .key = key, .delta = delta };

	return run_one(client, TENON_DECR, &item, out, err);
}
