/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The chaos program. It starts memcached servers, kills, stops, restarts and moves
 * them, and lets clients of every transport and policy work with them meanwhile. A
 * model judges every answer. Reports in TAP, with a table of the events.
 */
#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chaos/chaos.h"
#include "fakes/random.h"
#include "fakes/rig.h"
#include "fakes/scratch.h"

#define STEP_MS 5
#define PLAN_FACTOR 31 /* makes the seed of the plan; the workers have other seeds */
#define AFTER_MAX_S 120
#define STALL_STEP_MS 4
#define STALLS_KEPT 4096
#define NAMES_MAX 8
/*
 * Patience in `make check`, where no result may depend on the speed of the machine or
 * of valgrind.
 */
#define SUITE_PATIENCE_MS 20000
/* The gremlins of `make check`. */
#define SUITE_GREMLINS "kill,stop,move,faults"
#define MEMORY_SLACK_BYTES (4u << 20)
#define LEAK_SLACK_BYTES (64u << 10)

static struct {
	unsigned long servers, seconds, clients, pool;
	uint64_t seed;
	bool json, plan;
	const char *protocol; /* the value of `protocol:`, or NULL */
	char *transports[NAMES_MAX], *policies[NAMES_MAX];
	size_t transport_count, policy_count;
} options = { .servers = 4, .seconds = 4, .seed = 1 };

static volatile sig_atomic_t interrupted;

/* ---- stalls of the machine ----------------------------------------------- */

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	int64_t woken_ns[STALLS_KEPT], late_ns[STALLS_KEPT];
	size_t count;
	int64_t worst_ns;
} stalls = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Sleep step by step, and record how much later than asked each sleep ended. */
static void *watch_the_machine(void *payload)
{
	const struct timespec step = { .tv_nsec = STALL_STEP_MS * 1000000L };

	(void)payload;
	while (atomic_load(&chaos_servers.phase) != CHAOS_END) {
		int64_t begin_ns = chaos_now_ns();

		nanosleep(&step, NULL);
		int64_t now_ns = chaos_now_ns();
		int64_t late_ns = now_ns - begin_ns - step.tv_nsec;

		pthread_mutex_lock(&stalls.lock);
		stalls.woken_ns[stalls.count % STALLS_KEPT] = now_ns;
		stalls.late_ns[stalls.count % STALLS_KEPT] = late_ns;
		stalls.count++;
		stalls.worst_ns = late_ns > stalls.worst_ns ? late_ns :
							      stalls.worst_ns;
		pthread_mutex_unlock(&stalls.lock);
	}
	return NULL;
}

int64_t chaos_stalls_ns(int64_t begin_ns, int64_t end_ns)
{
	int64_t sum_ns = 0;

	pthread_mutex_lock(&stalls.lock);
	for (size_t i = 0; i < STALLS_KEPT && i < stalls.count; i++) {
		if (stalls.woken_ns[i] >= begin_ns &&
		    stalls.woken_ns[i] - stalls.late_ns[i] <= end_ns) {
			sum_ns += stalls.late_ns[i];
		}
	}
	pthread_mutex_unlock(&stalls.lock);
	return sum_ns;
}

/* ---- clients ------------------------------------------------------------- */

static atomic_ullong log_lines; /* with a client pool, lines come from any thread */

static void count_line(void *payload, int level, const char *line)
{
	(void)payload;
	(void)level;
	(void)line;
	atomic_fetch_add(&log_lines, 1);
}

/* Return the policy's value for a config: its name, or a map when it needs options. */
static const char *failover_of(const char *policy)
{
	static const struct {
		const char *policy, *text;
	} known[] = {
		{ "backoff", "{backoff: {failure_limit: 2, min: 100ms, max: 2s}}" },
		{ "gutter", "{gutter: {pool: gutter, gutter_ttl: 2s}}" },
		{ "mixed", "{read: eject, write: none}" },
	};

	for (size_t i = 0; i < COUNT(known); i++) {
		if (strcmp(policy, known[i].policy) == 0) {
			return known[i].text;
		}
	}
	return policy;
}

/* Add the servers at the places where they begin, and the spare servers for gutter. */
static int add_servers(struct chaos_worker *worker, struct tenon_config *config,
		       struct tenon_error *err)
{
	size_t spares = strcmp(worker->policy, "gutter") ? 0 : CHAOS_GUTTERS;
	size_t count = chaos_servers.server_count;
	int code = 0;

	worker->server_count = count + spares;
	for (size_t i = 0; i < count + spares && !code; i++) {
		uint32_t place = i < count ? chaos_servers.places[i] :
					     (uint32_t)i + CHAOS_SPARES;
		const char *address = chaos_servers.addresses[place];
		char alias[24];

		worker->places[i] = place;
		snprintf(alias, sizeof(alias), "s%zu", i);
		code = i < count ?
			tenon_config_add_server(config, address, alias, 1, err) :
			tenon_config_add_spare(config, "gutter", address,
					       alias, 1, err);
	}
	return code;
}

int chaos_worker_open(struct chaos_worker *worker, uint32_t pool_size,
		      struct tenon_error *err)
{
	const struct tenon_pool_limits limits = { 1, pool_size, 1 };
	struct tenon_config *config;
	char text[600];
	int n = snprintf(text, sizeof(text),
		"%s%s%stransport: {%s: {}}\nfailover: %s\n"
		"connect_timeout: %dms\npoll_timeout: %dms\n"
		"retry_timeout: %dms\n"
		"codecs: [zlib: {threshold: 500B}, "
		"split: {format: sealed, chunk: %dB}]\n",
		chaos_integrity ? "integrity: " : "",
		chaos_integrity ? chaos_integrity : "",
		chaos_integrity ? "\n" : "",
		worker->transport, failover_of(worker->policy),
		CHAOS_CONNECT_MS, CHAOS_POLL_MS, CHAOS_RETRY_MS,
		CHAOS_CHUNK_BYTES);
	int code = tenon_config_create(&config, err);

	if (!code) {
		code = add_servers(worker, config, err);
	}
	if (!code) {
		code = tenon_config_load_text(config, "chaos", text, (size_t)n,
					      err);
	}
	if (!code && options.protocol) {
		code = tenon_config_set(config, "protocol", options.protocol,
					err);
	}
	if (!code) {
		tenon_config_set_log(config, count_line, NULL);
		code = pool_size > 0 ?
			tenon_pool_open(config, &limits, &worker->pool, err) :
			tenon_client_open(config, &worker->client, err);
	}
	tenon_config_destroy(config);
	return code;
}

static void give_up(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	chaos_servers_stop();
	exit(EXIT_FAILURE);
}

/* Return true when a client can be opened with this transport and policy. */
static bool is_there(char *transport, char *policy)
{
	struct chaos_worker worker = { .transport = transport,
				       .policy = policy };
	struct tenon_error err;
	bool fine = !getenv("TENON_LEFT_OUT_PLUGINS") ||
		!strstr(getenv("TENON_LEFT_OUT_PLUGINS"), transport);

	if (fine && chaos_worker_open(&worker, 0, &err) != 0) {
		printf("# %s\n", err.message);
		fine = false;
	}
	if (!fine) {
		printf("# without transport %s, policy %s\n", transport, policy);
	}
	tenon_client_close(worker.client);
	return fine;
}

/* For an option without a list, choose every transport or policy of this build. */
static void choose(void)
{
	static char transports[][16] = { "poll", "blocking", "uring" };
	static char policies[][16] = { "none", "eject", "backoff", "gutter",
				       "mixed" };
	bool any_policy = options.policy_count == 0;
	bool any_transport = options.transport_count == 0;

	for (size_t i = 0; any_policy && i < COUNT(policies); i++) {
		if (is_there(transports[0], policies[i])) {
			options.policies[options.policy_count++] = policies[i];
		}
	}
	for (size_t i = 0; any_transport && i < COUNT(transports); i++) {
		if (is_there(transports[i], policies[0])) {
			options.transports[options.transport_count++] =
				transports[i];
		}
	}
	if (options.policy_count == 0 || options.transport_count == 0) {
		give_up("clients", "no policy or no transport to try");
	}
}

/* Return the number of clients after which the pairs of transport and policy repeat. */
static size_t turn_length(void)
{
	size_t n = options.policy_count;

	while (n % options.transport_count != 0) {
		n += options.policy_count;
	}
	return n;
}

/*
 * Share the client pool of an earlier worker of the same transport and policy. Return
 * false when there is none.
 */
static bool share_pool(struct chaos_worker *worker)
{
	for (struct chaos_worker *other = chaos_workers; other < worker;
	     other++) {
		if (other->pool && other->transport == worker->transport &&
		    other->policy == worker->policy) {
			worker->pool = other->pool;
			worker->server_count = other->server_count;
			memcpy(worker->places, other->places,
			       sizeof(worker->places));
			return true;
		}
	}
	return false;
}

/* Give the workers transports and policies in turn, so that every pair occurs. */
static void open_workers(void)
{
	size_t count = options.clients;
	uint64_t random = options.seed;
	struct tenon_error err;

	if (count == 0) {
		count = options.policy_count > options.transport_count ?
			options.policy_count : options.transport_count;
	}
	chaos_workers = calloc(count, sizeof(*chaos_workers));
	if (!chaos_workers) {
		give_up("clients", "no memory");
	}
	chaos_worker_count = count;
	for (size_t i = 0; i < count; i++) {
		struct chaos_worker *worker = &chaos_workers[i];

		worker->number = (uint32_t)i;
		worker->random = random_next(&random);
		worker->transport =
			options.transports[i % options.transport_count];
		worker->policy = options.policies[(i + i / turn_length()) %
						  options.policy_count];
		if (!share_pool(worker) &&
		    chaos_worker_open(worker, (uint32_t)options.pool, &err) !=
			    0) {
			give_up("client", err.message);
		}
	}
}

static void start_workers(void)
{
	for (size_t i = 0; i < chaos_worker_count; i++) {
		struct chaos_worker *worker = &chaos_workers[i];

		if (pthread_create(&worker->thread, NULL, chaos_worker_run,
				   worker) != 0) {
			give_up("thread", "cannot be made");
		}
	}
}

/* ---- limits of memory and descriptors ------------------------------------ */

static size_t count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	while (dir && readdir(dir)) {
		count++;
	}
	if (dir) {
		closedir(dir);
	}
	return count;
}

/*
 * Return the bytes from malloc that are in use; 0 with a sanitizer, which has its own
 * malloc.
 */
static size_t count_memory(void)
{
	return mallinfo2().uordblks;
}

static struct {
	size_t descriptors_before, descriptors_after, descriptors_most;
	size_t memory_before, memory_after;
	size_t memory_first, memory_second; /* the maximum in each half of the storm */
} growth;

static void look_at_growth(bool second_half)
{
	size_t *most = second_half ? &growth.memory_second :
				     &growth.memory_first;
	size_t memory = count_memory();
	size_t descriptors = count_descriptors();

	*most = memory > *most ? memory : *most;
	if (descriptors > growth.descriptors_most) {
		growth.descriptors_most = descriptors;
	}
}

/* ---- the storm ----------------------------------------------------------- */

static void pause_step(void)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	nanosleep(&step, NULL);
}

static void storm(void)
{
	int64_t length_ns = (int64_t)options.seconds * 1000000000;
	int64_t begin_ns = chaos_now_ns(), look_ns = 0;
	uint64_t random = options.seed * PLAN_FACTOR;

	while (!interrupted && chaos_now_ns() - begin_ns < length_ns) {
		int64_t passed_ns = chaos_now_ns() - begin_ns;

		chaos_gremlin_step(&random);
		if (passed_ns >= look_ns) {
			look_at_growth(2 * passed_ns > length_ns);
			look_ns = passed_ns + length_ns / 100;
		}
		pause_step();
	}
}

/* Print the deeds with the times at which they are done when no deed takes any time. */
static void print_plan(void)
{
	uint64_t random = options.seed * PLAN_FACTOR;
	int64_t at_ms = 0;

	while (at_ms < (int64_t)options.seconds * 1000) {
		struct chaos_deed deed;

		chaos_plan_next(&random, &deed);
		printf("%7" PRId64 " ms %-12s place %" PRIu32 ", how %" PRIu32
		       ", for %" PRId64 " ms\n",
		       at_ms, chaos_gremlin_name(deed.gremlin), deed.place,
		       deed.how, deed.length_ms);
		at_ms += deed.pause_ms;
	}
}

/* After the storm: wait until every worker has shown that its client works. */
static void aftermath(void)
{
	int64_t begin_ns = chaos_now_ns();
	size_t working = 0;

	chaos_gremlin_heal();
	atomic_store(&chaos_servers.phase, CHAOS_AFTER);
	while (working < chaos_worker_count &&
	       chaos_now_ns() - begin_ns < AFTER_MAX_S * INT64_C(1000000000)) {
		pause_step();
		working = 0;
		for (size_t i = 0; i < chaos_worker_count; i++) {
			working += atomic_load(&chaos_workers[i].works);
		}
	}
}

static void finish_workers(void)
{
	atomic_store(&chaos_servers.phase, CHAOS_END);
	for (size_t i = 0; i < chaos_worker_count; i++) {
		struct chaos_worker *worker = &chaos_workers[i];

		pthread_join(worker->thread, NULL);
		if (!atomic_load(&worker->works)) {
			worker->counts.violations[CHAOS_BROKEN]++;
			memcpy(worker->complaint, worker->trouble,
			       sizeof(worker->complaint));
		}
	}
	pthread_join(stalls.thread, NULL);
	for (size_t i = chaos_worker_count; i-- > 0;) {
		struct chaos_worker *worker = &chaos_workers[i];
		struct tenon_pool *pool = worker->pool;

		worker->pool = NULL;
		if (pool && !share_pool(worker)) {
			tenon_pool_close(pool);
		}
		tenon_client_close(worker->client);
	}
}

static void run(void)
{
	if (!chaos_servers_start(options.servers)) {
		give_up("memcached", "does not start");
	}
	choose();
	growth.descriptors_before = count_descriptors();
	open_workers();
	growth.memory_before = count_memory();
	start_workers();
	if (pthread_create(&stalls.thread, NULL, watch_the_machine, NULL) != 0) {
		give_up("thread", "cannot be made");
	}
	storm();
	aftermath();
	finish_workers();
	chaos_proxies_rest();
	growth.descriptors_after = count_descriptors();
	growth.memory_after = count_memory();
	chaos_servers_stop();
}

/* ---- the report ---------------------------------------------------------- */

static void add_counts(struct chaos_counts *to, const struct chaos_counts *from)
{
	to->calls += from->calls;
	to->calm += from->calm;
	to->sent += from->sent;
	to->doubts += from->doubts;
	to->keys += from->keys;
	to->answered += from->answered;
	to->failed += from->failed;
	to->values += from->values;
	to->judged += from->judged;
	to->misses += from->misses;
	to->split += from->split;
	to->numbers += from->numbers;
	to->cuts += from->cuts;
	to->losses += from->losses;
	to->delays += from->delays;
	to->moves += from->moves;
	for (size_t i = 0; i < 32; i++) {
		to->statuses[i] += from->statuses[i];
	}
	for (size_t i = 0; i < CHAOS_VIOLATIONS; i++) {
		to->violations[i] += from->violations[i];
	}
	if (from->late_ns > to->late_ns) {
		to->late_ns = from->late_ns;
	}
	if (from->net_late_ns > to->net_late_ns) {
		to->net_late_ns = from->net_late_ns;
	}
}

struct row {
	const char *name;
	uint64_t value;
};

#define ROWS_MAX 64

/* Make the rows of numbers for both forms of the report. */
static size_t make_rows(struct row *rows, const struct chaos_counts *sum)
{
	const struct row all[] = {
		{ "seed", options.seed },
		{ "seconds", options.seconds },
		{ "servers", options.servers },
		{ "clients", chaos_worker_count },
		{ "kills", chaos_deeds.kills },
		{ "stops", chaos_deeds.stops },
		{ "restarts", chaos_deeds.restarts },
		{ "moves", chaos_deeds.moves },
		{ "limits", chaos_deeds.limits },
		{ "idle_cuts", chaos_deeds.idle_cuts },
		{ "strays", chaos_deeds.strays },
		{ "backlogs", chaos_deeds.backlogs },
		{ "busy_moments", chaos_deeds.busy },
		{ "address_changes", chaos_deeds.address_changes },
		{ "connection_limits", chaos_deeds.connection_limits },
		{ "clock_jumps", chaos_deeds.clock_jumps },
		{ "connections_cut", chaos_deeds.cut_connections },
		{ "connections_with_strays", chaos_deeds.stray_connections },
		{ "cuts", sum->cuts },
		{ "lost_replies", sum->losses },
		{ "delays", sum->delays },
		{ "calls", sum->calls },
		{ "keys", sum->keys },
		{ "keys_answered", sum->answered },
		{ "keys_failed", sum->failed },
		{ "timed_out", sum->statuses[-TENON_ETIMEDOUT] },
		{ "not_connected", sum->statuses[-TENON_ECONNECT] },
		{ "closed", sum->statuses[-TENON_ECLOSED] },
		{ "down", sum->statuses[-TENON_EDOWN] },
		{ "local", sum->statuses[-CHAOS_ELOCAL] },
		{ "keys_while_all_are_well", sum->calm },
		{ "failures_in_a_stall", sum->doubts },
		{ "noreply_looked_for", sum->sent },
		{ "values_checked", sum->values },
		{ "split_values", sum->split },
		{ "compared_with_last_write", sum->judged },
		{ "numbers_checked", sum->numbers },
		{ "misses", sum->misses },
		{ "log_lines", atomic_load(&log_lines) },
		{ "worst_beyond_deadline_us", (uint64_t)sum->late_ns / 1000 },
		{ "worst_without_stalls_us", (uint64_t)sum->net_late_ns / 1000 },
		{ "worst_stall_us", (uint64_t)stalls.worst_ns / 1000 },
		{ "descriptors_before", growth.descriptors_before },
		{ "descriptors_most", growth.descriptors_most },
		{ "descriptors_after", growth.descriptors_after },
		{ "memory_most_bytes", growth.memory_second },
	};

	memcpy(rows, all, sizeof(all));
	return COUNT(all);
}

struct check {
	const char *name;
	uint64_t violations;
};

#define CHECKS 10

static void make_checks(struct check *checks, const struct chaos_counts *sum)
{
	const uint64_t *violations = sum->violations;
	bool leak = growth.descriptors_after != growth.descriptors_before;
	bool grown = growth.memory_second > growth.memory_first +
		growth.memory_first / 4 + MEMORY_SLACK_BYTES ||
		growth.memory_after > growth.memory_before + LEAK_SLACK_BYTES;
	const struct check all[CHECKS] = {
		{ "every_value_was_written_to_its_key",
		  violations[CHAOS_WRONG] },
		{ "no_acknowledged_write_is_lost", violations[CHAOS_LOST] },
		{ "nothing_that_was_replaced_comes_back",
		  violations[CHAOS_STALE] },
		{ "every_outcome_is_explained_by_a_fault",
		  violations[CHAOS_STATUS] },
		{ "no_call_goes_beyond_its_deadline", violations[CHAOS_LATE] },
		{ "everything_works_when_the_storm_is_over",
		  violations[CHAOS_BROKEN] },
		{ "no_healthy_server_is_blamed", violations[CHAOS_BLAMED] },
		{ "nothing_is_sent_after_the_end_of_file",
		  violations[CHAOS_UNSENT] },
		{ "no_descriptor_is_left", leak },
		{ "memory_does_not_grow", grown },
	};

	memcpy(checks, all, sizeof(all));
}

static void print_json(const struct row *rows, size_t count,
		       const struct check *checks, uint64_t violations)
{
	printf("{");
	for (size_t i = 0; i < count; i++) {
		printf("\"%s\": %" PRIu64 ", ", rows[i].name, rows[i].value);
	}
	printf("\"violations\": %" PRIu64 ", \"checks\": {", violations);
	for (size_t i = 0; i < CHECKS; i++) {
		printf("%s\"%s\": %" PRIu64, i ? ", " : "", checks[i].name,
		       checks[i].violations);
	}
	printf("}}\n");
}

static void print_text(const struct row *rows, size_t count,
		       const struct check *checks, uint64_t violations)
{
	printf("1..%d\n", CHECKS);
	for (size_t i = 0; i < count; i++) {
		printf("# %-26s %12" PRIu64 "\n", rows[i].name, rows[i].value);
	}
	printf("# %-26s %12" PRIu64 "\n", "violations", violations);
	for (size_t i = 0; i < chaos_worker_count; i++) {
		if (chaos_workers[i].complaint[0] != '\0') {
			printf("# client %zu: %s\n", i,
			       chaos_workers[i].complaint);
		}
	}
	for (size_t i = 0; i < CHECKS; i++) {
		printf("%s %zu - %s\n",
		       checks[i].violations == 0 ? "ok" : "not ok", i + 1,
		       checks[i].name);
	}
}

/* Returns the number of violations. */
static uint64_t report(void)
{
	struct chaos_counts sum = { 0 };
	struct check checks[CHECKS];
	struct row rows[ROWS_MAX];
	uint64_t violations = 0;
	size_t count;

	for (size_t i = 0; i < chaos_worker_count; i++) {
		add_counts(&sum, &chaos_workers[i].counts);
	}
	count = make_rows(rows, &sum);
	make_checks(checks, &sum);
	for (size_t i = 0; i < CHECKS; i++) {
		violations += checks[i].violations;
	}
	(options.json ? print_json : print_text)(rows, count, checks,
						 violations);
	return violations;
}

/* ---- options ------------------------------------------------------------- */

static int usage(FILE *out)
{
	fprintf(out,
		"usage: chaos [OPTION]...\n"
		"  --transport LIST  transports, with commas between (blocking,poll,uring)\n"
		"  --protocol WORD   the value of protocol: in the clients' config\n"
		"  --policy LIST     failover policies (none,eject,backoff,gutter,mixed)\n"
		"  --clients N       number of clients, which get transports and policies\n"
		"                    in turn (default: each pair once)\n"
		"  --pool N          clients of the same transport and policy share a client\n"
		"                    pool of N, without the fault decorator\n"
		"  --gremlins LIST   kill, stop, move, faults, limits, idle, strays, backlog,\n"
		"                    busy, addresses, connections, clock (all)\n"
		"  --integrity WORD  the value of integrity: in the clients' config\n"
		"  --servers N       1..%d (4)\n"
		"  --seconds N       length of the storm (4)\n"
		"  --seed N          seed of the events and their order (1)\n"
		"  --plan            print the deeds of the plan, and do nothing\n"
		"  --json            print the numbers as JSON instead of TAP\n"
		"The program starts its own memcached servers and stops them. Exit status: 0\n"
		"without violations.\n",
		CHAOS_SERVERS_MAX);
	return out == stderr ? 2 : 0;
}

static size_t split_list(char *list, char **names)
{
	size_t count = 0;
	char *rest = NULL;

	for (char *name = strtok_r(list, ",", &rest);
	     name && count < NAMES_MAX; name = strtok_r(NULL, ",", &rest)) {
		names[count++] = name;
	}
	return count;
}

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && *out <= max;
}

static bool take_option(int option, char *value)
{
	uint64_t number = 0;
	bool fine = true;

	switch (option) {
	case 't':
		options.transport_count = split_list(value, options.transports);
		return options.transport_count > 0;
	case 'o':
		options.protocol = value;
		return true;
	case 'p':
		options.policy_count = split_list(value, options.policies);
		return options.policy_count > 0;
	case 'c':
		fine = read_number(value, CHAOS_WORKERS_MAX, &number);
		options.clients = number;
		return fine;
	case 'P':
		fine = read_number(value, CHAOS_WORKERS_MAX, &number);
		options.pool = number;
		return fine;
	case 's':
		fine = read_number(value, CHAOS_SERVERS_MAX, &number);
		options.servers = number;
		return fine && number > 0;
	case 'n':
		fine = read_number(value, 7 * 86400, &number);
		options.seconds = number;
		return fine && number > 0;
	case 'S':
		return read_number(value, UINT64_MAX, &options.seed);
	case 'j':
		options.json = true;
		return true;
	case 'l':
		options.plan = true;
		return true;
	case 'g':
		return chaos_gremlins_read(value);
	case 'i':
		chaos_integrity = value;
		return true;
	default:
		return false;
	}
}

static void interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "transport", required_argument, NULL, 't' },
		{ "protocol", required_argument, NULL, 'o' },
		{ "policy", required_argument, NULL, 'p' },
		{ "clients", required_argument, NULL, 'c' },
		{ "pool", required_argument, NULL, 'P' },
		{ "servers", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 'S' },
		{ "gremlins", required_argument, NULL, 'g' },
		{ "integrity", required_argument, NULL, 'i' },
		{ "plan", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const struct sigaction on_signal = { .sa_handler = interrupt };
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'h') {
			return usage(stdout);
		}
		if (!take_option(option, optarg)) {
			return usage(stderr);
		}
	}
	if (optind < argc) {
		return usage(stderr);
	}
	bool by_hand = argc > 1;

	if (chaos_gremlins == 0) {
		chaos_gremlins_read(by_hand ? "all" : SUITE_GREMLINS);
	}
	if (options.plan) {
		print_plan();
		return EXIT_SUCCESS;
	}
	chaos_patience_ms = by_hand ? 0 : SUITE_PATIENCE_MS;
	sigaction(SIGINT, &on_signal, NULL);
	sigaction(SIGTERM, &on_signal, NULL);
	scratch_begin();
	if (!chaos_local_begin()) {
		give_up("descriptors", "the limit is too low");
	}
	run();
	uint64_t violations = report();
	free(chaos_workers);
	return by_hand && violations > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
