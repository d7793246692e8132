/* SPDX-License-Identifier: BSD-3-Clause */
/* The key `codecs`, and the codec that the key `compression_threshold` chooses. */
#include "base/error.h"
#include "base/text.h"
#include "config/defaults.h"
#include "config/readers.h"

#include <inttypes.h>
#include <stdio.h>

/*
 * Print a second place that an error names, such as "site.yaml:3:10", between the texts before
 * and after. Prints "" when the place is not known. Returns out.
 */
#define PLACE_BYTES (TENON_ERROR_WHERE_BYTES + 40)
static const char *print_place(char out[PLACE_BYTES], const char *before,
			       const struct tenon__place *place,
			       const char *after)
{
	out[0] = '\0';
	if (place->line > 0) {
		snprintf(out, PLACE_BYTES, "%s%.*s:%" PRIu32 ":%" PRIu32 "%s",
			 before, TENON_ERROR_WHERE_BYTES, place->where,
			 place->line, place->column, after);
	}
	return out;
}

/* Append one codec. Each codec may be listed only once. */
static int add_codec(struct tenon__codecs *codecs,
		     const struct tenon__root_key *key,
		     const struct tenon__node *value, struct tenon_error *err)
{
	struct tenon__choice *choice = &codecs->list[codecs->count];
	char first[PLACE_BYTES];
	int code;

	if (codecs->count == TENON__CODEC_MAX_COUNT) {
		return tenon__error_place(
			err, TENON_ECONFIG, &value->place,
			"key '%s': found more codecs than the limit of %d, each codec needs a flag bit of its own",
			key->name, TENON__CODEC_MAX_COUNT);
	}
	code = tenon__choice_read(choice, key, value, err);
	for (size_t i = 0; i < codecs->count && !code; i++) {
		const struct tenon__choice *other = &codecs->list[i];

		if (tenon__same_word(other->name, choice->name)) {
			code = tenon__error_place(
				err, TENON_ECONFIG, &choice->place,
				"key '%s': codec '%.60s' is listed twice%s, expected once",
				key->name, choice->name,
				print_place(first, ", first in ", &other->place,
					    ""));
		}
	}
	codecs->count++;
	return code;
}

int tenon__read_codecs(struct tenon_config *config,
		       const struct tenon__root_key *key,
		       const struct tenon__node *value, const char *folder,
		       struct tenon_error *err)
{
	struct tenon__codecs codecs = { .given = true, .place = value->place };
	bool is_none = tenon__node_is_null(value) ||
		       (value->type == TENON__NODE_SCALAR &&
			tenon__same_word(value->text, "none"));
	int code = 0;

	(void)folder;
	if (value->type == TENON__NODE_MAP && value->count > 1) {
		return tenon__key_unexpected(
			key, value,
			"a list, because the order matters, as in [name, {name: {option: value}}]",
			err);
	}
	if (value->type != TENON__NODE_LIST && !is_none) {
		code = add_codec(&codecs, key, value, err);
	}
	for (const struct tenon__node *node = value->first;
	     value->type == TENON__NODE_LIST && node && !code;
	     node = node->next) {
		code = add_codec(&codecs, key, node, err);
	}
	if (!code) {
		config->codecs = codecs;
	}
	return code;
}

/* A threshold that no value can exceed, so that nothing is compressed. */
#define NEVER_BYTES TENON__SETTING_MAX_BYTES

/* Append one option to the compressor's map, as if its text had no quotes in the config. */
static void add_option(struct tenon__compression *compression, const char *name,
		       const char *text)
{
	struct tenon__node *map = &compression->options;
	struct tenon__node *entry = &compression->entries[map->count++];

	*entry = (struct tenon__node){
		.key = (char *)(uintptr_t)name,
		.text = (char *)(uintptr_t)text,
		.plain = true,
		.place = map->place,
		.key_place = map->place,
	};
	if (map->first) {
		entry[-1].next = entry;
	}
	map->first = compression->entries;
}

void tenon__codecs_compress(struct tenon_config *config,
			    const struct tenon__root_key *codecs,
			    const char *asker, const struct tenon__place *place)
{
	struct tenon__compression *compression = &config->compression;
	int64_t threshold = config->settings.compression_threshold_bytes;

	snprintf(compression->threshold, sizeof(compression->threshold),
		 "%" PRId64 "B", threshold > 0 ? threshold : NEVER_BYTES);
	compression->options = (struct tenon__node){
		.type = TENON__NODE_MAP,
		.place = *place,
	};
	add_option(compression, tenon__default_compressor_threshold,
		   compression->threshold);
	for (const struct tenon__default_option *option =
		     tenon__default_compressor_options;
	     option->name; option++) {
		add_option(compression, option->name, option->text);
	}
	compression->choice = (struct tenon__choice){
		.key = codecs,
		.asker = asker,
		.name = tenon__default_compressor,
		.options = &compression->options,
		.place = *place,
		.optional = threshold == 0,
	};
}

void tenon__codecs_reset(struct tenon_config *config,
			 const struct tenon__root_key *codecs,
			 const struct tenon__place *place)
{
	config->codecs.list[0] = tenon__choice_default(codecs, place);
	config->codecs.list[0].name = tenon__default_splitter;
	config->codecs.list[0].optional = true;
	config->codecs.count = 1;
	tenon__codecs_compress(config, codecs, codecs->name, place);
}

size_t tenon__config_codecs(
	const struct tenon_config *config,
	const struct tenon__choice *out[TENON__CODEC_MAX_COUNT])
{
	const struct tenon__codecs *codecs = &config->codecs;
	size_t count = 0;

	if (!codecs->given) {
		out[count++] = &config->compression.choice;
	}
	for (size_t i = 0; i < codecs->count; i++) {
		out[count++] = &codecs->list[i];
	}
	return count;
}

int tenon__config_check_codecs(const struct tenon_config *config,
			       struct tenon_error *err)
{
	const struct tenon__choice *compression = &config->compression.choice;
	char other[PLACE_BYTES];

	if (!config->codecs.given ||
	    config->settings.compression_threshold_bytes == 0) {
		return 0;
	}
	return tenon__error_place(
		err, TENON_ECONFIG, &config->codecs.place,
		"keys '%s'%s and 'codecs' both configure compression, expected only one; remove one, or set %s to 0",
		compression->asker,
		print_place(other, " (in ", &compression->place, ")"),
		compression->asker);
}
