/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/plugin.h
 * @brief For every plugin: descriptor, options, services of the host.
 *
 * A plugin is one source file. The file includes headers of this folder only and links to no
 * tenon library. Its only visible symbol is the entry function that TENON_PLUGIN_DEFINE()
 * writes. The host is the core of tenon that loads the plugin. The host calls the entry function,
 * checks the descriptor, fills the option struct, allocates the state (`self`) and calls the
 * slots: the functions in the table of the plugin's kind.
 *
 * Rules for every kind: a plugin has no writable globals, no constructors, no atexit handlers, no
 * signal handlers, no thread-local storage and no threads. A plugin reads no clock and prints
 * nothing. A plugin gets memory that the host sees from host->alloc.
 *
 * Slots are REQUIRED or OPTIONAL. An OPTIONAL slot may be NULL; its comment says what the host
 * does then.
 *
 * Stability: plugin ABI 1. Structs grow at their end only. Before a plugin reads a field that a
 * later minor added, it asks TENON_HAS().
 */
#ifndef TENON_PLUGIN_PLUGIN_H
#define TENON_PLUGIN_PLUGIN_H

#include <string.h>

#include "tenon/error.h"

TENON_BEGIN_DECLS

#define TENON_PLUGIN_MAGIC 0x4e4e4554u /**< "TENN", little-endian */
/** The host refuses a plugin of another major. configure reads the line below. */
#define TENON_PLUGIN_ABI_MAJOR 1
/** Grows when something is added. */
#define TENON_PLUGIN_ABI_MINOR 0

/** Longest name of a plugin or an option, in bytes, its NUL included. */
#define TENON_PLUGIN_NAME_BYTES 48

/**
 * True when the struct *ptr of the other side is long enough to have `field`. The first field of
 * the struct is its size.
 */
#define TENON_HAS(ptr, type, field) \
	((ptr)->size >= offsetof(type, field) + sizeof((ptr)->field))

/** Kind of a plugin. */
enum tenon_plugin_kind {
	TENON_KIND_HASH = 1,         /**< from a key to a number: tenon/plugin/hash.h */
	TENON_KIND_DISTRIBUTION = 2, /**< from a number to a server: tenon/plugin/distribution.h */
	TENON_KIND_TRANSPORT = 3,    /**< sends and receives bytes: tenon/plugin/transport.h */
	TENON_KIND_CODEC = 4,        /**< from a value to its stored form and back: tenon/plugin/codec.h */
	TENON_KIND_FAILOVER = 5,     /**< which server a key goes to now: tenon/plugin/failover.h */
	TENON_KIND_SECURE = 6        /**< plain bytes to wire bytes and back: tenon/plugin/secure.h */
};

/* ---- options ----------------------------------------------------------- */

/** Type of an option. The comment is the type of the field that the host writes. */
enum tenon_option_type {
	TENON_OPTION_BOOL = 1,     /**< int32_t 0 or 1; true, false, yes, no, on, off */
	TENON_OPTION_INT = 2,      /**< int64_t */
	TENON_OPTION_SIZE = 3,     /**< int64_t, bytes; the config gives a unit: B KiB MiB GiB kB MB GB */
	TENON_OPTION_DURATION = 4, /**< int64_t, in `unit`; the config gives a unit: us ms s min h */
	TENON_OPTION_STRING = 5,   /**< const char *, never NULL; the host owns the string */
	TENON_OPTION_CHOICE = 6,   /**< int32_t index into choices */
	TENON_OPTION_HASH = 7,     /**< const struct tenon_hash *; the config names a hash plugin */
	TENON_OPTION_LIST = 8, /**< const struct tenon_list *, never NULL; a list of scalars, or one */
	TENON_OPTION_MAP = 9,  /**< const struct tenon_map *, never NULL; a map of scalars */
	TENON_OPTION_FRACTION = 10, /**< int64_t, in millionths; 0.25 or 25% */
	TENON_OPTION_PLUGIN = 11 /**< const struct tenon_inner *, never NULL; name or {name: options} */
};

struct tenon_host;

/**
 * Value of a TENON_OPTION_PLUGIN: another plugin, for a plugin that wraps it. The wrapper makes
 * instances of it as the host does: it allocates ops->state_size zeroed bytes, calls init with the
 * options and the services of this struct (and with the setup that it got itself), and calls fini,
 * also when init fails.
 */
struct tenon_inner {
	uint32_t size;       /**< sizeof(struct tenon_inner) when the host was compiled */
	uint32_t kind;       /**< enum tenon_plugin_kind */
	const char *name;    /**< of the plugin */
	const void *ops;     /**< const struct tenon_<kind>_ops *; the host has filled the optional slots */
	const void *options; /**< the plugin's option struct, or NULL */
	const struct tenon_host *host; /**< services of the inner plugin */
};

/** Value of a TENON_OPTION_LIST, in the order of the config. The host owns it. */
struct tenon_list {
	uint32_t count;           /**< entries of texts */
	uint32_t reserved;        /**< 0 */
	const char *const *texts; /**< count entries, never NULL */
};

/** One entry of a struct tenon_map. No string is NULL. */
struct tenon_map_entry {
	const char *name;  /**< as in the config; no two entries have the same */
	const char *value; /**< as in the config */
};

/** Value of a TENON_OPTION_MAP, in the order of the config. The host owns it. */
struct tenon_map {
	uint32_t count;                        /**< entries of entries */
	uint32_t reserved;                     /**< 0 */
	const struct tenon_map_entry *entries; /**< count entries */
};

/** Return the value of a name; NULL: the map has no such name. map may be NULL: it is empty. */
static inline const char *tenon_map_get(const struct tenon_map *map,
					const char *name)
{
	for (uint32_t i = 0; map && i < map->count; i++) {
		if (strcmp(map->entries[i].name, name) == 0) {
			return map->entries[i].value;
		}
	}
	return NULL;
}

/** One in millionths: the unit of a TENON_OPTION_FRACTION. */
#define TENON_FRACTION_ONE 1000000

/** Unit of a TENON_OPTION_DURATION: of its field, its default and its range. */
enum tenon_option_unit {
	TENON_UNIT_NONE = 0, /**< for all other types */
	TENON_UNIT_US = 1,   /**< microseconds */
	TENON_UNIT_MS = 2,   /**< milliseconds */
	TENON_UNIT_S = 3     /**< seconds */
};

/**
 * Option flag: a number without a unit is accepted, in `unit` (sizes: bytes). For libmc's seven
 * keys.
 */
#define TENON_OPTION_BARE 1u

/**
 * Option flag: a STRING is the path of a file or a folder. The host puts the folder of the config
 * file in front of a relative path.
 */
#define TENON_OPTION_PATH 2u

/**
 * One option of a plugin. The host reads the value from the config, checks its range, or takes
 * the default, and writes the plugin's option struct. `tenon plugins`, the manual and error texts
 * are made from these rows. The last row of an array has name NULL.
 */
struct tenon_option {
	const char *name; /**< lower_snake, without unit */
	uint32_t type;    /**< enum tenon_option_type */
	uint32_t unit;    /**< enum tenon_option_unit; DURATION only */
	uint32_t flags;   /**< TENON_OPTION_BARE, TENON_OPTION_PATH or 0 */
	uint32_t offset;  /**< offsetof() of the field in the plugin's option struct */
	/**
	 * INT, SIZE, DURATION, FRACTION: smallest value; STRING: shortest length in bytes; LIST, MAP:
	 * fewest entries, when the config has the option.
	 */
	int64_t min;
	/**
	 * INT, SIZE, DURATION, FRACTION: largest value; STRING: longest length in bytes; LIST, MAP:
	 * most entries, 1 or more.
	 */
	int64_t max;
	/**
	 * BOOL, INT, SIZE, DURATION, FRACTION: default. PLUGIN: enum tenon_plugin_kind of the plugins
	 * that the config may name. A LIST or MAP has no default: it is empty.
	 */
	int64_t def;
	const char *def_text; /**< STRING, CHOICE, HASH, PLUGIN: default, as in the config */
	const char *const *choices; /**< CHOICE: the words; the last entry is NULL */
	const char *help; /**< one line, no full stop */
};

/* ---- servers ----------------------------------------------------------- */

/** Facts about one server. Strings are NUL-terminated. */
struct tenon_server_facts {
	uint32_t size; /**< sizeof(struct tenon_server_facts) when the host was compiled */
	uint32_t port; /**< 1..65535; 0: a UNIX socket */
	const char *alias; /**< name of the server; its address when it has no alias */
	const char *host;  /**< name or IP address without brackets; UNIX socket: the path */
	/**
	 * Labels of the server in the config, such as {zone: a, rack: r7}; NULL: it has none. See
	 * tenon_map_get().
	 */
	const struct tenon_map *labels;
	/**
	 * Name of the secure plugin between connections to the server and the transport, such as
	 * "tls": a request may need several sends and receives. NULL: none.
	 */
	const char *secure;
};

/* ---- host -------------------------------------------------------------- */

/** A number of a plugin, made by tenon_host.metric. */
struct tenon_metric;

/** Type of a metric. */
enum tenon_metric_type {
	TENON_METRIC_COUNTER = 1, /**< grows only */
	TENON_METRIC_GAUGE = 2    /**< goes up and down */
};

/**
 * Services of the host. The plugin passes `context` as first argument of each service. The struct
 * lives as long as the plugin's instance.
 */
struct tenon_host {
	uint32_t size;      /**< sizeof(struct tenon_host) when the host was compiled */
	uint16_t abi_major; /**< TENON_PLUGIN_ABI_MAJOR of the host */
	uint16_t abi_minor; /**< TENON_PLUGIN_ABI_MINOR of the host */
	void *context;      /**< first argument of each service */
	/** Allocate `bytes` bytes, all zero. Returns NULL when there is no memory. */
	void *(*alloc)(void *context, size_t bytes);
	/** Free memory that alloc returned. memory may be NULL. */
	void (*free)(void *context, void *memory);
	/**
	 * Log one line, without a newline. level is an enum tenon_log_level. The host puts the kind
	 * and the name of the plugin in front.
	 */
	void (*log)(void *context, int level, const char *line);
	/** Fill out with len unpredictable bytes. Tests give a sequence with a seed instead. */
	void (*random_bytes)(void *context, void *out, size_t len);
	/**
	 * Write code and a sentence, formatted as by printf, into *err. err may be NULL.
	 * Returns code.
	 */
	int (*set_error)(struct tenon_error *err, int code, const char *format,
			 ...)
#if defined(__GNUC__)
		__attribute__((format(printf, 3, 4)))
#endif
		;
	/**
	 * Open a file with a password or a private key for reading. A symbolic link is followed
	 * only when root or the user of the process owns the link. A FIFO is not waited for.
	 * Returns a descriptor, which the plugin closes, or -1 with errno; ELOOP: a link of
	 * another user.
	 */
	int (*open_secret)(void *context, const char *path);
	/**
	 * Return 1 when a line of this level goes anywhere, 0 when it is dropped. Ask before work
	 * that only serves a log line.
	 */
	int (*logs)(void *context, int level);
	/** Log one line, formatted as by printf. */
	void (*logf)(void *context, int level, const char *format, ...)
#if defined(__GNUC__)
		__attribute__((format(printf, 3, 4)))
#endif
		;
	/**
	 * Get the memory that all instances share which are made from the same place of one config:
	 * those of all clients of a pool, or all rings of a distribution. The memory is all zero
	 * when the first instance gets it.
	 * Shape:   every instance asks for the same number of bytes.
	 * Returns: the memory, aligned for any type; NULL: no memory, or an earlier call gave
	 *          another number of bytes.
	 * Owns:    the host frees the memory after the last instance. A child of fork(2) has a copy.
	 * Threads: any. Several threads use the memory at the same time: use atomic operations.
	 */
	void *(*shared)(void *context, size_t bytes);
	/**
	 * Get a number that `tenon health`, tenon_client_metric() and the text for Prometheus show.
	 * The instances that share memory share the metric. It is 0 at first.
	 * Shape:   name is lower_snake, 1..47 bytes; the name of a counter ends with _total. help is
	 *          one line, with a full stop. Both are copied.
	 * Returns: the metric; NULL: no memory, a bad name or type, more than 64 metrics, or the name
	 *          is that of a metric with another type.
	 * Owns:    the metric lives as long as the instance.
	 * Threads: any.
	 */
	struct tenon_metric *(*metric)(void *context, const char *name,
				       uint32_t type, const char *help);
	/** Add n to a metric; metric may be NULL. Threads: any. Cost: one atomic addition. */
	void (*metric_add)(struct tenon_metric *metric, int64_t n);
	/** Set a metric of the type TENON_METRIC_GAUGE; metric may be NULL. Threads: any. */
	void (*metric_set)(struct tenon_metric *metric, int64_t value);
};

/* ---- descriptor -------------------------------------------------------- */

/**
 * Descriptor of a plugin; the entry function returns it. The first four fields never change. The
 * host checks them before it reads any other field.
 */
struct tenon_plugin {
	uint32_t magic;            /**< TENON_PLUGIN_MAGIC */
	uint16_t abi_major;        /**< TENON_PLUGIN_ABI_MAJOR; must equal the host's */
	uint16_t abi_minor;        /**< TENON_PLUGIN_ABI_MINOR of the plugin; for information */
	uint32_t size;             /**< sizeof(struct tenon_plugin) when the plugin was compiled */
	uint32_t kind;             /**< enum tenon_plugin_kind */
	uint32_t needs_host_minor; /**< smallest host minor that the plugin works with */
	uint32_t flags;            /**< 0; the host refuses a plugin with a bit that it does not know */
	uint32_t option_size;      /**< sizeof(struct tenon_option) when the plugin was compiled */
	uint32_t options_bytes;    /**< size of the option struct that the host fills; 0: none */
	const char *name;          /**< lower_snake, as in the config */
	const char *version;       /**< version of the plugin */
	const char *summary;       /**< one line */
	const void *ops;           /**< table of slots, const struct tenon_<kind>_ops * */
	const struct tenon_option *options; /**< option rows, or NULL */
	/**
	 * Check options that depend on each other. The slot does no I/O. When it returns 0, init
	 * may fail for run-time reasons only.
	 * Returns: 0, or a negative enum tenon_status.
	 * Errors:  TENON_ECONFIG with one sentence.
	 * OPTIONAL. NULL: all options are accepted.
	 */
	int (*check)(const void *options, const struct tenon_host *host,
		     struct tenon_error *err);
};

/** Type of the entry function, the one symbol of a loadable plugin. */
typedef const struct tenon_plugin *(*tenon_plugin_entry_fn)(void);
/** Name of the entry function of a loadable plugin. */
#define TENON_PLUGIN_ENTRY_NAME "tenon_plugin_entry"

/** Makes the entry function visible, even if the plugin is compiled with hidden visibility. */
#if defined(__GNUC__)
#define TENON_PLUGIN_EXPORT __attribute__((visibility("default")))
#else
#define TENON_PLUGIN_EXPORT
#endif

#ifdef TENON_PLUGIN_BUILTIN
#define TENON_PLUGIN_ENTRY(token) tenon_plugin_entry_##token
#define TENON_PLUGIN_LINKAGE
#else
/** Name of the entry function. In a built-in plugin the name ends with the token. */
#define TENON_PLUGIN_ENTRY(token) tenon_plugin_entry
/** Visibility of the entry function. In a built-in plugin it stays inside the library. */
#define TENON_PLUGIN_LINKAGE TENON_PLUGIN_EXPORT
#endif

/** The fields of a descriptor that TENON_PLUGIN_DEFINE() fills, but for option_size. */
#define TENON_PLUGIN_PREFIX                                                    \
	.magic = TENON_PLUGIN_MAGIC, .abi_major = TENON_PLUGIN_ABI_MAJOR,      \
	.abi_minor = TENON_PLUGIN_ABI_MINOR, .size = sizeof(struct tenon_plugin)

/**
 * Write the entry function. `token` is KIND_NAME, such as hash_md5 for the file hash_md5.so. The
 * other arguments are designated initialisers of struct tenon_plugin. With
 * -DTENON_PLUGIN_BUILTIN the same source can be linked into the library.
 *
 * In C++ the initialisers stand in the order of the struct's fields: .kind, .options_bytes, .name,
 * .version, .summary, .ops, .options, .check. They are part of C++20; g++ and clang++ take them in
 * older versions, too. Fields that are left out are 0. g++ with -Wextra warns of slots that an
 * initialiser of the table of slots leaves out: begin with `= {}` there, and assign the slots.
 */
#ifndef __cplusplus
#define TENON_PLUGIN_DEFINE(token, ...)                                        \
	TENON_PLUGIN_LINKAGE const struct tenon_plugin *TENON_PLUGIN_ENTRY(    \
		token)(void);                                                  \
	const struct tenon_plugin *TENON_PLUGIN_ENTRY(token)(void)             \
	{                                                                      \
		static const struct tenon_plugin plugin = {                    \
			TENON_PLUGIN_PREFIX,                                   \
			.option_size = sizeof(struct tenon_option),            \
			__VA_ARGS__                                            \
		};                                                             \
		return &plugin;                                                \
	}
#else
/* Return the descriptor with option_size, which in C++ cannot be set out of order. */
constexpr tenon_plugin tenon_plugin_sized(const tenon_plugin &given)
{
	return tenon_plugin{ given.magic, given.abi_major, given.abi_minor,
			     given.size, given.kind, given.needs_host_minor,
			     given.flags, sizeof(tenon_option),
			     given.options_bytes, given.name, given.version,
			     given.summary, given.ops, given.options,
			     given.check };
}

#define TENON_PLUGIN_DEFINE(token, ...)                                        \
	extern "C" TENON_PLUGIN_LINKAGE const tenon_plugin *                   \
	TENON_PLUGIN_ENTRY(token)(void);                                       \
	extern "C" const tenon_plugin *TENON_PLUGIN_ENTRY(token)(void)         \
	{                                                                      \
		TENON_PLUGIN_FIELDS_BEGIN                                      \
		static const tenon_plugin plugin = tenon_plugin_sized(         \
			{ TENON_PLUGIN_PREFIX, __VA_ARGS__ });                 \
		TENON_PLUGIN_FIELDS_END                                        \
		return &plugin;                                                \
	}

/* In C++ -Wextra warns of fields that a designated initialiser leaves out: they are 0 as in C. */
#if defined(__GNUC__)
#define TENON_PLUGIN_FIELDS_BEGIN                                              \
	_Pragma("GCC diagnostic push")                                         \
	_Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#define TENON_PLUGIN_FIELDS_END _Pragma("GCC diagnostic pop")
#else
#define TENON_PLUGIN_FIELDS_BEGIN
#define TENON_PLUGIN_FIELDS_END
#endif
#endif

TENON_END_DECLS

#endif
