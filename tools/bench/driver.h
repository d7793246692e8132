/* SPDX-License-Identifier: BSD-3-Clause */
/* How one client library is driven. */
#ifndef TENON_BENCH_DRIVER_H
#define TENON_BENCH_DRIVER_H

#include "work.h"

/* What came back, for verification. */
struct seen {
	const struct work *work;
	size_t *counts; /* for each key */
	size_t wrong;   /* values or keys that are not what was stored */
};

/* The driver has received a value. */
void seen_value(struct seen *seen, const void *key, size_t key_len,
		const void *value, size_t value_len);

/*
 * index is the key of an operation with one key; one with many has all of the
 * work's. Functions that return int return 0, or driver_fail().
 */
struct driver {
	/* NULL after driver_fail(). work lives longer than the client. */
	void *(*open)(const struct work *work, const char *variant);
	void (*close)(void *self);
	/*
	 * Read, and see that what came has the length it should have. seen is
	 * NULL unless the values are to be verified.
	 */
	int (*get)(void *self, size_t index, struct seen *seen);
	int (*set)(void *self, size_t index);
	/* Hand the sets to the kernel, or to the client's own queue. */
	int (*set_noreply)(void *self);
};

/* Placing keys, which needs no server. */
struct ring_driver {
	const char *name;
	void *(*open)(const struct address *servers, size_t count);
	void (*close)(void *self);
	/* Look up each key; returns a sum of the answers, or 0 when one failed. */
	uint64_t (*where)(void *self, const char *const *keys, size_t count);
};

/* Keep the reason for driver_error(); returns -1. */
int driver_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *driver_error(void);

extern const struct driver floor_driver;
extern const struct driver tenon_driver; /* variant: the transport */
extern const struct ring_driver tenon_ring_driver;
#ifdef HAVE_LIBMC
extern const struct driver libmc_driver;
extern const struct ring_driver libmc_ring_driver;
#endif
#ifdef HAVE_LIBMEMCACHED
extern const struct driver libmemcached_driver;
extern const struct ring_driver libmemcached_ring_driver;
#endif

/* Delete the keys of the work through an open floor_driver. */
int floor_delete(void *self);

#endif
