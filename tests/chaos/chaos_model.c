/* SPDX-License-Identifier: BSD-3-Clause */
#include "chaos/chaos_model.h"

/*
 * Return the generation of the process that is there or, during a replacement, of the
 * old process.
 */
static uint16_t earlier(uint16_t generation)
{
	return generation & (uint16_t)~1u;
}

/*
 * Return the generation of the process that is there or, during a replacement, of the
 * new process.
 */
static uint16_t later(uint16_t generation)
{
	return (uint16_t)((generation + 1u) & ~1u);
}

bool model_window_steady(const struct model_window *window, uint32_t place)
{
	return window->before[place] == window->after[place] &&
		window->before[place] % 2 == 0;
}

/* Return the key's view of the process that is there. The view of a new process is empty. */
static struct model_view *view_at(struct model_key *key, uint32_t place,
				  const struct model_window *window)
{
	struct model_view *view = &key->views[place];

	if (view->generation != window->after[place]) {
		*view = (struct model_view){
			.generation = window->after[place] };
	}
	return view;
}

/* Return true when the floating write may reach the process of this generation. */
static bool reaches(const struct model_floating *floating, uint32_t place,
		    uint16_t generation)
{
	if (floating->place != place && floating->place != MODEL_ANYWHERE) {
		return false;
	}
	return earlier(floating->window.before[place]) <= generation &&
		later(floating->window.after[place]) >= generation;
}

static void forget(struct model_key *key, size_t index)
{
	key->floating[index] = key->floating[--key->floating_count];
}

bool model_has_room(struct model_key *key, const struct model_window *now,
		    size_t places)
{
	for (size_t i = key->floating_count; i-- > 0;) {
		bool possible = false;

		for (uint32_t place = 0; place < places; place++) {
			possible = possible ||
				reaches(&key->floating[i], place,
					earlier(now->before[place]));
		}
		if (!possible) {
			forget(key, i);
		}
	}
	/* one call leaves at most 5 floating writes */
	return key->floating_count + 5 <= MODEL_FLOATING_MAX;
}

void model_unacknowledged(struct model_key *key, uint32_t place,
			  const struct model_window *window, uint64_t write)
{
	if (key->floating_count < MODEL_FLOATING_MAX) {
		key->floating[key->floating_count++] = (struct model_floating){
			.write = write, .place = place, .window = *window };
	}
}

void model_acknowledged(struct model_key *key, uint32_t place,
			const struct model_window *window, uint64_t write,
			uint64_t disturbed)
{
	if (!model_window_steady(window, place)) {
		/* the old process or the new process acknowledged the write */
		model_unacknowledged(key, place, window, write);
		return;
	}
	struct model_view *view = view_at(key, place, window);

	view->write = write;
	view->disturbed = disturbed;
}

/*
 * Return true when a floating write may have happened. It is then removed, because it
 * happens only once.
 */
static bool happened(struct model_key *key, uint32_t place, uint16_t generation,
		     uint64_t write)
{
	for (size_t i = 0; i < key->floating_count; i++) {
		const struct model_floating *floating = &key->floating[i];

		if (floating->write == write &&
		    reaches(floating, place, generation)) {
			if (floating->place == place) {
				forget(key, i);
			}
			return true;
		}
	}
	return false;
}

enum model_verdict model_read(struct model_key *key, uint32_t place,
			      const struct model_window *window, uint64_t write)
{
	struct model_view *view;

	if (!model_window_steady(window, place)) {
		return MODEL_UNJUDGED;
	}
	view = view_at(key, place, window);
	if (view->write == write) {
		return MODEL_FINE;
	}
	if (!happened(key, place, view->generation, write)) {
		return MODEL_STALE;
	}
	view->write = write;
	view->disturbed = 0;
	return MODEL_FINE;
}

enum model_verdict model_missed(struct model_key *key, uint32_t place,
				const struct model_window *window)
{
	struct model_view *view;

	if (!model_window_steady(window, place)) {
		return MODEL_UNJUDGED;
	}
	view = view_at(key, place, window);
	if (view->write == 0) {
		return MODEL_FINE;
	}
	if (!happened(key, place, view->generation, 0)) {
		return MODEL_LOST;
	}
	view->write = 0;
	return MODEL_FINE;
}

size_t model_floats(const struct model_key *key, uint32_t place,
		    const struct model_window *window)
{
	size_t count = 0;

	for (size_t i = 0; i < key->floating_count; i++) {
		count += reaches(&key->floating[i], place,
				 window->after[place]);
	}
	return count;
}

/* ---- counters ------------------------------------------------------------ */

static void follow(struct model_count *count, uint16_t generation)
{
	if (count->generation == generation) {
		return;
	}
	*count = (struct model_count){
		.generation = generation,
		.pending = count->next_generation >= generation ?
			count->next_pending : 0,
	};
}

void model_uncounted(struct model_count *count, uint32_t place,
		     const struct model_window *window, uint64_t step)
{
	uint16_t generation = later(window->after[place]);

	if (model_window_steady(window, place)) {
		follow(count, generation);
		count->pending += step;
		return;
	}
	if (count->next_generation != generation) {
		count->next_generation = generation;
		count->next_pending = 0;
	}
	count->next_pending += step;
}

enum model_verdict model_counted(struct model_count *count, uint32_t place,
				 const struct model_window *window,
				 uint64_t step, uint64_t number)
{
	uint64_t least;

	if (!model_window_steady(window, place)) {
		model_uncounted(count, place, window, step);
		return MODEL_UNJUDGED;
	}
	follow(count, window->after[place]);
	least = count->base + step;
	if (number < least) {
		return MODEL_LOST;
	}
	if (number > least + count->pending) {
		return MODEL_STALE;
	}
	count->pending -= number - least;
	count->base = number;
	count->present = true;
	return MODEL_FINE;
}

enum model_verdict model_count_missed(struct model_count *count, uint32_t place,
				      const struct model_window *window)
{
	if (!model_window_steady(window, place)) {
		return MODEL_UNJUDGED;
	}
	follow(count, window->after[place]);
	return count->present ? MODEL_LOST : MODEL_FINE;
}

void model_count_made(struct model_count *count, uint32_t place,
		      const struct model_window *window)
{
	if (model_window_steady(window, place)) {
		follow(count, window->after[place]);
		count->present = true;
	}
}
