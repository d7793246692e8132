/* SPDX-License-Identifier: BSD-3-Clause */
#include "sheltered.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif

#include "output.h"
#include "report.h"

/* The time for loading all plugins and making an instance of each. */
#define LOAD_LIMIT_S 10

#define PATH_BYTES 512

/* ---- in the child ------------------------------------------------------------- */

static int report_fd = -1;

/* Return true for the file of a plugin: libraries of other kinds have other names. */
static bool is_plugin(const char *path)
{
	static const char *const kinds[] = { "hash_",  "distribution_",
					     "transport_", "codec_",
					     "failover_",  "secure_" };
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(name, kinds[i], strlen(kinds[i])) == 0) {
			return true;
		}
	}
	return false;
}

/* Return the plugin whose code runs now; NULL: it is not known. */
static const char *running_plugin(void)
{
#ifdef __GLIBC__
	void *frames[64];
	int count = backtrace(frames, 64);
	Dl_info info;

	for (int i = 0; i < count; i++) {
		if (dladdr(frames[i], &info) != 0 && info.dli_fname &&
		    is_plugin(info.dli_fname)) {
			return info.dli_fname;
		}
	}
#endif
	return NULL;
}

/* The last plugin of the list is the one that was loaded last. */
static int keep_plugin(struct dl_phdr_info *info, size_t size, void *payload)
{
	const char **path = payload;

	(void)size;
	if (info->dlpi_name && is_plugin(info->dlpi_name)) {
		*path = info->dlpi_name;
	}
	return 0;
}

/* Tell the parent the plugin, and die of the signal. The process is lost in any case. */
static void on_crash(int signum)
{
	const char *path = running_plugin();

	if (!path) {
		dl_iterate_phdr(keep_plugin, &path);
	}
	if (path) {
		(void)!write(report_fd, path, strlen(path));
	}
	signal(signum, SIG_DFL);
	(void)raise(signum);
}

static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM };

static void set_handlers(void (*handler)(int signum))
{
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		signal(crashes[i], handler);
	}
}

void sheltered_loads(void)
{
	set_handlers(on_crash);
	alarm(LOAD_LIMIT_S);
}

void sheltered_loaded(void)
{
	alarm(0);
	set_handlers(SIG_DFL);
}

/* ---- in the parent -------------------------------------------------------------- */

/* Read the plugin's path, until the child has ended. */
static void read_path(int fd, char path[PATH_BYTES])
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, path + len, PATH_BYTES - 1 - len)) > 0 ||
	       (n < 0 && errno == EINTR)) {
		len += n > 0 ? (size_t)n : 0;
	}
	path[len] = '\0';
}

static int report_signal(struct app *app, const char *path, int signum)
{
	const char *plugin = path[0] != '\0' ? path : "(it is not known which one)";

	if (signum == SIGALRM) {
		return fail(app, TENON_EPLUGIN,
			    "plugin %s hangs: loading the plugins has taken %d s; tenon-conformance tests the plugin alone",
			    plugin, LOAD_LIMIT_S);
	}
	return fail(app, TENON_EPLUGIN,
		    "plugin %s crashes with signal %d (%s) when it is loaded; tenon-conformance tests the plugin alone",
		    plugin, signum, strsignal(signum));
}

int sheltered_run(struct app *app, int (*run)(struct app *app))
{
	char path[PATH_BYTES];
	int ends[2];
	int status;
	pid_t child;

	output_flush();
	if (pipe(ends) != 0 || (child = fork()) < 0) {
		return fail(app, TENON_EIO, "no process for the check: %s",
			    strerror(errno));
	}
	if (child == 0) {
		close(ends[0]);
		report_fd = ends[1];
		return run(app);
	}
	close(ends[1]);
	read_path(ends[0], path);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFSIGNALED(status) ? report_signal(app, path, WTERMSIG(status))
				   : WEXITSTATUS(status);
}
