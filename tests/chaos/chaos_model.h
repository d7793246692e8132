/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model of one writer's keys: the values that they may have. A place is one address
 * together with the server process behind it. An answer names its server, so every
 * place has a view of its own, and the answer is judged by the writes that were
 * acknowledged at that place. The failover policy does not matter.
 *
 * A write that was not acknowledged floats: its bytes may lie in a connection that is
 * gone. The server may read them from there at any later time, but only once.
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
 * The generations of all places at the beginning and at the end of a call. An even
 * number names the process that is there; an odd number means that the process is being
 * replaced.
 */
struct model_window {
	uint16_t before[CHAOS_PLACES_MAX];
	uint16_t after[CHAOS_PLACES_MAX];
};

/* The knowledge about a key at one place, valid as long as the process there lives. */
struct model_view {
	uint16_t generation;
	uint64_t write;      /* the last acknowledged write; 0: absent */
	uint64_t disturbed;  /* model_key.disturbed at that time */
};

struct model_floating {
	uint64_t write; /* 0: a delete */
	uint32_t place; /* a place, or MODEL_ANYWHERE */
	struct model_window window;
};

struct model_key {
	struct model_view views[CHAOS_PLACES_MAX];
	struct model_floating floating[MODEL_FLOATING_MAX];
	size_t floating_count;
	uint64_t writes; /* number of writes begun so far */
};

/* The judgement of an answer. */
enum model_verdict {
	MODEL_FINE = 0,
	MODEL_UNJUDGED = 1, /* the process was replaced during the call */
	/* absent, although the value was stored and the process lived on */
	MODEL_LOST = 2,
	MODEL_STALE = 3     /* a value that had been replaced or deleted */
};

/* Return true when the same process was at this place during the whole call. */
bool model_window_steady(const struct model_window *window, uint32_t place);

/*
 * Return true when there is room for one more call whose writes may float. Forgets
 * floating writes that cannot happen any more.
 */
bool model_has_room(struct model_key *key, const struct model_window *now,
		    size_t places);

/*
 * Record a write (0: a delete) that was acknowledged at a place, or a write that was
 * not acknowledged, at that place or anywhere.
 */
void model_acknowledged(struct model_key *key, uint32_t place,
			const struct model_window *window, uint64_t write,
			uint64_t disturbed);
void model_unacknowledged(struct model_key *key, uint32_t place,
			  const struct model_window *window, uint64_t write);

/* Judge a value of that write that was read at a place. */
enum model_verdict model_read(struct model_key *key, uint32_t place,
			      const struct model_window *window, uint64_t write);

/* Judge a miss. */
enum model_verdict model_missed(struct model_key *key, uint32_t place,
				const struct model_window *window);

/* Return the number of floating writes that may still happen at a place. */
size_t model_floats(const struct model_key *key, uint32_t place,
		    const struct model_window *window);

/* ---- counters ------------------------------------------------------------ */

/* A number that only incr changes: every acknowledged step counts once. */
struct model_count {
	uint16_t generation;
	bool present;
	uint64_t base;    /* the last number from the server */
	uint64_t pending; /* sum of the steps since then without an acknowledgement */
	/* the process that may have got the steps of a replacement */
	uint16_t next_generation;
	uint64_t next_pending;
};

/* Judge the number that incr gave after a step, or record a step without an answer. */
enum model_verdict model_counted(struct model_count *count, uint32_t place,
				 const struct model_window *window,
				 uint64_t step, uint64_t number);
void model_uncounted(struct model_count *count, uint32_t place,
		     const struct model_window *window, uint64_t step);

/* The counter was absent; the counter was stored as 0. */
enum model_verdict model_count_missed(struct model_count *count, uint32_t place,
				      const struct model_window *window);
void model_count_made(struct model_count *count, uint32_t place,
		      const struct model_window *window);

#endif
