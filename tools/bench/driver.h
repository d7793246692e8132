/* SPDX-License-Identifier: BSD-3-Clause */
/* The interface by which tenon-bench calls a client library. */
#ifndef TENON_BENCH_DRIVER_H
#define TENON_BENCH_DRIVER_H

#include "work.h"

/* The values that were received, for verification. */
struct seen {
	const struct work *work;
	size_t *counts; /* how often each key was received */
	size_t wrong;   /* number of wrong values and unknown keys */
};

/* Compare a value that the driver has received. */
void seen_value(struct seen *seen, const void *key, size_t key_len,
		const void *value, size_t value_len);

/*
 * An operation with one key uses key number index of the work. An operation with many keys uses
 * all keys of the work. Functions that return int return 0, or -1 from driver_fail().
 */
struct driver {
	bool speaks_tls;
	/* Open a client. NULL after driver_fail(). work lives longer than the client. */
	void *(*open)(const struct work *work, const char *variant);
	void (*close)(void *self);
	/*
	 * Read, and check the length of each value. seen is NULL, unless the values are to be
	 * verified.
	 */
	int (*get)(void *self, size_t index, struct seen *seen);
	int (*set)(void *self, size_t index);
	/* Send the sets to the kernel, or put them into the client's own queue. */
	int (*set_noreply)(void *self);
};

/* Finding the server of a key, which needs no connection. */
struct ring_driver {
	const char *name;
	void *(*open)(const struct address *servers, size_t count);
	void (*close)(void *self);
	/* Look up each key. Returns the sum of the answers, or 0 when a lookup failed. */
	uint64_t (*where)(void *self, const char *const *keys, size_t count);
};

/* Keep the reason for driver_error(). Returns -1. */
int driver_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *driver_error(void);

extern const struct driver floor_driver;
extern const struct driver tenon_driver; /* the variant is the transport */
extern const struct driver tenon_protocol_driver; /* the variant is the protocol */
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
