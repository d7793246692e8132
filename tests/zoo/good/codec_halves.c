/* SPDX-License-Identifier: BSD-3-Clause */
/* A codec with required slots only: splits a value of 8 bytes or more into two chunks; flag 512. */
#include <string.h>

#include "tenon/plugin/codec.h"

#define LEAST_BYTES 8
#define KEY_MAX_BYTES 200

static uint32_t halves_flags(const void *self)
{
	(void)self;
	return 512;
}

/* Add a chunk with the key "<key>.<index>". */
static int add_half(struct tenon_chunks *chunks, const struct tenon_slice *key,
		    char index, struct tenon_slice value)
{
	char name[KEY_MAX_BYTES + 2];

	if (key->len > KEY_MAX_BYTES) {
		return TENON_ETOOBIG;
	}
	memcpy(name, key->data, key->len);
	name[key->len] = '.';
	name[key->len + 1] = index;
	return chunks->add(chunks, name, key->len + 2, value);
}

static int halves_scatter(void *self, const struct tenon_split_item *item,
			  struct tenon_chunks *chunks,
			  struct tenon_output *parent, struct tenon_error *err)
{
	const char *bytes = item->value.data;
	size_t half = item->value.len / 2;
	int code;

	(void)self;
	(void)err;
	if (item->value.len < LEAST_BYTES) {
		return 0;
	}
	code = add_half(chunks, &item->key, '0',
			(struct tenon_slice){ bytes, half });
	if (!code) {
		code = add_half(chunks, &item->key, '1',
				(struct tenon_slice){ bytes + half,
						      item->value.len - half });
	}
	if (!code) {
		code = parent->reserve(parent, 1);
	}
	if (code) {
		return code;
	}
	parent->data[0] = '2';
	parent->len = 1;
	return 1;
}

static int halves_plan(void *self, const struct tenon_split_item *parent,
		       struct tenon_chunks *chunks, struct tenon_error *err)
{
	const struct tenon_slice longest = { NULL, 1048576 };
	int code;

	(void)self;
	(void)err;
	if (parent->value.len != 1 ||
	    *(const char *)parent->value.data != '2') {
		return TENON_EUNDECODABLE;
	}
	code = add_half(chunks, &parent->key, '0', longest);
	return code ? code : add_half(chunks, &parent->key, '1', longest);
}

static int halves_gather(void *self, const struct tenon_split_item *parent,
			 const struct tenon_chunk *list, uint32_t count,
			 struct tenon_error *err)
{
	(void)self;
	(void)parent;
	(void)err;
	return count == 2 && list[0].value.data && list[1].value.data
		       ? 0
		       : TENON_MISS;
}

static const struct tenon_codec_ops halves_ops = {
	.size = sizeof(halves_ops),
	.flags = halves_flags,
	.scatter = halves_scatter,
	.plan = halves_plan,
	.gather = halves_gather,
};

TENON_PLUGIN_DEFINE(codec_halves, .kind = TENON_KIND_CODEC, .name = "halves",
		    .version = "1", .summary = "two halves", .ops = &halves_ops)
