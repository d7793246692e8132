/* SPDX-License-Identifier: BSD-3-Clause */
#include "sheltered.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <execinfo.h>
#endif

#include "alloc.h"
#include "output.h"
#include "report.h"

/* The time for loading all plugins and making an instance of each. */
#define LOAD_LIMIT_S 10

#define PATH_BYTES 512

#ifdef __GLIBC__
#define KNOWS_FRAMES true
#else
#define KNOWS_FRAMES false
#endif

/* What the child tells the parent, in memory that they share. */
static struct shelter {
	char path[PATH_BYTES]; /* of the plugin that has crashed or called exit(); "": not known */
	bool loads;	       /* plugins are being loaded */
	bool has_ended;	       /* the command itself has ended the child */
} *shelter;

/* ---- in the child ------------------------------------------------------------- */

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

static void tell_path(const char *path)
{
	size_t len = strlen(path);

	len = len < PATH_BYTES ? len : PATH_BYTES - 1;
	memcpy(shelter->path, path, len);
	shelter->path[len] = '\0';
}

/* Tell the parent the plugin, and die of the signal. The process is lost in any case. */
static void on_crash(int signum)
{
	const char *path = running_plugin();

	if (!path) {
		dl_iterate_phdr(keep_plugin, &path);
	}
	if (path) {
		tell_path(path);
	}
	signal(signum, SIG_DFL);
	(void)raise(signum);
}

/* exit() was called: by a plugin, or by the program, which has said why. */
static void on_exit_called(void)
{
	const char *path;

	if (shelter->has_ended) {
		return;
	}
	path = running_plugin();
	if (path) {
		tell_path(path);
	} else if (KNOWS_FRAMES || !shelter->loads) {
		shelter->has_ended = true;
	}
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
	shelter->loads = true;
	set_handlers(on_crash);
	alarm(LOAD_LIMIT_S);
}

void sheltered_loaded(void)
{
	shelter->loads = false;
	alarm(0);
	set_handlers(SIG_DFL);
}

static int run_in_child(struct app *app, int (*run)(struct app *app))
{
	int status;

	if (atexit(on_exit_called) != 0) {
		alloc_failed();
	}
	status = run(app);
	shelter->has_ended = true;
	return status;
}

/* ---- in the parent -------------------------------------------------------------- */

static const char *plugin_told(void)
{
	return shelter->path[0] != '\0' ? shelter->path : "(it is not known which one)";
}

/* Return the step in which the child has ended. */
static const char *step_told(void)
{
	return shelter->loads ? "loaded" : "used";
}

static int report_signal(struct app *app, int signum)
{
	if (signum == SIGALRM) {
		return fail(app, TENON_EPLUGIN,
			    "plugin %s hangs: loading the plugins has taken %d s; tenon-conformance tests the plugin alone",
			    plugin_told(), LOAD_LIMIT_S);
	}
	return fail(app, TENON_EPLUGIN,
		    "plugin %s crashes with signal %d (%s) when it is %s; tenon-conformance tests the plugin alone",
		    plugin_told(), signum, strsignal(signum), step_told());
}

static int report_exit(struct app *app, int status)
{
	return fail(app, TENON_EPLUGIN,
		    "plugin %s ends the process with exit status %d when it is %s, which no plugin may do; tenon-conformance tests the plugin alone",
		    plugin_told(), status, step_told());
}

static int report_end(struct app *app, int status)
{
	if (WIFSIGNALED(status)) {
		return report_signal(app, WTERMSIG(status));
	}
	if (!shelter->has_ended) {
		return report_exit(app, WEXITSTATUS(status));
	}
	return WEXITSTATUS(status);
}

int sheltered_run(struct app *app, int (*run)(struct app *app))
{
	int status;
	pid_t child;

	output_flush();
	shelter = mmap(NULL, sizeof(*shelter), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shelter == MAP_FAILED || (child = fork()) < 0) {
		return fail(app, TENON_EIO, "no process for the check: %s",
			    strerror(errno));
	}
	if (child == 0) {
		return run_in_child(app, run);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
	}
	status = report_end(app, status);
	munmap(shelter, sizeof(*shelter));
	return status;
}
