/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/client.h"
#include "connection/filter.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "config/conf.h"
#include "config/preset.h"
#include "connection/faults.h"
#include "option/option.h"
#include "option/quantity.h"
#include "option/row_text.h"
#include "plugin/kind.h"
#include "tenon/introspect.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The description of one option, with the strings that info points to. */
struct described {
	struct tenon_option_info info;
	char default_text[TENON__OPTION_TEXT_BYTES];
	char range[TENON__OPTION_TEXT_BYTES];
	char choices[TENON__OPTION_TEXT_BYTES];
	char units[TENON__OPTION_TEXT_BYTES];
};

static void describe(struct described *out, const struct tenon_option *row)
{
	tenon__option_print_default(out->default_text, row);
	tenon__option_print_range(out->range, row);
	tenon__option_print_choices(out->choices, row);
	tenon__quantity_print_units(out->units, row);
	out->info = (struct tenon_option_info){
		.name = row->name,
		.type = tenon__option_type_name(row),
		.default_text = out->default_text,
		.range = out->range,
		.choices = out->choices,
		.units = out->units,
		.bare_unit = tenon__quantity_bare_unit(row),
		.help = row->help,
	};
}

static void describe_key(struct tenon_option_info *out,
			 const struct tenon__root_key *key)
{
	*out = (struct tenon_option_info){
		.name = key->name,
		.type = key->type,
		.default_text = key->def_text,
		.range = "",
		.choices = "",
		.units = "",
		.bare_unit = "",
		.help = key->help,
	};
}

/*
 * Describe the keys (NULL: none) and the option rows (NULL: none) in *info, and call
 * fn(info, payload). The options live only during that call. Errors: TENON_ENOMEM.
 */
static int tell(struct tenon_plugin_info *info,
		const struct tenon__root_key *keys,
		const struct tenon_option *rows, tenon_plugin_fn fn,
		void *payload)
{
	struct tenon_option_info *options;
	struct described *texts;
	size_t key_count = 0;
	size_t row_count = 0;
	int code = TENON_ENOMEM;

	while (keys && keys[key_count].name) {
		key_count++;
	}
	while (rows && rows[row_count].name) {
		row_count++;
	}
	options = tenon__calloc(key_count + row_count, sizeof(*options));
	texts = tenon__calloc(row_count, sizeof(*texts));
	if (options && texts) {
		for (size_t i = 0; i < key_count; i++) {
			describe_key(&options[i], &keys[i]);
		}
		for (size_t i = 0; i < row_count; i++) {
			describe(&texts[i], &rows[i]);
			options[key_count + i] = texts[i].info;
		}
		info->options = options;
		info->option_count = key_count + row_count;
		fn(info, payload);
		code = 0;
	}
	tenon__free(texts);
	tenon__free(options);
	return code;
}

static int tell_core(tenon_plugin_fn fn, void *payload)
{
	struct tenon_plugin_info info = {
		.kind = "core",
		.name = "core",
		.version = tenon_version(),
		.summary = "keys of the config",
		.origin = TENON__BUILTIN_ORIGIN,
		.problem = "",
	};

	return tell(&info, tenon__root_keys, tenon__setting_rows, fn, payload);
}

static int tell_plugin(const struct tenon__plugin *plugin, tenon_plugin_fn fn,
		       void *payload)
{
	struct tenon_plugin_info info = {
		.kind = plugin->kind_name,
		.name = plugin->name,
		.version = plugin->version,
		.summary = plugin->summary,
		.origin = plugin->origin,
		.problem = "",
	};

	return tell(&info, NULL, plugin->options, fn, payload);
}

/* The function that is told of modules that were refused. */
struct listener {
	tenon_plugin_fn fn;
	void *payload;
};

static void tell_refused(const char *kind_name, const char *name,
			 const char *path, const char *problem, void *payload)
{
	const struct listener *listener = payload;
	const struct tenon_plugin_info info = {
		.kind = kind_name,
		.name = name,
		.version = "",
		.summary = "",
		.origin = path,
		.problem = problem,
	};

	listener->fn(&info, listener->payload);
}

int tenon_config_each_plugin(struct tenon_config *config, tenon_plugin_fn fn,
			     void *payload, struct tenon_error *err)
{
	struct listener listener = { fn, payload };
	const struct tenon__plugin *plugin;
	int code;

	tenon__error_clear(err);
	code = tell_core(fn, payload);
	if (code) {
		return tenon__error_no_memory(err);
	}
	code = tenon__registry_load_all(config->registry, tell_refused,
					&listener, err);
	plugin = tenon__registry_first(config->registry);
	for (; plugin && !code; plugin = plugin->next) {
		code = tell_plugin(plugin, fn, payload);
		if (code) {
			tenon__error_no_memory(err);
		}
	}
	return code;
}

/* ---- rings --------------------------------------------------------------- */

int tenon_ring_row(size_t index, struct tenon_ring *out)
{
	for (size_t i = 0; i <= index; i++) {
		if (!tenon__presets[i].name) {
			return TENON_EINVAL;
		}
	}
	*out = (struct tenon_ring){
		.name = tenon__presets[index].name,
		.whose = tenon__presets[index].whose,
		.keys = tenon__presets[index].text,
	};
	return 0;
}

/* ---- the settings of a config -------------------------------------------- */

/* Room for the path to an option. A longer one is cut. */
#define PATH_BYTES 400

static void tell_setting(const char *name, const char *value, tenon_setting_fn fn,
		 void *payload)
{
	fn(&(const struct tenon_setting_info){ .name = name,
					       .value = value,
					       .kind = "",
					       .version = "",
					       .origin = "" },
	   payload);
}

/* Append text to out, which has TENON__OPTION_TEXT_BYTES. What does not fit is cut. */
static void append(char *out, const char *text)
{
	size_t len = strlen(out);

	snprintf(out + len, TENON__OPTION_TEXT_BYTES - len, "%s", text);
}

/* Append a node of the config as it would stand in one line. */
static void append_node(char *out, const struct tenon__node *node)
{
	const bool is_map = node->type == TENON__NODE_MAP;

	if (node->type == TENON__NODE_SCALAR) {
		append(out, node->text ? node->text : "");
		return;
	}
	append(out, is_map ? "{" : "[");
	for (const struct tenon__node *entry = node->first; entry;
	     entry = entry->next) {
		append(out, entry == node->first ? "" : ", ");
		append(out, is_map ? entry->key : "");
		append(out, is_map ? ": " : "");
		append_node(out, entry);
	}
	append(out, is_map ? "}" : "]");
}

/*
 * Print the value in an option struct. To print the value, it is made the default of a copy of the
 * row, as there is a function that prints defaults.
 */
static void print_field(char value[TENON__OPTION_TEXT_BYTES],
			const struct tenon_option *row, const void *options)
{
	const char *field = (const char *)options + row->offset;
	struct tenon_option now = *row;
	int32_t word;

	if (row->type == TENON_OPTION_STRING) {
		memcpy(&now.def_text, field, sizeof(now.def_text));
	} else if (row->type == TENON_OPTION_BOOL) {
		memcpy(&word, field, sizeof(word));
		now.def = word;
	} else if (row->type == TENON_OPTION_CHOICE) {
		memcpy(&word, field, sizeof(word));
		now.def_text = row->choices[word];
	} else {
		memcpy(&now.def, field, sizeof(now.def));
	}
	tenon__option_print_default(value, &now);
}

/* Print the value that an option gets from a node: in the unit of the row, paths with their folder. */
static void print_given(char out[TENON__OPTION_TEXT_BYTES],
			const struct tenon_option *row,
			const struct tenon__node *node, const char *folder)
{
	const struct tenon__option_owner owner = { .folder = folder };
	struct tenon_option rows[] = { *row, { .name = NULL } };
	max_align_t field[1] = { 0 };
	struct tenon_error err;

	out[0] = '\0';
	rows[0].offset = 0;
	if (node->type != TENON__NODE_SCALAR ||
	    row->type == TENON_OPTION_HASH || row->type >= TENON_OPTION_LIST ||
	    tenon__option_set(rows, field, node, &owner, &err) != 0) {
		append_node(out, node);
	} else {
		print_field(out, rows, field);
	}
	tenon__option_fini(rows, field);
}

/* Tell fn each option of a plugin, as "KIND.PLUGIN.OPTION", with the value that the plugin gets. */
static void tell_options(const char *name, const struct tenon__plugin *plugin,
			 const struct tenon__choice *choice,
			 tenon_setting_fn fn, void *payload)
{
	for (const struct tenon_option *row = plugin->options; row->name;
	     row++) {
		const struct tenon__node *node =
			choice->options ? choice->options->first : NULL;
		char value[TENON__OPTION_TEXT_BYTES];
		char path[PATH_BYTES];

		while (node && !tenon__same_word(node->key, row->name)) {
			node = node->next;
		}
		if (node && !tenon__node_is_null(node)) {
			print_given(value, row, node, choice->folder);
		} else {
			tenon__option_print_default(value, row);
		}
		snprintf(path, sizeof(path), "%s.%s.%s", name, plugin->name,
			 row->name);
		tell_setting(path, value, fn, payload);
	}
}

/*
 * Tell fn one key whose value is a plugin, and the plugin's options. A key with a list of plugins is
 * told once for each.
 */
static void tell_choice(const struct tenon_config *config, const char *name,
			const struct tenon__choice *choice, tenon_setting_fn fn,
			void *payload)
{
	struct tenon_setting_info info = {
		.name = name,
		.value = choice->name,
		.kind = tenon__kind_name(choice->key->kind),
		.version = "",
		.origin = "",
	};
	const struct tenon__plugin *plugin =
		tenon__registry_first(config->registry);

	while (plugin && (plugin->kind != choice->key->kind ||
			  !tenon__same_word(plugin->name, choice->name))) {
		plugin = plugin->next;
	}
	if (plugin) {
		info.version = plugin->version;
		info.origin = plugin->origin;
	}
	fn(&info, payload);
	if (plugin) {
		tell_options(name, plugin, choice, fn, payload);
	}
}

static void tell_failover(const struct tenon_config *config,
			  tenon_setting_fn fn, void *payload)
{
	static const char *const names[TENON_ACCESS_COUNT] = {
		"failover.read", "failover.write", "failover.delete"
	};
	const struct tenon__failover *failover = &config->failover;

	if (!failover->by_access) {
		tell_choice(config, failover->list[0].key->name,
			    &failover->list[0], fn, payload);
		return;
	}
	for (size_t i = 0; i < TENON_ACCESS_COUNT; i++) {
		tell_choice(config, names[i], &failover->list[failover->of[i]],
			    fn, payload);
	}
}

/* Tell fn the value of one setting. */
static void tell_value(const struct tenon__settings *settings,
		       const struct tenon_option *row, tenon_setting_fn fn,
		       void *payload)
{
	char value[TENON__OPTION_TEXT_BYTES];

	print_field(value, row, settings);
	tell_setting(row->name, value, fn, payload);
}

void tenon_config_each_setting(const struct tenon_config *config,
			       tenon_setting_fn fn, void *payload)
{
	const struct tenon__choice *codecs[TENON__CODEC_MAX_COUNT];
	size_t codec_count = tenon__config_codecs(config, codecs);

	tell_setting("ring", tenon__preset_name(config), fn, payload);
	for (size_t i = 0; i < TENON__ROLE_COUNT; i++) {
		tell_choice(config, config->choices[i].key->name,
			    &config->choices[i], fn, payload);
	}
	tell_failover(config, fn, payload);
	for (size_t i = 0; i < codec_count; i++) {
		tell_choice(config, codecs[i]->key->name, codecs[i], fn,
			    payload);
	}
	if (codec_count == 0) {
		tell_setting("codecs", "none", fn, payload);
	}
	for (const struct tenon_option *row = tenon__setting_rows; row->name;
	     row++) {
		tell_value(&config->settings, row, fn, payload);
	}
}

/* ---- stored items --------------------------------------------------------- */

/* The item is read at most this many times, when another client stores it between two reads. */
#define STORED_TRIES_MAX 4

int tenon_client_codec(const struct tenon_client *client, size_t index,
		       struct tenon_codec_info *out)
{
	const struct tenon__chain *chain = &client->operation.chain;

	if (index >= chain->count) {
		return TENON_EINVAL;
	}
	const struct tenon__codec_choice *codec = &chain->codecs[index];
	*out = (struct tenon_codec_info){
		.name = codec->name,
		.flags = codec->ops->flags(chain->instances[index]),
		.splits = codec->ops->scatter != NULL,
	};
	return 0;
}

static void describe_item(struct tenon_stored_item *out,
			  const struct tenon_slice *key,
			  const struct tenon_result *result)
{
	*out = (struct tenon_stored_item){
		.key = *key,
		.status = result->status,
		.flags = result->flags,
		.value_bytes = result->value_len,
		.server = result->server,
	};
}

/*
 * List the stored item as it was read without codecs, and the chunks that the codecs asked
 * for. The list lives as long as the results. Errors: TENON_ENOMEM.
 */
static int list_items(struct tenon_client *client,
		      const struct tenon_result *raw, struct tenon_stored *out)
{
	const struct tenon__requests *rs = &client->operation.requests;
	struct tenon_stored_item *items = tenon__arena_alloc(
		&client->operation.arena,
		client->operation.request_count * sizeof(*items));

	if (!items) {
		return TENON_ENOMEM;
	}
	describe_item(&items[0], &rs->keys[0], raw);
	for (uint32_t i = 1; i < client->operation.request_count; i++) {
		describe_item(&items[i], &rs->keys[i], &rs->results[i]);
	}
	out->items = items;
	out->item_count = client->operation.request_count;
	return 0;
}

/*
 * Read the item without codecs. out->result is NULL when the call as a whole failed or the
 * key cannot be sent.
 */
static int read_raw(struct tenon_client *client, const struct tenon_item *item,
		    struct tenon_result *raw, struct tenon_stored *out,
		    struct tenon_error *err)
{
	const struct tenon_call raw_call = { .size = sizeof(raw_call),
					     .options = TENON_RAW };
	int code = tenon_run(client, TENON_GETS, item, 1, &raw_call,
			     &out->result, err);

	if (code == TENON_EKEY) {
		out->result = NULL;
	}
	if (out->result) {
		*raw = *out->result;
	}
	return code;
}

int tenon_client_stored(struct tenon_client *client,
			const struct tenon_item *item,
			struct tenon_stored *out, struct tenon_error *err)
{
	struct tenon_result raw = { .status = TENON_MISS };
	int code = 0;

	*out = (struct tenon_stored){ .item_count = 0 };
	for (int tries = 0; tries < STORED_TRIES_MAX; tries++) {
		code = read_raw(client, item, &raw, out, err);
		if (!out->result || raw.status != TENON_HIT) {
			break;
		}
		code = tenon_run(client, TENON_GETS, item, 1, NULL,
				 &out->result, err);
		if (!out->result || out->result->cas == raw.cas) {
			break;
		}
	}
	if (out->result && list_items(client, &raw, out) != 0) {
		*out = (struct tenon_stored){ .item_count = 0 };
		code = tenon__error_no_memory(err);
	}
	return code;
}

/* ---- failures ------------------------------------------------------------ */

int tenon_failure_row(size_t index, struct tenon_failure *out)
{
	const struct tenon__fault *row = tenon__fault_row(index);

	if (!row) {
		return TENON_EINVAL;
	}
	*out = row->shown;
	return 0;
}

const char *tenon_failure_kind_name(int kind)
{
	static const char *const names[] = {
		[TENON_FAILURE_OURS] = "ours",
		[TENON_FAILURE_CONNECTION] = "connection",
		[TENON_FAILURE_SERVER] = "server",
		[TENON_FAILURE_REQUEST] = "request",
		[TENON_FAILURE_CONFIGURATION] = "configuration",
	};

	return kind >= 0 && (size_t)kind < sizeof(names) / sizeof(names[0])
		       ? names[kind]
		       : "unknown kind";
}

/* ---- certificates ------------------------------------------------------ */

_Static_assert(TENON_CERTIFICATE_TEXT_BYTES == TENON_SECURE_TEXT_BYTES,
	       "a text of a certificate fits");

static void copy_text(char *out, const char *text)
{
	memcpy(out, text, TENON_CERTIFICATE_TEXT_BYTES);
	out[TENON_CERTIFICATE_TEXT_BYTES - 1] = '\0';
}

/* Ask the connection with the server. Returns 0, or TENON_EINVAL. */
static int read_certificate(const struct tenon__engine *engine, size_t index,
			    size_t depth, struct tenon_certificate *out)
{
	struct tenon_secure_certificate told = { .size = sizeof(told) };

	if (index >= engine->server_count || depth > UINT32_MAX ||
	    !tenon__filter_certificate(&engine->conns[index], (uint32_t)depth,
				       &told)) {
		return TENON_EINVAL;
	}
	out->not_before_s = told.not_before_s;
	out->not_after_s = told.not_after_s;
	copy_text(out->subject, told.subject);
	copy_text(out->issuer, told.issuer);
	copy_text(out->names, told.names);
	return 0;
}

int tenon_client_certificate(struct tenon_client *client, size_t index,
			     size_t depth, struct tenon_certificate *out)
{
	int code;

	if (!tenon__client_enter(client)) {
		return TENON_EBUSY;
	}
	code = read_certificate(&client->engine, index, depth, out);
	tenon__client_leave(client);
	return code;
}
