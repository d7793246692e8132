/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/greetings.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "wire/protocol.h"

/* Return the config file whose folder this is, when every user can read that file; else NULL. */
static const char *public_file(const struct tenon_config *config,
			       const char *folder)
{
	const struct tenon__source *source = config->sources;

	while (source && source->folder != folder) {
		source = source->next;
	}
	return source && source->is_public ? source->where : NULL;
}

/* Make one greeting. *out is NULL when the value asks for none. */
static int make(struct tenon__greetings *greetings,
		const struct tenon_config *config,
		const struct tenon__auth *auth,
		const struct tenon__greeting **out, struct tenon_error *err)
{
	struct tenon__greeting *greeting;
	struct tenon__login login;
	int code = tenon__auth_load(&login, auth,
				    public_file(config, auth->folder),
				    &config->log, err);

	*out = NULL;
	if (code || login.user[0] == '\0') {
		return code;
	}
	greeting = tenon__calloc(1, sizeof(*greeting));
	if (greeting) {
		greeting->len =
			tenon__protocols[config->settings.protocol]->greet(
				greeting->bytes, login.user, login.password);
		greeting->next = greetings->list;
		greetings->list = greeting;
		*out = greeting;
	}
	explicit_bzero(&login, sizeof(login));
	return greeting ? 0 : tenon__error_no_memory(err);
}

/* Return true when a server of the list has a value of its own. */
static bool has_own(const struct tenon__server_entry *const *entries,
		    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i]->auth) {
			return true;
		}
	}
	return false;
}

int tenon__greetings_make(struct tenon__greetings *greetings,
			  const struct tenon_config *config,
			  const struct tenon__server_entry *const *entries,
			  size_t count, struct tenon_error *err)
{
	const struct tenon__greeting *usual;
	int code = make(greetings, config, &config->auth, &usual, err);

	if (code || (!usual && !has_own(entries, count))) {
		return code;
	}
	greetings->of = tenon__calloc(count, sizeof(*greetings->of));
	if (!greetings->of) {
		return tenon__error_no_memory(err);
	}
	for (size_t i = 0; i < count && !code; i++) {
		const struct tenon__auth own = { entries[i]->auth,
						 entries[i]->folder };

		greetings->of[i] = usual;
		if (own.value) {
			code = make(greetings, config, &own, &greetings->of[i],
				    err);
		}
	}
	return code;
}

void tenon__greetings_fini(struct tenon__greetings *greetings)
{
	while (greetings->list) {
		struct tenon__greeting *greeting = greetings->list;

		greetings->list = greeting->next;
		tenon__free_secret(greeting, sizeof(*greeting));
	}
	tenon__free(greetings->of);
	greetings->of = NULL;
}
