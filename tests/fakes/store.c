/* SPDX-License-Identifier: BSD-3-Clause */
#include "fakes/store.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"

/* The store in use: global, because `self` is the state of the transport that was replaced. */
static struct store *wrapped;

/* A buffer that grows. */
struct bytes {
	char *data;
	size_t len, capacity;
};

static void *must_alloc(size_t size)
{
	void *memory = malloc(size > 0 ? size : 1);

	if (!memory) {
		abort();
	}
	return memory;
}

static void append(struct bytes *to, const void *data, size_t len)
{
	if (to->capacity - to->len < len) {
		to->capacity = 2 * to->capacity + len + 256;
		to->data = realloc(to->data, to->capacity);
		if (!to->data) {
			abort();
		}
	}
	if (len > 0) {
		memcpy(to->data + to->len, data, len);
		to->len += len;
	}
}

static void append_format(struct bytes *to, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append_format(struct bytes *to, const char *format, ...)
{
	char line[TENON_KEY_MAX_BYTES + 128];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	append(to, line, (size_t)n);
}

/* ---- items --------------------------------------------------------------- */

/* Return the place in the list that points to the item with this key, or that holds NULL. */
static struct store_item **find(struct store *store, const void *key,
				size_t key_len)
{
	struct store_item **at = &store->items;

	while (*at && ((*at)->key_len != key_len ||
		       memcmp((*at)->key, key, key_len) != 0)) {
		at = &(*at)->next;
	}
	return at;
}

static bool drop(struct store *store, const void *key, size_t key_len)
{
	struct store_item **at = find(store, key, key_len);
	struct store_item *item = *at;

	if (!item) {
		return false;
	}
	*at = item->next;
	free(item->value);
	free(item);
	return true;
}

void store_put(struct store *store, const void *key, size_t key_len,
	       uint32_t flags, const void *value, size_t value_len)
{
	struct store_item *item = must_alloc(sizeof(*item) + key_len);

	drop(store, key, key_len);
	*item = (struct store_item){ .next = store->items,
				     .key_len = key_len,
				     .value_len = value_len,
				     .flags = flags,
				     .value = must_alloc(value_len) };
	memcpy(item->key, key, key_len);
	if (value_len > 0) {
		memcpy(item->value, value, value_len);
	}
	store->items = item;
}

void store_clear(struct store *store)
{
	while (store->items) {
		drop(store, store->items->key, store->items->key_len);
	}
}

/* ---- requests ------------------------------------------------------------ */

/* Take the next word of a line; at the end of the line the word is empty. */
static struct tenon_slice next_word(struct tenon_slice *line)
{
	const char *at = line->data;
	struct tenon_slice word;
	size_t skip = line->len > 0 && at[0] == ' ';
	size_t len = 0;

	while (skip + len < line->len && at[skip + len] != ' ') {
		len++;
	}
	word = (struct tenon_slice){ at + skip, len };
	line->data = at + skip + len;
	line->len -= skip + len;
	return word;
}

static bool is(struct tenon_slice word, const char *text)
{
	return word.len == strlen(text) &&
	       memcmp(word.data, text, word.len) == 0;
}

static void answer_get(struct store *store, struct tenon_slice line, bool cas,
		       struct bytes *reply)
{
	for (struct tenon_slice key = next_word(&line); key.len > 0;
	     key = next_word(&line)) {
		const struct store_item *item = *find(store, key.data, key.len);

		if (item) {
			append_format(reply, "VALUE %.*s %u %zu%s\r\n",
				      (int)key.len, (const char *)key.data,
				      item->flags, item->value_len,
				      cas ? " 7" : "");
			append(reply, item->value, item->value_len);
			append(reply, "\r\n", 2);
		}
	}
	append(reply, "END\r\n", 5);
}

/* Store the value, which begins after the line. Returns its length in bytes, with its line end. */
static size_t answer_set(struct store *store, struct tenon_slice line,
			 const char *value, struct bytes *reply)
{
	struct tenon_slice key = next_word(&line);
	unsigned long flags = strtoul(next_word(&line).data, NULL, 10);
	size_t len;

	next_word(&line);
	len = strtoul(next_word(&line).data, NULL, 10);
	store_put(store, key.data, key.len, (uint32_t)flags, value, len);
	if (!is(next_word(&line), "noreply")) {
		append(reply, "STORED\r\n", 8);
	}
	return len + 2;
}

static void answer_delete(struct store *store, struct tenon_slice line,
			  struct bytes *reply)
{
	struct tenon_slice key = next_word(&line);
	bool found = drop(store, key.data, key.len);

	if (!is(next_word(&line), "noreply")) {
		append_format(reply, found ? "DELETED\r\n" : "NOT_FOUND\r\n");
	}
}

/* Write the replies to all requests. */
static void answer_all(struct store *store, const struct bytes *request,
		       struct bytes *reply)
{
	const char *at = request->data;
	const char *end = at + request->len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		struct tenon_slice line, verb;

		if (!newline) {
			abort();
		}
		line = (struct tenon_slice){ at, (size_t)(newline - at) - 1 };
		at = newline + 1;
		verb = next_word(&line);
		if (is(verb, "gat") || is(verb, "gats")) {
			next_word(&line);
			answer_get(store, line, is(verb, "gats"), reply);
		} else if (is(verb, "get") || is(verb, "gets")) {
			answer_get(store, line, is(verb, "gets"), reply);
		} else if (is(verb, "set")) {
			at += answer_set(store, line, at, reply);
		} else if (is(verb, "delete")) {
			answer_delete(store, line, reply);
		} else if (is(verb, "version")) {
			append(reply, "VERSION 0\r\n", 11);
		} else {
			abort();
		}
	}
}

/* ---- the transport ------------------------------------------------------- */

/* Take all requests of a connection. Returns the last return value of sent(). */
static int collect(struct tenon_connection *conn, struct bytes *request)
{
	struct iovec pieces[16];
	size_t count;
	int after = 0;

	while ((count = tenon__connection_ops.send_next(conn, pieces, 16)) >
	       0) {
		for (size_t i = 0; i < count; i++) {
			append(request, pieces[i].iov_base, pieces[i].iov_len);
			after = tenon__connection_ops.sent(conn,
							   pieces[i].iov_len);
		}
	}
	return after;
}

static void deliver(struct tenon_connection *conn, const struct bytes *reply,
		    int after)
{
	int verdict = after == 0 ? TENON_VERDICT_DONE : TENON_VERDICT_MORE;
	size_t at = 0;

	while (verdict == TENON_VERDICT_MORE && at < reply->len) {
		size_t room;
		void *space = tenon__connection_ops.recv_space(conn, &room);

		if (!space) {
			conn->fd = -1;
			tenon__connection_ops.failed(conn, TENON_ENOMEM, 0);
			return;
		}
		if (room > reply->len - at) {
			room = reply->len - at;
		}
		memcpy(space, reply->data + at, room);
		at += room;
		verdict = tenon__connection_ops.received(conn, room);
	}
	if (verdict != TENON_VERDICT_DONE) {
		conn->fd = -1;
	}
	if (verdict == TENON_VERDICT_MORE) {
		tenon__connection_ops.failed(conn, TENON_ECLOSED, 0);
	}
}

static void store_run(void *self, struct tenon_connection *const *conns,
		      size_t count, int64_t start_ns, int64_t deadline_ns)
{
	(void)self;
	(void)start_ns;
	(void)deadline_ns;
	wrapped->rounds++;
	for (size_t i = 0; i < count; i++) {
		struct bytes request = { 0 }, reply = { 0 };

		if (conns[i]->fd < 0) {
			conns[i]->fd =
				INT32_MAX; /* connected, without a descriptor */
			tenon__connection_ops.connected(conns[i]);
		}
		int after = collect(conns[i], &request);

		answer_all(wrapped, &request, &reply);
		deliver(conns[i], &reply, after);
		free(request.data);
		free(reply.data);
	}
}

static void store_close(void *self, struct tenon_connection *conn)
{
	(void)self;
	conn->fd = -1;
}

static void store_fini(void *self)
{
	wrapped->next->fini(self);
}

static const struct tenon_transport_ops store_ops = {
	.size = sizeof(store_ops),
	.fini = store_fini,
	.run = store_run,
	.close = store_close,
};

void store_wrap(struct store *store, struct tenon_client *client)
{
	if (wrapped) {
		abort();
	}
	memset(store, 0, sizeof(*store));
	store->next = client->engine.assembly->transport;
	client->engine.assembly->transport = &store_ops;
	wrapped = store;
}

void store_unwrap(struct store *store, struct tenon_client *client)
{
	tenon_client_disconnect(client);
	client->engine.assembly->transport = store->next;
	store_clear(store);
	wrapped = NULL;
}
