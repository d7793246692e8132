/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words that one thread publishes and any thread reads, under a sequence number that is odd while
 * the words are written. Words are stored with release and loaded with acquire: a reader that sees
 * one word of a new text therefore also sees the changed number.
 */
#ifndef TENON_CORE_PUBLISHED_H
#define TENON_CORE_PUBLISHED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Write the words and end the writing, whose number, which is odd, is in *sequence already. */
static inline void tenon__publish(_Atomic uint64_t *sequence, uint64_t writing,
				  _Atomic uint64_t *words,
				  const uint64_t *from, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		atomic_store_explicit(&words[i], from[i], memory_order_release);
	}
	atomic_store_explicit(sequence, writing + 1, memory_order_release);
}

/*
 * Begin and end a writing, where several threads may write. Returns false, and writes nothing, when
 * another thread is at work.
 */
static inline bool tenon__try_publish(_Atomic uint64_t *sequence,
				      _Atomic uint64_t *words,
				      const uint64_t *from, size_t count)
{
	uint64_t before = atomic_load(sequence);

	if (before % 2 != 0 ||
	    !atomic_compare_exchange_strong(sequence, &before, before + 1)) {
		return false;
	}
	tenon__publish(sequence, before + 1, words, from, count);
	return true;
}

/* In a forked child: let the words be written again, also when the fork interrupted a writer. */
static inline void tenon__published_forked(_Atomic uint64_t *sequence)
{
	uint64_t before = atomic_load(sequence);

	if (before % 2 != 0) {
		atomic_compare_exchange_strong(sequence, &before, before + 1);
	}
}

/* Read the words once. Returns true when no writer was at work meanwhile. */
static inline bool tenon__read_published(const _Atomic uint64_t *sequence,
					 const _Atomic uint64_t *words,
					 uint64_t *out, size_t count)
{
	uint64_t before = atomic_load_explicit(sequence, memory_order_acquire);

	for (size_t i = 0; i < count; i++) {
		out[i] = atomic_load_explicit(&words[i], memory_order_acquire);
	}
	return before % 2 == 0 &&
	       before == atomic_load_explicit(sequence, memory_order_relaxed);
}

#endif
