/* SPDX-License-Identifier: BSD-3-Clause */
#include "fakes/store.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"
#include "fakes/interpreter.h"
#include "fakes/toy.h"

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

const struct store_item *store_find(struct store *store, const void *key,
				    size_t key_len)
{
	return *find(store, key, key_len);
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

/* Ask for the fate of a command. Returns false when the connection breaks before it. */
static bool begin_change(struct store *store, uint32_t server, bool is_delete,
			 struct tenon_slice key, enum store_fate *fate)
{
	*fate = store->fate ? store->fate(server, is_delete, key.data, key.len)
			    : STORE_DONE;
	return *fate != STORE_UNSEEN;
}

/* Write the reply to a change. Returns false when the connection breaks instead. */
static bool end_change(enum store_fate fate, bool noreply, const char *done,
		       struct bytes *reply)
{
	if (fate == STORE_UNHEARD) {
		return false;
	}
	if (fate == STORE_REFUSED) {
		append_format(reply, "SERVER_ERROR out of memory\r\n");
	} else if (!noreply) {
		append_format(reply, "%s", done);
	}
	return true;
}

/*
 * Store the value, which begins after the line. *at moves behind the value and its line end.
 * Returns false when the connection breaks.
 */
static bool answer_set(struct store *store, uint32_t server,
		       struct tenon_slice line, const char **at,
		       struct bytes *reply)
{
	struct tenon_slice key = next_word(&line);
	unsigned long flags = strtoul(next_word(&line).data, NULL, 10);
	const char *value = *at;
	enum store_fate fate;
	size_t len;

	next_word(&line);
	len = strtoul(next_word(&line).data, NULL, 10);
	*at += len + 2;
	if (!begin_change(store, server, false, key, &fate)) {
		return false;
	}
	if (fate != STORE_REFUSED) {
		store_put(store, key.data, key.len, (uint32_t)flags, value,
			  len);
	}
	return end_change(fate, is(next_word(&line), "noreply"), "STORED\r\n",
			  reply);
}

static bool answer_delete(struct store *store, uint32_t server,
			  struct tenon_slice line, struct bytes *reply)
{
	struct tenon_slice key = next_word(&line);
	enum store_fate fate;

	if (!begin_change(store, server, true, key, &fate)) {
		return false;
	}
	bool found = fate != STORE_REFUSED && drop(store, key.data, key.len);
	return end_change(fate, is(next_word(&line), "noreply"),
			  found ? "DELETED\r\n" : "NOT_FOUND\r\n", reply);
}

/* Answer one request and move *at behind it. Returns false when the connection breaks. */
static bool answer_one(struct store *store, uint32_t server, const char **at,
		       const char *end, struct bytes *reply)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));

	if (!newline) {
		abort();
	}
	struct tenon_slice line = { *at, (size_t)(newline - *at) - 1 };
	struct tenon_slice verb = next_word(&line);

	*at = newline + 1;
	if (is(verb, "gat") || is(verb, "gats")) {
		next_word(&line);
		answer_get(store, line, is(verb, "gats"), reply);
	} else if (is(verb, "get") || is(verb, "gets")) {
		answer_get(store, line, is(verb, "gets"), reply);
	} else if (is(verb, "set")) {
		return answer_set(store, server, line, at, reply);
	} else if (is(verb, "delete")) {
		return answer_delete(store, server, line, reply);
	} else if (is(verb, "version")) {
		append(reply, "VERSION 0\r\n", 11);
	} else {
		abort();
	}
	return true;
}

/* Write the replies to the requests, up to one at which the connection breaks. */
static bool answer_all(struct store *store, uint32_t server,
		       const struct bytes *request, struct bytes *reply)
{
	const char *at = request->data;
	const char *end = at + request->len;
	bool whole = true;

	while (whole && at < end) {
		whole = answer_one(store, server, &at, end, reply);
	}
	return whole;
}

/* ---- the transport ------------------------------------------------------- */

/* Translate requests to the classic protocol. */
static void hear(struct interpreter *it, struct bytes *request)
{
	struct bytes classic = { 0 };
	char part[4096];
	size_t n;

	if (toy_chosen() != TOY_META) {
		toy_from_client(&(struct toy_stream){ 0 }, toy_chosen(),
				request->data, request->len);
		return;
	}
	interpreter_hear(it, request->data, request->len);
	while ((n = interpreter_requests(it, part, sizeof(part))) > 0) {
		append(&classic, part, n);
	}
	free(request->data);
	*request = classic;
}

/* Translate replies to the language of the client. */
static void say(struct interpreter *it, struct bytes *reply)
{
	const char *bytes;

	if (toy_chosen() != TOY_META) {
		toy_to_client(toy_chosen(), reply->data, reply->len);
		return;
	}
	size_t len = interpreter_say(it, reply->data, reply->len, &bytes);
	reply->len = 0;
	append(reply, bytes, len);
}

/* Take all requests of a connection. Returns what the connection wants then. */
static int collect(const struct tenon_connection_ops *ops,
		   struct tenon_connection *conn, struct bytes *request)
{
	struct iovec pieces[16];
	size_t count;
	int want = TENON_WANT_NOTHING;

	while ((count = ops->send_next(ops->context, conn, pieces, 16)) > 0) {
		for (size_t i = 0; i < count; i++) {
			append(request, pieces[i].iov_base, pieces[i].iov_len);
			want = ops->sent(ops->context, conn, pieces[i].iov_len);
		}
	}
	return want;
}

static void deliver(const struct tenon_connection_ops *ops,
		    struct tenon_connection *conn, const struct bytes *reply,
		    int want, int broken_status)
{
	size_t at = 0;

	while (want > TENON_WANT_NOTHING && at < reply->len) {
		size_t room;
		void *space = ops->recv_space(ops->context, conn, &room);

		if (!space) {
			conn->fd = -1;
			ops->failed(ops->context, conn, TENON_ENOMEM, 0);
			return;
		}
		if (room > reply->len - at) {
			room = reply->len - at;
		}
		memcpy(space, reply->data + at, room);
		at += room;
		want = ops->received(ops->context, conn, room);
	}
	if (want != TENON_WANT_NOTHING) {
		conn->fd = -1;
	}
	if (want > TENON_WANT_NOTHING) {
		ops->failed(ops->context, conn, broken_status, 0);
	}
}

static void store_run(void *self, struct tenon_connection *const *conns,
		      size_t count, int64_t start_ns, int64_t deadline_ns)
{
	struct store *store = self;

	(void)start_ns;
	(void)deadline_ns;
	store->rounds++;
	for (size_t i = 0; i < count; i++) {
		struct bytes request = { 0 }, reply = { 0 };
		struct interpreter interpreter = { 0 };

		if (conns[i]->fd < 0) {
			conns[i]->fd =
				INT32_MAX; /* connected, without a descriptor */
			if (store->ops->connected(store->ops->context,
						  conns[i]) ==
			    TENON_WANT_CLOSE) {
				conns[i]->fd = -1;
				continue;
			}
		}
		int want = collect(store->ops, conns[i], &request);

		hear(&interpreter, &request);
		bool whole = answer_all(store, conns[i]->server, &request,
					&reply);

		say(&interpreter, &reply);
		deliver(store->ops, conns[i], &reply, want,
			whole ? TENON_ECLOSED : store->broken_status);
		free(request.data);
		free(reply.data);
		interpreter_fini(&interpreter);
	}
}

static void store_close(void *self, struct tenon_connection *conn)
{
	(void)self;
	conn->fd = -1;
}

/* Nothing waits on an idle connection: a store speaks only when it is spoken to. */
static void store_look(void *self, struct tenon_connection *const *conns,
		       size_t count)
{
	(void)self;
	(void)conns;
	(void)count;
}

static const struct tenon_transport_ops store_ops = {
	.size = sizeof(store_ops),
	.run = store_run,
	.close = store_close,
	.look = store_look,
};

void store_wrap(struct store *store, struct tenon_client *client)
{
	memset(store, 0, sizeof(*store));
	store->next = client->engine.assembly->transport;
	store->replaced = client->engine.transport;
	store->ops = client->engine.ops;
	client->engine.assembly->transport = &store_ops;
	client->engine.transport = store;
}

void store_unwrap(struct store *store, struct tenon_client *client)
{
	tenon_client_disconnect(client);
	client->engine.assembly->transport = store->next;
	client->engine.transport = store->replaced;
	store_clear(store);
}
