/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the keys of one writer may hold. Every place (one address, and the server
 * process behind it) has its own view: an answer says which server it is from, so
 * that it is judged by what was acknowledged there, whatever a failover policy
 * does.
 *
 * A write that was not acknowledged floats: its bytes may lie in a connection that
 * is gone, and the server may read them from there at any later time, but once.
 */
#ifndef TENON_TESTS_CHAOS_MODEL_H
#define TENON_TESTS_CHAOS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAOS_PLACES_MAX 32
#define MODEL_FLOATING_MAX 64
#define MODEL_ANYWHERE UINT32_MAX

/*
 * The generations of all places when a call began and when it had ended. Even: one
 * process is there, and which; odd: it is being replaced.
 */
struct model_window {
	uint16_t before[CHAOS_PLACES_MAX];
	uint16_t after[CHAOS_PLACES_MAX];
};

/* What is known of a key at one place, as long as the process there lives. */
struct model_view {
	uint16_t generation;
	uint64_t write;      /* the last that was acknowledged; 0: absent */
	uint64_t disturbed;  /* model_key.disturbed when that was */
};

struct model_floating {
	uint64_t write; /* 0: a delete */
	uint32_t place; /* or MODEL_ANYWHERE */
	struct model_window window;
};

struct model_key {
	struct model_view views[CHAOS_PLACES_MAX];
	struct model_floating floating[MODEL_FLOATING_MAX];
	size_t floating_count;
	uint64_t writes; /* begun so far */
};

/* What a key's owner thinks of an answer. */
enum model_verdict {
	MODEL_FINE = 0,
	MODEL_UNJUDGED = 1, /* the process was replaced meanwhile */
	MODEL_LOST = 2,     /* absent, though it was stored and the server lived on */
	MODEL_STALE = 3     /* a value that was replaced or removed */
};

/* Was the same process at this place all the time? */
bool model_window_steady(const struct model_window *window, uint32_t place);

/* Is there room for one more write that may float? Forgets what cannot happen any more. */
bool model_has_room(struct model_key *key, const struct model_window *now,
		    size_t places);

/* The write (0: a delete) was acknowledged at a place; or it was not, anywhere or there. */
void model_acknowledged(struct model_key *key, uint32_t place,
			const struct model_window *window, uint64_t write,
			uint64_t disturbed);
void model_unacknowledged(struct model_key *key, uint32_t place,
			  const struct model_window *window, uint64_t write);

/* A value was read at a place, from that write. */
enum model_verdict model_read(struct model_key *key, uint32_t place,
			      const struct model_window *window, uint64_t write);

/* Nothing was there. */
enum model_verdict model_missed(struct model_key *key, uint32_t place,
				const struct model_window *window);

/* How many floating writes may still happen at a place. */
size_t model_floats(const struct model_key *key, uint32_t place,
		    const struct model_window *window);

/* ---- counters ------------------------------------------------------------ */

/* A number that is only ever added to: every acknowledged step counts once. */
struct model_count {
	uint16_t generation;
	bool present;
	uint64_t base;    /* the last that the server said */
	uint64_t pending; /* steps since then that nobody acknowledged */
	uint16_t next_generation; /* where steps of an unsteady time may have gone */
	uint64_t next_pending;
};

/* incr gave number after a step, or its outcome is not known. */
enum model_verdict model_counted(struct model_count *count, uint32_t place,
				 const struct model_window *window,
				 uint64_t step, uint64_t number);
void model_uncounted(struct model_count *count, uint32_t place,
		     const struct model_window *window, uint64_t step);

/* It was absent; it was made: 0. */
enum model_verdict model_count_missed(struct model_count *count, uint32_t place,
				      const struct model_window *window);
void model_count_made(struct model_count *count, uint32_t place,
		      const struct model_window *window);

#endif
