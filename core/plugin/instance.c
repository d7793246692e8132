/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/instance.h"

#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

int tenon__options_create(void **out, const struct tenon__plugin *plugin,
			  const struct tenon__node *map,
			  struct tenon__option_owner owner,
			  const struct tenon_host *host,
			  const struct tenon__place *place,
			  struct tenon_error *err)
{
	char subject[TENON__SUBJECT_BYTES];
	struct tenon_error reported;
	int code;

	*out = NULL;
	tenon__plugin_describe(subject, plugin);
	owner.subject = subject;
	if (plugin->options_bytes > 0) {
		*out = tenon__calloc(1, plugin->options_bytes);
		if (!*out) {
			return tenon__error_no_memory(err);
		}
	}
	code = tenon__option_fill(plugin->options, *out, map, &owner, place,
				  err);
	if (!code) {
		tenon__error_clear(&reported);
		code = plugin->check(*out, host, &reported);
		if (code) {
			code = tenon__plugin_error(err, code, &reported, plugin,
						   "check", place);
		}
	}
	if (code) {
		tenon__options_destroy(plugin, *out);
		*out = NULL;
	}
	return code;
}

void tenon__options_destroy(const struct tenon__plugin *plugin, void *options)
{
	if (options) {
		tenon__option_fini(plugin->options, options);
		tenon__free(options);
	}
}

int tenon__chosen_init(struct tenon__chosen *chosen,
		       const struct tenon__plugin *plugin,
		       const struct tenon__node *map,
		       struct tenon__option_owner owner,
		       const struct tenon__log *log,
		       const struct tenon__place *place,
		       struct tenon_error *err)
{
	chosen->plugin = plugin;
	tenon__host_init(&chosen->host, plugin, log);
	return tenon__options_create(&chosen->options, plugin, map, owner,
				     &chosen->host.table, place, err);
}

void tenon__chosen_fini(struct tenon__chosen *chosen)
{
	tenon__options_destroy(chosen->plugin, chosen->options);
	tenon__host_fini(&chosen->host);
}

void *tenon__instance_alloc(uint32_t state_size)
{
	return tenon__calloc(1, state_size > 0 ? state_size : 1);
}

/*
 * The header in front of a hash's state. The default of hash_many is called with the state
 * only, and finds the plugin's hash function in this header.
 */
union hash_header {
	uint64_t (*hash)(const void *self, const void *key, size_t key_len);
	max_align_t align;
};

int tenon__hash_create(struct tenon_hash *out,
		       const struct tenon__plugin *plugin, const void *options,
		       const struct tenon_host *host, struct tenon_error *err)
{
	const struct tenon_hash_ops *ops = &plugin->ops.hash;
	union hash_header *header;
	int code;

	*out = (struct tenon_hash){ NULL, NULL };
	/* one byte more, so that self points into this memory even without a state */
	header = tenon__calloc(1, sizeof(*header) + (size_t)ops->state_size + 1);
	if (!header) {
		return tenon__error_no_memory(err);
	}
	header->hash = ops->hash;
	*out = (struct tenon_hash){ header + 1, ops };
	code = ops->init(header + 1, options, host, err);
	if (code) {
		tenon__hash_destroy(out);
	}
	return code;
}

void tenon__hash_destroy(struct tenon_hash *hash)
{
	union hash_header *header;

	if (!hash->self) {
		return;
	}
	memcpy(&header, &hash->self, sizeof(header)); /* drops the const */
	hash->ops->fini(header);
	tenon__free(header - 1);
	*hash = (struct tenon_hash){ NULL, NULL };
}

void tenon__hash_each(const void *self, const struct tenon_slice *keys,
		      size_t count, uint64_t *out)
{
	const union hash_header *header = (const union hash_header *)self - 1;

	for (size_t i = 0; i < count; i++) {
		out[i] = header->hash(self, keys[i].data, keys[i].len);
	}
}
