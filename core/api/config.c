/* SPDX-License-Identifier: BSD-3-Clause */
/* The public functions that fill and check a config. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cluster/assembly.h"
#include "config/conf.h"
#include "option/option.h"

static const struct tenon__place nowhere = { "", 0, 0 };

int tenon_config_create(struct tenon_config **out, struct tenon_error *err)
{
	struct tenon_config *config;
	int code;

	tenon__error_clear(err);
	*out = NULL;
	config = tenon__calloc(1, sizeof(*config));
	if (!config) {
		return tenon__error_no_memory(err);
	}
	code = tenon__registry_create(&config->registry, err);
	if (!code) {
		code = tenon__config_reset(config, err);
	}
	if (code) {
		tenon_config_destroy(config);
		return code;
	}
	*out = config;
	return 0;
}

void tenon_config_destroy(struct tenon_config *config)
{
	if (!config) {
		return;
	}
	tenon__source_free_all(config->sources);
	tenon__source_free_all(config->ring.sources);
	tenon__server_list_fini(&config->servers);
	tenon__option_fini(tenon__setting_rows, &config->settings);
	tenon__registry_unref(config->registry);
	tenon__free(config);
}

int tenon_config_load_file(struct tenon_config *config, const char *path,
			   struct tenon_error *err)
{
	tenon__error_clear(err);
	return tenon__source_load_file(config, path, err);
}

int tenon_config_load_text(struct tenon_config *config, const char *name,
			   const char *text, size_t len,
			   struct tenon_error *err)
{
	tenon__error_clear(err);
	return tenon__source_load(config, name, tenon__strndup("", 0), text,
				  len, err);
}

int tenon_config_set(struct tenon_config *config, const char *key,
		     const char *value, struct tenon_error *err)
{
	struct tenon__source *source;
	int code;

	tenon__error_clear(err);
	code = tenon__source_add(config, &source, "", tenon__strndup("", 0),
				 key, value, strlen(value), err);
	return code ? code
		    : tenon__source_apply(config, source, source->root, err);
}

int tenon_config_keep_server(struct tenon_config *config, const char *name,
			     struct tenon_error *err)
{
	tenon__error_clear(err);
	return tenon__server_list_keep(&config->servers, name)
		       ? 0
		       : tenon__error_set(err, TENON_ECONFIG,
					  "no server has the alias or address '%.200s'",
					  name);
}

/* Append a server to the server pool `pool`; NULL: to the main ring. */
static int add_server(struct tenon_config *config, const char *pool,
		      const char *address, const char *alias, unsigned weight,
		      struct tenon_error *err)
{
	struct tenon__server server;
	int code;

	tenon__error_clear(err);
	code = tenon__server_make(&server, address, alias, weight, err);
	if (!code && pool) {
		code = tenon__server_set_pool(&server, pool, err);
		if (code) {
			tenon__server_fini(&server);
		}
	}
	if (!code) {
		server.weight_given = weight != 1;
		code = tenon__server_list_add(&config->servers, &server,
					      &nowhere, err);
	}
	return code;
}

int tenon_config_add_server(struct tenon_config *config, const char *address,
			    const char *alias, unsigned weight,
			    struct tenon_error *err)
{
	return add_server(config, NULL, address, alias, weight, err);
}

int tenon_config_add_spare(struct tenon_config *config, const char *pool,
			   const char *address, const char *alias,
			   unsigned weight, struct tenon_error *err)
{
	return add_server(config, pool, address, alias, weight, err);
}

void tenon_config_set_log(struct tenon_config *config, tenon_log_fn fn,
			  void *payload)
{
	config->log = (struct tenon__log){ fn, payload };
}

int tenon_config_check(struct tenon_config *config, struct tenon_error *err)
{
	struct tenon__assembly *assembly;
	int code;

	tenon__error_clear(err);
	code = tenon__assembly_create(&assembly, config, err);
	if (!code) {
		tenon__assembly_unref(assembly);
	}
	return code;
}
