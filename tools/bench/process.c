/* SPDX-License-Identifier: BSD-3-Clause */
/* Child processes, which end when this process ends. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define CHILDREN_MAX 64
#define SCRATCH_FILES_MAX 3

static volatile pid_t children[CHILDREN_MAX]; /* 0: a free place */
static char scratch[64];      /* the scratch folder; "": not made yet */
static char scratch_files[SCRATCH_FILES_MAX][96]; /* may be in the folder at the end; "": a free place */
static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP,
				      SIGABRT };

#define ENDING_COUNT (sizeof(ending_signals) / sizeof(ending_signals[0]))

/*
 * Stop all children. Runs in a signal handler, so it calls async-signal-safe functions only.
 * SIGTERM lets a child that has children stop them first.
 */
static void stop_all(void)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		if (children[i] > 0) {
			kill(children[i], SIGTERM);
		}
	}
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		while (children[i] > 0 && waitpid(children[i], NULL, 0) < 0 &&
		       errno == EINTR) {
		}
		children[i] = 0;
	}
	if (scratch[0] != '\0') {
		for (size_t i = 0; i < SCRATCH_FILES_MAX; i++) {
			unlink(scratch_files[i]);
		}
		rmdir(scratch);
	}
}

static void on_signal(int number)
{
	stop_all();
	signal(number, SIG_DFL);
	raise(number);
}

void children_guard(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ENDING_COUNT; i++) {
		sigaddset(&action.sa_mask, ending_signals[i]);
	}
	for (size_t i = 0; i < ENDING_COUNT; i++) {
		sigaction(ending_signals[i], &action, NULL);
	}
	/* A client library that causes SIGPIPE must not end the program. */
	signal(SIGPIPE, SIG_IGN);
	if (atexit(stop_all) != 0) {
		fail("out of memory");
	}
}

static void become_child(pid_t parent, int cpu)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) {
		_exit(EXIT_FAILURE);
	}
	memset((void *)children, 0, sizeof(children));
	scratch[0] = '\0';
	for (size_t i = 0; i < ENDING_COUNT; i++) {
		signal(ending_signals[i], SIG_DFL);
	}
	if (cpu != CPU_NONE) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET((size_t)cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
}

pid_t child_fork(int cpu)
{
	pid_t parent = getpid();
	sigset_t blocked;
	sigset_t old;
	size_t place = 0;
	pid_t pid;

	while (place < CHILDREN_MAX && children[place] != 0) {
		place++;
	}
	if (place == CHILDREN_MAX) {
		fail("more than %d processes", CHILDREN_MAX);
	}
	fflush(NULL);
	sigfillset(&blocked);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	pid = fork();
	if (pid == 0) {
		become_child(parent, cpu);
	} else if (pid > 0) {
		children[place] = pid;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0) {
		fail("fork: %s", strerror(errno));
	}
	return pid;
}

int child_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		if (children[i] == pid) {
			children[i] = 0;
		}
	}
	return status;
}

void child_stop(pid_t pid)
{
	kill(pid, SIGTERM);
	child_wait(pid);
}

char *scratch_path(const char *name)
{
	const char *parent = getenv("TMPDIR");

	if (scratch[0] == '\0') {
		char made[sizeof(scratch)];

		snprintf(made, sizeof(made), "%s/tenon-bench-XXXXXX",
			 parent && strlen(parent) < 40 ? parent :
								 "/tmp");
		if (!mkdtemp(made)) {
			fail("%s: %s", made, strerror(errno));
		}
		memcpy(scratch, made, sizeof(scratch));
	}
	return alloc_format("%s/%s", scratch, name);
}

void scratch_remove_later(const char *path)
{
	for (size_t i = 0; i < SCRATCH_FILES_MAX; i++) {
		if (scratch_files[i][0] == '\0' ||
		    strcmp(scratch_files[i], path) == 0) {
			snprintf(scratch_files[i], sizeof(scratch_files[i]),
				 "%s", path);
			return;
		}
	}
	fail("more than %d scratch files", SCRATCH_FILES_MAX);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t len = 0;
	ssize_t read;

	if (!file) {
		return NULL;
	}
	read = getdelim(&text, &len, '\0', file);
	fclose(file);
	if (read < 0) {
		free(text);
		return NULL;
	}
	return text;
}

bool run_program(char *const argv[])
{
	pid_t pid = child_fork(CPU_NONE);
	int status;

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	status = child_wait(pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

char *run_tool(char *const argv[], const char *name)
{
	char *path = scratch_path(name);
	char *text = NULL;

	scratch_remove_later(path);
	if (run_program(argv)) {
		text = read_file(path);
	}
	unlink(path);
	free(path);
	return text;
}
