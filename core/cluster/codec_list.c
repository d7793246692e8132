/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/codec_list.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"

/* A codec of the config, and its flag bits. */
struct tenon__codec_part {
	struct tenon__chosen chosen;
	uint32_t flags;
};

/* Make a short-lived instance of a codec and ask the instance for its flag bits. */
static int read_flags(struct tenon__codec_part *part,
		      const struct tenon_codec_setup *setup,
		      const struct tenon__place *place, struct tenon_error *err)
{
	const struct tenon_codec_ops *ops = &part->chosen.plugin->ops.codec;
	struct tenon_error reported = { .code = 0 };
	char subject[TENON__SUBJECT_BYTES];
	void *self = tenon__instance_alloc(ops->state_size);
	int code;

	if (!self) {
		return tenon__error_no_memory(err);
	}
	code = ops->init(self, part->chosen.options, &part->chosen.host.table,
			 setup, &reported);
	part->flags = !code ? ops->flags(self) : 0;
	ops->fini(self);
	tenon__free(self);
	if (code) {
		return tenon__plugin_error(err, code, &reported,
					   part->chosen.plugin, "init", place);
	}
	if (part->flags != 0) {
		return 0;
	}
	tenon__plugin_describe(subject, part->chosen.plugin);
	return tenon__error_place(
		err, TENON_EPLUGIN, place,
		"%s: flags returned 0x0, expected at least one bit", subject);
}

/* Check that the last codec shares no flag bits with an earlier one, and follows no splitter. */
static int check_neighbours(const struct tenon__codec_list *codecs,
			    const struct tenon__choice *choice,
			    struct tenon_error *err)
{
	const struct tenon__codec_part *last = &codecs->parts[codecs->count - 1];

	for (const struct tenon__codec_part *part = codecs->parts; part < last;
	     part++) {
		if (part->chosen.plugin->ops.codec.scatter) {
			return tenon__error_place(
				err, TENON_ECONFIG, &choice->place,
				"key '%s': codec '%s' comes after codec '%s', which splits values and has to be the last",
				choice->asker, last->chosen.plugin->name,
				part->chosen.plugin->name);
		}
		if ((part->flags & last->flags) != 0) {
			return tenon__error_place(
				err, TENON_ECONFIG, &choice->place,
				"key '%s': codecs '%s' and '%s' both own flag bits 0x%" PRIx32
				", expected different bits for each codec",
				choice->asker, part->chosen.plugin->name,
				last->chosen.plugin->name,
				part->flags & last->flags);
		}
	}
	return 0;
}

static int add_codec(struct tenon__codec_list *codecs,
		     struct tenon__selection *selection,
		     const struct tenon__choice *choice,
		     const struct tenon_codec_setup *setup,
		     struct tenon_error *err)
{
	struct tenon__codec_part *part = &codecs->parts[codecs->count];
	int code = tenon__select(selection, choice, &part->chosen, err);

	if (!code && !part->chosen.plugin) {
		tenon__log_line(selection->log, TENON_LOG_WARNING,
				"key '%s': codec plugin '%s' not found and left out of the default codecs; to avoid this warning, set `codecs` to the codecs that you want, or to none",
				choice->asker, choice->name);
	}
	if (!part->chosen.plugin) {
		return code;
	}
	codecs->list[codecs->count++] = (struct tenon__codec_choice){
		.ops = &part->chosen.plugin->ops.codec,
		.options = part->chosen.options,
		.host = &part->chosen.host.table,
		.name = part->chosen.plugin->name,
	};
	if (!code) {
		code = read_flags(part, setup, &choice->place, err);
	}
	if (!code) {
		code = check_neighbours(codecs, choice, err);
	}
	codecs->flags |= part->flags;
	return code;
}

int tenon__codec_list_make(struct tenon__codec_list *codecs,
			   struct tenon__selection *selection,
			   const struct tenon_config *config,
			   const struct tenon_codec_setup *setup,
			   struct tenon_error *err)
{
	const struct tenon__choice *choices[TENON__CODEC_MAX_COUNT];
	size_t count = tenon__config_codecs(config, choices);
	int code = tenon__config_check_codecs(config, err);

	if (code || count == 0) {
		return code;
	}
	codecs->list = tenon__calloc(count, sizeof(*codecs->list));
	codecs->parts = tenon__calloc(count, sizeof(*codecs->parts));
	if (!codecs->list || !codecs->parts) {
		return tenon__error_no_memory(err);
	}
	for (size_t i = 0; i < count && !code; i++) {
		code = add_codec(codecs, selection, choices[i], setup, err);
	}
	return code;
}

void tenon__codec_list_fini(struct tenon__codec_list *codecs)
{
	for (size_t i = 0; i < codecs->count; i++) {
		tenon__chosen_fini(&codecs->parts[i].chosen);
	}
	tenon__free(codecs->parts);
	tenon__free(codecs->list);
}
