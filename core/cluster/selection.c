/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/selection.h"

#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "option/option.h"

/* A hash that the ring or an option uses. */
struct tenon__hash_part {
	struct tenon__hash_part *next;
	struct tenon__chosen chosen;
	bool has_defaults; /* all options have their defaults, so the hash can be shared */
	struct tenon_hash hash;
};

/* A plugin that an option names. */
struct tenon__inner_part {
	struct tenon__inner_part *next;
	struct tenon__chosen chosen;
	struct tenon_inner inner;
};

void tenon__selection_init(struct tenon__selection *selection,
			   struct tenon__registry *registry,
			   const struct tenon__log *log)
{
	*selection = (struct tenon__selection){
		.registry = tenon__registry_ref(registry),
		.log = log,
	};
}

/* Fill *chosen, and add it to the list of the selection. */
static int take(struct tenon__selection *selection,
		struct tenon__chosen *chosen, const struct tenon__plugin *plugin,
		const struct tenon__node *options,
		const struct tenon__option_owner *owner,
		const struct tenon__place *place, struct tenon_error *err)
{
	chosen->next = selection->chosen;
	selection->chosen = chosen;
	return tenon__chosen_init(chosen, plugin, options, *owner,
				  selection->log, place, err);
}

int tenon__select_hash(struct tenon__selection *selection,
		       const struct tenon_hash **out,
		       const struct tenon__plugin_query *query,
		       const struct tenon__node *options,
		       struct tenon_error *err)
{
	const struct tenon__option_owner owner = { .subject = NULL };
	const struct tenon__plugin *plugin;
	struct tenon_error reported = { .code = 0 };
	struct tenon__hash_part *part;
	int code = tenon__registry_find(selection->registry, &plugin, query, err);

	if (code) {
		return code;
	}
	for (part = selection->hashes; part && !options;
	     part = part->next) {
		if (part->chosen.plugin == plugin &&
		    part->has_defaults) {
			*out = &part->hash;
			return 0;
		}
	}
	part = tenon__calloc(1, sizeof(*part));
	if (!part) {
		return tenon__error_no_memory(err);
	}
	part->has_defaults = !options;
	part->next = selection->hashes;
	selection->hashes = part;
	code = take(selection, &part->chosen, plugin, options, &owner,
		    &query->place, err);
	if (code) {
		return code;
	}
	code = tenon__hash_create(&part->hash, plugin,
				  part->chosen.options,
				  &part->chosen.host.table, &reported);
	if (code) {
		return tenon__plugin_error(err, code, &reported, plugin, "init",
					   &query->place);
	}
	*out = &part->hash;
	return 0;
}

/* Make the hash that an option of the type HASH names; payload is the selection. */
static int make_option_hash(void *payload, const struct tenon_hash **out,
			    const char *asker, const char *name,
			    const struct tenon__place *place,
			    struct tenon_error *err)
{
	const struct tenon__plugin_query query = {
		.kind = TENON_KIND_HASH,
		.name = name,
		.asker = asker,
		.place = *place,
	};

	return tenon__select_hash(payload, out, &query, NULL, err);
}

static struct tenon__option_owner option_owner(
	struct tenon__selection *selection, const char *folder);

static int fill_inner(struct tenon__inner_part *part,
		      struct tenon__selection *selection,
		      const struct tenon__plugin_query *query,
		      const struct tenon__node *options, const char *folder,
		      struct tenon_error *err)
{
	const struct tenon__option_owner owner = option_owner(selection, folder);
	const struct tenon__plugin *plugin;
	int code = tenon__registry_find(selection->registry, &plugin,
					query, err);

	if (!code) {
		code = take(selection, &part->chosen, plugin, options, &owner,
			    &query->place, err);
	}
	if (!code) {
		part->inner = (struct tenon_inner){
			.size = sizeof(part->inner),
			.kind = plugin->kind,
			.name = plugin->name,
			.ops = &plugin->ops,
			.options = part->chosen.options,
			.host = &part->chosen.host.table,
		};
	}
	return code;
}

/* Make the plugin that an option of the type PLUGIN names; payload is the selection. */
static int make_inner(void *payload, const struct tenon_inner **out,
		      uint32_t kind, const char *asker, const char *name,
		      const struct tenon__node *options,
		      const struct tenon__place *place, const char *folder,
		      struct tenon_error *err)
{
	struct tenon__selection *selection = payload;
	const struct tenon__plugin_query query = {
		.kind = kind,
		.name = name,
		.asker = asker,
		.place = *place,
	};
	struct tenon__inner_part *part;
	int code;

	if (selection->wrapped_depth == TENON_WRAPPED_DEPTH_MAX) {
		return tenon__error_place(
			err, TENON_ECONFIG, place,
			"%s: found more than %d plugins in one another", asker,
			TENON_WRAPPED_DEPTH_MAX);
	}
	part = tenon__calloc(1, sizeof(*part));
	if (!part) {
		return tenon__error_no_memory(err);
	}
	part->next = selection->inners;
	selection->inners = part;
	selection->wrapped_depth++;
	code = fill_inner(part, selection, &query, options, folder, err);
	selection->wrapped_depth--;
	*out = &part->inner;
	return code;
}

static struct tenon__option_owner option_owner(
	struct tenon__selection *selection, const char *folder)
{
	return (struct tenon__option_owner){
		.hash = make_option_hash,
		.inner = make_inner,
		.payload = selection,
		.folder = folder,
	};
}

#define ASKER_BYTES 64

/* Make the query for the plugin of a choice. The text goes to asker, which has ASKER_BYTES. */
static struct tenon__plugin_query make_query(
	const struct tenon__choice *choice, char *asker)
{
	snprintf(asker, ASKER_BYTES, "key '%s'", choice->asker);
	return (struct tenon__plugin_query){
		.kind = choice->key->kind,
		.name = choice->name,
		.asker = asker,
		.place = choice->place,
		.optional = choice->optional,
	};
}

int tenon__select(struct tenon__selection *selection,
		  const struct tenon__choice *choice,
		  struct tenon__chosen *chosen, struct tenon_error *err)
{
	const struct tenon__plugin *plugin;
	const struct tenon__option_owner owner =
		option_owner(selection, choice->folder);
	char asker[ASKER_BYTES];
	struct tenon__plugin_query query = make_query(choice, asker);
	int code = tenon__registry_find(selection->registry, &plugin,
					&query, err);

	if (code || !plugin) {
		return code;
	}
	return take(selection, chosen, plugin, choice->options, &owner,
		    &choice->place, err);
}

int tenon__select_chosen_hash(struct tenon__selection *selection,
			      const struct tenon_hash **out,
			      const struct tenon__choice *choice,
			      struct tenon_error *err)
{
	char asker[ASKER_BYTES];
	struct tenon__plugin_query query = make_query(choice, asker);

	return tenon__select_hash(selection, out, &query, choice->options, err);
}

const struct tenon_option *tenon__selection_hash_rows(
	const struct tenon__selection *selection, const struct tenon_hash *hash)
{
	const struct tenon__hash_part *part = selection->hashes;

	while (part && part->hash.ops != hash->ops) {
		part = part->next;
	}
	return part ? part->chosen.plugin->options : NULL;
}

static void free_hashes(struct tenon__hash_part *part)
{
	while (part) {
		struct tenon__hash_part *next = part->next;

		tenon__hash_destroy(&part->hash);
		tenon__chosen_fini(&part->chosen);
		tenon__free(part);
		part = next;
	}
}

static void free_inners(struct tenon__inner_part *part)
{
	while (part) {
		struct tenon__inner_part *next = part->next;

		tenon__chosen_fini(&part->chosen);
		tenon__free(part);
		part = next;
	}
}

void tenon__selection_fini(struct tenon__selection *selection)
{
	free_inners(selection->inners);
	free_hashes(selection->hashes); /* after the options, which point to hashes */
	tenon__registry_unref(selection->registry);
}
