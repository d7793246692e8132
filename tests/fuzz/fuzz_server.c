/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lines of `servers:`. A line that is understood can be written again, and the written
 * line is then understood as the same server.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "config/server_list.h"

#define LINES_MAX 64

const char fuzz_name[] = "server";

void fuzz_end(void)
{
}

static void check_error(int code, const struct tenon_error *err)
{
	fuzz_must(code == TENON_ECONFIG, "a line fails only with TENON_ECONFIG");
	fuzz_must(err->code == code, "the error has the code");
	fuzz_must(err->message[0] != '\0', "an error has a reason");
	fuzz_must(!strchr(err->message, '\n'), "the reason is one line");
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_server(const struct tenon__server *server)
{
	struct tenon__server again;
	struct tenon_error err = { 0 };

	fuzz_must(server->host[0] != '\0', "a server has a host");
	fuzz_must(strlen(server->host) <= TENON_HOST_MAX_BYTES,
		  "a host is no longer than its maximum");
	fuzz_must(server->port <= UINT16_MAX, "a port is 0..65535");
	fuzz_must((server->port == 0) == (server->host[0] == '/'),
		  "only a path has no port");
	fuzz_must(server->weight == 1, "a line has no weight");
	fuzz_must(!server->alias ||
			  (server->alias[0] != '\0' &&
			   strlen(server->alias) <= TENON_ALIAS_MAX_BYTES),
		  "an alias has 1..250 bytes");
	fuzz_must(tenon__server_make(&again, server->address, server->alias, 1,
				     &err) == 0,
		  "a parsed line can be parsed again");
	fuzz_must(is_same(again.address, server->address) &&
			  is_same(again.host, server->host) &&
			  is_same(again.alias, server->alias) &&
			  again.port == server->port,
		  "and is the same");
	tenon__server_fini(&again);
}

/*
 * Add a server to the list, which fails only when its name or its address is in the
 * list already. Then check that the same server cannot be added again.
 */
static void join(struct tenon__server_list *list, struct tenon__server *server)
{
	static const struct tenon__place nowhere = { "", 0, 0 };
	struct tenon__server again;
	struct tenon_error err = { 0 };
	int code = tenon__server_make(&again, server->address, server->alias, 1,
				      &err);
	size_t before = list->count;

	fuzz_must(code == 0, "a server can be made again");
	code = tenon__server_list_add(list, server, &nowhere, &err);
	if (code) {
		check_error(code, &err);
	}
	fuzz_must(list->count == before + !code, "the list grows by one unless adding fails");
	code = tenon__server_list_add(list, &again, &nowhere, &err);
	fuzz_must(code == TENON_ECONFIG, "the same server cannot be added twice");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct tenon__server_list list = { 0 };

	for (int lines = 0; input.left > 0 && lines < LINES_MAX; lines++) {
		struct fuzz_input line = fuzz_until(&input, '\n');
		struct tenon__server server;
		struct tenon_error err = { 0 };
		int code = tenon__server_parse(
			&server, (const char *)line.at, line.left, &err);

		if (code) {
			check_error(code, &err);
			continue;
		}
		check_server(&server);
		join(&list, &server);
	}
	tenon__server_list_fini(&list);
	return 0;
}
