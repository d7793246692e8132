/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the replies of servers. The input chooses operations and the bytes that servers
 * reply. Two clients with the same config run the operations: the first receives the replies
 * in pieces whose sizes the input chooses, the second receives them whole. The results of both
 * must be the same.
 *
 * Shape of the input:
 *   1 byte                 the config; from 128 on, over the meta protocol
 *   1 byte n, then n bytes the sizes of pieces: n is taken modulo 8, a size of 0 means 256
 *   1 byte                 the number of operations minus 1, modulo 4
 *   3 bytes for each       verb, options (with LONG_KEYS and LONG_VALUES) and number of keys
 *   the rest               the bytes that servers send; among these
 *     0xfe                 ends the reply of an exchange, which then times out
 *     0xff                 ends the reply of an exchange, then the connection is closed
 *     0xfd                 the bytes of the reply before it arrive before the request is sent
 */
#include <string.h>

#include "base/text.h"
#include "fuzz/fuzz_rig.h"
#include "wire/meta/meta_protocol.h"
#include "wire/meta/opaque.h"
#include "wire/verb.h"

#define CLIENTS 2
#define PIECES_MAX 7
#define KEYS_MAX 64
#define KEY_BYTES 216
#define LONG_KEY_BYTES 200
#define OPERATIONS_MAX 4
#define SENT_PIECES 16

enum { TIME_OVER = 0xfe, CLOSED = 0xff, EARLY = 0xfd };
enum { CLASSIC, META, PROTOCOLS };
#define META_BIT 0x80

const char fuzz_name[] = "reply";

static const char *const configs[] = {
	"servers: [a]\ncodecs: none\n",
	"servers: [a, b, c]\ncodecs: none\nmax_value_bytes: 1KiB\n",
	"servers: [a]\ncodecs: [zlib: {threshold: 100B}, "
	"split: {chunk: 64B, max: 640B}]\n",
	"servers: [a, b]\nprefix: 'p:'\n"
	"codecs: [zlib: {threshold: 100B}, "
	"split: {format: sealed, chunk: 64B, max: 640B}]\n",
};
#define CONFIG_COUNT (sizeof(configs) / sizeof(configs[0]))

/* One of the two clients, and the replies that it gets. */
struct side {
	struct tenon_client *client;
	const struct tenon_transport_ops *transport; /* the transport of its config */
	void *replaced; /* the client's instance of it */
	size_t policy_count; /* of its config */
	struct fuzz_input replies;
	const unsigned char *sizes; /* of pieces; NULL: replies come whole */
	size_t size_count, size_at;
	uint8_t *heard; /* the bytes that the running operation has received */
	size_t heard_len;
};

static struct side sides[PROTOCOLS][CONFIG_COUNT][CLIENTS];

/* ---- the transport ------------------------------------------------------- */

static size_t next_size(struct side *side)
{
	size_t size;

	if (!side->sizes) {
		return SIZE_MAX;
	}
	size = side->size_count ? side->sizes[side->size_at++ % side->size_count] :
				  1;
	return size ? size : 256;
}

/* Take the reply for one exchange. *ending: the status when the reply is not complete. */
static struct fuzz_input next_reply(struct side *side, int *ending)
{
	size_t len = 0;

	while (len < side->replies.left && side->replies.at[len] < TIME_OVER) {
		len++;
	}
	struct fuzz_input reply = fuzz_take(&side->replies, len);
	*ending = fuzz_byte(&side->replies) == TIME_OVER ? TENON_ETIMEDOUT :
							   TENON_ECLOSED;
	return reply;
}

/* Send all requests. Returns what the connection wants then. */
static int send_all(struct side *side, struct tenon_connection *conn)
{
	const struct tenon_connection_ops *ops = &tenon__connection_ops;
	struct iovec pieces[SENT_PIECES];
	int want = TENON_WANT_SEND;

	while (want > 0 && (want & TENON_WANT_SEND)) {
		size_t len = next_size(side);

		fuzz_must(ops->send_next(ops->context, conn, pieces,
					 SENT_PIECES) > 0,
			  "there is something to send");
		want = ops->sent(ops->context, conn,
				 len < pieces[0].iov_len ? len :
							   pieces[0].iov_len);
	}
	return want;
}

/*
 * Let the bytes arrive. Returns what the connection wants then; when bytes are left after a complete
 * reply, TENON_WANT_CLOSE: an exchange is out of protocol when such bytes are in the same piece as
 * the reply, so for the same results it must be so when they are in the next piece.
 */
static int deliver(struct side *side, struct tenon_connection *conn,
		   struct fuzz_input bytes)
{
	struct tenon__connection *core = tenon__connection_of(conn);
	struct tenon__wire *wire = &core->wire;
	const struct tenon_connection_ops *ops = &tenon__connection_ops;
	bool fresh = wire->fresh, erred_first = core->erred_first;
	int want = TENON_WANT_RECEIVE;

	while (want > TENON_WANT_NOTHING && bytes.left > 0) {
		size_t room, size = next_size(side);
		void *space = ops->recv_space(ops->context, conn, &room);

		fuzz_must(space && room > 0, "there is room");
		struct fuzz_input piece =
			fuzz_take(&bytes, size < room ? size : room);
		memcpy(space, piece.at, piece.left);
		memcpy(side->heard + side->heard_len, piece.at, piece.left);
		side->heard_len += piece.left;
		want = ops->received(ops->context, conn, piece.left);
	}
	if (want == TENON_WANT_NOTHING && bytes.left > 0) {
		wire->status = TENON_EPROTOCOL;
		wire->fresh = fresh;
		core->erred_first = erred_first;
		tenon__connection_go(core, TENON_CONNECTION_CLOSED);
		return TENON_WANT_CLOSE;
	}
	return want;
}

static void run_connection(struct side *side, struct tenon_connection *conn)
{
	const struct tenon_connection_ops *ops = &tenon__connection_ops;
	int ending, want = TENON_WANT_SEND;
	struct fuzz_input reply = next_reply(side, &ending);
	const uint8_t *early = memchr(reply.at, EARLY, reply.left);

	if (conn->fd < 0) {
		conn->fd = INT32_MAX; /* connected, without a descriptor */
		ops->connected(ops->context, conn);
	}
	if (early) {
		want = deliver(side, conn, fuzz_until(&reply, EARLY));
	}
	if (want > TENON_WANT_NOTHING) {
		want = send_all(side, conn);
	}
	if (want > TENON_WANT_NOTHING) {
		want = deliver(side, conn, reply);
	}
	if (want != TENON_WANT_NOTHING) {
		conn->fd = -1;
	}
	if (want > TENON_WANT_NOTHING) {
		ops->failed(ops->context, conn, ending, 0);
	}
}

static void feed_run(void *self, struct tenon_connection *const *conns,
		     size_t count, int64_t start_ns, int64_t deadline_ns)
{
	(void)start_ns;
	(void)deadline_ns;
	for (size_t i = 0; i < count; i++) {
		run_connection(self, conns[i]);
		/* no connection is idle here, because the clock would decide */
		tenon__connection_of(conns[i])->heard_ns = INT64_MAX;
	}
}

static void feed_close(void *self, struct tenon_connection *conn)
{
	(void)self;
	conn->fd = -1;
}

static void feed_look(void *self, struct tenon_connection *const *conns,
		      size_t count)
{
	(void)self;
	(void)conns;
	(void)count;
}

static const struct tenon_transport_ops feed_ops = {
	.size = sizeof(feed_ops),
	.run = feed_run,
	.close = feed_close,
	.look = feed_look,
};

/* ---- clients ------------------------------------------------------------- */

static void begin(struct side *side, const char *config, int protocol)
{
	char text[200];

	snprintf(text, sizeof(text), "%s%s", config,
		 protocol == META ? "protocol: meta\n" : "");
	side->client = fuzz_open(text);
	fuzz_must(side->client != NULL, "there is a client");
	side->transport = side->client->engine.assembly->transport;
	side->replaced = side->client->engine.transport;
	side->client->engine.assembly->transport = &feed_ops;
	side->client->engine.transport = side;
	/* policies are told nothing, because the clock would decide which servers are down */
	side->policy_count = side->client->engine.policies.count;
	side->client->engine.policies.count = 0;
}

static void end(struct side *side)
{
	tenon_client_disconnect(side->client);
	side->client->engine.assembly->transport = side->transport;
	side->client->engine.transport = side->replaced;
	side->client->engine.policies.count = side->policy_count;
	tenon_client_close(side->client);
	side->client = NULL;
}

void fuzz_end(void)
{
	struct side *all = &sides[0][0][0];

	for (size_t i = 0; i < PROTOCOLS * CONFIG_COUNT * CLIENTS; i++) {
		if (all[i].client) {
			end(&all[i]);
		}
	}
}

/* ---- operations ---------------------------------------------------------- */

struct operation {
	unsigned verb; /* enum tenon_verb; from TENON_VERB_COUNT on, enum tenon_server_verb */
	unsigned options;
	size_t count;
	struct tenon_item items[KEYS_MAX];
	char keys[KEYS_MAX][KEY_BYTES];
};

#define LONG_KEYS 8u
#define LONG_VALUES 16u
#define OPTIONS (TENON_NOREPLY | TENON_RAW | TENON_NO_COMPRESS)

/* Keys are k0, k1, ...; every fifth key repeats an earlier one. */
static void read_operation(struct operation *op, struct fuzz_input *input)
{
	static char value[300];
	unsigned choice;

	op->verb = fuzz_byte(input) %
		   (TENON_VERB_COUNT + TENON_SERVER_VERB_COUNT);
	choice = fuzz_byte(input);
	op->options = choice & OPTIONS;
	op->count = fuzz_byte(input) % (KEYS_MAX + 1);
	memset(value, 'v', sizeof(value));
	for (size_t i = 0; i < op->count; i++) {
		size_t number = i % 5 == 4 ? i / 2 : i;
		int len = snprintf(op->keys[i], KEY_BYTES, "k%zu", number);

		if (choice & LONG_KEYS) {
			memset(op->keys[i] + len, 'k',
			       LONG_KEY_BYTES - (size_t)len);
			len = LONG_KEY_BYTES;
		}
		op->items[i] = (struct tenon_item){
			.key = { op->keys[i], (size_t)len },
			.value = { value, choice & LONG_VALUES ? sizeof(value) :
								 5 },
			.flags = 1,
			.cas = 9,
			.delta = 1,
		};
	}
}

/* Run an operation with one of the clients. Returns the number of results. */
static size_t run(struct side *side, const struct operation *op,
		  const struct tenon_result **out)
{
	struct tenon_error err;
	unsigned verb = op->verb - TENON_VERB_COUNT;
	struct tenon_call call = { .size = sizeof(call),
				   .options = op->options };

	side->heard_len = 0;
	fuzz_rewind_random();
	if (op->verb < TENON_VERB_COUNT) {
		tenon_run(side->client, (enum tenon_verb)op->verb, op->items,
			  op->count, &call, out, &err);
		return *out ? op->count : 0;
	}
	call.options &= TENON_NOREPLY;
	tenon_run_servers(side->client, (enum tenon_server_verb)verb, NULL,
			  &call, out, &err);
	return *out ? tenon_client_server_count(side->client) : 0;
}

/* ---- results ------------------------------------------------------------- */

/* Read a number, after a space when `space` is true. Returns false when there are no digits. */
static bool take_number(struct fuzz_input *text, bool space, uint64_t *out)
{
	size_t digits = 0;

	if (space && fuzz_byte(text) != ' ') {
		return false;
	}
	*out = 0;
	while (text->left > 0 && *text->at >= '0' && *text->at <= '9') {
		*out = *out * 10 + (fuzz_byte(text) - '0');
		digits++;
	}
	return digits > 0;
}

static bool takes(struct fuzz_input *text, const void *bytes, size_t len)
{
	struct fuzz_input part = fuzz_take(text, len);

	return part.left == len && memcmp(part.at, bytes, len) == 0;
}

/* Return true when this text, which follows "VALUE <key> ", is the result. */
static bool is_origin(struct fuzz_input text, const struct tenon_result *result,
		      bool has_cas)
{
	uint64_t flags, len, cas = 0;

	return take_number(&text, false, &flags) && flags == result->flags &&
	       take_number(&text, true, &len) && len == result->value_len &&
	       (!has_cas || take_number(&text, true, &cas)) &&
	       cas == result->cas && takes(&text, "\r\n", 2) &&
	       takes(&text, result->value, result->value_len) &&
	       takes(&text, "\r\n", 2);
}

/* Return true when this text, which follows "VA ", is the result, and has the opaque of the request. */
static bool is_meta_origin(struct fuzz_input text,
			   const struct tenon_result *result, bool has_cas,
			   uint32_t opaque)
{
	uint64_t flags, len, cas = 0;
	uint32_t letters = htole32(letters_of(opaque));

	if (!take_number(&text, false, &len) || len != result->value_len ||
	    !takes(&text, " f", 2) || !take_number(&text, false, &flags) ||
	    flags != result->flags ||
	    (has_cas && (!takes(&text, " c", 2) ||
			 !take_number(&text, false, &cas))) ||
	    cas != result->cas) {
		return false;
	}
	/* marks may stand in front of the opaque and behind it */
	const uint8_t *end = memmem(text.at, text.left, "\r\n", 2);
	const uint8_t *tail = end ? memmem(text.at, (size_t)(end - text.at),
					   " O", 2)
				  : NULL;
	if (!tail || memcmp(tail + 2, &letters, sizeof(letters)) != 0) {
		return false;
	}
	fuzz_take(&text, (size_t)(end + 2 - text.at));
	return takes(&text, result->value, result->value_len) &&
	       takes(&text, "\r\n", 2);
}

/* Check that a value came with the opaque of its request. */
static void check_meta_origin(const struct side *side, size_t i,
			      const struct tenon_result *result, bool has_cas)
{
	struct fuzz_input heard = { side->heard, side->heard_len };
	uint32_t opaque = side->client->operation.requests.list[i].opaque;
	const uint8_t *found;

	while ((found = memmem(heard.at, heard.left, "VA ", 3))) {
		fuzz_take(&heard, (size_t)(found - heard.at) + 3);
		if (is_meta_origin(heard, result, has_cas, opaque)) {
			return;
		}
	}
	fuzz_must(false, "a value came with the opaque of its request");
}

/* Check that a value which no codec changed was received after its own key. */
static void check_origin(const struct side *side, const struct operation *op,
			 size_t i, const struct tenon_result *result)
{
	const struct tenon_slice *key = &op->items[i].key;
	const struct tenon__assembly *assembly = side->client->engine.assembly;
	struct fuzz_input heard = { side->heard, side->heard_len };
	bool has_cas = op->verb == TENON_GETS || op->verb == TENON_GATS;
	char head[KEY_BYTES + 32];
	const uint8_t *found;

	if (!result->value || (side->client->operation.chain.count > 0 &&
			       !(op->options & TENON_RAW))) {
		return;
	}
	if (assembly->protocol == &tenon__meta) {
		check_meta_origin(side, i, result, has_cas);
		return;
	}
	int len = snprintf(head, sizeof(head), "VALUE %.*s%.*s ",
			   (int)assembly->prefix.len,
			   assembly->prefix.text ? assembly->prefix.text : "",
			   (int)key->len, (const char *)key->data);
	while ((found = memmem(heard.at, heard.left, head, (size_t)len))) {
		fuzz_take(&heard, (size_t)(found - heard.at) + (size_t)len);
		if (is_origin(heard, result, has_cas)) {
			return;
		}
	}
	fuzz_must(false, "a value came under its key");
}

static void check_results(const struct side *side, const struct operation *op,
			  const struct tenon_result *results, size_t count)
{
	bool keys = op->verb < TENON_VERB_COUNT;
	uint32_t answers = keys ? tenon__verb_of((enum tenon_verb)op->verb)
					  ->answers :
				  1u << TENON_OK;

	answers |= op->options & TENON_NOREPLY || !keys ? 1u << TENON_SENT : 0;
	if (keys && op->verb <= TENON_GATS) {
		answers |= 1u << TENON_MISS;
	}
	for (size_t i = 0; i < count; i++) {
		fuzz_must(results[i].status < 0 ||
				  (answers >> results[i].status & 1),
			  "an answer that belongs to the verb");
		fuzz_check_value(&results[i]);
		if (keys) {
			check_origin(side, op, i, &results[i]);
		}
	}
}

static void compare(const struct tenon_result *a, const struct tenon_result *b)
{
	fuzz_must(a->status == b->status, "the same status");
	fuzz_must(a->server == b->server, "the same server");
	fuzz_must(!a->value == !b->value && a->value_len == b->value_len &&
			  (!a->value ||
			   memcmp(a->value, b->value, a->value_len) == 0),
		  "the same value");
	fuzz_must(a->status != TENON_HIT ||
			  (a->flags == b->flags && a->cas == b->cas &&
			   a->number == b->number),
		  "the same flags, cas and number");
	fuzz_must(tenon__same_text(a->text, b->text), "the same text");
}

static void run_both(struct side pair[CLIENTS], const struct operation *op)
{
	const struct tenon_result *results[CLIENTS];
	size_t counts[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		counts[i] = run(&pair[i], op, &results[i]);
		if (counts[i]) {
			check_results(&pair[i], op, results[i], counts[i]);
		}
	}
	fuzz_must(counts[0] == counts[1], "as many results");
	for (size_t i = 0; i < counts[0]; i++) {
		compare(&results[0][i], &results[1][i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct operation operations[OPERATIONS_MAX];
	struct fuzz_input input = { data, size };
	unsigned choice = fuzz_byte(&input);
	int protocol = choice & META_BIT ? META : CLASSIC;
	size_t config = choice % META_BIT % CONFIG_COUNT;
	struct side *pair = sides[protocol][config];
	struct fuzz_input sizes =
		fuzz_take(&input, fuzz_byte(&input) % (PIECES_MAX + 1));
	unsigned count = 1 + fuzz_byte(&input) % OPERATIONS_MAX;

	for (unsigned i = 0; i < count; i++) {
		read_operation(&operations[i], &input);
	}
	for (int i = 0; i < CLIENTS; i++) {
		if (!pair[i].client) {
			begin(&pair[i], configs[config], protocol);
		}
		/* opaques and what is known of the servers are those of the first run */
		for (size_t s = 0; s < pair[i].client->engine.server_count; s++) {
			pair[i].client->engine.conns[s].wire.meta =
				(struct tenon__meta_state){ 0 };
		}
		pair[i].replies = input;
		pair[i].sizes = i == 0 ? sizes.at : NULL;
		pair[i].size_count = sizes.left;
		pair[i].size_at = 0;
		pair[i].heard = malloc(input.left + 1);
		fuzz_must(pair[i].heard != NULL, "there is memory");
	}
	for (unsigned i = 0; i < count; i++) {
		run_both(pair, &operations[i]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		tenon_client_disconnect(pair[i].client);
		free(pair[i].heard);
		pair[i].heard = NULL;
	}
	return 0;
}
