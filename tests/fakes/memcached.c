/* SPDX-License-Identifier: BSD-3-Clause */
#include "memcached.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scratch.h"

#define START_MS 10000
#define STEP_MS 2
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *binary(void)
{
	const char *named = getenv("MEMCACHED");

	return named && *named ? named : "memcached";
}

/*
 * Runs in the child, which shares memory with its parent (vfork()): it may read that
 * memory and must not write it.
 */
static _Noreturn void become(char *const argv[], char *const env[], pid_t parent)
{
	int null;

	/* The kernel kills memcached when the test ends, in whatever way the test ends. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) {
		_exit(EXIT_FAILURE);
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvpe(argv[0], argv, env);
	_exit(127);
}

/*
 * Start the program; port_file may be NULL. Not with fork(): while fork() copies a
 * process, every thread of that process that touches memory waits.
 */
static pid_t spawn(char *const argv[], const char *port_file)
{
	char variable[160];
	pid_t parent = getpid();
	size_t count = 0;
	char **env;
	pid_t pid;

	while (environ[count]) {
		count++;
	}
	env = calloc(count + 2, sizeof(*env));
	if (!env) {
		return -1;
	}
	memcpy(env, environ, count * sizeof(*env));
	if (port_file) {
		snprintf(variable, sizeof(variable),
			 "MEMCACHED_PORT_FILENAME=%s", port_file);
		env[count] = variable;
	}
	pid = vfork();
	if (pid == 0) {
		become(argv, env, parent);
	}
	free(env);
	return pid;
}

static bool is_available(void)
{
	char name[256];
	char *const argv[] = { name, "-V", NULL };
	int status = -1;
	pid_t pid;

	snprintf(name, sizeof(name), "%s", binary());
	pid = spawn(argv, NULL);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

void memcached_require(void)
{
	if (!is_available()) {
		printf("1..0 # SKIP memcached is not installed\n");
		exit(EXIT_SUCCESS);
	}
}

static bool answers_unix(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	ok = fd >= 0 && connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0;
	if (fd >= 0) {
		close(fd);
	}
	return ok;
}

/* memcached writes the file under another name and renames it when it listens. */
static bool read_port(const char *path, unsigned *port)
{
	FILE *file = fopen(path, "re");
	bool ok;

	if (!file) {
		return false;
	}
	ok = fscanf(file, "TCP INET%*[6:] %u", port) == 1;
	fclose(file);
	return ok;
}

/* Write the address for the option -l. */
static void write_host(char *out, size_t bytes, enum memcached_family family)
{
	unsigned pid = (unsigned)getpid();

	if (family == MEMCACHED_LOCAL) {
		snprintf(out, bytes, "127.%u.%u.%u", 64 + (pid >> 16) % 64,
			 (pid >> 8) % 256, pid % 256);
	} else {
		snprintf(out, bytes, "%s", family == MEMCACHED_INET6 ?
			 "::1" : "127.0.0.1");
	}
}

static void write_address(struct memcached *memcached, unsigned port)
{
	char host[32];

	write_host(host, sizeof(host), memcached->family);
	snprintf(memcached->address, sizeof(memcached->address),
		 memcached->family == MEMCACHED_INET6 ? "[%s]:%u" : "%s:%u",
		 host, port);
}

static bool wait_until_up(struct memcached *out)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	unsigned port;

	for (int ms = 0; ms < START_MS; ms += STEP_MS) {
		if (out->family == MEMCACHED_UNIX && answers_unix(out->path)) {
			snprintf(out->address, sizeof(out->address), "%s",
				 out->path);
			return true;
		}
		if (out->family != MEMCACHED_UNIX &&
		    read_port(out->path, &port)) {
			write_address(out, port);
			return true;
		}
		if (waitpid(out->pid, NULL, WNOHANG) == out->pid) {
			out->pid = 0;
			return false;
		}
		nanosleep(&step, NULL);
	}
	memcached_stop(out);
	return false;
}

/* Append the words of a text, and NULL. The words stay in the text. */
static void add_words(char **argv, char *text, size_t room)
{
	char *rest = NULL;
	size_t n = 0;

	for (char *word = strtok_r(text, " ", &rest); word && n + 1 < room;
	     word = strtok_r(NULL, " ", &rest)) {
		argv[n++] = word;
	}
	argv[n] = NULL;
}

/* With port "-1" the kernel chooses a port. */
static bool launch(struct memcached *out, char *port)
{
	char name[256];
	char host[32];
	char options[sizeof(out->option)];
	char *argv[16];
	size_t n = 0;

	snprintf(name, sizeof(name), "%s", binary());
	write_host(host, sizeof(host), out->family);
	argv[n++] = name;
	argv[n++] = "-U0";
	argv[n++] = "-t2";
	if (out->family == MEMCACHED_UNIX) {
		argv[n++] = "-s";
		argv[n++] = out->path;
	} else {
		argv[n++] = "-p";
		argv[n++] = port;
		argv[n++] = "-l";
		argv[n++] = host;
	}
	if (geteuid() == 0) {
		argv[n++] = "-u";
		argv[n++] = "root";
	}
	memcpy(options, out->option, sizeof(options));
	add_words(argv + n, options, COUNT(argv) - n);
	(void)unlink(out->path); /* left by an earlier process */
	out->pid = spawn(argv, out->family == MEMCACHED_UNIX ? NULL : out->path);
	if (out->pid < 0 || !wait_until_up(out)) {
		fprintf(stderr, "%s does not start\n", name);
		return false;
	}
	return true;
}

bool memcached_start(struct memcached *out, enum memcached_family family,
		     const char *option)
{
	char port[] = "-1";

	memset(out, 0, sizeof(*out));
	out->family = family;
	snprintf(out->option, sizeof(out->option), "%s", option ? option : "");
	scratch_path(out->path, sizeof(out->path));
	return launch(out, port);
}

bool memcached_restart(struct memcached *memcached)
{
	const char *colon = strrchr(memcached->address, ':');
	char port[12];

	snprintf(port, sizeof(port), "%s", colon ? colon + 1 : "");
	return launch(memcached, port);
}

/* Return true when the thread has stopped, or ended. */
static bool has_stopped(pid_t pid, long thread)
{
	char path[64], line[320];
	const char *state = NULL;

	snprintf(path, sizeof(path), "/proc/%d/task/%ld/stat", (int)pid, thread);
	FILE *file = fopen(path, "re");

	if (!file) {
		return true;
	}
	/* the state is the letter behind the name, which stands in parentheses */
	if (fgets(line, sizeof(line), file)) {
		state = strrchr(line, ')');
	}
	fclose(file);
	return !state || strchr("TZX", state[2]);
}

static bool have_all_threads_stopped(pid_t pid)
{
	char path[64];
	bool all = true;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *folder = opendir(path);

	for (struct dirent *entry; folder && all && (entry = readdir(folder));) {
		long thread = strtol(entry->d_name, NULL, 10);

		all = thread == 0 || has_stopped(pid, thread);
	}
	if (folder) {
		closedir(folder);
	}
	return all;
}

void memcached_freeze(const struct memcached *memcached)
{
	pid_t waited;

	kill(memcached->pid, SIGSTOP);
	do {
		waited = waitpid(memcached->pid, NULL, WUNTRACED);
	} while (waited < 0 && errno == EINTR);
	/* the child of a fork is not the parent of this process, and cannot wait for it */
	while (waited < 0 && !have_all_threads_stopped(memcached->pid)) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
}

void memcached_thaw(const struct memcached *memcached)
{
	kill(memcached->pid, SIGCONT);
}

void memcached_stop(struct memcached *memcached)
{
	if (memcached->pid <= 0) {
		return;
	}
	/* SIGKILL is enough: memcached has nothing to save when it ends. */
	kill(memcached->pid, SIGKILL);
	while (waitpid(memcached->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	memcached->pid = 0;
}
