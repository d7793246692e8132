/* SPDX-License-Identifier: BSD-3-Clause */
#include "connection/connection.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "wire/classic.h"

static struct tenon__connection *connection_of(struct tenon_connection *base)
{
	return (struct tenon__connection *)(void *)base;
}

int tenon__connection_init(struct tenon__connection *conn,
			   const struct tenon__assembly *assembly,
			   uint32_t server, struct tenon__operation *operation,
			   struct tenon__block_cache *pool,
			   struct tenon__health *health,
			   struct tenon_error *err)
{
	*conn = (struct tenon__connection){
		.base = { .fd = -1, .server = server },
		.assembly = assembly,
		.operation = operation,
		.pool = pool,
		.health = health,
		.name = tenon__server_name(&assembly->servers[server]),
		.first = TENON_REQUEST_END,
		.last = TENON_REQUEST_END,
	};
	tenon__health_init(health, &assembly->log, conn->name,
			   assembly->servers[server].address);
	return tenon__resolver_init(&conn->resolver, &assembly->servers[server],
				    err);
}

void tenon__connection_fini(struct tenon__connection *conn)
{
	tenon__resolver_fini(&conn->resolver);
	tenon__free(conn->send_buffer);
	tenon__block_put_all(conn->pool, conn->block);
	tenon__block_put_all(conn->pool, conn->full);
}

void tenon__connection_move(struct tenon__connection *conn,
			    struct tenon__resolver *place)
{
	tenon__resolver_fini(&conn->resolver);
	conn->resolver = *place;
	tenon__health_moved(conn->health, place->address);
	*place = (struct tenon__resolver){ 0 };
}

void tenon__connection_release_blocks(struct tenon__connection *conn)
{
	tenon__block_put_all(conn->pool, conn->full);
	conn->full = NULL;
	if (conn->pool->owned_bytes > TENON_BLOCK_KEEP_MAX_BYTES) {
		tenon__block_put_all(conn->pool, conn->block);
		conn->block = NULL;
	}
}

void tenon__connection_rewind(struct tenon__connection *conn)
{
	conn->send_req = conn->first;
	conn->line_req = conn->first;
	conn->seek_req = conn->first;
	conn->status = 0;
	conn->sys_errno = 0;
	conn->done_ns = 0;
	conn->problem[0] = '\0';
	conn->blamed = false;
	conn->heard = false;
	conn->piece = 0;
	conn->piece_count = 0;
	conn->fence_sent = false;
	conn->fenced = conn->fence || conn->operation->noreply;
	conn->recv_state = TENON_RECV_LINE;
	conn->parsed = conn->block ? conn->block->filled : 0;
	conn->keep_from = conn->parsed;
	if (conn->base.fd < 0) {
		tenon__resolver_rewind(&conn->resolver);
	}
}

int tenon__connection_grow(struct tenon__connection *conn)
{
	size_t capacity = conn->send_capacity ? 2 * conn->send_capacity
					      : TENON_SEND_FIRST_BYTES;
	char *buffer = tenon__realloc(conn->send_buffer, capacity, 1);

	if (!buffer) {
		return TENON_ENOMEM;
	}
	conn->send_buffer = buffer;
	conn->send_capacity = capacity;
	return 0;
}

/* ---- what transports call ---------------------------------------------- */

static int connection_address(struct tenon_connection *base,
			      struct tenon_address *out)
{
	return tenon__resolver_next(&connection_of(base)->resolver, out);
}

static void connection_connected(struct tenon_connection *base)
{
	struct tenon__connection *conn = connection_of(base);

	tenon__health_connected(conn->health);
	conn->reused = false;
	conn->fence = false;
	conn->fenced = conn->operation->noreply;
}

static size_t connection_send_next(struct tenon_connection *base,
				   struct iovec *iov, size_t max)
{
	struct tenon__connection *conn = connection_of(base);
	size_t count;

	if (conn->piece == conn->piece_count) {
		if (conn->send_req == TENON_REQUEST_END) {
			return 0;
		}
		if (conn->send_short &&
		    conn->send_capacity < TENON_SEND_MAX_BYTES) {
			(void)tenon__connection_grow(
				conn); /* it also fits as it is */
		}
		tenon__classic_write(conn);
	}
	count = conn->piece_count - conn->piece;
	if (count > max) {
		count = max;
	}
	for (size_t i = 0; i < count; i++) {
		iov[i] = conn->pieces[conn->piece + i];
	}
	return count;
}

/* What follows when all pieces are sent. */
static inline int after_pieces(const struct tenon__connection *conn)
{
	return (conn->operation->noreply ? 0 : TENON_AFTER_REPLY) |
	       (conn->send_req != TENON_REQUEST_END ? TENON_AFTER_SEND : 0);
}

static int connection_sent(struct tenon_connection *base, size_t n)
{
	struct tenon__connection *conn = connection_of(base);

	tenon__count(&conn->health->sent_bytes, n);
	while (n > 0) {
		struct iovec *piece = &conn->pieces[conn->piece];

		if (n < piece->iov_len) {
			piece->iov_base = (char *)piece->iov_base + n;
			piece->iov_len -= n;
			break;
		}
		n -= piece->iov_len;
		conn->piece++;
	}
	int after = after_pieces(conn);
	if (conn->piece < conn->piece_count) {
		return after | TENON_AFTER_SEND;
	}
	if (after == 0) {
		conn->reused = true;
		conn->fence = true;
		conn->done_ns = tenon__now_ns();
	}
	return after;
}

static int connection_after(struct tenon_connection *base, size_t n)
{
	const struct tenon__connection *conn = connection_of(base);
	size_t left = 0;

	for (uint32_t i = conn->piece; i < conn->piece_count; i++) {
		left += conn->pieces[i].iov_len;
	}
	return after_pieces(conn) | (n < left ? TENON_AFTER_SEND : 0);
}

/*
 * How large a block the rest of what is being received asks for. The first size for
 * all that fits in it: then any block that came back serves, however the next reply
 * is cut into receives.
 */
static size_t block_size_wanted(const struct tenon__connection *conn)
{
	size_t kept = conn->block ? conn->block->filled - conn->keep_from : 0;
	/* a value, and room for what follows it, in the same receive */
	size_t wanted = conn->recv_state == TENON_RECV_VALUE
				? conn->value_len + TENON_REPLY_LINE_MAX_BYTES
				: 2 * kept;

	return wanted < TENON_BLOCK_FIRST_BYTES ? TENON_BLOCK_FIRST_BYTES
						: wanted;
}

/* Go on in another block; what must stay in one piece moves along. */
static bool change_block(struct tenon__connection *conn)
{
	struct tenon__block *old = conn->block;
	struct tenon__block *block =
		tenon__block_get(conn->pool, block_size_wanted(conn));

	if (!block) {
		return false;
	}
	if (old) {
		block->filled = old->filled - conn->keep_from;
		memcpy(block->data, old->data + conn->keep_from, block->filled);
		conn->parsed -= conn->keep_from;
		conn->keep_from = 0;
		old->next = conn->full;
		conn->full = old;
	}
	conn->block = block;
	return true;
}

static void *connection_recv_space(struct tenon_connection *base, size_t *len)
{
	struct tenon__connection *conn = connection_of(base);
	const struct tenon__block *block = conn->block;
	bool fits = block != NULL;

	if (conn->recv_state == TENON_RECV_SINK) {
		*len = conn->value_len - conn->sink_filled;
		return conn->operation->requests[conn->value_req].sink +
		       conn->sink_filled;
	}
	if (fits && conn->recv_state == TENON_RECV_VALUE) {
		fits = block->capacity - conn->keep_from >= conn->value_len + 2;
	} else if (fits) {
		fits = block->capacity - block->filled >=
		       TENON_REPLY_LINE_MAX_BYTES;
	}
	if (!fits && !change_block(conn)) {
		return NULL;
	}
	*len = conn->block->capacity - conn->block->filled;
	return conn->block->data + conn->block->filled;
}

static int connection_received(struct tenon_connection *base, size_t n)
{
	struct tenon__connection *conn = connection_of(base);

	tenon__count(&conn->health->received_bytes, n);
	if (conn->recv_state == TENON_RECV_SINK) {
		conn->sink_filled += n;
	} else {
		conn->block->filled += n;
	}
	conn->heard = true;
	int verdict = tenon__classic_read(conn);
	if (verdict == TENON_VERDICT_DONE) {
		conn->done_ns = tenon__now_ns();
		conn->reused = true;
		conn->fence = false;
	}
	return verdict;
}

static void connection_failed(struct tenon_connection *base, int status,
			      int sys_errno)
{
	struct tenon__connection *conn = connection_of(base);

	conn->status = status;
	conn->sys_errno = sys_errno;
	conn->blamed = status != TENON_ENOMEM && status != TENON_EWAIT;
}

const struct tenon_connection_ops tenon__connection_ops = {
	.size = sizeof(tenon__connection_ops),
	.now_ns = tenon__now_ns,
	.address = connection_address,
	.connected = connection_connected,
	.send_next = connection_send_next,
	.sent = connection_sent,
	.recv_space = connection_recv_space,
	.received = connection_received,
	.failed = connection_failed,
	.after = connection_after,
};
