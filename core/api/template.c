/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "api/template.h"

#include <string.h>

#include "api/client.h"
#include "base/error.h"
#include "base/memory.h"

static void free_specs(struct tenon__plan *plan)
{
	for (size_t i = 0; i < plan->spec_count; i++) {
		tenon__free(plan->specs[i]);
	}
	tenon__free(plan->specs);
	plan->specs = NULL;
	plan->spec_count = 0;
}

int tenon__plan_set_specs(struct tenon__plan *plan, const char *const *specs,
			  size_t count)
{
	free_specs(plan);
	plan->specs = tenon__calloc(count + 1, sizeof(*plan->specs));
	if (!plan->specs) {
		return TENON_ENOMEM;
	}
	for (; plan->spec_count < count; plan->spec_count++) {
		const char *spec = specs[plan->spec_count];
		char *copy = tenon__strndup(spec, strlen(spec));

		if (!copy) {
			return TENON_ENOMEM;
		}
		plan->specs[plan->spec_count] = copy;
	}
	return 0;
}

struct tenon__plan *tenon__plan_like(const struct tenon__plan *other)
{
	struct tenon__plan *plan = tenon__calloc(1, sizeof(*plan));

	if (!plan) {
		return NULL;
	}
	atomic_init(&plan->refs, 1);
	if (!other) {
		return plan;
	}
	plan->wait = other->wait;
	plan->wait_payload = other->wait_payload;
	plan->assembly = tenon__assembly_ref(other->assembly);
	if (other->specs &&
	    tenon__plan_set_specs(plan, (const char *const *)other->specs,
				  other->spec_count) != 0) {
		tenon__plan_unref(plan);
		return NULL;
	}
	return plan;
}

struct tenon__plan *tenon__plan_ref(struct tenon__plan *plan)
{
	atomic_fetch_add(&plan->refs, 1);
	return plan;
}

void tenon__plan_unref(struct tenon__plan *plan)
{
	if (!plan || atomic_fetch_sub(&plan->refs, 1) != 1) {
		return;
	}
	free_specs(plan);
	tenon__assembly_unref(plan->assembly);
	tenon__free(plan);
}

/* Give a client of the plan's assembly what else the plan says. */
static int adapt(struct tenon__plan *plan, struct tenon_client *client,
		 struct tenon_error *err)
{
	int code = 0;

	if (plan->specs) {
		code = tenon_client_update_servers(
			client, (const char *const *)plan->specs,
			plan->spec_count, err);
	}
	return code ? code : tenon_client_set_wait(client, plan->wait,
						   plan->wait_payload, err);
}

int tenon__plan_open(struct tenon__plan *plan, struct tenon_client **out,
		     struct tenon_error *err)
{
	int code = tenon__client_make(out, plan->assembly, err);

	if (code) {
		return code;
	}
	code = adapt(plan, *out, err);
	if (code) {
		tenon_client_close(*out);
		*out = NULL;
		return code;
	}
	(*out)->lease.plan = tenon__plan_ref(plan);
	return 0;
}

struct tenon_client *tenon__plan_apply(struct tenon__plan *plan,
				       struct tenon_client *client)
{
	struct tenon__plan *before = client->lease.plan;

	if (before->assembly == plan->assembly &&
	    adapt(plan, client, NULL) == 0) {
		client->lease.plan = tenon__plan_ref(plan);
		tenon__plan_unref(before);
		return client;
	}
	tenon__plan_close(client);
	return tenon__plan_open(plan, &client, NULL) ? NULL : client;
}

void tenon__plan_close(struct tenon_client *client)
{
	struct tenon__plan *plan = client->lease.plan;

	tenon_client_close(client);
	tenon__plan_unref(plan);
}
