/* SPDX-License-Identifier: BSD-3-Clause */
/* Make a config without a file, and check it. */
#include <stdio.h>
#include <tenon/tenon.h>

static void log_line(void *payload, int level, const char *line)
{
	(void)payload;
	if (level <= TENON_LOG_WARNING) {
		fprintf(stderr, "%s\n", line);
	}
}

static int fill(struct tenon_config *config, struct tenon_error *err)
{
	tenon_config_set_log(config, log_line, NULL);
	if (tenon_config_add_server(config, "127.0.0.1:11211", "anna", 1, err) ||
	    tenon_config_add_server(config, "127.0.0.1:11212", "bert", 2, err) ||
	    tenon_config_add_spare(config, "gutter", "127.0.0.1:11213", "cleo",
				   1, err) ||
	    tenon_config_set(config, "poll_timeout", "250ms", err) ||
	    tenon_config_set(config, "failover", "{gutter: {gutter_ttl: 10s}}",
			     err)) {
		return -1;
	}
	return tenon_config_check(config, err);
}

int main(void)
{
	struct tenon_config *config;
	struct tenon_error err;
	int failed = tenon_config_create(&config, &err) || fill(config, &err);

	puts(failed ? err.message : "the config is right");
	tenon_config_destroy(config);
	return failed ? 2 : 0;
}
