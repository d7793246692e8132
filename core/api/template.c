/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/template.h"

#include <string.h>

#include "api/client.h"
#include "base/memory.h"

static void free_specs(struct tenon__template *template)
{
	for (size_t i = 0; i < template->spec_count; i++) {
		tenon__free(template->specs[i]);
	}
	tenon__free(template->specs);
	template->specs = NULL;
	template->spec_count = 0;
}

int tenon__template_set_specs(struct tenon__template *template,
			      const char *const *specs, size_t count)
{
	free_specs(template);
	template->specs = tenon__calloc(count + 1, sizeof(*template->specs));
	if (!template->specs) {
		return TENON_ENOMEM;
	}
	for (; template->spec_count < count; template->spec_count++) {
		const char *spec = specs[template->spec_count];
		char *copy = tenon__strndup(spec, strlen(spec));

		if (!copy) {
			return TENON_ENOMEM;
		}
		template->specs[template->spec_count] = copy;
	}
	return 0;
}

struct tenon__template *tenon__template_like(
	const struct tenon__template *other)
{
	struct tenon__template *template = tenon__calloc(1, sizeof(*template));

	if (!template) {
		return NULL;
	}
	atomic_init(&template->refs, 1);
	if (!other) {
		return template;
	}
	template->wait = other->wait;
	template->wait_payload = other->wait_payload;
	template->assembly = tenon__assembly_ref(other->assembly);
	if (other->specs && tenon__template_set_specs(
				    template, (const char *const *)other->specs,
				    other->spec_count) != 0) {
		tenon__template_unref(template);
		return NULL;
	}
	return template;
}

struct tenon__template *tenon__template_ref(struct tenon__template *template)
{
	atomic_fetch_add(&template->refs, 1);
	return template;
}

void tenon__template_unref(struct tenon__template *template)
{
	if (!template || atomic_fetch_sub(&template->refs, 1) != 1) {
		return;
	}
	free_specs(template);
	tenon__assembly_unref(template->assembly);
	tenon__free(template);
}

/* Give a client of the template's assembly the template's server addresses and wait hook. */
static int adapt(struct tenon__template *template, struct tenon_client *client,
		 struct tenon_error *err)
{
	int code = 0;

	if (template->specs) {
		code = tenon_client_update_servers(
			client, (const char *const *)template->specs,
			template->spec_count, err);
	}
	return code ? code
		    : tenon_client_set_wait(client, template->wait,
					    template->wait_payload, err);
}

int tenon__template_open(struct tenon__template *template,
			 struct tenon_client **out, struct tenon_error *err)
{
	int code = tenon__client_make(out, template->assembly, err);

	if (code) {
		return code;
	}
	code = adapt(template, *out, err);
	if (code) {
		tenon_client_close(*out);
		*out = NULL;
		return code;
	}
	(*out)->loan.template = tenon__template_ref(template);
	return 0;
}

struct tenon_client *tenon__template_apply(struct tenon__template *template,
					   struct tenon_client *client)
{
	struct tenon__template *before = client->loan.template;

	if (before->assembly == template->assembly &&
	    adapt(template, client, NULL) == 0) {
		client->loan.template = tenon__template_ref(template);
		tenon__template_unref(before);
		return client;
	}
	tenon__template_close(client);
	return tenon__template_open(template, &client, NULL) ? NULL : client;
}

void tenon__template_close(struct tenon_client *client)
{
	struct tenon__template *template = client->loan.template;

	tenon_client_close(client);
	tenon__template_unref(template);
}
