/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a config: the name of each key, and the function that reads its value. */
#include "base/error.h"
#include "base/text.h"
#include "config/defaults.h"
#include "config/presets.h"
#include "config/readers.h"
#include "option/option.h"
#include "option/suggest.h"

#include <stddef.h>

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

/* ---- values that need other keys ---------------------------------------- */

int tenon__server_secure(struct tenon__choice *out,
			 const struct tenon__server_entry *entry,
			 struct tenon_error *err)
{
	const struct tenon__root_key *secure = find_root_key("secure");
	int code = entry->secure
			   ? tenon__choice_secure(out, secure, entry->secure, err)
			   : tenon__choice_secure_short(
				     out, secure,
				     find_root_key(tenon__default_secure_key),
				     entry->secure_short, err);

	out->folder = entry->folder;
	return code;
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

/* Read the key `secure`: a plugin, or none. */
static int read_secure(struct tenon_config *config,
		       const struct tenon__root_key *key,
		       const struct tenon__node *value, const char *folder,
		       struct tenon_error *err)
{
	struct tenon__choice *choice = &config->choices[key->role];
	int code = tenon__choice_secure(choice, key, value, err);

	choice->folder = folder;
	return code;
}

/* Read the key that is short for `secure` with the plugin of the same name. */
static int read_secure_short(struct tenon_config *config,
			     const struct tenon__root_key *key,
			     const struct tenon__node *value,
			     const char *folder, struct tenon_error *err)
{
	struct tenon__choice *choice = &config->choices[TENON__ROLE_SECURE];

	choice->folder = folder;
	return tenon__choice_secure_short(choice, find_root_key("secure"), key,
					  value, err);
}

/* ---- the table ---------------------------------------------------------- */

const struct tenon__root_key tenon__root_keys[] = {
	{ "servers", "list", "",
	  "\"host[:port][ alias]\", \"[ipv6]:port[ alias]\", \"/path.sock[ alias]\" or {address, alias, weight, pool, labels, auth, secure} for each server",
	  read_servers, 0, 0 },
	{ "ring", "choice", tenon__default_ring,
	  "the clients whose placement of keys is kept; chooses hash_function, distribution and the hashed part of a key; `tenon plugins rings` lists the names",
	  tenon__read_ring, 0, 0 },
	{ "hash_function", "plugin", tenon__default_hash_function,
	  "hash plugin that turns keys into numbers", tenon__read_role, TENON__ROLE_HASH,
	  TENON_KIND_HASH },
	{ "distribution", "plugin", tenon__default_distribution,
	  "distribution plugin that spreads keys over servers", tenon__read_role,
	  TENON__ROLE_DISTRIBUTION, TENON_KIND_DISTRIBUTION },
	{ "transport", "plugin", tenon__default_transport,
	  "transport plugin that exchanges bytes with the servers", tenon__read_role,
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
	  tenon__read_codecs, 0, TENON_KIND_CODEC },
	{ "failover", "plugin", tenon__default_failover,
	  "failover plugin that decides where the keys of failed servers go, or {read: plugin, write: plugin, delete: plugin}",
	  tenon__read_failover, 0, TENON_KIND_FAILOVER },
	{ "keepalive", "map", "60s",
	  "{idle: duration, interval: duration, count: int} of TCP keepalive, or the idle time alone, or off",
	  tenon__read_keepalive, 0, 0 },
	{ "plugins", "list", "",
	  "files with plugins to load, relative to the config's folder",
	  tenon__read_plugins, 0, 0 },
	{ "plugin_path", "list", "",
	  "folders that are searched first for plugins, relative to the config's folder",
	  tenon__read_plugin_path, 0, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0, 0 },
};

static int read_setting(struct tenon_config *config,
			const struct tenon_option *row,
			const struct tenon__node *value,
			struct tenon_error *err)
{
	int code = tenon__settings_read(config, row, value, err);

	if (!code && row->offset == offsetof(struct tenon__settings,
					     compression_threshold_bytes)) {
		tenon__codecs_compress(config, find_root_key("codecs"),
				       row->name, &value->place);
	}
	return code;
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
		if (key->read == tenon__read_role || key->read == read_secure) {
			config->choices[key->role] =
				tenon__choice_default(key, &nowhere);
		} else if (key->read == tenon__read_failover) {
			config->failover = (struct tenon__failover){
				.count = 1,
				.list = { tenon__choice_default(key, &nowhere) },
			};
		} else if (key->read == tenon__read_codecs) {
			tenon__codecs_reset(config, key, &nowhere);
		}
	}
	return tenon__settings_reset(config, &nowhere, err);
}
