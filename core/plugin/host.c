/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/host.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/secret_file.h"
#include "option/option.h"

#define LINE_BYTES (TENON_ERROR_MESSAGE_BYTES + TENON_ERROR_WHERE_BYTES)

struct tenon__shared {
	size_t bytes;
	max_align_t memory[];
};

static void *host_alloc(void *context, size_t bytes)
{
	(void)context;
	return tenon__calloc_dense(1, bytes);
}

static void host_free(void *context, void *memory)
{
	(void)context;
	tenon__free(memory);
}

/* ---- log ---------------------------------------------------------------- */

static int host_logs(void *context, int level)
{
	const struct tenon__host *host = context;

	(void)level; /* the application's function gets the lines of all levels */
	return host->log && host->log->fn;
}

static void host_log(void *context, int level, const char *line)
{
	const struct tenon__host *host = context;

	if (host_logs(context, level)) {
		tenon__log_line(host->log, level, "%s plugin '%s': %s",
				host->plugin->kind_name, host->plugin->name,
				line);
	}
}

static void host_logf(void *context, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void host_logf(void *context, int level, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	if (!host_logs(context, level)) {
		return;
	}
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	host_log(context, level, line);
}

/* ---- the system --------------------------------------------------------- */

/* When the kernel gives no random bytes, the rest of out is unchanged: this slot cannot fail. */
static void host_random_bytes(void *context, void *out, size_t len)
{
	unsigned char *at = out;

	(void)context;
	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno != EINTR) {
			return;
		}
		if (got > 0) {
			at += got;
			len -= (size_t)got;
		}
	}
}

static int host_open_secret(void *context, const char *path)
{
	(void)context;
	return tenon__open_secret(path);
}

/* ---- shared memory ------------------------------------------------------ */

static void *host_shared(void *context, size_t bytes)
{
	struct tenon__host *host = context;
	struct tenon__shared *shared = atomic_load(&host->shared);

	if (!shared) {
		struct tenon__shared *made =
			tenon__calloc(1, sizeof(*made) + bytes);

		if (!made) {
			return NULL;
		}
		made->bytes = bytes;
		if (atomic_compare_exchange_strong(&host->shared, &shared,
						   made)) {
			shared = made;
		} else {
			tenon__free(made); /* another thread was first */
		}
	}
	return shared->bytes == bytes ? shared->memory : NULL;
}

/* ---- metrics ------------------------------------------------------------ */

static void free_metric(struct tenon_metric *metric)
{
	tenon__free(metric->name);
	tenon__free(metric->help);
	tenon__free(metric);
}

static struct tenon_metric *make_metric(const char *name, uint32_t type,
					const char *help)
{
	struct tenon_metric *metric = tenon__calloc(1, sizeof(*metric));

	if (!metric) {
		return NULL;
	}
	metric->type = type;
	metric->name = tenon__strdup(name);
	metric->help = tenon__strdup(help);
	if (!metric->name || !metric->help) {
		free_metric(metric);
		return NULL;
	}
	return metric;
}

/*
 * Find a metric by its name from *end on, and count the metrics that are not it. Without one, *end is
 * where the next metric belongs.
 */
static struct tenon_metric *find_metric(_Atomic(struct tenon_metric *) **end,
					const char *name, size_t *count)
{
	struct tenon_metric *found;

	while ((found = atomic_load(*end)) && strcmp(found->name, name) != 0) {
		*end = &found->next;
		++*count;
	}
	return found;
}

static struct tenon_metric *host_metric(void *context, const char *name,
					uint32_t type, const char *help)
{
	struct tenon__host *host = context;
	_Atomic(struct tenon_metric *) *end = &host->metrics;
	struct tenon_metric *made = NULL, *found;
	size_t count = 0;

	if (!tenon__name_is_valid(name) || type < TENON_METRIC_COUNTER ||
	    type > TENON_METRIC_GAUGE) {
		return NULL;
	}
	/* Another thread may add a metric meanwhile: then go on from there. */
	for (;;) {
		struct tenon_metric *none = NULL;

		found = find_metric(&end, name, &count);
		if (found || count >= TENON_METRICS_MAX_COUNT) {
			break;
		}
		if (!made) {
			made = make_metric(name, type, help);
		}
		if (!made) {
			return NULL;
		}
		if (atomic_compare_exchange_weak(end, &none, made)) {
			return made;
		}
	}
	if (made) {
		free_metric(made);
	}
	return found && found->type == type ? found : NULL;
}

static void host_metric_add(struct tenon_metric *metric, int64_t n)
{
	if (metric) {
		atomic_fetch_add_explicit(&metric->value, n,
					  memory_order_relaxed);
	}
}

static void host_metric_set(struct tenon_metric *metric, int64_t value)
{
	if (metric) {
		atomic_store_explicit(&metric->value, value,
				      memory_order_relaxed);
	}
}

/* ---- the table ---------------------------------------------------------- */

void tenon__host_init(struct tenon__host *host,
		      const struct tenon__plugin *plugin,
		      const struct tenon__log *log)
{
	host->plugin = plugin;
	host->log = log;
	host->table = (struct tenon_host){
		.size = sizeof(host->table),
		.abi_major = TENON_PLUGIN_ABI_MAJOR,
		.abi_minor = TENON_PLUGIN_ABI_MINOR,
		.context = host,
		.alloc = host_alloc,
		.free = host_free,
		.log = host_log,
		.random_bytes = host_random_bytes,
		.set_error = tenon__error_set,
		.open_secret = host_open_secret,
		.logs = host_logs,
		.logf = host_logf,
		.shared = host_shared,
		.metric = host_metric,
		.metric_add = host_metric_add,
		.metric_set = host_metric_set,
	};
	atomic_init(&host->shared, NULL);
	atomic_init(&host->metrics, NULL);
}

void tenon__host_fini(struct tenon__host *host)
{
	struct tenon_metric *metric = atomic_load(&host->metrics);

	while (metric) {
		struct tenon_metric *next = metric->next;

		free_metric(metric);
		metric = next;
	}
	tenon__free(atomic_load(&host->shared));
}
