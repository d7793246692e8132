/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/secures.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

/* A secure plugin with the choice that it is made from. */
struct tenon__secure_part {
	struct tenon__secure_part *next;
	struct tenon__choice choice; /* of the config: not valid when the assembly is made */
	struct tenon__chosen chosen;
	void *self;
	struct tenon__secure secure;
};

/* Return true when two choices make the same instance. */
static bool same_choice(const struct tenon__choice *a,
			const struct tenon__choice *b)
{
	return tenon__same_word(a->name, b->name) &&
	       tenon__same_text(a->folder, b->folder) &&
	       tenon__node_equals(a->options, b->options);
}

static int make_secure(struct tenon__selection *selection,
		       struct tenon__secure_part *part, struct tenon_error *err)
{
	static const struct tenon_secure_setup setup = { .size = sizeof(setup) };
	struct tenon_error reported = { .code = 0 };
	int code = tenon__select(selection, &part->choice, &part->chosen, err);

	if (code) {
		return code;
	}
	const struct tenon__plugin *plugin = part->chosen.plugin;
	part->self = tenon__instance_alloc(plugin->ops.secure.state_size);
	if (!part->self) {
		return tenon__error_no_memory(err);
	}
	part->secure = (struct tenon__secure){
		.ops = &plugin->ops.secure,
		.name = plugin->name,
		.self = part->self,
	};
	code = part->secure.ops->init(part->self, part->chosen.options,
				      &part->chosen.host.table, &setup,
				      &reported);
	return code ? tenon__plugin_error(err, code, &reported, plugin, "init",
					  &part->choice.place)
		    : 0;
}

/* Find the instance of a choice, or make it. *out is NULL for the choice of no plugin. */
static int find_secure(struct tenon__secures *secures,
		       struct tenon__selection *selection,
		       const struct tenon__choice *choice,
		       const struct tenon__secure **out,
		       struct tenon_error *err)
{
	struct tenon__secure_part *part = secures->parts;
	int code = 0;

	*out = NULL;
	if (tenon__choice_is_none(choice)) {
		return 0;
	}
	while (part && !same_choice(&part->choice, choice)) {
		part = part->next;
	}
	if (!part) {
		part = tenon__calloc(1, sizeof(*part));
		if (!part) {
			return tenon__error_no_memory(err);
		}
		part->choice = *choice;
		part->next = secures->parts;
		secures->parts = part;
		code = make_secure(selection, part, err);
	}
	*out = &part->secure;
	return code;
}

/* Find the instance for one server: by its own choice, or by that of the config. */
static int choose_secure(struct tenon__secures *secures,
			 struct tenon__selection *selection,
			 const struct tenon_config *config,
			 const struct tenon__server_entry *entry,
			 const struct tenon__secure **out,
			 struct tenon_error *err)
{
	struct tenon__choice choice = config->choices[TENON__ROLE_SECURE];
	int code = tenon__server_has_secure(entry)
			   ? tenon__server_secure(&choice, entry, err)
			   : 0;

	return code ? code
		    : find_secure(secures, selection, &choice, out, err);
}

int tenon__secures_make(struct tenon__secures *secures,
			struct tenon__selection *selection,
			const struct tenon_config *config,
			const struct tenon__server_entry *const *entries,
			size_t count, struct tenon_error *err)
{
	bool any = false;
	int code = 0;

	secures->of = tenon__calloc(count, sizeof(*secures->of));
	if (!secures->of) {
		return tenon__error_no_memory(err);
	}
	for (size_t i = 0; i < count && !code; i++) {
		code = choose_secure(secures, selection, config, entries[i],
				     &secures->of[i], err);
		any |= secures->of[i] != NULL;
	}
	if (!any) {
		tenon__free(secures->of);
		secures->of = NULL;
	}
	return code;
}

void tenon__secures_fini(struct tenon__secures *secures)
{
	struct tenon__secure_part *part = secures->parts;

	while (part) {
		struct tenon__secure_part *next = part->next;

		if (part->secure.ops) {
			part->secure.ops->fini(part->self);
		}
		tenon__free(part->self);
		tenon__chosen_fini(&part->chosen);
		tenon__free(part);
		part = next;
	}
	tenon__free(secures->of);
}
