/* SPDX-License-Identifier: BSD-3-Clause */
/* A value is bound to its key and its flags: the stored form has them in front. */
#include <string.h>

#include "tenon/plugin/codec.h"

#define BOUND_FLAG 0x400u

static uint32_t bound_flags(const void *self)
{
	(void)self;
	return BOUND_FLAG;
}

static int bound_encode(void *self, const struct tenon_slice *value,
			struct tenon_output *output, struct tenon_error *err)
{
	const uint32_t flags = output->flags;
	const size_t head = sizeof(flags) + output->key.len;
	int code = output->reserve(output, head + value->len);

	(void)self;
	(void)err;
	if (code) {
		return code;
	}
	memcpy(output->data, &flags, sizeof(flags));
	memcpy(output->data + sizeof(flags), output->key.data, output->key.len);
	memcpy(output->data + head, value->data, value->len);
	output->len = head + value->len;
	return 1;
}

static int bound_decode(void *self, const struct tenon_slice *stored,
			struct tenon_output *output, struct tenon_error *err)
{
	const uint32_t flags = output->flags & ~BOUND_FLAG;
	const size_t head = sizeof(flags) + output->key.len;
	const char *bytes = stored->data;

	(void)self;
	if (stored->len < head || memcmp(bytes, &flags, sizeof(flags)) != 0 ||
	    memcmp(bytes + sizeof(flags), output->key.data, output->key.len) !=
		    0) {
		strcpy(err->message, "the value is that of another item");
		return TENON_EUNDECODABLE;
	}
	int code = output->reserve(output, stored->len - head);
	if (code) {
		return code;
	}
	memcpy(output->data, bytes + head, stored->len - head);
	output->len = stored->len - head;
	return 0;
}

static const struct tenon_codec_ops bound_ops = {
	.size = sizeof(bound_ops),
	.flags = bound_flags,
	.encode = bound_encode,
	.decode = bound_decode,
};

TENON_PLUGIN_DEFINE(codec_bound, .kind = TENON_KIND_CODEC, .name = "bound",
		    .version = "1", .summary = "binds a value to its key",
		    .ops = &bound_ops)
