/* SPDX-License-Identifier: BSD-3-Clause */
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *self_path(void)
{
	static char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len < 0) {
		fail("/proc/self/exe cannot be read");
	}
	path[len] = '\0';
	return path;
}

/* Run the mode `loop` under a tool. Returns the number after the text `before` in its output. */
static double run_under(char *const tool[], size_t tool_count,
			const struct settings *settings, const char *client,
			const char *case_name, size_t operations,
			const char *before)
{
	char *number = alloc_format("%zu", operations);
	char *level = alloc_format("--level=%u", settings->level);
	char *tls = alloc_format("--tls=%s",
				 settings->tls_ca ? settings->tls_ca : "");
	char *argv[20] = { NULL };
	size_t count = 0;
	char *output;
	char *at;
	double found = -1;

	for (; count < tool_count; count++) {
		argv[count] = tool[count];
	}
	argv[count++] = (char *)self_path();
	argv[count++] = (char *)"loop";
	argv[count++] = (char *)client;
	argv[count++] = (char *)case_name;
	argv[count++] = number;
	argv[count++] =
		(char *)"--pin=none"; /* the child process inherits the CPUs of this process */
	if (settings->servers) {
		argv[count++] = (char *)"--servers";
		argv[count++] = (char *)settings->servers;
	}
	if (settings->tls_ca) {
		argv[count++] = tls;
	}
	if (settings->level > 0) {
		argv[count++] = level;
	}
	output = run_tool(argv, "tool");
	at = !output ? NULL : strstr(output, before);
	if (at) {
		found = strtod(at + strlen(before), NULL);
	}
	free(output);
	free(tls);
	free(level);
	free(number);
	return found;
}

static double calls_of(const struct settings *settings, const char *client,
		       const char *case_name, size_t operations)
{
	char *path = scratch_path("tool");
	char *tool[] = {
		(char *)"strace",     (char *)"-f", (char *)"-c", (char *)"-U",
		(char *)"name,calls", (char *)"-o", path
	};
	double calls = run_under(tool, sizeof(tool) / sizeof(tool[0]), settings,
				 client, case_name, operations, "\ntotal ");

	free(path);
	return calls;
}

static double instructions_of(const struct settings *settings,
			      const char *client, const char *case_name,
			      size_t operations)
{
	char *path = scratch_path("tool");
	char *log = alloc_format("--log-file=%s", path);
	char *tool[] = { (char *)"valgrind", (char *)"--tool=callgrind",
			 (char *)"--callgrind-out-file=/dev/null", log };
	double instructions =
		run_under(tool, sizeof(tool) / sizeof(tool[0]), settings,
			  client, case_name, operations, "Collected :");

	free(path);
	free(log);
	return instructions;
}

static double difference(double once, double twice, size_t operations)
{
	return once < 0 || twice < once ? -1
					: (twice - once) / (double)operations;
}

double count_calls(const struct settings *settings, const char *client,
		   const char *case_name, size_t operations)
{
	double once = calls_of(settings, client, case_name, operations);
	double twice = once < 0 ? -1
				: calls_of(settings, client, case_name,
					   operations * 2);

	return difference(once, twice, operations);
}

double count_instructions(const struct settings *settings, const char *client,
			  const char *case_name, size_t operations)
{
	double once = instructions_of(settings, client, case_name, operations);
	double twice = once < 0 ? -1
				: instructions_of(settings, client, case_name,
						  operations * 2);

	return difference(once, twice, operations);
}
