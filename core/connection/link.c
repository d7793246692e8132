/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "connection/link.h"

#include <errno.h>
#include <string.h>

#include "wire/classic.h"
#include "base/clock.h"
#include "base/memory.h"

static struct tenon__link *link_of(struct tenon_link *base)
{
	return (struct tenon__link *)(void *)base;
}

int tenon__link_init(struct tenon__link *link,
		     const struct tenon__assembly *assembly, uint32_t server,
		     struct tenon__operation *operation,
		     struct tenon__block_pool *pool,
		     struct tenon__health *health, struct tenon_error *err)
{
	*link = (struct tenon__link){
		.base = { .fd = -1, .server = server },
		.assembly = assembly,
		.operation = operation,
		.pool = pool,
		.health = health,
		.name = tenon__server_name(&assembly->servers[server]),
		.first = TENON_SLOT_END,
		.last = TENON_SLOT_END,
	};
	tenon__health_init(health, assembly, link->name,
			   assembly->servers[server].address);
	return tenon__resolver_init(&link->resolver, &assembly->servers[server],
				    err);
}

void tenon__link_fini(struct tenon__link *link)
{
	tenon__resolver_fini(&link->resolver);
	tenon__free(link->send_buffer);
	tenon__block_put_all(link->pool, link->block);
	tenon__block_put_all(link->pool, link->full);
}

void tenon__link_move(struct tenon__link *link, struct tenon__resolver *place)
{
	tenon__resolver_fini(&link->resolver);
	link->resolver = *place;
	tenon__health_moved(link->health, place->address);
	*place = (struct tenon__resolver){ 0 };
}

void tenon__link_release_blocks(struct tenon__link *link)
{
	tenon__block_put_all(link->pool, link->full);
	link->full = NULL;
	if (link->pool->owned_bytes > TENON_BLOCK_KEEP_MAX_BYTES) {
		tenon__block_put_all(link->pool, link->block);
		link->block = NULL;
	}
}

void tenon__link_rewind(struct tenon__link *link)
{
	link->send_slot = link->first;
	link->line_slot = link->first;
	link->seek_slot = link->first;
	link->status = 0;
	link->sys_errno = 0;
	link->done_ns = 0;
	link->problem[0] = '\0';
	link->blamed = false;
	link->heard = false;
	link->piece = 0;
	link->piece_count = 0;
	link->fence_sent = false;
	link->fenced = link->fence || link->operation->noreply;
	link->recv_state = TENON_RECV_LINE;
	link->parsed = link->block ? link->block->filled : 0;
	link->keep_from = link->parsed;
	if (link->base.fd < 0) {
		tenon__resolver_rewind(&link->resolver);
	}
}

int tenon__link_grow(struct tenon__link *link)
{
	size_t capacity = link->send_capacity ? 2 * link->send_capacity :
						TENON_SEND_FIRST_BYTES;
	char *buffer = tenon__realloc(link->send_buffer, capacity, 1);

	if (!buffer) {
		return TENON_ENOMEM;
	}
	link->send_buffer = buffer;
	link->send_capacity = capacity;
	return 0;
}

/* ---- what transports call ---------------------------------------------- */

static int link_address(struct tenon_link *base, struct tenon_address *out)
{
	return tenon__resolver_next(&link_of(base)->resolver, out);
}

static void link_connected(struct tenon_link *base)
{
	struct tenon__link *link = link_of(base);

	tenon__health_connected(link->health);
	link->reused = false;
	link->fence = false;
	link->fenced = link->operation->noreply;
}

static size_t link_send_next(struct tenon_link *base, struct iovec *iov,
			     size_t max)
{
	struct tenon__link *link = link_of(base);
	size_t count;

	if (link->piece == link->piece_count) {
		if (link->send_slot == TENON_SLOT_END) {
			return 0;
		}
		if (link->send_short &&
		    link->send_capacity < TENON_SEND_MAX_BYTES) {
			(void)tenon__link_grow(link); /* it also fits as it is */
		}
		tenon__classic_write(link);
	}
	count = link->piece_count - link->piece;
	if (count > max) {
		count = max;
	}
	for (size_t i = 0; i < count; i++) {
		iov[i] = link->pieces[link->piece + i];
	}
	return count;
}

/* What follows when all pieces are sent. */
static inline int after_pieces(const struct tenon__link *link)
{
	return (link->operation->noreply ? 0 : TENON_AFTER_REPLY) |
		(link->send_slot != TENON_SLOT_END ? TENON_AFTER_SEND : 0);
}

static int link_sent(struct tenon_link *base, size_t n)
{
	struct tenon__link *link = link_of(base);

	tenon__count(&link->health->sent_bytes, n);
	while (n > 0) {
		struct iovec *piece = &link->pieces[link->piece];

		if (n < piece->iov_len) {
			piece->iov_base = (char *)piece->iov_base + n;
			piece->iov_len -= n;
			break;
		}
		n -= piece->iov_len;
		link->piece++;
	}
	int after = after_pieces(link);
	if (link->piece < link->piece_count) {
		return after | TENON_AFTER_SEND;
	}
	if (after == 0) {
		link->reused = true;
		link->fence = true;
		link->done_ns = tenon__now_ns();
	}
	return after;
}

static int link_after(struct tenon_link *base, size_t n)
{
	const struct tenon__link *link = link_of(base);
	size_t left = 0;

	for (uint32_t i = link->piece; i < link->piece_count; i++) {
		left += link->pieces[i].iov_len;
	}
	return after_pieces(link) | (n < left ? TENON_AFTER_SEND : 0);
}

/*
 * How large a block the rest of what is being received asks for. The first size for
 * all that fits in it: then any block that came back serves, however the next reply
 * is cut into receives.
 */
static size_t block_size_wanted(const struct tenon__link *link)
{
	size_t kept = link->block ? link->block->filled - link->keep_from : 0;
	/* a value, and room for what follows it, in the same receive */
	size_t wanted = link->recv_state == TENON_RECV_VALUE ?
		link->value_len + TENON_REPLY_LINE_MAX_BYTES : 2 * kept;

	return wanted < TENON_BLOCK_FIRST_BYTES ? TENON_BLOCK_FIRST_BYTES :
						  wanted;
}

/* Go on in another block; what must stay in one piece moves along. */
static bool change_block(struct tenon__link *link)
{
	struct tenon__block *old = link->block;
	struct tenon__block *block =
		tenon__block_get(link->pool, block_size_wanted(link));

	if (!block) {
		return false;
	}
	if (old) {
		block->filled = old->filled - link->keep_from;
		memcpy(block->data, old->data + link->keep_from, block->filled);
		link->parsed -= link->keep_from;
		link->keep_from = 0;
		old->next = link->full;
		link->full = old;
	}
	link->block = block;
	return true;
}

static void *link_recv_space(struct tenon_link *base, size_t *len)
{
	struct tenon__link *link = link_of(base);
	const struct tenon__block *block = link->block;
	bool fits = block != NULL;

	if (link->recv_state == TENON_RECV_SINK) {
		*len = link->value_len - link->sink_filled;
		return link->operation->slots[link->value_slot].sink +
			link->sink_filled;
	}
	if (fits && link->recv_state == TENON_RECV_VALUE) {
		fits = block->capacity - link->keep_from >= link->value_len + 2;
	} else if (fits) {
		fits = block->capacity - block->filled >=
			TENON_REPLY_LINE_MAX_BYTES;
	}
	if (!fits && !change_block(link)) {
		return NULL;
	}
	*len = link->block->capacity - link->block->filled;
	return link->block->data + link->block->filled;
}

static int link_received(struct tenon_link *base, size_t n)
{
	struct tenon__link *link = link_of(base);

	tenon__count(&link->health->received_bytes, n);
	if (link->recv_state == TENON_RECV_SINK) {
		link->sink_filled += n;
	} else {
		link->block->filled += n;
	}
	link->heard = true;
	int verdict = tenon__classic_read(link);
	if (verdict == TENON_LINK_DONE) {
		link->done_ns = tenon__now_ns();
		link->reused = true;
		link->fence = false;
	}
	return verdict;
}

static void link_failed(struct tenon_link *base, int status, int sys_errno)
{
	struct tenon__link *link = link_of(base);

	link->status = status;
	link->sys_errno = sys_errno;
	link->blamed = status != TENON_ENOMEM && status != TENON_EWAIT;
}

const struct tenon_link_ops tenon__link_ops = {
	.size = sizeof(tenon__link_ops),
	.now_ns = tenon__now_ns,
	.address = link_address,
	.connected = link_connected,
	.send_next = link_send_next,
	.sent = link_sent,
	.recv_space = link_recv_space,
	.received = link_received,
	.failed = link_failed,
	.after = link_after,
};
