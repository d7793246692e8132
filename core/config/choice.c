/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Plugins that keys name: one for a role, one for the filter of servers, and one for the failover
 * of each access.
 */
#include "base/error.h"
#include "base/text.h"
#include "config/readers.h"
#include "option/option.h"

#include <stddef.h>

int tenon__key_unexpected(const struct tenon__root_key *key,
			  const struct tenon__node *value,
			  const char *expected, struct tenon_error *err)
{
	char found[TENON__NODE_FOUND_BYTES];

	return tenon__error_place(err, TENON_ECONFIG, &value->place,
				  "key '%s': found %s, expected %s", key->name,
				  tenon__node_found(found, value), expected);
}

struct tenon__choice tenon__choice_default(const struct tenon__root_key *key,
					   const struct tenon__place *place)
{
	return (struct tenon__choice){ .key = key,
				       .asker = key->name,
				       .name = key->def_text,
				       .place = *place };
}

int tenon__choice_read(struct tenon__choice *choice,
		       const struct tenon__root_key *key,
		       const struct tenon__node *value, struct tenon_error *err)
{
	const struct tenon__node *wrong;

	*choice = tenon__choice_default(key, &value->place);
	wrong = tenon__node_choice(value, &choice->name, &choice->place,
				   &choice->options);
	return wrong ? tenon__key_unexpected(key, wrong,
					     TENON__CHOICE_EXPECTED(wrong, value),
					     err) :
		       0;
}

/* Read a choice; null is the default. */
static int read_or_default(struct tenon__choice *choice,
			   const struct tenon__root_key *key,
			   const struct tenon__node *value,
			   struct tenon_error *err)
{
	if (tenon__node_is_null(value)) {
		*choice = tenon__choice_default(key, &value->place);
		return 0;
	}
	return tenon__choice_read(choice, key, value, err);
}

int tenon__read_role(struct tenon_config *config,
		     const struct tenon__root_key *key,
		     const struct tenon__node *value, const char *folder,
		     struct tenon_error *err)
{
	struct tenon__choice *choice = &config->choices[key->role];
	int code = read_or_default(choice, key, value, err);

	choice->folder = folder;
	return code;
}

int tenon__choice_secure(struct tenon__choice *choice,
			 const struct tenon__root_key *secure,
			 const struct tenon__node *value,
			 struct tenon_error *err)
{
	int code = read_or_default(choice, secure, value, err);

	if (!code && choice->options && tenon__choice_is_none(choice)) {
		return tenon__key_unexpected(secure, choice->options,
					     "no options: none is no plugin",
					     err);
	}
	return code;
}

int tenon__choice_secure_short(struct tenon__choice *choice,
			       const struct tenon__root_key *secure,
			       const struct tenon__root_key *short_key,
			       const struct tenon__node *value,
			       struct tenon_error *err)
{
	int32_t on = 0;

	choice->key = secure;
	choice->asker = short_key->name;
	choice->name = TENON__NO_PLUGIN;
	choice->options = NULL;
	choice->place = value->place;
	if (value->type == TENON__NODE_MAP) {
		choice->options = value;
		on = 1;
	} else if (!tenon__node_is_null(value) &&
		   (value->type != TENON__NODE_SCALAR ||
		    !tenon__option_bool(value->text, &on))) {
		return tenon__key_unexpected(short_key, value,
					     "true, false or a map of options",
					     err);
	}
	if (on) {
		choice->name = short_key->name;
	}
	return 0;
}

bool tenon__choice_is_none(const struct tenon__choice *choice)
{
	return tenon__same_word(choice->name, TENON__NO_PLUGIN);
}

/* ---- failover ----------------------------------------------------------- */

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
		failover->list[i] = tenon__choice_default(key, &value->place);
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
			code = tenon__choice_read(&failover->list[access], key,
						  entry, err);
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

int tenon__read_failover(struct tenon_config *config,
			 const struct tenon__root_key *key,
			 const struct tenon__node *value, const char *folder,
			 struct tenon_error *err)
{
	struct tenon__failover failover = { .count = 1 };
	int code = is_by_access(value)
			   ? read_by_access(&failover, key, value, err)
			   : read_or_default(&failover.list[0], key, value, err);

	(void)folder;
	if (!code) {
		config->failover = failover;
	}
	return code;
}
