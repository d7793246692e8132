/* SPDX-License-Identifier: BSD-3-Clause */
#include "plugin/host.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/secret_file.h"

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

static void host_log(void *context, int level, const char *line)
{
	if (context) {
		tenon__log_line(context, level, "%s", line);
	}
}

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

void tenon__host_init(struct tenon_host *host, const struct tenon__log *log)
{
	*host = (struct tenon_host){
		.size = sizeof(*host),
		.abi_major = TENON_PLUGIN_ABI_MAJOR,
		.abi_minor = TENON_PLUGIN_ABI_MINOR,
		.context = (void *)(uintptr_t)log,
		.alloc = host_alloc,
		.free = host_free,
		.log = host_log,
		.random_bytes = host_random_bytes,
		.set_error = tenon__error_set,
		.open_secret = host_open_secret,
	};
}
