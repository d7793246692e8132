/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/kind.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "plugin/instance.h"

/* A slot that a kind of plugin requires, or that one of two sets of slots requires. */
struct tenon__kind_slot {
	const char *name;
	size_t offset; /* of a function pointer in the ops */
};

struct tenon__kind {
	uint32_t kind;
	const char *name;
	size_t ops_bytes;     /* size of the table of slots in this version */
	size_t ops_1_0_bytes; /* its size in ABI 1.0, the least that a plugin may have */
	const struct tenon__kind_slot *required; /* ends with name NULL */
	/*
	 * NULL, or two sets of slots, each ending with name NULL. A plugin has all slots of one
	 * set, and no slot of the other. A codec, for example, either encodes or splits.
	 */
	const struct tenon__kind_slot *const *either;
	/* NULL, or optional slots, ending with name NULL. A plugin has all of them or none. */
	const struct tenon__kind_slot *together;
	void (*fill)(union tenon__ops *ops); /* set the optional slots that are NULL */
};

/* ---- defaults of optional slots ----------------------------------------- */

int tenon__check_nothing(const void *options, const struct tenon_host *host,
			 struct tenon_error *err)
{
	(void)options;
	(void)host;
	(void)err;
	return 0;
}

static int init_nothing(void *self, const void *options,
			const struct tenon_host *host, struct tenon_error *err)
{
	(void)self;
	return tenon__check_nothing(options, host, err);
}

static int init_no_transport(void *self, const void *options,
			     const struct tenon_host *host,
			     const struct tenon_transport_setup *setup,
			     struct tenon_error *err)
{
	(void)setup;
	return init_nothing(self, options, host, err);
}

static int add_nothing(void *self, struct tenon_connection *conn,
		       struct tenon_error *err)
{
	(void)self;
	(void)conn;
	(void)err;
	return 0;
}

static void remove_nothing(void *self, struct tenon_connection *conn)
{
	(void)self;
	(void)conn;
}

static int take_no_hook(void *self, tenon_wait_fn wait, void *payload)
{
	(void)self;
	(void)payload;
	return wait ? TENON_EINVAL : 0;
}

static int take_no_interrupt(void *self, tenon_interrupt_fn interrupt,
			     void *payload)
{
	(void)self;
	(void)payload;
	return interrupt ? TENON_EINVAL : 0;
}

static int init_no_failover(void *self, const void *options,
			    const struct tenon_host *host,
			    const struct tenon_failover_setup *setup,
			    struct tenon_error *err)
{
	(void)setup;
	return init_nothing(self, options, host, err);
}

static int init_no_codec(void *self, const void *options,
			 const struct tenon_host *host,
			 const struct tenon_codec_setup *setup,
			 struct tenon_error *err)
{
	(void)setup;
	return init_nothing(self, options, host, err);
}

static int init_no_secure(void *self, const void *options,
			  const struct tenon_host *host,
			  const struct tenon_secure_setup *setup,
			  struct tenon_error *err)
{
	(void)setup;
	return init_nothing(self, options, host, err);
}

static int begin_no_session(const void *self, void *session,
			    const struct tenon_server_facts *server,
			    struct tenon_error *err)
{
	(void)self;
	(void)session;
	(void)server;
	(void)err;
	return 0;
}

static void end_no_session(const void *self, void *session)
{
	(void)self;
	(void)session;
}

static void tell_no_facts(const void *self, const void *session,
			  struct tenon_secure_facts *out)
{
	(void)self;
	(void)session;
	(void)out;
}

static int tell_no_certificate(const void *self, const void *session,
			       uint32_t index,
			       struct tenon_secure_certificate *out)
{
	(void)self;
	(void)session;
	(void)index;
	(void)out;
	return 0;
}

static size_t give_no_alert(const void *self, void *session, void *out,
			    size_t room)
{
	(void)self;
	(void)session;
	(void)out;
	(void)room;
	return 0;
}

void tenon__ignore_probe(void *self, uint32_t server, int64_t until_ms)
{
	(void)self;
	(void)server;
	(void)until_ms;
}

void tenon__state_up(const void *self, uint32_t server, int64_t now_ms,
		     struct tenon_failover_state *out)
{
	(void)self;
	(void)server;
	(void)now_ms;
	*out = (struct tenon_failover_state){ .state = TENON_SERVER_UP };
}

static void fini_nothing(void *self)
{
	(void)self;
}

static uint32_t owns_no_chunks(const void *self)
{
	(void)self;
	return 0;
}

static uint64_t takes_any_length(const void *self)
{
	(void)self;
	return 0;
}

static void look_nowhere(void *self, struct tenon_connection *const *conns,
			 size_t count)
{
	(void)self;
	(void)conns;
	(void)count;
}

static uint32_t tell_no_points(const void *self,
			       const struct tenon_ring_key *key, uint32_t before,
			       struct tenon_ring_point *out, uint32_t count,
			       uint32_t *home)
{
	(void)self;
	(void)key;
	(void)before;
	(void)out;
	(void)count;
	*home = 0;
	return 0;
}

static void describe_nothing(const void *self, struct tenon_ring_traits *out)
{
	(void)self;
	(void)out;
}

static void fill_hash(union tenon__ops *ops)
{
	struct tenon_hash_ops *hash = &ops->hash;

	hash->init = hash->init ? hash->init : init_nothing;
	hash->fini = hash->fini ? hash->fini : fini_nothing;
	hash->hash_many = hash->hash_many ? hash->hash_many : tenon__hash_each;
}

static void fill_distribution(union tenon__ops *ops)
{
	struct tenon_distribution_ops *distribution = &ops->distribution;

	if (!distribution->init) {
		distribution->init = init_nothing;
	}
	if (!distribution->fini) {
		distribution->fini = fini_nothing;
	}
	if (!distribution->points) {
		distribution->points = tell_no_points;
	}
	if (!distribution->describe) {
		distribution->describe = describe_nothing;
	}
}

static void fill_transport(union tenon__ops *ops)
{
	struct tenon_transport_ops *transport = &ops->transport;

	if (!transport->init) {
		transport->init = init_no_transport;
	}
	if (!transport->fini) {
		transport->fini = fini_nothing;
	}
	if (!transport->add) {
		transport->add = add_nothing;
	}
	if (!transport->remove) {
		transport->remove = remove_nothing;
	}
	if (!transport->set_wait) {
		transport->set_wait = take_no_hook;
	}
	if (!transport->look) {
		transport->look = look_nowhere;
	}
	if (!transport->set_interrupt) {
		transport->set_interrupt = take_no_interrupt;
	}
}

static void fill_codec(union tenon__ops *ops)
{
	struct tenon_codec_ops *codec = &ops->codec;

	codec->init = codec->init ? codec->init : init_no_codec;
	codec->fini = codec->fini ? codec->fini : fini_nothing;
	if (!codec->owns_chunks) {
		codec->owns_chunks = owns_no_chunks;
	}
	if (!codec->least_bytes) {
		codec->least_bytes = takes_any_length;
	}
}

static void fill_failover(union tenon__ops *ops)
{
	struct tenon_failover_ops *failover = &ops->failover;

	if (!failover->init) {
		failover->init = init_no_failover;
	}
	if (!failover->fini) {
		failover->fini = fini_nothing;
	}
	if (!failover->on_probe) {
		failover->on_probe = tenon__ignore_probe;
	}
	if (!failover->state) {
		failover->state = tenon__state_up;
	}
}

static void fill_secure(union tenon__ops *ops)
{
	struct tenon_secure_ops *secure = &ops->secure;

	secure->init = secure->init ? secure->init : init_no_secure;
	secure->fini = secure->fini ? secure->fini : fini_nothing;
	secure->begin = secure->begin ? secure->begin : begin_no_session;
	secure->end = secure->end ? secure->end : end_no_session;
	secure->facts = secure->facts ? secure->facts : tell_no_facts;
	if (!secure->certificate) {
		secure->certificate = tell_no_certificate;
	}
	secure->alert = secure->alert ? secure->alert : give_no_alert;
}

/* ---- kinds -------------------------------------------------------------- */

static const struct tenon__kind_slot hash_slots[] = {
	{ "hash", offsetof(struct tenon_hash_ops, hash) },
	{ NULL, 0 },
};

static const struct tenon__kind_slot distribution_slots[] = {
	{ "build", offsetof(struct tenon_distribution_ops, build) },
	{ "locate", offsetof(struct tenon_distribution_ops, locate) },
	{ "next", offsetof(struct tenon_distribution_ops, next) },
	{ NULL, 0 },
};

static const struct tenon__kind_slot transport_slots[] = {
	{ "run", offsetof(struct tenon_transport_ops, run) },
	{ "close", offsetof(struct tenon_transport_ops, close) },
	{ NULL, 0 },
};

static const struct tenon__kind_slot turning_slots[] = {
	{ "begin", offsetof(struct tenon_transport_ops, begin) },
	{ "turn", offsetof(struct tenon_transport_ops, turn) },
	{ "fds", offsetof(struct tenon_transport_ops, fds) },
	{ NULL, 0 },
};

static const struct tenon__kind_slot codec_slots[] = {
	{ "flags", offsetof(struct tenon_codec_ops, flags) },
	{ NULL, 0 },
};

static const struct tenon__kind_slot encoding_slots[] = {
	{ "encode", offsetof(struct tenon_codec_ops, encode) },
	{ "decode", offsetof(struct tenon_codec_ops, decode) },
	{ NULL, 0 },
};

static const struct tenon__kind_slot splitting_slots[] = {
	{ "scatter", offsetof(struct tenon_codec_ops, scatter) },
	{ "plan", offsetof(struct tenon_codec_ops, plan) },
	{ "gather", offsetof(struct tenon_codec_ops, gather) },
	{ NULL, 0 },
};

static const struct tenon__kind_slot *const codec_ways[] = { encoding_slots,
							     splitting_slots };

static const struct tenon__kind_slot failover_slots[] = {
	{ "route", offsetof(struct tenon_failover_ops, route) },
	{ "on_failure", offsetof(struct tenon_failover_ops, on_failure) },
	{ "on_success", offsetof(struct tenon_failover_ops, on_success) },
	{ NULL, 0 },
};

static const struct tenon__kind_slot secure_slots[] = {
	{ "push", offsetof(struct tenon_secure_ops, push) },
	{ "pull", offsetof(struct tenon_secure_ops, pull) },
	{ NULL, 0 },
};

static const struct tenon__kind kinds[] = {
	{ TENON_KIND_HASH, "hash", sizeof(struct tenon_hash_ops),
	  TENON__SIZE_TO(struct tenon_hash_ops, bits), hash_slots, NULL,
	  NULL, fill_hash },
	{ TENON_KIND_DISTRIBUTION, "distribution",
	  sizeof(struct tenon_distribution_ops),
	  TENON__SIZE_TO(struct tenon_distribution_ops, next),
	  distribution_slots, NULL, NULL, fill_distribution },
	{ TENON_KIND_TRANSPORT, "transport", sizeof(struct tenon_transport_ops),
	  TENON__SIZE_TO(struct tenon_transport_ops, close), transport_slots,
	  NULL, turning_slots, fill_transport },
	{ TENON_KIND_CODEC, "codec", sizeof(struct tenon_codec_ops),
	  TENON__SIZE_TO(struct tenon_codec_ops, owns_chunks), codec_slots,
	  codec_ways, NULL, fill_codec },
	{ TENON_KIND_FAILOVER, "failover", sizeof(struct tenon_failover_ops),
	  TENON__SIZE_TO(struct tenon_failover_ops, state), failover_slots,
	  NULL, NULL, fill_failover },
	{ TENON_KIND_SECURE, "secure", sizeof(struct tenon_secure_ops),
	  TENON__SIZE_TO(struct tenon_secure_ops, pull), secure_slots, NULL,
	  NULL, fill_secure },
};

const struct tenon__kind *tenon__kind_find(uint32_t kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind == kind) {
			return &kinds[i];
		}
	}
	return NULL;
}

const char *tenon__kind_name(uint32_t kind)
{
	const struct tenon__kind *found = tenon__kind_find(kind);

	return found ? found->name : NULL;
}

/* ---- taking a table of slots --------------------------------------------- */

static bool has_slot(const union tenon__ops *ops,
		     const struct tenon__kind_slot *row)
{
	void (*slot)(void);

	memcpy(&slot, (const char *)ops + row->offset, sizeof(slot));
	return slot != NULL;
}

/* Find the first row whose slot is set (there), or is NULL (not there). Returns NULL for none. */
static const struct tenon__kind_slot *find_slot(
	const union tenon__ops *ops, const struct tenon__kind_slot *rows,
	bool there)
{
	while (rows->name && has_slot(ops, rows) != there) {
		rows++;
	}
	return rows->name ? rows : NULL;
}

/* Check that a plugin has all slots of a set or none. *has: it has them. */
static int check_together(const union tenon__ops *ops,
			  const struct tenon__kind_slot *rows, bool *has,
			  struct tenon__refusal *refusal)
{
	const struct tenon__kind_slot *present = find_slot(ops, rows, true);
	const struct tenon__kind_slot *missing = find_slot(ops, rows, false);

	*has = present != NULL;
	return present && missing
		       ? tenon__refuse(refusal,
				       "slot '%s' is missing but slot '%s' is set, expected all of them or none",
				       missing->name, present->name)
		       : 0;
}

/* Check that a plugin has all slots of one set and no slot of the other. */
static int check_either(const union tenon__ops *ops,
			const struct tenon__kind_slot *const *either,
			struct tenon__refusal *refusal)
{
	bool has[2];

	for (size_t i = 0; i < 2; i++) {
		int code = check_together(ops, either[i], &has[i], refusal);

		if (code) {
			return code;
		}
	}
	if (has[0] != has[1]) {
		return 0;
	}
	return tenon__refuse(
		refusal,
		"slots '%s' and '%s' are both %s, expected exactly one of them",
		either[0]->name, either[1]->name,
		has[0] ? "set" : "missing");
}

int tenon__kind_take_ops(struct tenon__plugin *out,
			 const struct tenon_plugin *descriptor,
			 const struct tenon__kind *kind,
			 struct tenon__refusal *refusal)
{
	const struct tenon__kind_slot *missing;
	uint32_t size;
	bool has;
	int code = 0;

	if (!descriptor->ops) {
		return tenon__refuse(refusal,
				     "no table of slots (ops is NULL), expected one");
	}
	/* the size is the first field of every table */
	memcpy(&size, descriptor->ops, sizeof(size));
	if (size < kind->ops_1_0_bytes) {
		return tenon__refuse(
			refusal,
			"table of slots has %" PRIu32
			" bytes, expected %zu or more for kind %s; make sure that .kind is the kind of the table, or " TENON__REBUILD,
			size, kind->ops_1_0_bytes, kind->name);
	}
	memcpy(&out->ops, descriptor->ops,
	       size < kind->ops_bytes ? size : kind->ops_bytes);
	missing = find_slot(&out->ops, kind->required, false);
	if (missing) {
		return tenon__refuse(
			refusal,
			"required slot '%s' is missing, expected a function",
			missing->name);
	}
	if (kind->either) {
		code = check_either(&out->ops, kind->either, refusal);
	}
	if (!code && kind->together) {
		code = check_together(&out->ops, kind->together, &has, refusal);
	}
	if (!code) {
		kind->fill(&out->ops);
	}
	return code;
}
