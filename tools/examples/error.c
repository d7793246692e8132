/* SPDX-License-Identifier: BSD-3-Clause */
/* Show where a config is wrong. */
#include <stdio.h>
#include <string.h>
#include <tenon/tenon.h>

int main(void)
{
	static const char text[] = "servers: [127.0.0.1:11211 anna]\n"
				   "poll_timeout: soon\n";
	struct tenon_config *config;
	struct tenon_error err;

	if (tenon_config_create(&config, &err)) {
		fprintf(stderr, "%s\n", err.message);
		return 2;
	}
	if (tenon_config_load_text(config, "text", text, strlen(text), &err)) {
		printf("status %s, line %u, column %u: %s\n",
		       tenon_status_name(err.code), (unsigned)err.line,
		       (unsigned)err.column, err.message);
	}
	tenon_config_destroy(config);
	return 0;
}
