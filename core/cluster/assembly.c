/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/assembly.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cluster/policy.h"
#include "config/conf.h"
#include "config/preset.h"
#include "plugin/instance.h"
#include "wire/protocol.h"

struct tenon__assembly_parts {
	struct tenon__chosen roles[TENON__ROLE_COUNT]; /* that of the hash is the selection's */
	struct tenon__chosen policies[TENON_ACCESS_COUNT];
	/* The setup of the failover policies points to these three. */
	struct tenon_failover_server *failover_servers;
	const struct tenon_map **labels; /* by server; NULL: no server has labels */
	const char *pools[TENON_SERVER_POOL_MAX_COUNT];
	/* The entry of the config for each server; NULL when the assembly is made. */
	const struct tenon__server_entry **entries;
};

/* ---- plugins ------------------------------------------------------------ */

static int choose_role(struct tenon__assembly *assembly,
		       const struct tenon__choice *choice,
		       struct tenon_error *err)
{
	struct tenon__assembly_parts *parts = assembly->parts;
	uint32_t role = choice->key->role;
	const struct tenon_hash *hash;
	int code;

	if (role == TENON__ROLE_SECURE) {
		return 0; /* each server has its own: see secures.h */
	}
	if (role != TENON__ROLE_HASH) {
		return tenon__select(&assembly->selection, choice,
				     &parts->roles[role], err);
	}
	code = tenon__select_chosen_hash(&assembly->selection, &hash, choice,
					 err);
	if (!code) {
		assembly->hash = *hash;
	}
	return code;
}

/* ---- servers and rings -------------------------------------------------- */

static const char *pool_of(const struct tenon__server *server)
{
	return server->pool ? server->pool : "";
}

static bool has_ring(const struct tenon__assembly *assembly, const char *pool)
{
	for (size_t i = 0; i < assembly->ring_count; i++) {
		if (strcmp(assembly->rings[i].pool, pool) == 0) {
			return true;
		}
	}
	return false;
}

/* Copy the servers of a server pool and begin a ring of them. The ring is not built yet. */
static int copy_pool(struct tenon__assembly *assembly,
		     const struct tenon__server_list *list, const char *pool,
		     struct tenon_error *err)
{
	struct tenon__ring *ring = &assembly->rings[assembly->ring_count++];

	ring->first = (uint32_t)assembly->server_count;
	ring->pool = "";
	for (size_t i = 0; i < list->count; i++) {
		struct tenon__server *server =
			&assembly->servers[assembly->server_count];
		int code;

		if (strcmp(pool_of(&list->entries[i].server), pool) != 0) {
			continue;
		}
		code = tenon__server_copy(server, &list->entries[i].server,
					  err);
		if (code) {
			return code;
		}
		assembly->parts->entries[assembly->server_count] =
			&list->entries[i];
		assembly->server_count++;
		ring->count++;
		ring->pool = pool_of(server);
	}
	return 0;
}

static int copy_servers(struct tenon__assembly *assembly,
			const struct tenon__server_list *list,
			struct tenon_error *err)
{
	int code;

	assembly->servers =
		tenon__calloc(list->count, sizeof(*assembly->servers));
	assembly->parts->entries =
		tenon__calloc(list->count, sizeof(*assembly->parts->entries));
	if (!assembly->servers || !assembly->parts->entries) {
		return tenon__error_no_memory(err);
	}
	code = copy_pool(assembly, list, "", err);
	if (!code && assembly->server_count == 0) {
		return tenon__error_place(
			err, TENON_ECONFIG, &list->entries[0].place,
			"servers: every server is in a spare pool, expected at least one without `pool`");
	}
	for (size_t i = 0; i < list->count && !code; i++) {
		const struct tenon__server_entry *entry = &list->entries[i];
		const char *pool = pool_of(&entry->server);

		if (has_ring(assembly, pool)) {
			continue;
		}
		if (assembly->ring_count == TENON_SERVER_POOL_MAX_COUNT) {
			return tenon__error_place(
				err, TENON_ECONFIG, &entry->place,
				"servers: found more spare pools than the limit of %d",
				TENON_SERVER_POOL_MAX_COUNT - 1);
		}
		code = copy_pool(assembly, list, pool, err);
	}
	return code;
}

/* Make the table of labels, when a server has some. */
static int list_labels(struct tenon__assembly *assembly,
		       struct tenon_error *err)
{
	struct tenon__assembly_parts *parts = assembly->parts;

	for (size_t i = 0; i < assembly->server_count; i++) {
		if (!assembly->servers[i].labels) {
			continue;
		}
		if (!parts->labels) {
			parts->labels = tenon__calloc(assembly->server_count,
						      sizeof(*parts->labels));
		}
		if (!parts->labels) {
			return tenon__error_no_memory(err);
		}
		parts->labels[i] = assembly->servers[i].labels;
	}
	return 0;
}

/* Learn whether the distribution uses the hash function, and check the config by that. */
static int heed_traits(struct tenon__assembly *assembly,
		       const struct tenon_config *config,
		       struct tenon_error *err)
{
	const struct tenon_ring_traits traits =
		tenon__ring_traits(&assembly->rings[0], assembly->distribution);
	bool own_hash = traits.flags & TENON_RING_OWN_HASH;

	for (size_t i = 0; i < assembly->ring_count; i++) {
		assembly->needs_hash |= !own_hash && assembly->rings[i].count > 1;
	}
	return tenon__preset_check(config, own_hash, err);
}

static int build_rings(struct tenon__assembly *assembly,
		       const struct tenon__place *place,
		       struct tenon_error *err)
{
	const struct tenon__chosen *chosen =
		&assembly->parts->roles[TENON__ROLE_DISTRIBUTION];
	const struct tenon__ring_setup plan = {
		.ops = assembly->distribution,
		.options = chosen->options,
		.host = &chosen->host.table,
		.hash = &assembly->hash,
		.servers = assembly->servers,
		.labels = assembly->parts->labels,
	};

	for (size_t i = 0; i < assembly->ring_count; i++) {
		struct tenon_error reported = { .code = 0 };
		const char *slot;
		int code = tenon__ring_build(&assembly->rings[i], &plan, &slot,
					     &reported);

		if (code) {
			return tenon__plugin_error(err, code, &reported,
						   chosen->plugin, slot, place);
		}
	}
	return 0;
}

/* ---- failover ----------------------------------------------------------- */

/* Return true when a text option of a policy has this value: the option names the pool. */
static bool names_pool(const struct tenon__chosen *part, const char *pool)
{
	for (const struct tenon_option *row = part->plugin->options;
	     part->options && row->name; row++) {
		const char *value;

		if (row->type == TENON_OPTION_STRING) {
			memcpy(&value, (char *)part->options + row->offset,
			       sizeof(value));
			if (strcmp(value, pool) == 0) {
				return true;
			}
		}
	}
	return false;
}

bool tenon__assembly_uses_pool(const struct tenon__assembly *assembly,
			       const char *pool)
{
	bool used = false;

	for (size_t i = 0; i < assembly->policies.count && !used; i++) {
		used = names_pool(&assembly->parts->policies[i], pool);
	}
	return used;
}

/* Fill the setup that every failover policy of every client gets. */
static int make_failover_setup(struct tenon__assembly *assembly,
			       struct tenon_error *err)
{
	struct tenon__assembly_parts *parts = assembly->parts;

	parts->failover_servers = tenon__calloc(
		assembly->server_count, sizeof(*parts->failover_servers));
	if (!parts->failover_servers) {
		return tenon__error_no_memory(err);
	}
	for (uint32_t pool = 0; pool < assembly->ring_count; pool++) {
		const struct tenon__ring *ring = &assembly->rings[pool];

		parts->pools[pool] = ring->pool;
		for (uint32_t i = 0; i < ring->count; i++) {
			const struct tenon__server *server =
				&assembly->servers[ring->first + i];

			parts->failover_servers[ring->first + i] =
				(struct tenon_failover_server){
					.alias = tenon__server_name(server),
					.host = server->host,
					.port = server->port,
					.weight = server->weight,
					.pool = pool,
				};
		}
	}
	assembly->policies.setup = (struct tenon_failover_setup){
		.size = sizeof(assembly->policies.setup),
		.server_count = (uint32_t)assembly->server_count,
		.retry_timeout_ms = assembly->retry_timeout_ms,
		.servers = parts->failover_servers,
		.pools = parts->pools,
		.pool_count = (uint32_t)assembly->ring_count,
		.labels = parts->labels,
	};
	return 0;
}

/* Make the policies once and free them, so that a policy that refuses these servers says so now. */
static int try_policies(const struct tenon__assembly *assembly,
			const struct tenon__failover *failover,
			struct tenon_error *err)
{
	struct tenon__policies policies = { .count = 0 };
	struct tenon_error reported = { .code = 0 };
	size_t which;
	int code = tenon__policies_init(&policies, &assembly->policies, &which,
					&reported);

	tenon__policies_fini(&policies);
	if (!code) {
		return 0;
	}
	return tenon__plugin_error(err, code, &reported,
				   assembly->parts->policies[which].plugin,
				   "init", &failover->list[which].place);
}

static int add_policies(struct tenon__assembly *assembly,
			const struct tenon__failover *failover,
			struct tenon_error *err)
{
	struct tenon__assembly_parts *parts = assembly->parts;
	int code = make_failover_setup(assembly, err);

	for (size_t i = 0; i < failover->count && !code; i++) {
		struct tenon__chosen *part = &parts->policies[i];

		code = tenon__select(&assembly->selection, &failover->list[i],
				     part, err);
		if (!code) {
			assembly->policies.list[i] =
				(struct tenon__policy_choice){
					.ops = &part->plugin->ops.failover,
					.options = part->options,
					.host = &part->host.table,
				};
			assembly->policies.count++;
		}
	}
	memcpy(assembly->policies.of, failover->of,
	       sizeof(assembly->policies.of));
	return code ? code : try_policies(assembly, failover, err);
}

/* ---- keys ---------------------------------------------------------------- */

/* Copy the rules for the hashed part of a key. */
static int copy_part(struct tenon__assembly *assembly,
		     const struct tenon_config *config, struct tenon_error *err)
{
	assembly->part = tenon__preset_part(config);
	assembly->hash_tag = tenon__strndup(assembly->part.text,
					    strlen(assembly->part.text));
	assembly->part.text = assembly->hash_tag;
	assembly->hashes_prefix = config->settings.hash_prefix != 0;
	assembly->hashes_parts = assembly->part.part != TENON__PART_KEY ||
				 !assembly->hashes_prefix;
	return assembly->hash_tag ? 0 : tenon__error_no_memory(err);
}

/* Make the hash by which keys that cannot be sent are shortened, when there is such a rule. */
static int add_key_rule(struct tenon__assembly *assembly,
			const struct tenon_config *config,
			struct tenon_error *err)
{
	const struct tenon__plugin_query query = {
		.kind = TENON_KIND_HASH,
		.name = tenon__default_key_digest,
		.asker = "key 'key_rule'",
		.place = { "", 0, 0 },
	};

	assembly->key_rule = (enum tenon__key_rule)config->settings.key_rule;
	if (assembly->key_rule == TENON__KEY_REFUSE) {
		return 0;
	}
	int code = tenon__select_hash(&assembly->selection,
				      &assembly->key_digest, &query, NULL, err);
	if (!code &&
	    assembly->key_digest->ops->digest_words != TENON_KEY_DIGEST_WORDS) {
		return tenon__error_set(err, TENON_EPLUGIN,
			"key 'key_rule': the hash plugin '%s' has a digest of %" PRIu32 " words, expected %d",
			query.name, assembly->key_digest->ops->digest_words,
			TENON_KEY_DIGEST_WORDS);
	}
	return code;
}

/* ---- assembling --------------------------------------------------------- */

static int copy_settings(struct tenon__assembly *assembly,
			 const struct tenon_config *config,
			 struct tenon_error *err)
{
	const struct tenon__settings *settings = &config->settings;

	assembly->log = config->log;
	assembly->resolve_timeout_ms = settings->resolve_timeout_ms;
	assembly->keepalive_idle_s = config->keepalive.idle_s;
	assembly->keepalive_interval_s = config->keepalive.interval_s;
	assembly->keepalive_count = config->keepalive.count;
	assembly->connect_timeout_ms = settings->connect_timeout_ms;
	assembly->poll_timeout_ms = settings->poll_timeout_ms;
	assembly->retry_timeout_ms = settings->retry_timeout_ms;
	assembly->max_idle_ns = settings->max_idle_ms * 1000000;
	assembly->strict = settings->integrity == TENON__INTEGRITY_STRICT;
	assembly->protocol = tenon__protocols[settings->protocol];
	assembly->max_value_bytes = (uint64_t)settings->max_value_bytes;
	assembly->max_operation_bytes =
		(uint64_t)settings->max_operation_bytes;
	assembly->max_chunks = (uint32_t)settings->max_chunks;
	assembly->item_max_bytes = (uint64_t)settings->item_max_bytes;
	assembly->user_flags = (uint32_t)settings->user_flags;
	assembly->enable_flush_all = settings->enable_flush_all != 0;
	if (copy_part(assembly, config, err) != 0) {
		return TENON_ENOMEM;
	}
	assembly->prefix = (struct tenon__prefix){
		.len = strlen(settings->prefix),
		.rule = (enum tenon__prefix_rule)settings->prefix_rule,
	};
	assembly->prefix.text =
		tenon__strndup(settings->prefix, assembly->prefix.len);
	assembly->plain_keys = assembly->prefix.len == 0 &&
			       !assembly->hashes_parts;
	return assembly->prefix.text ? 0 : tenon__error_no_memory(err);
}

static void take_roles(struct tenon__assembly *assembly)
{
	const struct tenon__chosen *roles = assembly->parts->roles;
	const struct tenon__chosen *transport = &roles[TENON__ROLE_TRANSPORT];

	assembly->distribution =
		&roles[TENON__ROLE_DISTRIBUTION].plugin->ops.distribution;
	assembly->transport = &transport->plugin->ops.transport;
	assembly->transport_name = transport->plugin->name;
	assembly->transport_options = transport->options;
	assembly->transport_host = &transport->host.table;
}

static int assemble(struct tenon__assembly *assembly,
		    const struct tenon_config *config, struct tenon_error *err)
{
	struct tenon__assembly_parts *parts = assembly->parts;
	int code = copy_settings(assembly, config, err);

	if (!code) {
		code = copy_servers(assembly, &config->servers, err);
	}
	if (!code) {
		code = list_labels(assembly, err);
	}
	if (!code) {
		code = tenon__greetings_make(&assembly->greetings, config,
					     parts->entries,
					     assembly->server_count, err);
	}
	for (size_t i = 0; i < TENON__ROLE_COUNT && !code; i++) {
		code = choose_role(assembly, &config->choices[i], err);
	}
	if (!code) {
		const struct tenon_codec_setup setup =
			tenon__codec_setup(assembly);

		code = tenon__codec_list_make(&assembly->codecs,
					      &assembly->selection, config,
					      &setup, err);
	}
	if (code) {
		return code;
	}
	code = tenon__secures_make(&assembly->secures, &assembly->selection,
				   config, parts->entries,
				   assembly->server_count, err);
	if (code) {
		return code;
	}
	take_roles(assembly);
	code = build_rings(assembly,
			   &config->choices[TENON__ROLE_DISTRIBUTION].place,
			   err);
	if (!code) {
		code = heed_traits(assembly, config, err);
	}
	if (!code) {
		code = add_key_rule(assembly, config, err);
	}
	if (!code) {
		code = add_policies(assembly, &config->failover, err);
	}
	if (!code && tenon__outcomes_init(&assembly->outcomes,
					  assembly->server_count) != 0) {
		code = tenon__error_no_memory(err);
	}
	return code;
}

/* Report that the config has no server. The error names the file that was loaded last. */
static int no_server(const struct tenon_config *config, struct tenon_error *err)
{
	const struct tenon__source *source = config->sources;
	const char *where;

	while (source && source->where[0] == '\0') {
		source = source->next;
	}
	where = source ? source->where : "";
	return tenon__error_at(
		err, TENON_ECONFIG, where, 0, 0,
		"%s%sno server: add `servers:` with a list of host:port", where,
		where[0] != '\0' ? ": " : "");
}

int tenon__assembly_create(struct tenon__assembly **out,
			   const struct tenon_config *config,
			   struct tenon_error *err)
{
	struct tenon__assembly *assembly;
	int code;

	*out = NULL;
	if (config->servers.count == 0) {
		return no_server(config, err);
	}
	assembly = tenon__calloc(1, sizeof(*assembly));
	if (!assembly) {
		return tenon__error_no_memory(err);
	}
	atomic_init(&assembly->refs, 1);
	assembly->parts = tenon__calloc(1, sizeof(*assembly->parts));
	if (!assembly->parts) {
		tenon__free(assembly);
		return tenon__error_no_memory(err);
	}
	tenon__selection_init(&assembly->selection, config->registry,
			      &assembly->log);
	code = assemble(assembly, config, err);
	tenon__free(assembly->parts->entries);
	assembly->parts->entries = NULL;
	if (code) {
		tenon__assembly_unref(assembly);
		return code;
	}
	*out = assembly;
	return 0;
}

/* ---- the end ------------------------------------------------------------ */

static void free_parts(struct tenon__assembly *assembly)
{
	struct tenon__assembly_parts *parts = assembly->parts;

	for (size_t i = 0; i < assembly->ring_count; i++) {
		tenon__ring_fini(&assembly->rings[i], assembly->distribution);
	}
	tenon__secures_fini(&assembly->secures);
	for (size_t i = 0; i < TENON__ROLE_COUNT; i++) {
		tenon__chosen_fini(&parts->roles[i]);
	}
	tenon__codec_list_fini(&assembly->codecs);
	for (size_t i = 0; i < TENON_ACCESS_COUNT; i++) {
		tenon__chosen_fini(&parts->policies[i]);
	}
	tenon__free(parts->failover_servers);
	tenon__free(parts->labels);
	tenon__selection_fini(&assembly->selection);
	tenon__free(parts);
}

struct tenon__assembly *tenon__assembly_ref(struct tenon__assembly *assembly)
{
	atomic_fetch_add_explicit(&assembly->refs, 1, memory_order_relaxed);
	return assembly;
}

void tenon__assembly_unref(struct tenon__assembly *assembly)
{
	if (!assembly || atomic_fetch_sub_explicit(&assembly->refs, 1,
						   memory_order_acq_rel) != 1) {
		return;
	}
	free_parts(assembly);
	tenon__greetings_fini(&assembly->greetings);
	for (size_t i = 0; i < assembly->server_count; i++) {
		tenon__server_fini(&assembly->servers[i]);
	}
	tenon__free(assembly->servers);
	tenon__outcomes_fini(&assembly->outcomes);
	tenon__free((char *)(uintptr_t)assembly->prefix.text);
	tenon__free(assembly->hash_tag);
	tenon__free(assembly);
}
