/* SPDX-License-Identifier: BSD-3-Clause */
#include "cluster/greetings.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "wire/protocol.h"

/* Make one greeting. *out is NULL when the value asks for none. */
static int make(struct tenon__assembly *assembly,
		const struct tenon_config *config,
		const struct tenon__auth *auth,
		const struct tenon__greeting **out, struct tenon_error *err)
{
	struct tenon__greeting *greeting;
	struct tenon__login login;
	int code = tenon__auth_load(&login, auth, config->sources,
				    &assembly->log, err);

	*out = NULL;
	if (code || login.user[0] == '\0') {
		return code;
	}
	greeting = tenon__calloc(1, sizeof(*greeting));
	if (greeting) {
		greeting->len = assembly->protocol->greet(
			greeting->bytes, login.user, login.password);
		greeting->next = assembly->greeting_list;
		assembly->greeting_list = greeting;
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

int tenon__greetings_make(struct tenon__assembly *assembly,
			  const struct tenon_config *config,
			  const struct tenon__server_entry *const *entries,
			  struct tenon_error *err)
{
	const struct tenon__greeting *usual;
	size_t count = assembly->server_count;
	int code = make(assembly, config, &config->auth, &usual, err);

	if (code || (!usual && !has_own(entries, count))) {
		return code;
	}
	assembly->greetings =
		tenon__calloc(count, sizeof(*assembly->greetings));
	if (!assembly->greetings) {
		return tenon__error_no_memory(err);
	}
	for (size_t i = 0; i < count && !code; i++) {
		const struct tenon__auth own = { entries[i]->auth,
						 entries[i]->folder };

		assembly->greetings[i] = usual;
		if (own.value) {
			code = make(assembly, config, &own,
				    &assembly->greetings[i], err);
		}
	}
	return code;
}

void tenon__greetings_fini(struct tenon__assembly *assembly)
{
	while (assembly->greeting_list) {
		struct tenon__greeting *greeting = assembly->greeting_list;

		assembly->greeting_list = greeting->next;
		tenon__free_secret(greeting, sizeof(*greeting));
	}
	tenon__free(assembly->greetings);
	assembly->greetings = NULL;
}
