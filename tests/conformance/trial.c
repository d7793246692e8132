/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/trial.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/told_servers.h"
#include "conformance/subject.h"
#include "tenon/tenon.h"

/* The time that the plugin has, unless libcheck's variable says another one. */
#define LIMIT_S 20

/* Exit status of the child: this and the plugin's kind. */
#define KIND_STATUS 100

/* The steps, which are the names of tests. */
static const char *const steps[] = { "plugin_is_loaded", "instance_is_made" };

/*
 * The child writes a byte 0 when a step begins, and its exit status, which is not 0, when the trial
 * ends the child. Without the latter the plugin has ended the child.
 */
static int steps_fd; /* in the child */

static void begin_step(void)
{
	(void)!write(steps_fd, "", 1);
}

__attribute__((noreturn)) static void end_trial(int status)
{
	char byte = (char)status;

	(void)!write(steps_fd, &byte, 1);
	exit(status);
}

static void say(const char *what, const char *why)
{
	fprintf(stderr, "tenon-conformance: %s: %s\n", what, why);
}

/* ---- in the child ------------------------------------------------------------ */

static const struct tenon__plugin *load(struct tenon__registry **registry,
					const char *path)
{
	static const struct tenon__place nowhere = { "", 0, 0 };
	struct tenon_error err;

	begin_step();
	if (tenon__registry_create(registry, &err) != 0 ||
	    tenon__registry_load(*registry, path, &nowhere, &err) != 0) {
		say("refused", err.message);
		end_trial(TRIAL_FAILED);
	}
	return tenon__registry_first(*registry);
}

/* Return the config key of a kind, and how a plugin of the kind is given as its value. */
static const char *config_key(uint32_t kind, const char **format)
{
	*format = kind == TENON_KIND_CODEC ? "[{%s: %s}]" : "{%s: %s}";
	switch (kind) {
	case TENON_KIND_HASH:
		return "hash_function";
	case TENON_KIND_DISTRIBUTION:
		return "distribution";
	case TENON_KIND_TRANSPORT:
		return "transport";
	case TENON_KIND_CODEC:
		return "codecs";
	case TENON_KIND_FAILOVER:
		return "failover";
	default:
		return "secure";
	}
}

static int set(struct tenon_config *config, const char *key,
	       const char *format, const char *name, const char *value,
	       struct tenon_error *err)
{
	size_t size = strlen(format) + strlen(name) + strlen(value) + 1;
	char *text = malloc(size);
	int code = TENON_ENOMEM;

	if (text) {
		snprintf(text, size, format, name, value);
		code = tenon_config_set(config, key, text, err);
	}
	free(text);
	return code;
}

/* Make an instance as an application does. The client connects to no server. */
static void make_instance(const struct tenon__plugin *plugin, const char *path)
{
	const char *options = getenv(SUBJECT_OPTIONS_VARIABLE);
	const char *format;
	const char *key = config_key(plugin->kind, &format);
	struct tenon_config *config = NULL;
	struct tenon_client *client = NULL;
	struct tenon_error err = { 0 };

	begin_step();
	if (tenon_config_create(&config, &err) != 0 ||
	    tenon_config_set(config, "servers", servers_text(), &err) != 0 ||
	    set(config, "plugins", "[\"%s\"]%s", path, "", &err) != 0 ||
	    tenon_config_set(config, "codecs", "none", &err) != 0 ||
	    set(config, key, format, plugin->name, options ? options : "{}",
		&err) != 0 ||
	    tenon_client_open(config, &client, &err) != 0) {
		say("the plugin does not start", err.message);
		end_trial(err.code == TENON_ECONFIG ? TRIAL_USAGE : TRIAL_FAILED);
	}
	tenon_client_close(client);
	tenon_config_destroy(config);
}

static void try_plugin(const char *path)
{
	struct tenon__registry *registry;
	const struct tenon__plugin *plugin = load(&registry, path);
	int kind = (int)plugin->kind;

	make_instance(plugin, path);
	tenon__registry_unref(registry);
	end_trial(KIND_STATUS + kind);
}

/* ---- in the parent ------------------------------------------------------------- */

static unsigned limit_s(void)
{
	const char *given = getenv("CK_DEFAULT_TIMEOUT");
	int limit = given ? atoi(given) : 0;

	return limit > 0 ? (unsigned)limit : LIMIT_S;
}

/* Write why the plugin has ended the child. */
static void print_end(int status)
{
	int signum = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (signum == SIGALRM) {
		printf("it took longer than %u s\n", limit_s());
	} else if (signum != 0) {
		printf("the plugin crashed with signal %d (%s)\n", signum,
		       strsignal(signum));
	} else {
		printf("the plugin ended the process with exit status %d\n",
		       WEXITSTATUS(status));
	}
}

/* Report the step in which the plugin has ended the child. */
static void report_end(const char *path, size_t step, int status)
{
	const char *file = strrchr(path, '/');

	for (size_t i = 0; i < step; i++) {
		printf("ok %zu - %s:%s: Passed\n", i + 1, file + 1, steps[i]);
	}
	printf("not ok %zu - %s:%s: ", step + 1, file + 1, steps[step]);
	print_end(status);
	printf("1..%zu\n", step + 1);
}

/* Count the steps until the child has ended. *end becomes the exit status that it told; 0: none. */
static size_t count_steps(int fd, int *end)
{
	unsigned char byte;
	size_t count = 0;

	*end = 0;
	while (read(fd, &byte, 1) == 1) {
		count += byte == 0;
		*end = byte;
	}
	return count;
}

int trial_run(const char *path, uint32_t *kind)
{
	int ends[2];
	int status;
	int end;
	size_t begun;
	pid_t child;

	if (pipe(ends) != 0 || (child = fork()) < 0) {
		perror("tenon-conformance");
		return TRIAL_FAILED;
	}
	if (child == 0) {
		close(ends[0]);
		steps_fd = ends[1];
		alarm(limit_s());
		try_plugin(path);
	}
	close(ends[1]);
	begun = count_steps(ends[0], &end);
	close(ends[0]);
	(void)waitpid(child, &status, 0);
	if (WIFSIGNALED(status) || end == 0 || WEXITSTATUS(status) != end) {
		report_end(path, begun > 0 ? begun - 1 : 0, status);
		return TRIAL_FAILED;
	}
	*kind = (uint32_t)(end - KIND_STATUS);
	return end >= KIND_STATUS ? 0 : end;
}
