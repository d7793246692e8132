/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A memcached that speaks the language of the toy $TENON_TOY: a process that takes the place
 * of memcached, for memcached.c. It takes the same arguments, starts the real memcached on a
 * UNIX socket, and is a proxy that translates. For the test the two are one server: stopped,
 * continued and killed as one process, with one connection to memcached for each client.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fakes/proxy.h"

#define START_MS 10000
#define STEP_MS 2
#define ARGUMENTS_MAX 32

/* What the arguments say about the address; the others go to the real memcached. */
struct asked {
	const char *path; /* -s; NULL: TCP */
	const char *host; /* -l */
	int port;         /* -p; -1: the kernel chooses */
	char *argv[ARGUMENTS_MAX + 3];
	int argc;
};

static const char *real(void)
{
	const char *named = getenv("TENON_TOY_MEMCACHED");

	return named && *named ? named : "memcached";
}

static _Noreturn void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void read_arguments(struct asked *asked, int argc, char **argv)
{
	asked->argv[asked->argc++] = strdup(real());
	for (int i = 1; i < argc && i < ARGUMENTS_MAX; i++) {
		if (strcmp(argv[i], "-s") == 0 && i + 1 < argc) {
			asked->path = argv[++i];
		} else if (strcmp(argv[i], "-l") == 0 && i + 1 < argc) {
			asked->host = argv[++i];
		} else if (strcmp(argv[i], "-p") == 0 && i + 1 < argc) {
			asked->port = atoi(argv[++i]);
		} else {
			asked->argv[asked->argc++] = argv[i];
		}
	}
}

/* Write an address as address_parse() reads it. */
static void write_own(char *out, size_t bytes, const struct asked *asked)
{
	int port = asked->port > 0 ? asked->port : 0;

	if (asked->path) {
		snprintf(out, bytes, "%s", asked->path);
	} else if (strchr(asked->host, ':')) {
		snprintf(out, bytes, "[%s]:%d", asked->host, port);
	} else {
		snprintf(out, bytes, "%s:%d", asked->host, port);
	}
}

static int bind_own(const struct asked *asked, struct address *own)
{
	char text[160];
	int one = 1;
	int fd;

	write_own(text, sizeof(text), asked);
	if (!address_parse(text, own)) {
		fail(text);
	}
	fd = address_socket(own);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &own->u.any, own->len) < 0 ||
	    (!asked->path && getsockname(fd, &own->u.any, &own->len) < 0)) {
		fail(text);
	}
	return fd;
}

/* As memcached does: the file appears under its name when it is complete. */
static void write_port_file(const struct address *own)
{
	const char *name = getenv("MEMCACHED_PORT_FILENAME");
	char other[160];
	FILE *file;

	if (!name) {
		return;
	}
	snprintf(other, sizeof(other), "%s.lck", name);
	file = fopen(other, "we");
	/* The port lies at the same offset in sockaddr_in and sockaddr_in6. */
	if (!file ||
	    fprintf(file, "TCP INET: %u\n", ntohs(own->u.in.sin_port)) < 0 ||
	    fclose(file) != 0 || rename(other, name) < 0) {
		fail(other);
	}
}

static pid_t start_real(struct asked *asked, const char *path)
{
	pid_t parent = getpid();
	pid_t pid;

	asked->argv[asked->argc++] = (char[]){ "-s" };
	asked->argv[asked->argc++] = strdup(path);
	asked->argv[asked->argc] = NULL;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent) {
			execvp(asked->argv[0], asked->argv);
		}
		_exit(127);
	}
	return pid;
}

static bool answers(const char *path)
{
	struct address where;
	int fd;
	bool ok;

	ok = address_parse(path, &where);
	fd = address_socket(&where);
	ok = ok && fd >= 0 && connect(fd, &where.u.any, where.len) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return ok;
}

static void wait_until_up(const char *path)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (int ms = 0; !answers(path); ms += STEP_MS) {
		if (ms > START_MS || waitpid(-1, NULL, WNOHANG) != 0) {
			fail(real());
		}
		nanosleep(&step, NULL);
	}
}

int main(int argc, char **argv)
{
	struct asked asked = { .host = "127.0.0.1" };
	struct address own;
	char path[108];
	int fd;

	read_arguments(&asked, argc, argv);
	if (argc == 2) { /* -V */
		execvp(asked.argv[0], (char *[]){ asked.argv[0], argv[1], NULL });
		fail(real());
	}
	snprintf(path, sizeof(path), "%s.real", asked.path ? asked.path :
		 getenv("MEMCACHED_PORT_FILENAME"));
	start_real(&asked, path);
	wait_until_up(path);
	fd = bind_own(&asked, &own);
	if (!proxy_start_at(path, &own, fd, toy_chosen())) {
		fail("proxy");
	}
	write_port_file(&own);
	/* The real memcached ends only when it crashes, and then this server ends as well. */
	waitpid(-1, NULL, 0);
	return EXIT_FAILURE;
}
