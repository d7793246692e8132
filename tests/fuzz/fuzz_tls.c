/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzzes the filter of a connection with the plugin tls. A client gets the key k from a server in
 * memory (tls_peer.h). The input chooses what the server does, and the pieces in which the wire
 * bytes arrive. The client may find nothing that the server has not said.
 *
 * Shape of the input:
 *   1 byte                 bits: NEWEST (TLS 1.3; else 1.2), ALONE (no TLS: the wire bytes are those
 *                          of WIRE only), and the number of gets minus 1 in the lower 2 bits
 *   1 byte n, then n bytes the sizes of pieces: n is taken modulo 8, a size of 0 means 4096
 *   the rest               deeds of the server, each a byte of enum deed and what the deed needs.
 *                          With NOW the deed is done before the bytes that wait are delivered;
 *                          else when the client wants bytes and none wait. At the end of the
 *                          input the connection breaks.
 *
 * OpenSSL's random bytes are others in each run, so the rules hold for any of them.
 */
#include <string.h>

#include "connection/filter.h"
#include "fuzz/fuzz_rig.h"
#include "fuzz/tls_peer.h"

#define SIZES_MAX 7
#define REPLY	  "VALUE k 0 5\r\nhello\r\nEND\r\n"

enum { GETS = 0x03, NEWEST = 0x04, ALONE = 0x08 };
enum deed { SAY, WIRE, DAMAGE, CUT, TICKET, NEW_KEY, GOODBYE, ANSWER, DEEDS };
enum { NOW = 0x80 };

const char fuzz_name[] = "tls";

/* One run. */
static struct {
	struct peer peer;
	struct fuzz_input deeds;
	const uint8_t *sizes;
	size_t size_count, size_at;
	bool alone;
	int version;
} run;

void fuzz_end(void)
{
	peer_end();
}

/* ---- what the server does --------------------------------------------------------- */

/* Change a byte that waits for the client. */
static void damage(struct peer *peer, size_t at, unsigned mask)
{
	size_t len = peer->wire_len - peer->wire_from;

	if (len > 0) {
		peer->wire[peer->wire_from + at % len] ^= (uint8_t)mask;
	}
}

/* Lose the last bytes that wait for the client. */
static void cut(struct peer *peer, size_t bytes)
{
	size_t len = peer->wire_len - peer->wire_from;

	peer->wire_len -= bytes < len ? bytes : len;
}

static void do_deed(void)
{
	struct peer *peer = &run.peer;
	struct fuzz_input *input = &run.deeds;
	struct fuzz_input bytes = { NULL, 0 };
	enum deed deed =
		(enum deed)((fuzz_byte(input) & ~(unsigned)NOW) % DEEDS);
	unsigned number = deed == SAY || deed == WIRE	  ? fuzz_byte(input)
			  : deed == DAMAGE || deed == CUT ? fuzz_two(input)
							  : 0;

	if (deed == SAY || deed == WIRE) {
		bytes = fuzz_take(input, number);
	}
	switch (deed) {
	case SAY:
		peer_say(peer, bytes.at, bytes.left);
		break;
	case WIRE:
		peer_wire(peer, bytes.at, bytes.left);
		break;
	case DAMAGE:
		damage(peer, number, fuzz_byte(input));
		break;
	case CUT:
		cut(peer, number);
		break;
	case TICKET:
		peer_ticket(peer);
		break;
	case NEW_KEY:
		peer_new_key(peer);
		break;
	case GOODBYE:
		peer_goodbye(peer);
		break;
	case ANSWER:
	case DEEDS:
		peer_say(peer, REPLY, strlen(REPLY));
		break;
	}
}

/* Let the server do its deeds until bytes wait. Returns their number; 0: the input is over. */
static size_t fetch(void)
{
	struct peer *peer = &run.peer;

	while (run.deeds.left > 0 &&
	       (peer->wire_from == peer->wire_len || (*run.deeds.at & NOW))) {
		do_deed();
	}
	return peer->wire_len - peer->wire_from;
}

/* ---- the transport ------------------------------------------------------------------ */

static size_t next_size(void)
{
	size_t size = run.size_count > 0
			      ? run.sizes[run.size_at++ % run.size_count]
			      : 0;

	return size > 0 ? size : 4096;
}

static int send_some(const struct tenon_connection_ops *ops,
		     struct tenon_connection *conn)
{
	struct iovec iov[TENON_SEND_PIECES];
	size_t count =
		ops->send_next(ops->context, conn, iov, TENON_SEND_PIECES);
	size_t size = next_size();

	if (count == 0) {
		return ops->sent(ops->context, conn, 0);
	}
	size = size < iov[0].iov_len ? size : iov[0].iov_len;
	peer_take(&run.peer, iov[0].iov_base, size);
	return ops->sent(ops->context, conn, size);
}

static int receive_some(const struct tenon_connection_ops *ops,
			struct tenon_connection *conn)
{
	struct peer *peer = &run.peer;
	size_t room, size = next_size();
	size_t len = fetch();
	void *space;

	if (len == 0) {
		conn->fd = -1;
		ops->failed(ops->context, conn, TENON_ECLOSED, 0);
		return TENON_WANT_CLOSE;
	}
	space = ops->recv_space(ops->context, conn, &room);
	fuzz_must(space && room > 0, "there is room");
	size = size < len ? size : len;
	size = size < room ? size : room;
	memcpy(space, peer->wire + peer->wire_from, size);
	peer->wire_from += size;
	if (peer->wire_from == peer->wire_len) {
		peer->wire_from = peer->wire_len = 0;
	}
	return ops->received(ops->context, conn, size);
}

/* A new connection: the server forgets the one before. */
static int connect_to(const struct tenon_connection_ops *ops,
		      struct tenon_connection *conn)
{
	struct peer *peer = &run.peer;
	struct tenon_address ignored;

	peer_close(peer);
	peer->wire_from = peer->wire_len = 0;
	if (!run.alone) {
		peer_open(peer, run.version);
	}
	fuzz_must(ops->address(ops->context, conn, &ignored) == 1,
		  "there is an address");
	conn->fd = INT32_MAX; /* connected, without a descriptor */
	return ops->connected(ops->context, conn);
}

static void peer_run(void *self, struct tenon_connection *const *conns,
		     size_t count, int64_t start_ns, int64_t deadline_ns)
{
	const struct tenon_connection_ops ops = tenon__filter_ops();
	int want = TENON_WANT_SEND;

	(void)self;
	(void)start_ns;
	(void)deadline_ns;
	fuzz_must(count == 1, "there is one server");
	if (conns[0]->fd < 0) {
		want = connect_to(&ops, conns[0]);
	}
	while (want > TENON_WANT_NOTHING) {
		want = want & TENON_WANT_SEND ? send_some(&ops, conns[0])
					      : receive_some(&ops, conns[0]);
	}
	if (want == TENON_WANT_CLOSE) {
		conns[0]->fd = -1;
	}
}

static void drop_connection(void *self, struct tenon_connection *conn)
{
	(void)self;
	conn->fd = -1;
}

/* Bytes may wait on the idle connection: those that a deed with NOW has sent. */
static void look(void *self, struct tenon_connection *const *conns,
		 size_t count)
{
	const struct tenon_connection_ops ops = tenon__filter_ops();
	struct peer *peer = &run.peer;
	size_t len = peer->wire_len - peer->wire_from;

	(void)self;
	len = len < TENON_SEEN_MAX_BYTES ? len : TENON_SEEN_MAX_BYTES;
	for (size_t i = 0; i < count; i++) {
		if (conns[i]->fd >= 0 && len > 0 &&
		    ops.seen(ops.context, conns[i], TENON_SEEN_BYTES,
			     peer->wire + peer->wire_from, len)) {
			conns[i]->fd = -1;
		}
	}
}

static const struct tenon_transport_ops peer_ops = {
	.size = sizeof(peer_ops),
	.run = peer_run,
	.close = drop_connection,
	.look = look,
};

/* ---- the client ------------------------------------------------------------------------ */

static struct tenon_client *open_client(void)
{
	char config[400];

	snprintf(config, sizeof(config),
		 "servers: ['127.0.0.1:1']\ncodecs: none\nretry_timeout: 0s\n"
		 "tls: {ca: '%s/ca.pem', server_name: cache.test}\n",
		 peer_folder());
	return fuzz_open(config);
}

/* Get the key, and check that the server has said what the client found. */
static void get(struct tenon_client *client)
{
	const struct tenon_item one = { .key = { "k", 1 } };
	const struct peer *peer = &run.peer;
	const struct tenon_result *results;
	struct tenon_error err;

	(void)tenon_run(client, TENON_GET, &one, 1, NULL, &results, &err);
	if (!results) {
		return;
	}
	fuzz_check_value(&results[0]);
	fuzz_must(results[0].status < 0 || !run.alone,
		  "without TLS there is no answer");
	fuzz_must(results[0].status != TENON_MISS ||
			  memmem(peer->plain, peer->plain_len, "END\r\n", 5),
		  "the server has said that there is no item");
	fuzz_must(!results[0].value ||
			  memmem(peer->plain, peer->plain_len, results[0].value,
				 results[0].value_len),
		  "the server has said the value");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tenon_client *client = open_client();
	struct fuzz_input input = { data, size };
	unsigned head = fuzz_byte(&input);
	struct fuzz_input sizes =
		fuzz_take(&input, fuzz_byte(&input) % (SIZES_MAX + 1));

	if (!client) {
		return 0;
	}
	const struct tenon_transport_ops *transport =
		client->engine.assembly->transport;
	void *replaced = client->engine.transport;

	memset(&run, 0, sizeof(run));
	run.deeds = input;
	run.sizes = sizes.at;
	run.size_count = sizes.left;
	run.alone = head & ALONE;
	run.version = head & NEWEST ? TLS1_3_VERSION : TLS1_2_VERSION;
	client->engine.assembly->transport = &peer_ops;
	client->engine.transport = &run;
	for (unsigned i = 0; i <= (head & GETS); i++) {
		get(client);
	}
	tenon_client_disconnect(client);
	client->engine.assembly->transport = transport;
	client->engine.transport = replaced;
	tenon_client_close(client);
	peer_close(&run.peer);
	return 0;
}
