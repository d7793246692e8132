/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/preset.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "wire/part.h"

/* The keys that a preset may set, by enum tenon__ring_key. */
static const char *const ring_keys[TENON__RING_KEY_COUNT] = {
	"hash_function", "distribution", "hash_tag", "hash_part", "hash_prefix",
	"prefix_rule"
};

static enum tenon__ring_key ring_key_of(const char *name)
{
	size_t key = 0;

	while (key < TENON__RING_KEY_COUNT &&
	       !tenon__same_word(ring_keys[key], name)) {
		key++;
	}
	return (enum tenon__ring_key)key;
}

bool tenon__preset_is_own(const struct tenon_config *config, const char *name)
{
	enum tenon__ring_key key = ring_key_of(name);

	return key < TENON__RING_KEY_COUNT && config->ring.own[key].given;
}

const char *tenon__preset_name(const struct tenon_config *config)
{
	return config->ring.preset ? config->ring.preset->name
				   : tenon__default_ring;
}

/* Find an entry of a map, or NULL. map may be NULL. */
static const struct tenon__node *entry_of(const struct tenon__node *map,
					  const char *name)
{
	const struct tenon__node *entry = map ? map->first : NULL;

	while (entry && !tenon__same_word(entry->key, name)) {
		entry = entry->next;
	}
	return entry;
}

/* ---- reading ------------------------------------------------------------ */

/* Parse the text of a preset. The tree lives as long as the config, since choices point into it. */
static int parse_preset(struct tenon_config *config,
			const struct tenon__preset *preset,
			struct tenon_error *err)
{
	struct tenon__source *source = tenon__calloc(1, sizeof(*source));
	size_t where_len = strlen("ring ") + strlen(preset->name);

	if (!source) {
		return tenon__error_no_memory(err);
	}
	source->next = config->ring.sources;
	config->ring.sources = source;
	source->len = strlen(preset->text);
	source->text = tenon__strndup(preset->text, source->len);
	source->where = tenon__alloc(where_len + 1);
	if (!source->text || !source->where) {
		return tenon__error_no_memory(err);
	}
	memcpy(source->where, "ring ", 5);
	memcpy(source->where + 5, preset->name, where_len - 4);
	return tenon__node_parse(&source->root, source->where, source->text,
				 source->len, err);
}

/* ---- precedence --------------------------------------------------------- */

/* Give a key that the config does not set the value of the ring, or its default. */
static int fill(struct tenon_config *config, const char *name,
		struct tenon_error *err)
{
	static char empty[] = "";
	static const struct tenon__node nothing = { .text = empty,
						    .plain = true,
						    .place = { "", 0, 0 } };
	const struct tenon__node *value =
		entry_of(config->ring.sources->root, name);

	value = value ? value : &nothing;
	int code = tenon__config_read_plain(config, name, &value->place, value,
					    "", err);
	/* errors that come later name the place of `ring` in the config */
	for (size_t i = 0; i < TENON__ROLE_COUNT && !code; i++) {
		if (tenon__same_word(config->choices[i].key->name, name)) {
			config->choices[i].place = config->ring.place;
		}
	}
	return code;
}

/* A hash function without options gets those that the ring has for it. */
static void fill_hash_options(struct tenon_config *config)
{
	struct tenon__choice *hash = &config->choices[TENON__ROLE_HASH];
	const struct tenon__node *all =
		entry_of(config->ring.sources->root, "hash_options");

	if (config->ring.gave_options) {
		hash->options = NULL;
	}
	config->ring.gave_options = false;
	if (!hash->options) {
		hash->options = entry_of(all, hash->name);
		config->ring.gave_options = hash->options != NULL;
	}
}

/*
 * Hear that a key of the config was read, and give the keys that the config does not set their
 * values of the ring.
 */
static int heed(struct tenon_config *config, const char *name,
		const struct tenon__node *value, struct tenon_error *err)
{
	enum tenon__ring_key key = ring_key_of(name);
	bool is_ring = tenon__same_word(name, "ring");
	int code = 0;

	if (key < TENON__RING_KEY_COUNT) {
		config->ring.own[key] = (struct tenon__own_key){
			.given = !tenon__node_is_null(value),
			.place = value->place,
			.value = value,
		};
	} else if (!is_ring) {
		return 0;
	} else {
		code = parse_preset(config, config->ring.preset, err);
	}
	if (key == TENON__RING_HASH) {
		config->ring.gave_options = false; /* the choice is a new one */
	}
	if (code || !config->ring.sources) {
		return code; /* the default ring is that of the default plugins */
	}
	for (size_t i = 0; i < TENON__RING_KEY_COUNT && !code; i++) {
		if (!config->ring.own[i].given && (is_ring || i == key)) {
			code = fill(config, ring_keys[i], err);
		}
	}
	if (!code) {
		fill_hash_options(config);
	}
	return code;
}

int tenon__config_read_key(struct tenon_config *config, const char *name,
			   const struct tenon__place *place,
			   const struct tenon__node *value, const char *folder,
			   struct tenon_error *err)
{
	int code = tenon__config_read_plain(config, name, place, value, folder,
					    err);

	return code ? code : heed(config, name, value, err);
}

/* ---- what the config says otherwise -------------------------------------- */

/* Two values of any other form count as different. */
static bool same_scalar(const struct tenon__node *a, const struct tenon__node *b)
{
	return a->type == TENON__NODE_SCALAR && b->type == TENON__NODE_SCALAR &&
	       tenon__same_word(a->text, b->text);
}

const char *tenon__preset_overridden(const struct tenon_config *config,
				     enum tenon__ring_key key)
{
	const struct tenon__own_key *own = &config->ring.own[key];
	const struct tenon__node *value =
		config->ring.sources ?
			entry_of(config->ring.sources->root, ring_keys[key]) :
			NULL;

	return own->given && value && !same_scalar(own->value, value)
		       ? ring_keys[key] : NULL;
}

const char *tenon__preset_hash_name(const struct tenon_config *config,
				    const char *name)
{
	const struct tenon__node *names =
		config->ring.sources ?
			entry_of(config->ring.sources->root, "hash_names") :
			NULL;
	const struct tenon__node *entry = entry_of(names, name);

	return entry && !tenon__same_word(entry->text, name) ? entry->text
							     : NULL;
}

/* ---- checks ------------------------------------------------------------- */

struct tenon__part_rule tenon__preset_part(const struct tenon_config *config)
{
	const struct tenon__settings *settings = &config->settings;
	bool is_key = settings->hash_part == TENON__PART_KEY;

	return (struct tenon__part_rule){
		.part = is_key && settings->hash_tag[0] ?
				TENON__PART_TAG : (uint32_t)settings->hash_part,
		.text = settings->hash_tag,
	};
}

static int refuse(const struct tenon_config *config, enum tenon__ring_key key,
		  const char *text, struct tenon_error *err)
{
	return tenon__error_place(err, TENON_ECONFIG,
				  &config->ring.own[key].place, "key '%s': %s",
				  ring_keys[key], text);
}

int tenon__preset_check(const struct tenon_config *config, bool own_hash,
			struct tenon_error *err)
{
	const struct tenon__part_rule rule = tenon__preset_part(config);
	const struct tenon__own_key *own = config->ring.own;
	size_t len = strlen(rule.text);
	bool is_pair = rule.part == TENON__PART_TAG ||
		       rule.part == TENON__PART_PROXY_TAG;

	if (own_hash && own[TENON__RING_HASH].given) {
		return refuse(config, TENON__RING_HASH,
			      "the distribution hashes keys itself, so this hash function does nothing; remove the key, or choose another ring or distribution",
			      err);
	}
	if (is_pair && len > 0 && len != 2) {
		return refuse(config, TENON__RING_TAG,
			      "expected exactly two characters, as in \"{}\": the hashed part of a key lies between them",
			      err);
	}
	if (rule.part == TENON__PART_MCROUTER && len > 0) {
		return refuse(config, TENON__RING_TAG,
			      "mcrouter's rule for the hashed part of a key has no tag; remove the key, or set hash_part: tag",
			      err);
	}
	if (len == 0 && own[TENON__RING_PART].given &&
	    (is_pair || rule.part == TENON__PART_PROXY_STOP)) {
		return refuse(config, TENON__RING_PART,
			      "needs the key hash_tag, as in hash_tag: \"{}\"",
			      err);
	}
	return 0;
}
