/* SPDX-License-Identifier: BSD-3-Clause */
/* Memcached servers on free loopback ports. */
#include "servers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS 10000
#define STEP_MS 2

static const char *binary(void)
{
	const char *named = getenv("MEMCACHED");

	return named && *named != '\0' ? named : "memcached";
}

/* The files of the servers' own certificate: made once, for all servers. */
struct certificate {
	char *path; /* NULL: the servers speak plain memcached */
	char *key_path;
};

static void make_certificate(struct certificate *certificate)
{
	char *path = scratch_path("certificate");
	char *key_path = scratch_path("key");
	char *argv[] = { (char *)"openssl", (char *)"req", (char *)"-x509",
			 (char *)"-newkey", (char *)"ec", (char *)"-pkeyopt",
			 (char *)"ec_paramgen_curve:prime256v1", (char *)"-nodes",
			 (char *)"-days", (char *)"2", (char *)"-subj",
			 (char *)"/CN=tenon-bench", (char *)"-addext",
			 (char *)"subjectAltName=IP:127.0.0.1", (char *)"-keyout",
			 key_path, (char *)"-out", path, NULL };

	scratch_remove_later(path);
	scratch_remove_later(key_path);
	if (!run_program(argv)) {
		fail("openssl cannot make a certificate");
	}
	*certificate = (struct certificate){ path, key_path };
}

_Noreturn static void become_server(const char *port_path,
				    const struct certificate *certificate)
{
	const char *argv[20] = { binary(), "-t", "1", "-U", "0", "-l",
				 "127.0.0.1", "-p", "-1", "-m", "64",
				 /* as root, memcached wants a user; for others -u has no effect */
				 "-u", "root" };
	size_t count = 13;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	setenv("MEMCACHED_PORT_FILENAME", port_path, 1);
	if (certificate->path) {
		argv[count++] = "-Z";
		argv[count++] = "-o";
		argv[count] = alloc_format("ssl_chain_cert=%s,ssl_key=%s",
					   certificate->path,
					   certificate->key_path);
	}
	execvp(binary(), (char *const *)(uintptr_t)argv);
	_exit(127);
}

/*
 * Run as the parent of the servers, which end when this process ends. The process has a session
 * of its own, as a service has. The kernel gives each session its share of a CPU (autogroup). A
 * client in the session of its servers would share that CPU time with them, which no real client
 * does.
 */
_Noreturn static void keep_servers(char *const *port_paths, size_t count,
				   const struct certificate *certificate)
{
	setsid();
	children_guard();
	for (size_t i = 0; i < count; i++) {
		if (child_fork(CPU_NONE) == 0) {
			become_server(port_paths[i], certificate);
		}
	}
	/* A server that ends by itself could not start. */
	wait(NULL);
	exit(EXIT_FAILURE);
}

/*
 * Read the port of a server. memcached writes the file under another name, and renames it when the
 * server listens. Returns false while there is no file.
 */
static bool read_port(const char *path, uint16_t *port)
{
	FILE *file = fopen(path, "re");
	unsigned number = 0;
	bool is_read = false;

	if (file) {
		is_read = fscanf(file, "TCP INET: %u", &number) == 1;
		fclose(file);
		unlink(path);
	}
	*port = (uint16_t)number;
	return is_read;
}

static void await_one(const struct servers *servers, const char *port_path,
		      struct address *address)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (int ms = 0; ms < START_MS; ms += STEP_MS) {
		if (read_port(port_path, &address->port)) {
			memcpy(address->host, "127.0.0.1", sizeof("127.0.0.1"));
			return;
		}
		if (waitpid(servers->keeper, NULL, WNOHANG) != 0) {
			break;
		}
		nanosleep(&step, NULL);
	}
	fail("%s does not start (set MEMCACHED to another program)", binary());
}

static void start_all(struct servers *servers, const struct settings *settings)
{
	char *port_paths[SERVERS_MAX];
	struct certificate certificate = { 0 };

	if (settings->tls) {
		make_certificate(&certificate);
	}
	*servers = (struct servers){ .count = SERVERS_MAX,
				     .tls_ca = certificate.path };
	for (size_t i = 0; i < SERVERS_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "port-%zu", i);
		port_paths[i] = scratch_path(name);
	}
	servers->keeper = child_fork(settings->server_cpu);
	if (servers->keeper == 0) {
		keep_servers(port_paths, SERVERS_MAX, &certificate);
	}
	for (size_t i = 0; i < SERVERS_MAX; i++) {
		await_one(servers, port_paths[i], &servers->addresses[i]);
		free(port_paths[i]);
	}
	free(certificate.key_path);
}

static void parse(struct servers *servers, const char *list)
{
	*servers = (struct servers){ 0 };
	while (*list != '\0') {
		struct address *address = &servers->addresses[servers->count];
		unsigned port;
		int len = 0;

		if (servers->count == SERVERS_MAX ||
		    sscanf(list, "%15[0-9.]:%5u%n", address->host, &port,
			   &len) != 2 ||
		    port == 0 || port > UINT16_MAX ||
		    (list[len] != '\0' && list[len] != ',')) {
			fail("'%s': expected up to %d IPv4:PORT, separated by commas",
			     list, SERVERS_MAX);
		}
		address->port = (uint16_t)port;
		servers->count++;
		list += len + (list[len] == ',');
	}
}

void servers_init(struct servers *servers, const struct settings *settings)
{
	if (settings->servers) {
		parse(servers, settings->servers);
		servers->tls_ca = settings->tls_ca ?
					  alloc_format("%s", settings->tls_ca) :
					  NULL;
	} else {
		start_all(servers, settings);
	}
}

void servers_stop(struct servers *servers)
{
	if (servers->keeper > 0) {
		child_stop(servers->keeper);
		servers->keeper = 0;
	}
	free(servers->tls_ca);
	servers->tls_ca = NULL;
}

char *servers_format(const struct servers *servers)
{
	char *list = alloc_format("%s", "");

	for (size_t i = 0; i < servers->count; i++) {
		char *longer = alloc_format("%s%s%s:%u", list,
					    i == 0 ? "" : ",",
					    servers->addresses[i].host,
					    servers->addresses[i].port);

		free(list);
		list = longer;
	}
	return list;
}
