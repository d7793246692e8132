/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics of the plugins of a client. */
#include <string.h>

#include "api/client.h"

/* One metric of one plugin of the config; chosen NULL: the end. */
struct place {
	const struct tenon__chosen *chosen;
	const struct tenon_metric *metric;
};

static struct place skip_empty(struct place at)
{
	while (at.chosen && !at.metric) {
		at.chosen = at.chosen->next;
		at.metric = at.chosen ? atomic_load(&at.chosen->host.metrics)
				      : NULL;
	}
	return at;
}

static struct place begin(const struct tenon_client *client)
{
	const struct tenon__chosen *first = client->engine.assembly->selection.chosen;

	return skip_empty((struct place){
		first, first ? atomic_load(&first->host.metrics) : NULL });
}

static struct place next(struct place at)
{
	at.metric = at.metric->next;
	return skip_empty(at);
}

static bool is_same(struct place a, struct place b)
{
	return a.chosen->plugin == b.chosen->plugin &&
	       strcmp(a.metric->name, b.metric->name) == 0;
}

/* Return true when no earlier place has the same plugin and name. */
static bool is_first(const struct tenon_client *client, struct place place)
{
	struct place at = begin(client);

	while (!is_same(at, place)) {
		at = next(at);
	}
	return at.metric == place.metric;
}

static int64_t sum(struct place place)
{
	int64_t total = 0;

	for (struct place at = place; at.chosen; at = next(at)) {
		if (is_same(at, place)) {
			total += atomic_load_explicit(&at.metric->value,
						      memory_order_relaxed);
		}
	}
	return total;
}

int tenon_client_metric(const struct tenon_client *client, size_t index,
			struct tenon_metric_info *out)
{
	struct place at = begin(client);

	while (at.chosen && (!is_first(client, at) || index-- > 0)) {
		at = next(at);
	}
	if (!at.chosen) {
		return TENON_EINVAL;
	}
	*out = (struct tenon_metric_info){
		.kind = at.chosen->plugin->kind_name,
		.plugin = at.chosen->plugin->name,
		.name = at.metric->name,
		.help = at.metric->help,
		.type = at.metric->type,
		.value = sum(at),
	};
	return 0;
}
