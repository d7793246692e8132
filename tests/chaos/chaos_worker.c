/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One thread with its own client. The worker writes its own keys, reads the keys of all
 * workers, and judges every answer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaos/chaos_call.h"
#include "fakes/random.h"
#include "fakes/value.h"

#define PAUSE_MAX_US 3000
#define CALLS_OF_A_MOOD 100 /* the faults change after this many calls */
#define CHAOS_FLAG 1u
#define REPEATS_MAX 3 /* of one request in one call */

struct chaos_worker *chaos_workers;
size_t chaos_worker_count;

static uint64_t below(struct chaos_worker *worker, uint64_t end)
{
	return random_next(&worker->random) % end;
}

/* Return true for a place of the spare pool: values there expire. */
static bool expires(uint32_t place)
{
	return place >= chaos_servers.server_count + CHAOS_SPARES;
}

/* Return the place that a write without acknowledgement went to, or MODEL_ANYWHERE. */
static uint32_t place_tried(struct chaos_worker *worker,
			    struct tenon_slice key)
{
	size_t home;

	if (strcmp(worker->policy, "none") != 0 ||
	    tenon_client_where(worker->client, key, &home, NULL) != 0) {
		return MODEL_ANYWHERE;
	}
	return worker->places[home];
}

/* ---- items --------------------------------------------------------------- */

static struct tenon_item *add_key(uint32_t owner, uint32_t key,
				  const char *kind)
{
	size_t i = desk->count++;

	desk->owners[i] = owner;
	desk->keys[i] = key;
	desk->writes[i] = 0;
	snprintf(desk->names[i], CHAOS_KEY_BYTES, "%s:%u:%u", kind,
		 (unsigned)owner, (unsigned)key);
	desk->items[i] = (struct tenon_item){
		.key = { desk->names[i], strlen(desk->names[i]) } };
	return &desk->items[i];
}

/* Return the number by which a value names its key. */
static uint64_t number_of(uint32_t owner, uint32_t key)
{
	return (uint64_t)owner << 32 | key;
}

/* Return the head of a key's nth write. The length follows from key and write. */
static struct value_head head_of(uint32_t owner, uint32_t key, uint64_t write)
{
	uint64_t state = number_of(owner, key) * 977 + write;
	uint64_t how = random_next(&state) % 100;
	uint64_t more = random_next(&state);
	struct value_head head = {
		.key = number_of(owner, key),
		.write = write,
		.len = VALUE_HEAD_BYTES,
		.prose = how % 2,
	};

	if (how < 60) {
		head.len += more % 400;
	} else if (how < 85) {
		head.len += more % 8000;
	} else if (how < 94) {
		head.len += more % (CHAOS_CHUNK_BYTES - VALUE_HEAD_BYTES);
	} else {
		/* more than a chunk, also after compression */
		head.prose = 0;
		head.len = CHAOS_CHUNK_BYTES + 1 +
			more % (VALUE_MAX_BYTES - CHAOS_CHUNK_BYTES - 1);
	}
	return head;
}

/* Give an item, whose key is the worker's own, the value of a write. */
static void set_value(const struct chaos_worker *worker, size_t i,
		      uint64_t write)
{
	struct value_head head = head_of(worker->number, desk->keys[i], write);

	value_make(desk->values[i], &head);
	desk->writes[i] = write;
	desk->items[i].value = (struct tenon_slice){ desk->values[i],
						     (size_t)head.len };
	desk->items[i].flags = CHAOS_FLAG;
}

/* Give item i the value of its key's next write. */
static void add_value(struct chaos_worker *worker, size_t i)
{
	set_value(worker, i, ++worker->keys[desk->keys[i]].writes);
}

/* Put some of the worker's own keys on the desk. The caller may write them or not. */
static void take_own_keys(struct chaos_worker *worker, size_t most)
{
	uint32_t key = (uint32_t)below(worker, CHAOS_KEYS);
	size_t count = 1 + below(worker, most);
	struct model_window now;

	look_at_places(now.before);
	desk->count = 0;
	for (size_t i = 0; i < count; i++) {
		key = (key + 1) % CHAOS_KEYS;
		if (model_has_room(&worker->keys[key], &now,
				   chaos_servers.place_count)) {
			add_key(worker->number, key, "k");
		}
	}
}

/* ---- reading ------------------------------------------------------------- */

static void judge(struct chaos_worker *worker, enum model_verdict verdict,
		  size_t i, uint64_t found)
{
	const struct model_key *key = &worker->keys[desk->keys[i]];
	uint32_t place = place_of(worker, desk->results[i].server);

	if (verdict == MODEL_FINE) {
		worker->counts.judged++;
	} else if (verdict != MODEL_UNJUDGED) {
		complain(worker, verdict == MODEL_LOST ? CHAOS_LOST :
							 CHAOS_STALE,
			 "%s over %s, policy %s: found write %llu (0: absent), expected %llu of %llu, at place %u generation %u, %zu floating; %s",
			 desk->names[i], worker->transport, worker->policy,
			 (unsigned long long)found,
			 (unsigned long long)key->views[place].write,
			 (unsigned long long)key->writes, (unsigned)place,
			 (unsigned)worker->window.after[place],
			 model_floats(key, place, &worker->window),
			 desk->results[i].text ? desk->results[i].text : "");
	}
}

/* Return true when the value read for item i was written to its key. */
static bool is_of_its_key(size_t i, struct value_head *head)
{
	const struct tenon_result *result = &desk->results[i];

	return value_is_whole(result->value, result->value_len,
			      number_of(desk->owners[i], desk->keys[i]), head) &&
		result->flags == CHAOS_FLAG;
}

static void check_hit(struct chaos_worker *worker, size_t i)
{
	const struct tenon_result *result = &desk->results[i];
	struct value_head head;

	if (!is_of_its_key(i, &head)) {
		complain(worker, CHAOS_WRONG,
			 "%s over %s: %zu bytes that were not written to it (key %llx, write %llu, flags %u)",
			 desk->names[i], worker->transport, result->value_len,
			 (unsigned long long)head.key,
			 (unsigned long long)head.write, result->flags);
		return;
	}
	worker->counts.values++;
	worker->counts.split += head.len > CHAOS_CHUNK_BYTES;
	if (desk->owners[i] == worker->number) {
		judge(worker,
		      model_read(&worker->keys[desk->keys[i]],
				 place_of(worker, result->server),
				 &worker->window, head.write),
		      i, head.write);
	}
}

/*
 * Judge a value whose parent was found and one of whose chunks was not. Two events
 * explain that: the chunk was put elsewhere, or an earlier write happened late and a
 * later write removed its chunks.
 */
static enum model_verdict judge_torn(struct chaos_worker *worker, size_t i,
				     uint32_t place)
{
	const struct model_key *key = &worker->keys[desk->keys[i]];

	if (strcmp(worker->policy, "none") != 0 ||
	    !model_window_steady(&worker->window, place) ||
	    model_floats(key, place, &worker->window) > 0 ||
	    key->views[place].disturbed != worker->disturbed) {
		return MODEL_UNJUDGED;
	}
	return MODEL_LOST;
}

/*
 * Judge a miss of a key. Only the worker that writes the key can. get: the miss is from a
 * get, for which a stray END may be taken.
 */
static void check_miss(struct chaos_worker *worker, size_t i, bool get)
{
	struct model_key *key = &worker->keys[desk->keys[i]];
	uint32_t place = place_of(worker, desk->results[i].server);
	enum model_verdict verdict;

	worker->counts.misses++;
	if (desk->owners[i] != worker->number ||
	    (get && may_be_stray(worker))) {
		return;
	}
	if (desk->results[i].text) {
		judge(worker, judge_torn(worker, i, place), i, 0);
		return;
	}
	verdict = model_missed(key, place, &worker->window);
	if (verdict != MODEL_LOST || !expires(place)) {
		judge(worker, verdict, i, 0);
	}
}

static void check_values(struct chaos_worker *worker)
{
	for (size_t i = 0; i < desk->count; i++) {
		if (desk->results[i].status == TENON_HIT) {
			check_hit(worker, i);
		} else if (desk->results[i].status == TENON_MISS) {
			check_miss(worker, i, true);
		} else if (desk->results[i].status > 0) {
			complain(worker, CHAOS_STATUS, "get: status %d",
				 desk->results[i].status);
		}
	}
}

static void read_some(struct chaos_worker *worker)
{
	static const enum tenon_verb verbs[] = { TENON_GET, TENON_GET,
						 TENON_GETS, TENON_GAT };
	uint32_t key = (uint32_t)below(worker, CHAOS_KEYS);
	size_t count = 1 + below(worker, BATCH_MAX);

	desk->count = 0;
	for (size_t i = 0; i < count; i++) {
		bool own = below(worker, 2) == 0;

		key = (key + 1) % CHAOS_KEYS; /* each key once */
		add_key(own ? worker->number :
			      (uint32_t)below(worker, chaos_worker_count),
			key, "k");
	}
	if (run(worker, verbs[below(worker, 4)], "get", 0)) {
		check_values(worker);
	}
}

/* ---- writing ------------------------------------------------------------- */

/* The write of item i (0: a delete) may or may not have happened. */
static void leave_floating(struct chaos_worker *worker, size_t i)
{
	model_unacknowledged(&worker->keys[desk->keys[i]],
			     place_tried(worker, desk->items[i].key),
			     &worker->window, desk->writes[i]);
}

static void acknowledge(struct chaos_worker *worker, size_t i,
			uint64_t disturbed)
{
	struct model_key *key = &worker->keys[desk->keys[i]];
	uint32_t place = place_of(worker, desk->results[i].server);
	size_t home = 0;

	model_acknowledged(key, place, &worker->window, desk->writes[i],
			   disturbed);
	tenon_client_where(worker->client, desk->items[i].key, &home, NULL);
	if (worker->places[home] != place) {
		/* the policy may have tried it at the home server before */
		leave_floating(worker, i);
	}
}

/* Judge the results of writes. disturbed: worker->disturbed before the writes. */
static void check_writes(struct chaos_worker *worker, uint64_t disturbed)
{
	for (size_t i = 0; i < desk->count; i++) {
		const struct tenon_result *result = &desk->results[i];

		for (uint64_t n = 0; n < worker->repeats && n < REPEATS_MAX;
		     n++) {
			leave_floating(worker, i);
		}
		switch (result->status) {
		case TENON_STORED:
		case TENON_DELETED:
			acknowledge(worker, i, disturbed);
			break;
		case TENON_MISS:
			check_miss(worker, i, false);
			break;
		case TENON_NOT_STORED: /* from add or replace */
		case TENON_EXISTS:
		case TENON_TOUCHED:
		case TENON_EDOWN: /* the request was never sent */
			break;
		default:
			leave_floating(worker, i);
		}
	}
}

static void write_some(struct chaos_worker *worker, enum tenon_verb verb,
		       const char *name, unsigned options)
{
	uint64_t disturbed;

	take_own_keys(worker, verb == TENON_SET ? BATCH_MAX / 2 : 3);
	for (size_t i = 0; i < desk->count && verb != TENON_DELETE; i++) {
		add_value(worker, i);
	}
	disturbed = worker->disturbed;
	if (desk->count == 0 || !run(worker, verb, name, options)) {
		return;
	}
	if (options & TENON_NOREPLY) {
		worker->disturbed++;
	}
	check_writes(worker, disturbed);
}

/* Return the write that a get found for item i; 0: none. */
static uint64_t found_write(size_t i)
{
	struct value_head head;

	return desk->results[i].status == TENON_HIT && is_of_its_key(i, &head) ?
		head.write : 0;
}

/* What is known of a noreply request. */
struct unheard {
	bool sent; /* the client says so */
	uint64_t write;
	uint32_t server;
};

/* Send noreply requests. Returns false when there is none. */
static bool send_unheard(struct chaos_worker *worker, struct unheard *unheard)
{
	bool stores = below(worker, 3) > 0;

	/* without RAW, a value of a codec that owns chunks asks for replies */
	desk->results = NULL;
	write_some(worker, stores ? TENON_SET : TENON_DELETE,
		   stores ? "set noreply" : "delete noreply",
		   TENON_NOREPLY | TENON_RAW);
	for (size_t i = 0; desk->results && i < desk->count; i++) {
		unheard[i] = (struct unheard){
			.sent = desk->results[i].status == TENON_SENT,
			.write = desk->writes[i],
			.server = desk->results[i].server,
		};
	}
	return desk->results && desk->count > 0;
}

/* Judge a get that followed a noreply request on the same, or on a new, connection. */
static void check_sent(struct chaos_worker *worker, size_t i,
		       const struct unheard *unheard)
{
	uint32_t place = place_of(worker, desk->results[i].server);
	uint64_t write = unheard->write;

	if (!unheard->sent || desk->results[i].status < 0 ||
	    desk->results[i].server != unheard->server ||
	    may_be_stray(worker)) {
		return;
	}
	worker->counts.sent++;
	if (found_write(i) != write) {
		complain(worker, CHAOS_UNSENT,
			 "%s over %s, policy %s: write %llu (0: delete) was reported as sent, and the next get found write %llu at place %u",
			 desk->names[i], worker->transport, worker->policy,
			 (unsigned long long)write,
			 (unsigned long long)found_write(i), (unsigned)place);
	}
}

/*
 * Write with noreply, and read at once. No connection is cut in between. A connection
 * that was cut before has told its client so; then the client may not say that the
 * request was sent.
 */
static void write_unheard(struct chaos_worker *worker)
{
	struct unheard unheard[BATCH_MAX];
	bool told = true;

	begin_call(worker);
	for (uint32_t i = 0; i < chaos_servers.place_count; i++) {
		told = told && chaos_place_told(i);
	}
	if (send_unheard(worker, unheard) &&
	    run(worker, TENON_GET, "get", 0)) {
		check_values(worker);
		for (size_t i = 0;
		     i < desk->count && told && was_well(worker); i++) {
			check_sent(worker, i, &unheard[i]);
		}
	}
	end_call(worker, NULL);
}

/*
 * Read one key with gets and store it with cas. No other worker writes the key, so cas
 * has to succeed.
 */
static void compare_and_swap(struct chaos_worker *worker)
{
	uint64_t disturbed = worker->disturbed, cas;
	bool alone;

	take_own_keys(worker, 1);
	if (desk->count == 0 || !run(worker, TENON_GETS, "gets", 0)) {
		return;
	}
	check_values(worker);
	if (desk->results[0].status != TENON_HIT) {
		return;
	}
	cas = desk->results[0].cas;
	alone = worker->keys[desk->keys[0]].floating_count == 0;
	add_value(worker, 0);
	desk->items[0].cas = cas;
	if (!run(worker, TENON_CAS, "cas", 0)) {
		return;
	}
	if (desk->results[0].status == TENON_EXISTS && alone &&
	    worker->disturbed == disturbed) {
		complain(worker, CHAOS_STALE,
			 "%s over %s: somebody else changed it",
			 desk->names[0], worker->transport);
	}
	check_writes(worker, disturbed);
}

static void touch_some(struct chaos_worker *worker)
{
	take_own_keys(worker, 3);
	if (desk->count > 0 && run(worker, TENON_TOUCH, "touch", 0)) {
		for (size_t i = 0; i < desk->count; i++) {
			if (desk->results[i].status == TENON_MISS) {
				check_miss(worker, i, false);
			}
		}
	}
}

/* ---- counters ------------------------------------------------------------ */

/* The step may have been counted at any place that it may have gone to. */
static void leave_step(struct chaos_worker *worker, uint32_t counter)
{
	uint32_t tried = place_tried(worker, desk->items[0].key);

	for (uint32_t i = 0; i < chaos_servers.place_count; i++) {
		if (tried == MODEL_ANYWHERE || tried == i) {
			model_uncounted(&worker->counters[counter][i], i,
					&worker->window, desk->items[0].delta);
		}
	}
}

static void make_counter(struct chaos_worker *worker, uint32_t counter)
{
	desk->items[0].value = (struct tenon_slice){ "0", 1 };
	if (run(worker, TENON_ADD, "add", 0) &&
	    desk->results[0].status == TENON_STORED) {
		uint32_t place = place_of(worker, desk->results[0].server);

		model_count_made(&worker->counters[counter][place], place,
				 &worker->window);
	}
}

static void count_on(struct chaos_worker *worker)
{
	uint32_t counter = (uint32_t)below(worker, CHAOS_COUNTERS);
	const struct tenon_result *result;
	enum model_verdict verdict = MODEL_UNJUDGED;
	struct model_count *count;
	uint32_t place;

	desk->count = 0;
	add_key(worker->number, counter, "n")->delta =
		1 + below(worker, 9);
	if (!run(worker, TENON_INCR, "incr", 0)) {
		return;
	}
	result = &desk->results[0];
	if (result->status < 0) {
		leave_step(worker, counter);
		return;
	}
	place = place_of(worker, result->server);
	count = &worker->counters[counter][place];
	if (result->status == TENON_MISS) {
		verdict = model_count_missed(count, place, &worker->window);
	} else if (result->status == TENON_HIT) {
		verdict = model_counted(count, place, &worker->window,
					desk->items[0].delta, result->number);
	}
	worker->counts.numbers += verdict == MODEL_FINE && !expires(place);
	if ((verdict == MODEL_LOST || verdict == MODEL_STALE) &&
	    !expires(place)) {
		complain(worker, verdict == MODEL_LOST ? CHAOS_LOST :
							 CHAOS_STALE,
			 "%s over %s, policy %s: %llu after a step of %llu, was %llu and %llu pending",
			 desk->names[0], worker->transport, worker->policy,
			 (unsigned long long)result->number,
			 (unsigned long long)desk->items[0].delta,
			 (unsigned long long)count->base,
			 (unsigned long long)count->pending);
	}
	if (result->status == TENON_MISS) {
		make_counter(worker, counter);
	}
}

static void ask_servers(struct chaos_worker *worker)
{
	desk->count = 0;
	begin_call(worker);
	tenon_run_servers(worker->client,
			  below(worker, 2) ? TENON_STATS : TENON_VERSION, NULL,
			  NULL, &desk->results, &desk->err);
	end_call(worker, "servers");
	if (!desk->results) {
		complain(worker, CHAOS_STATUS, "stats over %s: %s",
			 worker->transport, desk->err.message);
		return;
	}
	for (size_t i = 0; i < worker->server_count; i++) {
		if (desk->results[i].status < 0) {
			worker->disturbed++;
			count_failure(worker, "stats", &desk->results[i]);
		}
	}
}

/* ---- the worker's loop ---------------------------------------------------- */

static int update_servers(struct chaos_worker *worker)
{
	char lines[CHAOS_SERVERS_MAX + CHAOS_GUTTERS][160];
	const char *specs[CHAOS_SERVERS_MAX + CHAOS_GUTTERS];

	for (size_t i = 0; i < worker->server_count; i++) {
		snprintf(lines[i], sizeof(lines[i]), "%s s%zu",
			 chaos_servers.addresses[worker->places[i]], i);
		specs[i] = lines[i];
	}
	return worker->pool ?
		tenon_pool_update_servers(worker->pool, specs,
					  worker->server_count, &desk->err) :
		tenon_client_update_servers(worker->client, specs,
					    worker->server_count, &desk->err);
}

/* Take over the current places of the aliases. */
static void follow_moves(struct chaos_worker *worker)
{
	int code;

	if (atomic_load(&chaos_servers.changed) == worker->seen) {
		return;
	}
	/*
	 * a pool gets lists from several workers: under the lock, in the order of their
	 * changes
	 */
	pthread_mutex_lock(&chaos_servers.lock);
	memcpy(worker->places, chaos_servers.places,
	       chaos_servers.server_count * sizeof(worker->places[0]));
	worker->seen = atomic_load(&chaos_servers.changed);
	code = update_servers(worker);
	pthread_mutex_unlock(&chaos_servers.lock);
	if (code) {
		complain(worker, CHAOS_STATUS, "update_servers: %s",
			 desk->err.message);
	}
	worker->disturbed++;
	worker->counts.moves++;
	atomic_store(&worker->moved, worker->seen);
}

static uint32_t place_at(const char *address)
{
	for (uint32_t i = 0; i < chaos_servers.place_count; i++) {
		if (strcmp(chaos_servers.addresses[i], address) == 0) {
			return i;
		}
	}
	return 0;
}

/* Borrow a client from the pool, and read the places of its servers from the client. */
static bool borrow(struct chaos_worker *worker)
{
	if (!worker->pool) {
		return true;
	}
	const int code = tenon_pool_acquire(worker->pool, -1, &worker->client,
					    &desk->err);

	if (code) {
		const struct tenon_result refused = {
			.status = code,
			.text = desk->err.message,
		};

		count_failure(worker, "acquire", &refused);
		return false;
	}
	for (size_t i = 0; i < worker->server_count; i++) {
		struct tenon_server_info info;
		uint32_t place;

		tenon_client_server(worker->client, i, &info);
		place = place_at(info.address);
		worker->disturbed += place != worker->places[i];
		worker->places[i] = place;
	}
	return true;
}

static void give_back(struct chaos_worker *worker)
{
	if (worker->pool) {
		tenon_pool_release(worker->pool, worker->client);
		worker->client = NULL;
	}
}

bool chaos_workers_follow(void)
{
	for (size_t i = 0; i < chaos_worker_count; i++) {
		if (atomic_load(&chaos_workers[i].moved) !=
		    atomic_load(&chaos_servers.changed)) {
			return false;
		}
	}
	return true;
}

/* Choose other faults. calm: no faults. */
static void change_mood(struct chaos_worker *worker, bool calm)
{
	struct fault_plan plan = { .seed = random_next(&worker->random) };
	uint64_t mood = calm || !chaos_has(CHAOS_FAULTS) || worker->pool ?
		0 : below(worker, 4);

	if (mood != 0) {
		worker->hurt_until_ns = INT64_MAX;
	} else if (worker->hurt_until_ns == INT64_MAX) {
		worker->hurt_until_ns = chaos_now_ns() +
			CHAOS_RECOVER_MS * INT64_C(1000000);
	}
	switch (mood) {
	case 1:
		plan.read_max_bytes = 5000;
		plan.write_max_bytes = 20000;
		plan.cut_chance = 1;
		break;
	case 2:
		plan.reset_chance = 2;
		plan.lose_chance = 4;
		plan.cut_chance = 2;
		plan.read_max_bytes = 9000;
		break;
	case 3:
		plan.delay_chance = 1;
		plan.delay_ms = 10;
		plan.reset_chance = 1;
		break;
	default:
		break;
	}
	worker->fault.plan = plan;
}

static void do_something(struct chaos_worker *worker)
{
	uint64_t how = below(worker, 100);

	if (how < 38) {
		read_some(worker);
	} else if (how < 65) {
		write_some(worker, TENON_SET, "set", 0);
	} else if (how < 71) {
		write_unheard(worker);
	} else if (how < 74) {
		write_some(worker, TENON_ADD, "add", 0);
	} else if (how < 77) {
		write_some(worker, TENON_REPLACE, "replace", 0);
	} else if (how < 83) {
		write_some(worker, TENON_DELETE, "delete", 0);
	} else if (how < 87) {
		compare_and_swap(worker);
	} else if (how < 89) {
		touch_some(worker);
	} else if (how < 97) {
		count_on(worker);
	} else {
		ask_servers(worker);
	}
}

/* After the storm: write and read back keys that the storm did not touch. */
static bool try_new_keys(struct chaos_worker *worker)
{
	uint64_t attempt = ++worker->attempts;
	size_t good = 0;

	desk->count = 0;
	for (uint32_t key = 0; key < BATCH_MAX; key++) {
		add_key(worker->number, key, "after");
		set_value(worker, key, attempt);
	}
	if (!run(worker, TENON_SET, "set", 0) ||
	    !run(worker, TENON_GET, "get", 0)) {
		return false;
	}
	for (size_t i = 0; i < desk->count; i++) {
		struct value_head head;

		good += desk->results[i].status == TENON_HIT &&
			is_of_its_key(i, &head) && head.write == attempt;
	}
	snprintf(worker->trouble, sizeof(worker->trouble),
		 "%s, policy %s: %zu of %zu keys were read back at attempt %llu; %.200s",
		 worker->transport, worker->policy, good, desk->count,
		 (unsigned long long)attempt, desk->err.message);
	return good == desk->count;
}

/* Read the keys that the storm did touch. Return false when some have no answer yet. */
static bool look_at_old_keys(struct chaos_worker *worker)
{
	for (uint32_t key = 0; key < CHAOS_KEYS;) {
		desk->count = 0;
		while (key < CHAOS_KEYS && desk->count < BATCH_MAX) {
			add_key(worker->number, key++, "k");
		}
		if (!run(worker, TENON_GET, "get", 0)) {
			return false;
		}
		check_values(worker);
		if (desk->err.code != 0) {
			return false;
		}
	}
	return true;
}

/* Do one deed, or none. */
static void act(struct chaos_worker *worker, int phase)
{
	if (phase != CHAOS_STORM && atomic_load(&worker->works)) {
		return;
	}
	follow_moves(worker);
	if (!borrow(worker)) {
		return;
	}
	if (phase == CHAOS_STORM) {
		do_something(worker);
	} else {
		change_mood(worker, true);
		atomic_store(&worker->works, try_new_keys(worker) &&
						     look_at_old_keys(worker));
	}
	give_back(worker);
}

void *chaos_worker_run(void *payload)
{
	struct chaos_worker *worker = payload;
	const struct fault_plan plan = { .seed = 1 };
	int phase;

	chaos_local_join();
	desk = calloc(1, sizeof(*desk));
	worker->stall_fd = open("/proc/thread-self/schedstat",
				O_RDONLY | O_CLOEXEC);
	if (!desk) {
		abort();
	}
	if (worker->client) {
		fault_wrap(&worker->fault, worker->client, &plan);
	}
	look_at_places(worker->window.after);
	for (uint64_t n = 0;
	     (phase = atomic_load(&chaos_servers.phase)) != CHAOS_END; n++) {
		if (n % CALLS_OF_A_MOOD == 0) {
			change_mood(worker, phase != CHAOS_STORM);
		}
		act(worker, phase);
		usleep((useconds_t)below(worker, PAUSE_MAX_US));
	}
	if (worker->client) {
		tenon_client_disconnect(worker->client);
		fault_unwrap(&worker->fault, worker->client);
	}
	close(worker->stall_fd);
	free(desk);
	return NULL;
}
