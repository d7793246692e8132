/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/plugin.h
 * @brief What every plugin has: descriptor, options, host services.
 *
 * A plugin is one source file that includes headers of this folder only and
 * links to no tenon library. Its only visible symbol is the entry that
 * TENON_PLUGIN_DEFINE() writes; the core calls it, checks the descriptor,
 * fills the option struct, allocates the state and calls the kind's slots.
 *
 * Rules for every kind: no writable globals, no constructors, no atexit, no
 * signals, no thread-local storage, no threads, no clock; nothing is printed.
 * Memory that the host sees comes from host->alloc.
 *
 * Stability: plugin ABI 1. Structs grow at their end only; a field that came
 * with a later minor is read through TENON_HAS().
 */
#ifndef TENON_PLUGIN_PLUGIN_H
#define TENON_PLUGIN_PLUGIN_H

#include "tenon/error.h"

TENON_BEGIN_DECLS

#define TENON_PLUGIN_MAGIC 0x4e4e4554u /**< "TENN", little-endian */
/** A plugin of another major is refused. configure reads the line below. */
#define TENON_PLUGIN_ABI_MAJOR 1
/** Grows with what is added. */
#define TENON_PLUGIN_ABI_MINOR 0

/** Longest name of a plugin or an option, with its NUL. */
#define TENON_PLUGIN_NAME_BYTES 48

/** Does the other side's *ptr, whose first field says its size, reach `field`? */
#define TENON_HAS(ptr, type, field) \
	((ptr)->size >= offsetof(type, field) + sizeof((ptr)->field))

/** What question a plugin answers. */
enum tenon_plugin_kind {
	TENON_KIND_HASH = 1,         /**< key to number: tenon/plugin/hash.h */
	TENON_KIND_DISTRIBUTION = 2, /**< number to server: tenon/plugin/distribution.h */
	TENON_KIND_TRANSPORT = 3,    /**< how bytes move: tenon/plugin/transport.h */
	TENON_KIND_CODEC = 4,        /**< value to stored form and back: tenon/plugin/codec.h */
	TENON_KIND_FAILOVER = 5      /**< which server now: tenon/plugin/failover.h */
};

/* ---- options ----------------------------------------------------------- */

/** Type of an option, and what the core writes at its offset. */
enum tenon_option_type {
	TENON_OPTION_BOOL = 1,     /**< int32_t 0 or 1; true, false, yes, no, on, off */
	TENON_OPTION_INT = 2,      /**< int64_t */
	TENON_OPTION_SIZE = 3,     /**< int64_t bytes; needs a unit: B KiB MiB GiB kB MB GB */
	TENON_OPTION_DURATION = 4, /**< int64_t in `unit`; needs a unit: us ms s min h */
	TENON_OPTION_STRING = 5,   /**< const char *, never NULL, the core's */
	TENON_OPTION_CHOICE = 6,   /**< int32_t index into choices */
	TENON_OPTION_HASH = 7      /**< const struct tenon_hash *, named like a plugin */
};

/** Unit of a DURATION's field, default and range. */
enum tenon_option_unit {
	TENON_UNIT_NONE = 0,
	TENON_UNIT_US = 1,
	TENON_UNIT_MS = 2,
	TENON_UNIT_S = 3
};

/** Option flag: a bare number is accepted, in `unit` (sizes: bytes). For libmc's seven keys. */
#define TENON_OPTION_BARE 1u

/**
 * One option of a plugin. The core parses, checks the range, applies the
 * default and writes the plugin's option struct; `tenon plugins`, the man page
 * and the error texts print from these rows. An array ends with name == NULL.
 */
struct tenon_option {
	const char *name; /**< lower_snake, without unit */
	uint32_t type;    /**< enum tenon_option_type */
	uint32_t unit;    /**< enum tenon_option_unit, for DURATION */
	uint32_t flags;   /**< TENON_OPTION_BARE */
	uint32_t offset;  /**< offsetof() in the plugin's option struct */
	int64_t min;      /**< INT, SIZE, DURATION: least value; STRING: least length */
	int64_t max;      /**< greatest; STRING: greatest length */
	int64_t def;      /**< BOOL, INT, SIZE, DURATION: default */
	const char *def_text; /**< STRING, CHOICE, HASH: default, as in the config */
	const char *const *choices; /**< CHOICE: words, ends with NULL */
	const char *help; /**< one line, no full stop */
};

/* ---- host -------------------------------------------------------------- */

/**
 * Services of the core. `context` is passed as first argument. Lives as long as
 * the plugin's instance.
 */
struct tenon_host {
	uint32_t size;      /**< sizeof this struct, as the core saw it */
	uint16_t abi_major; /**< TENON_PLUGIN_ABI_MAJOR of the core */
	uint16_t abi_minor; /**< TENON_PLUGIN_ABI_MINOR of the core */
	void *context;      /**< for the services */
	/** Get `bytes` zeroed bytes, or NULL. */
	void *(*alloc)(void *context, size_t bytes);
	/** Give back what alloc gave. NULL is fine. */
	void (*free)(void *context, void *memory);
	/** Say one line, no newline; level is enum tenon_log_level. */
	void (*log)(void *context, int level, const char *line);
	/** Fill out with len unpredictable bytes (tests: with a seeded sequence). */
	void (*random_bytes)(void *context, void *out, size_t len);
	/** Write code and a printf-formatted sentence into *err (may be NULL); returns code. */
	int (*set_error)(struct tenon_error *err, int code, const char *format,
			 ...)
#if defined(__GNUC__)
		__attribute__((format(printf, 3, 4)))
#endif
		;
};

/* ---- descriptor -------------------------------------------------------- */

/**
 * What the entry returns. The first four fields are frozen for ever; nothing
 * else is read before they pass.
 */
struct tenon_plugin {
	uint32_t magic;            /**< TENON_PLUGIN_MAGIC */
	uint16_t abi_major;        /**< must equal the host's */
	uint16_t abi_minor;        /**< built with; informational */
	uint32_t size;             /**< sizeof(struct tenon_plugin), as the plugin saw it */
	uint32_t kind;             /**< enum tenon_plugin_kind */
	uint32_t needs_host_minor; /**< oldest host minor it works with */
	uint32_t flags;            /**< none defined; a bit the host does not know is refused */
	uint32_t option_size;      /**< sizeof(struct tenon_option), as the plugin saw it */
	uint32_t options_bytes;    /**< sizeof the option struct that the core fills; 0 for none */
	const char *name;          /**< lower_snake, as in the config */
	const char *version;       /**< the plugin's own */
	const char *summary;       /**< one line */
	const void *ops;           /**< const struct tenon_<kind>_ops * */
	const struct tenon_option *options; /**< rows, or NULL */
	/**
	 * Check rules between options. Pure: no I/O. OPTIONAL, default: fine.
	 * Errors: TENON_ECONFIG with one sentence. When it passes, init may
	 * fail only for run-time reasons.
	 */
	int (*check)(const void *options, const struct tenon_host *host,
		     struct tenon_error *err);
};

/** The one symbol of a loadable plugin. */
typedef const struct tenon_plugin *(*tenon_plugin_entry_fn)(void);
/** Its name. */
#define TENON_PLUGIN_ENTRY_NAME "tenon_plugin_entry"

/** Seen outside, whatever visibility the plugin is compiled with. */
#if defined(__GNUC__)
#define TENON_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define TENON_PLUGIN_EXPORT
#endif

#ifdef TENON_PLUGIN_BUILTIN
#define TENON_PLUGIN_ENTRY(token) tenon_plugin_entry_##token
#define TENON_PLUGIN_LINKAGE
#else
/** The name of the entry; that of a built-in plugin has the token in it. */
#define TENON_PLUGIN_ENTRY(token) tenon_plugin_entry
/** How the entry is seen; that of a built-in plugin stays inside the library. */
#define TENON_PLUGIN_LINKAGE TENON_PLUGIN_EXPORT
#endif

/**
 * Write the entry. `token` is KIND_NAME and also the file's name
 * (hash_md5.so); the rest are designated initialisers of struct tenon_plugin.
 * With -DTENON_PLUGIN_BUILTIN the same source is linked into the library.
 */
#define TENON_PLUGIN_DEFINE(token, ...)                                        \
	TENON_PLUGIN_LINKAGE const struct tenon_plugin *TENON_PLUGIN_ENTRY(    \
		token)(void);                                                  \
	const struct tenon_plugin *TENON_PLUGIN_ENTRY(token)(void)             \
	{                                                                      \
		static const struct tenon_plugin plugin = {                    \
			.magic = TENON_PLUGIN_MAGIC,                           \
			.abi_major = TENON_PLUGIN_ABI_MAJOR,                   \
			.abi_minor = TENON_PLUGIN_ABI_MINOR,                   \
			.size = sizeof(struct tenon_plugin),                   \
			.option_size = sizeof(struct tenon_option),            \
			__VA_ARGS__                                            \
		};                                                             \
		return &plugin;                                                \
	}

TENON_END_DECLS

#endif
