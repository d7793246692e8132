/* SPDX-License-Identifier: BSD-3-Clause */
#include "conformance/subject.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/secret_file.h"
#include "fakes/random.h"
#include "plugin/host.h"
#include "plugin/kind.h"
#include "plugin/instance.h"
#include "connection/connection.h"
#include "plugin/loader.h"
#include "option/option.h"

#define SUBJECTS_MAX 64
#define LINE_MAX_BYTES 128
#define THREADS 4

static struct tenon__registry *registry;

static struct {
	const struct tenon__plugin *plugins[SUBJECTS_MAX];
	TCase *tcases[SUBJECTS_MAX];
	int count;
	const struct tenon__plugin *now; /* that subject() returned last */
	bool foreign; /* the environment names one plugin file */
	uint32_t kind;
} subjects;

static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "conformance of %s plugins: %s: %s\n",
		tenon__kind_name(subjects.kind), what, why);
	exit(EXIT_FAILURE);
}

/* ---- plugins that are left out ------------------------------------------ */

/* Set *token to the next word of the list at *at. Return false at the end. */
static bool next_left_out(const char **at, char token[LINE_MAX_BYTES])
{
	size_t len;

	*at += strspn(*at, " ");
	len = strcspn(*at, " ");
	if (len == 0) {
		return false;
	}
	snprintf(token, LINE_MAX_BYTES, "%.*s", (int)len, *at);
	*at += len;
	return true;
}

/* Return the list in the environment, to which leave_out() adds. */
static const char *left_out(void)
{
	const char *list = getenv(LEFT_OUT_VARIABLE);

	return list ? list : "";
}

static void leave_out(const char *token)
{
	char list[SUBJECTS_MAX * LINE_MAX_BYTES];

	snprintf(list, sizeof(list), "%s %s", left_out(), token);
	setenv(LEFT_OUT_VARIABLE, list, 1);
}

bool subject_is_left_out(const char *token)
{
	const char *at = left_out();
	char other[LINE_MAX_BYTES];

	while (next_left_out(&at, other)) {
		if (strcmp(other, token) == 0) {
			return true;
		}
	}
	return false;
}

/* Not with stdio: the processes of the tests would write its buffer once more. */
void subject_say_left_out(const char *token, const TTest *test)
{
	dprintf(STDOUT_FILENO, "# left out: %s %s\n", token, test->name);
}

void subject_add_test_with(TCase *tcase, const char *token, const TTest *test,
			   int from, int to)
{
	if (!subject_is_left_out(token)) {
		tcase_add_loop_test(tcase, test, from, to);
		return;
	}
	for (int i = from; i < to; i++) {
		subject_say_left_out(token, test);
	}
}

static bool is_of_kind(const char *token)
{
	const char *kind_name = tenon__kind_name(subjects.kind);
	size_t len = strlen(kind_name);

	return strncmp(token, kind_name, len) == 0 && token[len] == '_';
}

/* ---- finding them ------------------------------------------------------- */

static void refused(const char *kind_name, const char *name, const char *path,
		    const char *problem, void *payload)
{
	(void)payload;
	fprintf(stderr, "%s plugin '%s': ", kind_name, name);
	give_up(path, problem);
}

/* The folders of this build with modules: the plugins of the tree, and the toys. */
static const char *const module_folders[] = { "plugins/.libs",
					      "tests/toys/.libs" };
#define MODULE_FOLDERS (sizeof(module_folders) / sizeof(module_folders[0]))

/* Write the path of such a folder. Return false when the environment names no build. */
static bool modules_folder(char *path, size_t size, size_t which)
{
	const char *build = getenv("abs_top_builddir");

	snprintf(path, size, "%s/%s", build ? build : "",
		 module_folders[which]);
	return build != NULL;
}

static void open_registry(void)
{
	struct tenon__folders folders = { NULL, 0 };
	char modules[4096];
	struct tenon_error err;

	if (registry) {
		return;
	}
	if (tenon__registry_create(&registry, &err) != 0) {
		give_up("registry", err.message);
	}
	for (size_t i = 0; i < MODULE_FOLDERS; i++) {
		if (modules_folder(modules, sizeof(modules), i) &&
		    tenon__folders_add(&folders, modules, strlen(modules)) !=
			    0) {
			give_up(modules, "out of memory");
		}
	}
	tenon__registry_set_folders(registry, &folders);
}

static void load_file(const char *path)
{
	static const struct tenon__place nowhere = { "", 0, 0 };
	const struct tenon__plugin *plugin;
	struct tenon_error err;

	if (tenon__registry_load(registry, path, &nowhere, &err) != 0) {
		give_up(path, err.message);
	}
	plugin = tenon__registry_first(registry);
	if (plugin->kind != subjects.kind) {
		give_up("another suite tests this plugin, whose kind is",
			plugin->kind_name);
	}
	subjects.plugins[subjects.count++] = plugin;
}

/* Return true for a built-in plugin or a module of this build, false for an installed one. */
static bool is_of_this_build(const struct tenon__plugin *plugin)
{
	char modules[4096];

	for (size_t i = 0; i < MODULE_FOLDERS; i++) {
		if (modules_folder(modules, sizeof(modules), i) &&
		    strncmp(plugin->origin, modules, strlen(modules)) == 0) {
			return true;
		}
	}
	return strcmp(plugin->origin, TENON__BUILTIN_ORIGIN) == 0;
}

/*
 * Return false for a transport that the machine's kernel does not support: its init
 * gives TENON_EIO.
 */
static bool works_here(const struct tenon__plugin *plugin, const char *token)
{
	const struct tenon_transport_ops *ops = &plugin->ops.transport;
	const struct tenon_transport_setup setup = {
		.size = sizeof(setup),
		.connect_timeout_ms = 1000,
		.ops = &tenon__connection_ops,
	};
	static const struct tenon__place nowhere = { "", 0, 0 };
	const struct tenon__option_owner owner = { .subject = NULL };
	struct tenon_error err = { 0 };
	struct tenon__chosen chosen = { .plugin = NULL };
	void *state;
	int code;

	if (plugin->kind != TENON_KIND_TRANSPORT ||
	    tenon__chosen_init(&chosen, plugin, NULL, owner, NULL, &nowhere,
			       &err) != 0) {
		tenon__chosen_fini(&chosen);
		return true;
	}
	state = calloc(1, ops->state_size + 1);
	code = state ? ops->init(state, chosen.options, &chosen.host.table,
				 &setup, &err)
		     : TENON_ENOMEM;
	if (state) {
		ops->fini(state);
	}
	free(state);
	tenon__chosen_fini(&chosen);
	if (code == TENON_EIO) {
		dprintf(STDOUT_FILENO, "# %s: %s\n", token, err.message);
	}
	return code != TENON_EIO;
}

static void load_build(void)
{
	char token[LINE_MAX_BYTES];
	struct tenon_error err;

	if (tenon__registry_load_all(registry, refused, NULL, &err) != 0) {
		give_up("registry", err.message);
	}
	for (const struct tenon__plugin *plugin =
		     tenon__registry_first(registry);
	     plugin; plugin = plugin->next) {
		if (plugin->kind != subjects.kind ||
		    !is_of_this_build(plugin)) {
			continue;
		}
		snprintf(token, sizeof(token), "%s_%s", plugin->kind_name,
			 plugin->name);
		if (subject_is_left_out(token)) {
			continue;
		}
		if (!works_here(plugin, token)) {
			leave_out(token);
			continue;
		}
		if (subjects.count == SUBJECTS_MAX) {
			give_up(plugin->name, "one plugin too many");
		}
		subjects.plugins[subjects.count++] = plugin;
	}
}

/*
 * Return true when a plugin of this kind is left out. A build may lack all plugins of
 * some kinds.
 */
static bool some_are_left_out(void)
{
	const char *at = left_out();
	char token[LINE_MAX_BYTES];

	while (next_left_out(&at, token)) {
		if (is_of_kind(token)) {
			return true;
		}
	}
	return false;
}

void subjects_load(uint32_t kind)
{
	const char *path = getenv(SUBJECT_VARIABLE);

	subjects.kind = kind;
	open_registry();
	subjects.foreign = path && path[0] != '\0';
	if (subjects.foreign) {
		load_file(path);
	} else {
		load_build();
	}
	if (subjects.count == 0 && !some_are_left_out()) {
		give_up("nothing to test", "no such plugin in this build");
	}
}

const struct tenon__plugin *subject_named(uint32_t kind, const char *name)
{
	struct tenon__plugin_query query = { .kind = kind,
					     .name = name,
					     .asker = "a test",
					     .place = { "", 0, 0 } };
	const struct tenon__plugin *plugin;
	struct tenon_error err;

	open_registry();
	ck_assert_msg(tenon__registry_find(registry, &plugin, &query, &err) ==
			      0,
		      "plugin '%s': %s", name, err.message);
	return plugin;
}

bool subject_is_foreign(void)
{
	return subjects.foreign;
}

int subjects_count(void)
{
	return subjects.count;
}

const struct tenon__plugin *subject(int i)
{
	subjects.now = subjects.plugins[i];
	return subjects.now;
}

const char *subject_now(void)
{
	const struct tenon__plugin *plugin = subjects.now;

	return plugin ? seen_format("%s plugin '%s'", plugin->kind_name,
				    plugin->name)
		      : "no plugin";
}

/* ---- hosts, options and hashes for instances ---------------------------- */

/* Lies in front of each allocation, so that free recognises the rig's own memory. */
struct watched_mark {
	uintptr_t magic;
	size_t bytes;
	struct watched_mark *next;
	struct watched_mark **link; /* what points to this mark */
	max_align_t memory[];
};

#define MARK_LIVE ((uintptr_t)0x7e0a110c)
#define MARK_FREED ((uintptr_t)0x7e0af4ee)

static void *watched_alloc(void *context, size_t bytes)
{
	struct watched_host *host = context;
	struct watched_mark *mark;

	host->made++;
	host->largest = bytes > host->largest ? bytes : host->largest;
	if (host->fail_from != 0 && host->made >= host->fail_from) {
		return NULL;
	}
	ck_assert_msg(bytes <= SIZE_MAX - sizeof(*mark),
		      "%s: alloc() of %zu bytes", subject_now(), bytes);
	mark = calloc(1, sizeof(*mark) + bytes);
	if (!mark) {
		return NULL;
	}
	mark->magic = MARK_LIVE;
	mark->bytes = bytes;
	mark->next = host->first;
	mark->link = &host->first;
	if (mark->next) {
		mark->next->link = &mark->next;
	}
	host->first = mark;
	host->live++;
	return mark->memory;
}

static void watched_free(void *context, void *memory)
{
	struct watched_host *host = context;
	struct watched_mark *mark;

	if (!memory) {
		return;
	}
	mark = (void *)((char *)memory - offsetof(struct watched_mark, memory));
	ck_assert_msg(mark->magic == MARK_LIVE,
		      "%s: free() of memory whose mark is %#llx, which is not from alloc() (%#llx) or was freed before (%#llx)",
		      subject_now(), (unsigned long long)mark->magic,
		      (unsigned long long)MARK_LIVE,
		      (unsigned long long)MARK_FREED);
	mark->magic = MARK_FREED;
	*mark->link = mark->next;
	if (mark->next) {
		mark->next->link = mark->link;
	}
	host->live--;
	free(mark);
}

static void watched_log(void *context, int level, const char *line)
{
	(void)context;
	ck_assert_msg(level >= TENON_LOG_ERROR && level <= TENON_LOG_DEBUG &&
			      !strchr(line, '\n'),
		      "%s: log of level %d, expected %d to %d, and a line without a newline: %s",
		      subject_now(), level, TENON_LOG_ERROR, TENON_LOG_DEBUG,
		      seen_text(line));
}

static int watched_logs(void *context, int level)
{
	(void)context;
	(void)level;
	return 1;
}

static void watched_logf(void *context, int level, const char *format, ...)
{
	char line[1000];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	watched_log(context, level, line);
}

/* A block of shared memory. It has no more bytes than were asked for: a sanitizer sees the end. */
struct shared_block {
	struct shared_block *next;
	max_align_t memory[];
};

static struct shared_block *shared_blocks;

static void shared_free(void)
{
	while (shared_blocks) {
		struct shared_block *block = shared_blocks;

		shared_blocks = block->next;
		free(block);
	}
}

/* Return bytes that are all zero; NULL when there are not so many. */
static void *shared_make(size_t bytes)
{
	struct shared_block *block =
		bytes <= SIZE_MAX - sizeof(*block)
			? calloc(1, sizeof(*block) + bytes) : NULL;

	if (!block) {
		return NULL;
	}
	if (!shared_blocks) {
		(void)atexit(shared_free);
	}
	block->next = shared_blocks;
	shared_blocks = block;
	return block->memory;
}

static void *watched_shared(void *context, size_t bytes)
{
	struct watched_host *host = context;

	ck_assert_msg(host->shared_bytes == SIZE_MAX ||
			      host->shared_bytes == bytes,
		      "%s: shared() is asked for %zu bytes, and was asked for %zu bytes before; every instance asks for the same number",
		      subject_now(), bytes, host->shared_bytes);
	if (host->shared_bytes == SIZE_MAX) {
		host->shared_bytes = bytes;
		host->shared = shared_make(bytes);
	}
	return host->shared;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* There are no metrics here; a plugin has to do without. */
static struct tenon_metric *watched_metric(void *context, const char *name,
					   uint32_t type, const char *help)
{
	(void)context;
	ck_assert_msg(tenon__name_is_valid(name),
		      "%s: metric %s: a name is lower_snake of 1 to 47 bytes",
		      subject_now(), seen_text(name));
	ck_assert_msg(type == TENON_METRIC_COUNTER || type == TENON_METRIC_GAUGE,
		      "%s: metric '%s': type %" PRIu32
		      " is none of enum tenon_metric_type",
		      subject_now(), name, type);
	ck_assert_msg(type != TENON_METRIC_COUNTER || ends_with(name, "_total"),
		      "%s: metric '%s': the name of a counter ends with _total",
		      subject_now(), name);
	ck_assert_msg(help && ends_with(help, ".") && !strchr(help, '\n'),
		      "%s: metric '%s': the help %s is not one line with a full stop",
		      subject_now(), name, seen_text(help));
	return NULL;
}

static void watched_metric_add(struct tenon_metric *metric, int64_t n)
{
	ck_assert_msg(!metric,
		      "%s: metric_add() or metric_set() of %s, expected NULL, which metric() has returned; n is %lld",
		      subject_now(), seen_pointer(metric), (long long)n);
}

static void watched_random_bytes(void *context, void *out, size_t len)
{
	struct watched_host *host = context;

	for (size_t i = 0; i < len; i++) {
		((unsigned char *)out)[i] =
			(unsigned char)random_next(&host->seed);
	}
}

static int watched_open_secret(void *context, const char *path)
{
	(void)context;
	return tenon__open_secret(path);
}

void watched_host_init(struct watched_host *host)
{
	*host = (struct watched_host){
		.seed = 1,
		.shared_bytes = SIZE_MAX,
		.table = {
			.size = sizeof(host->table),
			.abi_major = TENON_PLUGIN_ABI_MAJOR,
			.abi_minor = TENON_PLUGIN_ABI_MINOR,
			.context = host,
			.alloc = watched_alloc,
			.free = watched_free,
			.log = watched_log,
			.random_bytes = watched_random_bytes,
			.set_error = tenon__error_set,
			.open_secret = watched_open_secret,
			.logs = watched_logs,
			.logf = watched_logf,
			.shared = watched_shared,
			.metric = watched_metric,
			.metric_add = watched_metric_add,
			.metric_set = watched_metric_add,
		},
	};
}

static uint64_t sum_bytes(uint64_t sum, const void *memory, size_t bytes)
{
	const unsigned char *at = memory;

	for (size_t i = 0; i < bytes; i++) {
		sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
	}
	return sum;
}

uint64_t watched_host_sum(const struct watched_host *host, const void *self,
			  uint32_t state_size)
{
	uint64_t sum = sum_bytes(0, self, state_size);

	for (const struct watched_mark *mark = host->first; mark;
	     mark = mark->next) {
		sum = sum_bytes(sum, mark->memory, mark->bytes);
	}
	return sum;
}

/* Hashes that tests or options have asked for. */
static struct {
	const struct tenon__plugin *plugin;
	struct tenon_hash hash;
	struct watched_host host;
	void *options;
} made_hashes[SUBJECTS_MAX];
static size_t made_hashes_count;

static void free_hashes(void)
{
	while (made_hashes_count > 0) {
		made_hashes_count--;
		tenon__hash_destroy(&made_hashes[made_hashes_count].hash);
		tenon__options_destroy(made_hashes[made_hashes_count].plugin,
				       made_hashes[made_hashes_count].options);
	}
}

const struct tenon_hash *subject_hash(const char *name)
{
	const struct tenon__plugin *plugin =
		subject_named(TENON_KIND_HASH, name);
	size_t i;

	for (i = 0; i < made_hashes_count; i++) {
		if (made_hashes[i].plugin == plugin) {
			return &made_hashes[i].hash;
		}
	}
	ck_assert_uint_lt(i, SUBJECTS_MAX);
	if (i == 0) {
		ck_assert_int_eq(atexit(free_hashes), 0);
	}
	made_hashes[i].plugin = plugin;
	watched_host_init(&made_hashes[i].host);
	made_hashes[i].options = subject_options(plugin, &made_hashes[i].host);
	ck_assert_subject_code(tenon__hash_create(&made_hashes[i].hash, plugin,
						  made_hashes[i].options,
						  &made_hashes[i].host.table,
						  NULL),
			       TENON_OK);
	made_hashes_count++;
	return &made_hashes[i].hash;
}

static int find_hash(void *payload, const struct tenon_hash **out,
		     const char *asker, const char *name,
		     const struct tenon__place *place, struct tenon_error *err)
{
	(void)payload;
	(void)asker;
	(void)place;
	(void)err;
	*out = subject_hash(name);
	return 0;
}

int subject_options_read(const struct tenon__plugin *plugin, const char *text,
			 const struct watched_host *host, void **out,
			 struct tenon_error *err)
{
	static const struct tenon__place nowhere = { "", 0, 0 };
	const struct tenon__option_owner owner = { .hash = find_hash };
	struct tenon__node *map = NULL;
	int code = 0;

	if (text) {
		code = tenon__node_parse(&map, "", text, strlen(text), err);
	}
	if (!code) {
		code = tenon__options_create(out, plugin, map, owner,
					     &host->table, &nowhere, err);
	}
	tenon__node_free(map);
	return code;
}

static void *must_read(const struct tenon__plugin *plugin, const char *text,
		       const struct watched_host *host)
{
	struct tenon_error err;
	void *options;

	ck_assert_msg(
		subject_options_read(plugin, text, host, &options, &err) == 0,
		"%s plugin '%s' refuses %s: %s", plugin->kind_name,
		plugin->name, text ? text : "its defaults", err.message);
	return options;
}

void *subject_options(const struct tenon__plugin *plugin,
		      const struct watched_host *host)
{
	bool is_foreign = subjects.foreign && plugin == subjects.plugins[0];

	return must_read(plugin,
			 is_foreign ? getenv(SUBJECT_OPTIONS_VARIABLE) : NULL,
			 host);
}

void subject_options_free(const struct tenon__plugin *plugin, void *options)
{
	tenon__options_destroy(plugin, options);
}

static int option_code(const struct tenon__plugin *plugin, const char *option,
		       const char *value, struct tenon_error *err)
{
	struct watched_host host;
	void *options = NULL;
	char text[300];
	int code;

	snprintf(text, sizeof(text), "{%s: %s}", option, value);
	watched_host_init(&host);
	code = subject_options_read(plugin, text, &host, &options, err);
	subject_options_free(plugin, options);
	return code;
}

void subject_option_ends_at(const struct tenon__plugin *plugin,
			    const char *option, const char *most,
			    const char *above)
{
	struct tenon_error err = { 0 };
	char found[200];
	int code;

	ck_assert_subject(option_code(plugin, option, most, &err) == 0,
			  "that %s: %s is refused: %s", option, most,
			  err.message);
	code = option_code(plugin, option, above, &err);
	ck_assert_subject(code == TENON_ECONFIG, "%s for %s: %s",
			  seen_status(code), option, above);
	snprintf(found, sizeof(found), "found '%.100s", above);
	ck_assert_subject(strstr(err.message, found) != NULL, "%s",
			  seen_text(err.message));
}

void *subject_state(uint32_t bytes)
{
	void *state = calloc(1, bytes > 0 ? bytes : 1);

	ck_assert_ptr_nonnull(state);
	return state;
}

/* Make an instance and end it. Returns the code of init. */
static int try_instance(const struct tenon__plugin *plugin, uint32_t state_size,
			subject_init_fn init, void (*fini)(void *self),
			const void *options, struct watched_host *host)
{
	void *self = subject_state(state_size);
	int code = init(plugin, self, options, host);

	fini(self);
	ck_assert_subject_int(host->live, ==, 0);
	free(self);
	return code;
}

void subject_check_without_memory(const struct tenon__plugin *plugin,
				  uint32_t state_size, subject_init_fn init,
				  void (*fini)(void *self))
{
	struct watched_host host;
	void *options;
	int code = TENON_ENOMEM;

	watched_host_init(&host);
	options = subject_options(plugin, &host);
	for (size_t n = 1; code; n++) {
		host.made = 0;
		host.fail_from = n;
		code = try_instance(plugin, state_size, init, fini, options,
				    &host);
		ck_assert_subject(!code || code == TENON_ENOMEM,
				  "%s when allocation %zu fails",
				  seen_status(code), n);
	}
	host.fail_from = 0;
	ck_assert_subject_code(try_instance(plugin, state_size, init, fini,
					    options, &host),
			       TENON_OK);
	subject_options_free(plugin, options);
}

int subject_check_reason(const struct tenon__plugin *plugin, int code,
			 const struct tenon_error *err)
{
	ck_assert_subject(!code || (err->code == code && err->message[0] != '\0'),
			  "the code %s with the error %s: %s", seen_status(code),
			  seen_status(err->code), seen_text(err->message));
	return code;
}

void subject_check_in_threads(void *(*run)(void *payload), void *payload)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run,
						payload),
				 0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *wrong;

		ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
		ck_assert_msg(!wrong, "%s: thread %d of %d: %s", subject_now(),
			      i + 1, THREADS, (const char *)wrong);
	}
}

/* ---- tests of every kind ------------------------------------------------ */

static bool is_one_line(const char *text)
{
	return text && text[0] != '\0' && !strchr(text, '\n') &&
	       text[strlen(text) - 1] != '.';
}

START_TEST(version_and_summary_are_one_line)
{
	const struct tenon__plugin *plugin = subject(_i);

	ck_assert_subject(is_one_line(plugin->version), "%s",
			  seen_text(plugin->version));
	ck_assert_subject(is_one_line(plugin->summary), "%s",
			  seen_text(plugin->summary));
	ck_assert_subject(strlen(plugin->summary) <= 80, "%zu bytes: %s",
			  strlen(plugin->summary), seen_text(plugin->summary));
}
END_TEST

START_TEST(every_option_has_help_and_a_range)
{
	const struct tenon__plugin *plugin = subject(_i);

	for (const struct tenon_option *row = plugin->options; row->name;
	     row++) {
		ck_assert_msg(is_one_line(row->help),
			      "%s: option '%s' needs a help text of one line without a full stop, found %s",
			      plugin->name, row->name, seen_text(row->help));
		if (row->type == TENON_OPTION_INT ||
		    row->type == TENON_OPTION_SIZE ||
		    row->type == TENON_OPTION_DURATION) {
			ck_assert_msg(row->min < row->max,
				      "%s: option '%s' needs min below max, found %lld and %lld",
				      plugin->name, row->name,
				      (long long)row->min, (long long)row->max);
			ck_assert_msg(row->min >= 0 ||
					      row->type == TENON_OPTION_INT,
				      "%s: option '%s' has the min %lld, expected 0 or more",
				      plugin->name, row->name,
				      (long long)row->min);
		}
	}
}
END_TEST

START_TEST(defaults_are_accepted)
{
	const struct tenon__plugin *plugin = subject(_i);
	struct watched_host host;
	void *options;

	watched_host_init(&host);
	options = must_read(plugin, NULL, &host);
	ck_assert_subject(!options == (plugin->options_bytes == 0),
			  "%zu bytes of options, and options that are %s",
			  (size_t)plugin->options_bytes, seen_pointer(options));
	subject_options_free(plugin, options);
	ck_assert_subject_int(host.live, ==, 0);
}
END_TEST

static bool is_tested(const char *token)
{
	char own[LINE_MAX_BYTES];

	for (int i = 0; i < subjects_count(); i++) {
		snprintf(own, sizeof(own), "%s_%s", subject(i)->kind_name,
			 subject(i)->name);
		if (strcmp(own, token) == 0) {
			return true;
		}
	}
	return false;
}

START_TEST(plugins_under_test_are_the_expected_ones)
{
	const char *source = getenv("abs_top_srcdir");
	char line[LINE_MAX_BYTES];
	char path[4096];
	int expected = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/runner/expected-plugins",
		 source ? source : ".");
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s: cannot be read", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!is_of_kind(line) || subject_is_left_out(line)) {
			continue;
		}
		ck_assert_msg(is_tested(line), "%s lists %s: it is not tested",
			      path, line);
		expected++;
	}
	fclose(file);
	ck_assert_msg(expected == subjects_count(),
		      "%s lists %d %s plugins, %d were tested", path, expected,
		      tenon__kind_name(subjects.kind), subjects_count());
}
END_TEST

/* Report the test as left out, once for each plugin of this kind that is left out. */
static void say_left_out(const TTest *test)
{
	const char *at = left_out();
	char token[LINE_MAX_BYTES];

	while (!subjects.foreign && next_left_out(&at, token)) {
		if (is_of_kind(token)) {
			subject_say_left_out(token, test);
		}
	}
}

/* Return true unless the environment asks for the tests of another name only. */
static bool is_wanted(const TTest *test)
{
	const char *name = getenv(SUBJECT_TEST_VARIABLE);

	return !name || strcmp(name, test->name) == 0;
}

void subjects_add_test(const TTest *test)
{
	if (!is_wanted(test)) {
		return;
	}
	for (int i = 0; i < subjects.count; i++) {
		tcase_add_loop_test(subjects.tcases[i], test, i, i + 1);
	}
	say_left_out(test);
}

void subjects_add_test_to(TCase *tcase, const TTest *test, int variants)
{
	if (!is_wanted(test)) {
		return;
	}
	tcase_add_loop_test(tcase, test, 0, variants * subjects.count);
	for (int i = 0; i < variants; i++) {
		say_left_out(test);
	}
}

void subjects_add_tests(Suite *suite)
{
	static char names[SUBJECTS_MAX][LINE_MAX_BYTES];
	TCase *tcase;

	for (int i = 0; i < subjects.count; i++) {
		snprintf(names[i], sizeof(names[i]), "%s_%s",
			 subject(i)->kind_name, subject(i)->name);
		subjects.tcases[i] = tcase_create(names[i]);
		suite_add_tcase(suite, subjects.tcases[i]);
	}
	subjects_add_test(version_and_summary_are_one_line);
	subjects_add_test(every_option_has_help_and_a_range);
	subjects_add_test(defaults_are_accepted);
	if (subjects.foreign) {
		return;
	}
	tcase = tcase_create("expected-plugins");
	tcase_add_test(tcase, plugins_under_test_are_the_expected_ones);
	suite_add_tcase(suite, tcase);
}
