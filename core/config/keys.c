/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a config: the name of each key, and the function that reads its value. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/conf.h"
#include "config/defaults.h"
#include "config/presets.h"
#include "option/option.h"
#include "option/suggest.h"
#include "wire/key.h"
#include "wire/part.h"
#include "wire/protocol.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Longest connect_timeout and poll_timeout: an hour. */
#define TIMEOUT_MAX_MS INT64_C(3600000)
/* Longest retry_timeout and max_idle: a day. */
#define RETRY_MAX_MS (24 * TIMEOUT_MAX_MS)
/* Largest value of each setting that is a size: 1 GiB. */
#define SETTING_MAX_BYTES (INT64_C(1) << 30)

/* In the order of enum tenon__integrity. */
static const char *const integrity_words[] = { "usual", "strict", NULL };

const struct tenon_option tenon__setting_rows[] = {
	{ .name = "prefix",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct tenon__settings, prefix),
	  .min = 0,
	  .max = TENON_KEY_MAX_BYTES - 1,
	  .def_text = "",
	  .help = "text put in front of every key; its length counts towards the 250 bytes of a key" },
	{ .name = "resolve_timeout",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .flags = TENON_OPTION_BARE,
	  .offset = offsetof(struct tenon__settings, resolve_timeout_ms),
	  .min = 1,
	  .max = TIMEOUT_MAX_MS,
	  .def = 200,
	  .help = "longest time to look up a server's name when none of its addresses is known" },
	{ .name = "connect_timeout",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .flags = TENON_OPTION_BARE,
	  .offset = offsetof(struct tenon__settings, connect_timeout_ms),
	  .min = 1,
	  .max = TIMEOUT_MAX_MS,
	  .def = 10,
	  .help = "longest time to make a connection once an address of the server is known" },
	{ .name = "poll_timeout",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .flags = TENON_OPTION_BARE,
	  .offset = offsetof(struct tenon__settings, poll_timeout_ms),
	  .min = 1,
	  .max = TIMEOUT_MAX_MS,
	  .def = 300,
	  .help = "longest time for the network work of an operation, lookups and connecting included; the time of codecs is not part of it" },
	{ .name = "retry_timeout",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .flags = TENON__OPTION_BARE_SECONDS,
	  .offset = offsetof(struct tenon__settings, retry_timeout_ms),
	  .min = 0,
	  .max = RETRY_MAX_MS,
	  .def = 5000,
	  .help = "time after which a failed server is tried again" },
	{ .name = "max_idle",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_MS,
	  .offset = offsetof(struct tenon__settings, max_idle_ms),
	  .min = 0,
	  .max = RETRY_MAX_MS,
	  .def = 0,
	  .help = "a connection that was idle for longer is closed before its next use, and a new one is made; 0 means never" },
	{ .name = "integrity",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct tenon__settings, integrity),
	  .choices = integrity_words,
	  .def_text = "usual",
	  .help = "strict: before retrieval commands too, look for bytes that wait on the idle connection and answer nothing" },
	{ .name = "protocol",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct tenon__settings, protocol),
	  .choices = tenon__protocol_names,
	  .def_text = "classic",
	  .help = "the protocol that the servers and proxies speak: classic text, which all know; the meta commands of memcached 1.6.18 and later; or auto: each connection begins in classic and asks for the version" },
	{ .name = "compression_threshold",
	  .type = TENON_OPTION_SIZE,
	  .flags = TENON_OPTION_BARE,
	  .offset =
		  offsetof(struct tenon__settings, compression_threshold_bytes),
	  .min = 0,
	  .max = SETTING_MAX_BYTES,
	  .def = 0,
	  .help = "values larger than this are compressed as libmc does; 0 means never" },
	{ .name = "max_value_bytes",
	  .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct tenon__settings, max_value_bytes),
	  .min = 1024,
	  .max = SETTING_MAX_BYTES,
	  .def = INT64_C(16) << 20,
	  .help = "largest value that is sent or received" },
	{ .name = "max_operation_bytes",
	  .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct tenon__settings, max_operation_bytes),
	  .min = 1024,
	  .max = SETTING_MAX_BYTES,
	  .def = SETTING_MAX_BYTES,
	  .help = "most bytes of all values that one operation receives, and of all values that its codecs decode" },
	{ .name = "max_chunks",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct tenon__settings, max_chunks),
	  .min = 1,
	  .max = INT64_C(1) << 22,
	  .def = INT64_C(1) << 16,
	  .help = "most chunks of all split values of one operation" },
	{ .name = "item_max",
	  .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct tenon__settings, item_max_bytes),
	  .min = 1024,
	  .max = SETTING_MAX_BYTES,
	  .def = INT64_C(1) << 20,
	  .help = "largest item that the servers accept, as set by memcached -I; a value that makes a larger item together with its key is not sent" },
	{ .name = "user_flags",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct tenon__settings, user_flags),
	  .min = 0,
	  .max = UINT32_MAX,
	  .def = 0xffffff,
	  .help = "sum of the flag bits that belong to the application; a value with another bit that no codec owns is undecodable" },
	{ .name = "enable_flush_all",
	  .type = TENON_OPTION_BOOL,
	  .offset = offsetof(struct tenon__settings, enable_flush_all),
	  .def = 0,
	  .help = "allow flush_all, which empties the servers" },
	{ .name = "hash_tag",
	  .type = TENON_OPTION_STRING,
	  .offset = offsetof(struct tenon__settings, hash_tag),
	  .min = 0,
	  .max = TENON_HASH_TAG_MAX_BYTES,
	  .def_text = "",
	  .help = "two characters, as in \"{}\": only the part of a key between them decides the server" },
	{ .name = "hash_part",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct tenon__settings, hash_part),
	  .choices = tenon__part_words,
	  .def_text = "key",
	  .help = "the part of a key that decides the server: all of it, what is in hash_tag (twemproxy's rule, or that of memcached's proxy), what is before hash_tag, or what mcrouter hashes" },
	{ .name = "hash_prefix",
	  .type = TENON_OPTION_BOOL,
	  .offset = offsetof(struct tenon__settings, hash_prefix),
	  .def = 1,
	  .help = "whether the prefix is part of the hashed key" },
	{ .name = "prefix_rule",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct tenon__settings, prefix_rule),
	  .choices = tenon__prefix_rule_words,
	  .def_text = "libmc",
	  .help = "where the prefix goes: behind a '?' that a key begins with, as in libmc; or always in front" },
	{ .name = "key_rule",
	  .type = TENON_OPTION_CHOICE,
	  .offset = offsetof(struct tenon__settings, key_rule),
	  .choices = tenon__key_rule_words,
	  .def_text = "refuse",
	  .help = "what becomes of a key that cannot be sent: it is refused; md5: its MD5 in hex is sent, as node memcached does; dalli: a key that is too long is cut and gets its MD5, as by Ruby's dalli" },
	{ .name = NULL },
};

/* The most seconds that Linux takes for TCP_KEEPIDLE and TCP_KEEPINTVL, and the most probes. */
#define KEEPALIVE_MAX_S 32767
#define KEEPALIVE_PROBES_MAX 127

/* The options of the key `keepalive`. idle comes first: it is what a single duration sets. */
static const struct tenon_option keepalive_rows[] = {
	{ .name = "idle",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_S,
	  .offset = offsetof(struct tenon__keepalive, idle_s),
	  .min = 1,
	  .max = KEEPALIVE_MAX_S,
	  .def = 60,
	  .help = "time without traffic before the first probe" },
	{ .name = "interval",
	  .type = TENON_OPTION_DURATION,
	  .unit = TENON_UNIT_S,
	  .offset = offsetof(struct tenon__keepalive, interval_s),
	  .min = 1,
	  .max = KEEPALIVE_MAX_S,
	  .def = 10,
	  .help = "time between probes" },
	{ .name = "count",
	  .type = TENON_OPTION_INT,
	  .offset = offsetof(struct tenon__keepalive, count),
	  .min = 1,
	  .max = KEEPALIVE_PROBES_MAX,
	  .def = 3,
	  .help = "probes without an answer before the connection is closed" },
	{ .name = NULL },
};

static const struct tenon__option_owner core_owner = { .subject = NULL };
static const struct tenon__option_owner keepalive_owner = { .subject = "key 'keepalive'" };

/* ---- values of the root keys -------------------------------------------- */

static const struct tenon__root_key *find_root_key(const char *name);

static int unexpected(const struct tenon__root_key *key,
		      const struct tenon__node *value, const char *expected,
		      struct tenon_error *err)
{
	char found[TENON__NODE_FOUND_BYTES];

	return tenon__error_place(err, TENON_ECONFIG, &value->place,
				  "key '%s': found %s, expected %s", key->name,
				  tenon__node_found(found, value), expected);
}

/* Check the choices of secure plugins in the maps of servers. */
static int check_secures(const struct tenon__server_list *list,
			 struct tenon_error *err)
{
	struct tenon__choice choice;
	int code = 0;

	for (size_t i = 0; i < list->count && !code; i++) {
		if (tenon__server_has_secure(&list->entries[i])) {
			code = tenon__server_secure(&choice, &list->entries[i],
						    err);
		}
	}
	return code;
}

static int read_servers(struct tenon_config *config,
			const struct tenon__root_key *key,
			const struct tenon__node *value, const char *folder,
			struct tenon_error *err)
{
	(void)key;
	tenon__server_list_fini(&config->servers);
	if (tenon__node_is_null(value)) {
		return 0;
	}
	int code = tenon__server_list_read(&config->servers, value, folder, err);
	return code ? code : check_secures(&config->servers, err);
}

/* Read the key `auth`. The password is read later: see auth.h. */
static int read_auth(struct tenon_config *config,
		     const struct tenon__root_key *key,
		     const struct tenon__node *value, const char *folder,
		     struct tenon_error *err)
{
	int code = tenon__auth_check(value, err);

	(void)key;
	if (!code) {
		config->auth = (struct tenon__auth){ value, folder };
	}
	return code;
}

static struct tenon__choice default_choice(const struct tenon__root_key *key,
					   const struct tenon__place *place)
{
	return (struct tenon__choice){ .key = key,
				       .asker = key->name,
				       .name = key->def_text,
				       .place = *place };
}

/* Read the choice of a plugin: name, or {name: {option: value}}, or {name: null}. */
static int read_choice(struct tenon__choice *choice,
		       const struct tenon__root_key *key,
		       const struct tenon__node *value, struct tenon_error *err)
{
	const struct tenon__node *options = NULL;

	*choice = default_choice(key, &value->place);
	if (value->type == TENON__NODE_SCALAR && !tenon__node_is_null(value)) {
		choice->name = value->text;
		return 0;
	}
	if (value->type != TENON__NODE_MAP || value->count != 1) {
		return unexpected(key, value,
				  "a plugin's name, or one name with its options as in {name: {option: value}}",
				  err);
	}
	choice->name = value->first->key;
	choice->place = value->first->key_place;
	if (!tenon__node_is_null(value->first)) {
		options = value->first;
	}
	if (options && options->type != TENON__NODE_MAP) {
		return unexpected(key, options,
				  "a map of options after the plugin's name",
				  err);
	}
	choice->options = options;
	return 0;
}

static int read_role(struct tenon_config *config,
		     const struct tenon__root_key *key,
		     const struct tenon__node *value, const char *folder,
		     struct tenon_error *err)
{
	struct tenon__choice *choice = &config->choices[key->role];
	int code = 0;

	if (tenon__node_is_null(value)) {
		*choice = default_choice(key, &value->place);
	} else {
		code = read_choice(choice, key, value, err);
	}
	choice->folder = folder;
	return code;
}

int tenon__choice_secure(struct tenon__choice *choice,
			 const struct tenon__node *value,
			 struct tenon_error *err)
{
	const struct tenon__root_key *key = find_root_key("secure");
	int code = 0;

	if (tenon__node_is_null(value)) {
		*choice = default_choice(key, &value->place);
	} else {
		code = read_choice(choice, key, value, err);
	}
	if (!code && choice->options && tenon__choice_is_none(choice)) {
		return unexpected(key, choice->options,
				  "no options: none is no plugin", err);
	}
	return code;
}

/* Read the key `secure`: a plugin, or none. */
static int read_secure(struct tenon_config *config,
		       const struct tenon__root_key *key,
		       const struct tenon__node *value, const char *folder,
		       struct tenon_error *err)
{
	struct tenon__choice *choice = &config->choices[key->role];
	int code = tenon__choice_secure(choice, value, err);

	choice->folder = folder;
	return code;
}

int tenon__choice_secure_short(struct tenon__choice *choice,
			       const struct tenon__node *value,
			       struct tenon_error *err)
{
	const struct tenon__root_key *key =
		find_root_key(tenon__default_secure_key);
	int32_t on = 0;

	choice->key = find_root_key("secure");
	choice->asker = key->name;
	choice->name = TENON__NO_PLUGIN;
	choice->options = NULL;
	choice->place = value->place;
	if (value->type == TENON__NODE_MAP) {
		choice->options = value;
		on = 1;
	} else if (!tenon__node_is_null(value) &&
		   (value->type != TENON__NODE_SCALAR ||
		    !tenon__option_bool(value->text, &on))) {
		return unexpected(key, value,
				  "true, false or a map of options", err);
	}
	if (on) {
		choice->name = tenon__default_secure_key;
	}
	return 0;
}

int tenon__server_secure(struct tenon__choice *out,
			 const struct tenon__server_entry *entry,
			 struct tenon_error *err)
{
	int code = entry->secure
			   ? tenon__choice_secure(out, entry->secure, err)
			   : tenon__choice_secure_short(
				     out, entry->secure_short, err);

	out->folder = entry->folder;
	return code;
}

/* Read the key that is short for `secure` with the plugin of the same name. */
static int read_secure_short(struct tenon_config *config,
			     const struct tenon__root_key *key,
			     const struct tenon__node *value,
			     const char *folder, struct tenon_error *err)
{
	(void)key;
	config->choices[TENON__ROLE_SECURE].folder = folder;
	return tenon__choice_secure_short(
		&config->choices[TENON__ROLE_SECURE], value, err);
}

/* The keys of the map with a policy for each access, by enum tenon_access. */
static const char *const access_names[TENON_ACCESS_COUNT] = { "read", "write",
							      "delete" };
static const char *const access_askers[TENON_ACCESS_COUNT] = {
	"failover: read", "failover: write", "failover: delete"
};

/*
 * Return true for a map whose first key is an access, and false for a map whose key is the name
 * of a plugin. No failover plugin has the name of an access.
 */
static bool is_by_access(const struct tenon__node *value)
{
	for (size_t i = 0; value->type == TENON__NODE_MAP && value->count > 0 &&
			   i < TENON_ACCESS_COUNT; i++) {
		if (tenon__same_word(value->first->key, access_names[i])) {
			return true;
		}
	}
	return false;
}

/* Return the access that an entry of the map names; TENON_ACCESS_COUNT for an unknown name. */
static size_t find_access(const struct tenon__node *entry)
{
	size_t access = 0;

	while (access < TENON_ACCESS_COUNT &&
	       !tenon__same_word(entry->key, access_names[access])) {
		access++;
	}
	return access;
}

/* Read a map with a policy for each access: {read: policy, write: policy, delete: policy}. */
static int read_by_access(struct tenon__failover *failover,
			  const struct tenon__root_key *key,
			  const struct tenon__node *value,
			  struct tenon_error *err)
{
	bool given[TENON_ACCESS_COUNT] = { false };

	*failover = (struct tenon__failover){ .by_access = true,
					      .count = TENON_ACCESS_COUNT };
	for (size_t i = 0; i < TENON_ACCESS_COUNT; i++) {
		failover->list[i] = default_choice(key, &value->place);
		failover->of[i] = (uint8_t)i;
	}
	for (const struct tenon__node *entry = value->first; entry;
	     entry = entry->next) {
		size_t access = find_access(entry);
		int code;

		if (access == TENON_ACCESS_COUNT || given[access]) {
			return tenon__error_place(
				err, TENON_ECONFIG, &entry->key_place,
				"key '%s': found '%.60s'%s, expected read, write and delete, each at most once",
				key->name, entry->key,
				access < TENON_ACCESS_COUNT ? " twice" : "");
		}
		given[access] = true;
		if (!tenon__node_is_null(entry)) {
			code = read_choice(&failover->list[access], key, entry,
					   err);
			if (code) {
				return code;
			}
		}
	}
	/* by default deletes use the policy of writes, to reach the servers with the values */
	if (!given[TENON_ACCESS_DELETE]) {
		failover->of[TENON_ACCESS_DELETE] = TENON_ACCESS_WRITE;
		failover->count--;
	}
	for (size_t i = 0; i < failover->count; i++) {
		failover->list[i].asker = access_askers[i];
	}
	return 0;
}

/* Read the key `failover`: one policy for everything, or one policy for each access. */
static int read_failover(struct tenon_config *config,
			 const struct tenon__root_key *key,
			 const struct tenon__node *value, const char *folder,
			 struct tenon_error *err)
{
	struct tenon__failover failover = { .count = 1 };
	int code = 0;

	(void)folder;
	if (is_by_access(value)) {
		code = read_by_access(&failover, key, value, err);
	} else if (tenon__node_is_null(value)) {
		failover.list[0] = default_choice(key, &value->place);
	} else {
		code = read_choice(&failover.list[0], key, value, err);
	}
	if (!code) {
		config->failover = failover;
	}
	return code;
}

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
	code = read_choice(choice, key, value, err);
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

/* Read the key `codecs`: a list of codecs, or a single codec, or none. */
static int read_codecs(struct tenon_config *config,
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
		return unexpected(key, value,
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

/* Read the key `keepalive`: off, on, the idle time, or a map of options. */
static int read_keepalive(struct tenon_config *config,
			  const struct tenon__root_key *key,
			  const struct tenon__node *value, const char *folder,
			  struct tenon_error *err)
{
	bool is_map = value->type == TENON__NODE_MAP;
	int32_t is_on = 1;
	bool is_switch = value->type == TENON__NODE_SCALAR && value->plain &&
			 tenon__option_bool(value->text, &is_on);
	struct tenon__keepalive keepalive;

	(void)key;
	(void)folder;
	int code = tenon__option_fill(keepalive_rows, &keepalive,
				  is_map ? value : NULL, &keepalive_owner,
				  &value->place, err);
	if (!code && !is_map && !is_switch) {
		code = tenon__option_set(&keepalive_rows[0], &keepalive, value,
					 &keepalive_owner, err);
	}
	if (!code) {
		config->keepalive = keepalive;
		config->keepalive.idle_s *= is_on;
	}
	return code;
}

/*
 * List the rings whose names begin with a word and '-', as "; did you mean a-b, a-c?", for the
 * word `twemproxy` or `mcrouter`. Writes "" when no name does.
 */
#define RINGS_HINT_BYTES 256
static void print_rings_of(char out[RINGS_HINT_BYTES], const char *word)
{
	size_t word_len = strlen(word);
	size_t len = 0;

	out[0] = '\0';
	for (const struct tenon__preset *preset = tenon__presets; preset->name;
	     preset++) {
		if (strncmp(preset->name, word, word_len) == 0 &&
		    preset->name[word_len] == '-' && len < RINGS_HINT_BYTES) {
			len += (size_t)snprintf(out + len, RINGS_HINT_BYTES - len,
						"%s%s",
						len > 0 ? ", " : "; did you mean ",
						preset->name);
		}
	}
	if (len > 0 && len < RINGS_HINT_BYTES) {
		snprintf(out + len, RINGS_HINT_BYTES - len, "?");
	}
}

static int unknown_ring(const struct tenon__node *value,
			struct tenon_error *err)
{
	const char *word = value->type == TENON__NODE_SCALAR ? value->text : "";
	struct tenon__suggestion near;
	char hint[TENON__SUGGESTION_BYTES];
	char rings[RINGS_HINT_BYTES];
	char found[TENON__NODE_FOUND_BYTES];
	const char *after = "; `tenon plugins rings` lists them";

	print_rings_of(rings, word);
	tenon__suggest_begin(&near, word);
	for (const struct tenon__preset *preset = tenon__presets; preset->name;
	     preset++) {
		tenon__suggest_offer(&near, preset->name);
	}
	tenon__suggest_print(hint, &near);
	after = hint[0] ? hint : after;
	after = rings[0] ? rings : after;
	return tenon__error_place(
		err, TENON_ECONFIG, &value->place,
		"key 'ring': found %s, expected the name of a ring%s",
		tenon__node_found(found, value), after);
}

static const struct tenon__preset *find_preset(const struct tenon__node *value)
{
	const struct tenon__preset *preset = tenon__presets;

	if (tenon__node_is_null(value)) {
		return preset;
	}
	if (value->type != TENON__NODE_SCALAR) {
		return NULL;
	}
	while (preset->name && !tenon__same_word(preset->name, value->text)) {
		preset++;
	}
	return preset->name ? preset : NULL;
}

/* Read the key `ring`. preset.c gives the keys that the ring chooses their values. */
static int read_ring(struct tenon_config *config,
		     const struct tenon__root_key *key,
		     const struct tenon__node *value, const char *folder,
		     struct tenon_error *err)
{
	const struct tenon__preset *preset = find_preset(value);

	(void)key;
	(void)folder;
	if (!preset) {
		return unknown_ring(value, err);
	}
	config->ring.preset = preset;
	config->ring.place = value->place;
	return 0;
}

/*
 * Join a path with its folder. The path of a file always gets a slash: without one, dlopen()
 * searches other folders for the file.
 */
static char *join_path(const char *folder, const char *path, bool is_file)
{
	bool is_bare = is_file && folder[0] == '\0' && !strchr(path, '/');

	return tenon__path_join(is_bare ? "." : folder, path);
}

/* Read the path in one node and join it with folder. *out is a new string. */
static int read_path(char **out, const struct tenon__root_key *key,
		     const struct tenon__node *node, const char *folder,
		     bool is_file, struct tenon_error *err)
{
	if (node->type != TENON__NODE_SCALAR || tenon__node_is_null(node) ||
	    node->text[0] == '\0') {
		return unexpected(key, node, "a path", err);
	}
	*out = join_path(folder, node->text, is_file);
	return *out ? 0 : tenon__error_no_memory(err);
}

/* Return the first node of a list, or the value itself when it is a single path. NULL: none. */
static const struct tenon__node *first_path(const struct tenon__node *value)
{
	if (tenon__node_is_null(value)) {
		return NULL;
	}
	return value->type == TENON__NODE_LIST ? value->first : value;
}

static const struct tenon__node *next_path(const struct tenon__node *value,
					   const struct tenon__node *node)
{
	return node != value ? node->next : NULL;
}

static int read_plugins(struct tenon_config *config,
			const struct tenon__root_key *key,
			const struct tenon__node *value, const char *folder,
			struct tenon_error *err)
{
	const struct tenon__node *node = first_path(value);
	int code = 0;

	for (; node && !code; node = next_path(value, node)) {
		char *path = NULL;

		code = read_path(&path, key, node, folder, true, err);
		if (!code) {
			code = tenon__registry_load(config->registry, path,
						    &node->place, err);
		}
		tenon__free(path);
	}
	return code;
}

static int read_plugin_path(struct tenon_config *config,
			    const struct tenon__root_key *key,
			    const struct tenon__node *value, const char *folder,
			    struct tenon_error *err)
{
	const struct tenon__node *node = first_path(value);
	struct tenon__folders folders = { NULL, 0 };
	int code = 0;

	for (; node && !code; node = next_path(value, node)) {
		char *path = NULL;

		code = read_path(&path, key, node, folder, false, err);
		if (!code &&
		    tenon__folders_add(&folders, path, strlen(path)) != 0) {
			code = tenon__error_no_memory(err);
		}
		tenon__free(path);
	}
	if (!code) {
		tenon__registry_set_folders(config->registry, &folders);
	}
	tenon__folders_fini(&folders);
	return code;
}

const struct tenon__root_key tenon__root_keys[] = {
	{ "servers", "list", "",
	  "\"host[:port][ alias]\", \"[ipv6]:port[ alias]\", \"/path.sock[ alias]\" or {address, alias, weight, pool, labels, auth, secure} for each server",
	  read_servers, 0, 0 },
	{ "ring", "choice", tenon__default_ring,
	  "the clients whose placement of keys is kept; chooses hash_function, distribution and the hashed part of a key; `tenon plugins rings` lists the names",
	  read_ring, 0, 0 },
	{ "hash_function", "plugin", tenon__default_hash_function,
	  "hash plugin that turns keys into numbers", read_role, TENON__ROLE_HASH,
	  TENON_KIND_HASH },
	{ "distribution", "plugin", tenon__default_distribution,
	  "distribution plugin that spreads keys over servers", read_role,
	  TENON__ROLE_DISTRIBUTION, TENON_KIND_DISTRIBUTION },
	{ "transport", "plugin", tenon__default_transport,
	  "transport plugin that exchanges bytes with the servers", read_role,
	  TENON__ROLE_TRANSPORT,
	  TENON_KIND_TRANSPORT },
	{ "secure", "plugin", TENON__NO_PLUGIN,
	  "secure plugin between the protocol and the transport, or none: bytes are sent as they are",
	  read_secure, TENON__ROLE_SECURE, TENON_KIND_SECURE },
	{ tenon__default_secure_key, "switch or map", "false",
	  "true is short for `secure` with the plugin of this name, a map also gives its options, and false is `secure: none`; of the two keys the last one counts",
	  read_secure_short, 0, 0 },
	{ "auth", "map", TENON__NO_PLUGIN,
	  "{user: NAME, password_file: FILE} that each new connection begins with, or password_environment: VARIABLE in place of the file",
	  read_auth, 0, 0 },
	{ "codecs", "list", tenon__default_codecs,
	  "codec plugins that values go through, in this order, or none; each is a name or {name: {option: value}}",
	  read_codecs, 0, TENON_KIND_CODEC },
	{ "failover", "plugin", tenon__default_failover,
	  "failover plugin that decides where the keys of failed servers go, or {read: plugin, write: plugin, delete: plugin}",
	  read_failover, 0, TENON_KIND_FAILOVER },
	{ "keepalive", "map", "60s",
	  "{idle: duration, interval: duration, count: int} of TCP keepalive, or the idle time alone, or off",
	  read_keepalive, 0, 0 },
	{ "plugins", "list", "",
	  "files with plugins to load, relative to the config's folder",
	  read_plugins, 0, 0 },
	{ "plugin_path", "list", "",
	  "folders that are searched first for plugins, relative to the config's folder",
	  read_plugin_path, 0, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0, 0 },
};

static const struct tenon__root_key *find_root_key(const char *name)
{
	for (const struct tenon__root_key *key = tenon__root_keys; key->name;
	     key++) {
		if (tenon__same_word(key->name, name)) {
			return key;
		}
	}
	return NULL;
}

/* A threshold that no value can exceed, so that nothing is compressed. */
#define NEVER_BYTES SETTING_MAX_BYTES

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

/*
 * Choose the default compressor with its options, as the key compression_threshold says. place
 * is the place of the key's value. With the threshold 0 no value is compressed, but values that
 * other clients have compressed can be read.
 */
static void set_compression(struct tenon_config *config,
			    const char *key_name,
			    const struct tenon__place *place)
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
		.key = find_root_key("codecs"),
		.asker = key_name,
		.name = tenon__default_compressor,
		.options = &compression->options,
		.place = *place,
		.optional = threshold == 0,
	};
}

/* Check that the prefix has only bytes that may be in a key, because it becomes part of keys. */
static int check_prefix(const struct tenon_config *config,
			const struct tenon__place *place,
			struct tenon_error *err)
{
	for (const char *at = config->settings.prefix; *at != '\0'; at++) {
		if ((unsigned char)*at <= ' ' || *at == 0x7f) {
			return tenon__error_place(
				err, TENON_ECONFIG, place,
				"key 'prefix': found '%s', expected no space and no control byte",
				config->settings.prefix);
		}
	}
	return 0;
}

static int read_setting(struct tenon_config *config,
			const struct tenon_option *row,
			const struct tenon__node *value,
			struct tenon_error *err)
{
	int code = tenon__option_set(row, &config->settings, value, &core_owner,
				     err);

	if (!code && row->offset == offsetof(struct tenon__settings,
					     compression_threshold_bytes)) {
		set_compression(config, row->name, &value->place);
	}
	return code ? code : check_prefix(config, &value->place, err);
}

/* ---- keys --------------------------------------------------------------- */

static int unknown_key(const char *name, const struct tenon__place *place,
		       struct tenon_error *err)
{
	struct tenon__suggestion near;
	char hint[TENON__SUGGESTION_BYTES];

	tenon__suggest_begin(&near, name);
	for (const struct tenon__root_key *key = tenon__root_keys; key->name;
	     key++) {
		tenon__suggest_offer(&near, key->name);
	}
	for (const struct tenon_option *row = tenon__setting_rows; row->name;
	     row++) {
		tenon__suggest_offer(&near, row->name);
	}
	tenon__suggest_print(hint, &near);
	return tenon__error_place(
		err, TENON_ECONFIG, place, "key '%.60s': unknown%s", name,
		hint[0] != '\0' ? hint :
				  ", expected one that `tenon plugins core` lists");
}

int tenon__config_read_plain(struct tenon_config *config, const char *name,
			     const struct tenon__place *place,
			     const struct tenon__node *value,
			     const char *folder, struct tenon_error *err)
{
	const struct tenon__root_key *key = find_root_key(name);
	const struct tenon_option *row;

	if (key) {
		return key->read(config, key, value, folder, err);
	}
	row = tenon__option_find(tenon__setting_rows, name);
	if (!row) {
		return unknown_key(name, place, err);
	}
	return read_setting(config, row, value, err);
}

int tenon__config_reset(struct tenon_config *config, struct tenon_error *err)
{
	static const struct tenon__place nowhere = { "", 0, 0 };

	for (const struct tenon__root_key *key = tenon__root_keys; key->name;
	     key++) {
		if (key->read == read_role || key->read == read_secure) {
			config->choices[key->role] =
				default_choice(key, &nowhere);
		} else if (key->read == read_failover) {
			config->failover = (struct tenon__failover){
				.count = 1,
				.list = { default_choice(key, &nowhere) },
			};
		} else if (key->read == read_codecs) {
			config->codecs.list[0] = default_choice(key, &nowhere);
			config->codecs.list[0].name = tenon__default_splitter;
			config->codecs.list[0].optional = true;
			config->codecs.count = 1;
		}
	}
	set_compression(config, "codecs", &nowhere);
	/* rows of numbers: their defaults cannot fail */
	(void)tenon__option_fill(keepalive_rows, &config->keepalive, NULL,
				 &keepalive_owner, &nowhere, NULL);
	return tenon__option_fill(tenon__setting_rows, &config->settings, NULL,
				  &core_owner, &nowhere, err);
}

bool tenon__choice_is_none(const struct tenon__choice *choice)
{
	return tenon__same_word(choice->name, TENON__NO_PLUGIN);
}

/* ---- codecs ------------------------------------------------------------- */

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
