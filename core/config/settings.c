/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys that have one value each, and the key `keepalive`. */
#include "base/error.h"
#include "config/readers.h"
#include "option/option.h"
#include "wire/key.h"
#include "wire/part.h"
#include "wire/protocol.h"

#include <stddef.h>

/* Longest connect_timeout and poll_timeout: an hour. */
#define TIMEOUT_MAX_MS INT64_C(3600000)
/* Longest retry_timeout and max_idle: a day. */
#define RETRY_MAX_MS (24 * TIMEOUT_MAX_MS)

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
	  .help = "the protocol that the servers and proxies speak: classic text, which all know; the meta commands of memcached 1.6.18 and later; or auto: each connection begins in classic and asks for the version; an older server reads a value that meta stores as commands, so use auto where a server may be older" },
	{ .name = "compression_threshold",
	  .type = TENON_OPTION_SIZE,
	  .flags = TENON_OPTION_BARE,
	  .offset =
		  offsetof(struct tenon__settings, compression_threshold_bytes),
	  .min = 0,
	  .max = TENON__SETTING_MAX_BYTES,
	  .def = 0,
	  .help = "values larger than this are compressed as libmc does; 0 means never" },
	{ .name = "max_value_bytes",
	  .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct tenon__settings, max_value_bytes),
	  .min = 1024,
	  .max = TENON__SETTING_MAX_BYTES,
	  .def = INT64_C(16) << 20,
	  .help = "largest value that is sent or received" },
	{ .name = "max_operation_bytes",
	  .type = TENON_OPTION_SIZE,
	  .offset = offsetof(struct tenon__settings, max_operation_bytes),
	  .min = 1024,
	  .max = TENON__SETTING_MAX_BYTES,
	  .def = TENON__SETTING_MAX_BYTES,
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
	  .max = TENON__SETTING_MAX_BYTES,
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

int tenon__settings_read(struct tenon_config *config,
			 const struct tenon_option *row,
			 const struct tenon__node *value,
			 struct tenon_error *err)
{
	int code = tenon__option_set(row, &config->settings, value, &core_owner,
				     err);

	return code ? code : check_prefix(config, &value->place, err);
}

int tenon__read_keepalive(struct tenon_config *config,
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

int tenon__settings_reset(struct tenon_config *config,
			  const struct tenon__place *place,
			  struct tenon_error *err)
{
	/* rows of numbers: their defaults cannot fail */
	(void)tenon__option_fill(keepalive_rows, &config->keepalive, NULL,
				 &keepalive_owner, place, NULL);
	return tenon__option_fill(tenon__setting_rows, &config->settings, NULL,
				  &core_owner, place, err);
}
