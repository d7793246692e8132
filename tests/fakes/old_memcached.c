/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * old_memcached PATH [closes]: a server on this UNIX socket that answers as memcached 1.4.39 does to version and
 * stats, with a miss to get, and with ERROR to all other commands, for scripts. closes: it closes
 * the connection in place of ERROR. It runs until it is killed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *answer_to(const char *line)
{
	static const struct {
		const char *begin;
		const char *answer;
	} known[] = {
		{ "get ", "END\r\n" },
		{ "version\r\n", "VERSION 1.4.39\r\n" },
		{ "stats\r\n",
		  "STAT uptime 7\r\nSTAT version 1.4.39\r\nSTAT pointer_size 64\r\nEND\r\n" },
		{ "stats settings\r\n", "STAT item_size_max 1048576\r\nEND\r\n" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strncmp(line, known[i].begin, strlen(known[i].begin)) == 0) {
			return known[i].answer;
		}
	}
	return NULL;
}

static void talk(int fd, const char *unknown)
{
	FILE *in = fdopen(fd, "r");
	char line[4096];

	while (in && fgets(line, sizeof(line), in)) {
		const char *answer = answer_to(line);

		answer = answer ? answer : unknown;
		if (!answer || send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0) {
			break;
		}
	}
	exit(EXIT_SUCCESS);
}

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* The socket gets its name when it listens, so a script can wait for the name. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path);
	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 16) != 0 || rename(address.sun_path, path) != 0) {
		fail(path);
	}
	return fd;
}

int main(int argc, char **argv)
{
	int listener;
	int fd;

	if (argc < 2) {
		fputs("usage: old_memcached PATH [closes]\n", stderr);
		return EXIT_FAILURE;
	}
	signal(SIGCHLD, SIG_IGN); /* children end without a trace */
	listener = listen_at(argv[1]);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		pid_t child = fork();

		if (child == 0) {
			close(listener);
			talk(fd, argc > 2 ? NULL : "ERROR\r\n");
		}
		close(fd);
	}
	fail("accept");
}
