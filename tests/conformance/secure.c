/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules of tenon/plugin/secure.h, tested for every secure plugin. */
#include <stdlib.h>
#include <string.h>

#include "conformance/promises.h"
#include "conformance/subject.h"
#include "fakes/random.h"
#include "plugin/kind.h"
#include "runner/suite.h"

/*
 * A promise beyond the contract, "mirror": two sessions of the plugin understand each other. The
 * plugins of the tree that keep the promise; another plugin's promise is in the environment.
 */
static const char *const mirrors[] = { "frames", "xor" };

static bool is_mirror(const struct tenon__plugin *plugin)
{
	for (size_t i = 0; i < sizeof(mirrors) / sizeof(mirrors[0]); i++) {
		if (strcmp(plugin->name, mirrors[i]) == 0) {
			return true;
		}
	}
	return subject_is_foreign() && promises_have("mirror");
}

/* ---- instances and sessions ---------------------------------------------- */

struct instance {
	const struct tenon__plugin *plugin;
	const struct tenon_secure_ops *ops;
	struct watched_host host;
	void *options;
	void *self;
};

static int init(const struct tenon__plugin *plugin, void *self,
		const void *options, const struct watched_host *host)
{
	const struct tenon_secure_setup setup = { .size = sizeof(setup) };
	struct tenon_error err = { 0 };

	return subject_check_reason(plugin,
				    plugin->ops.secure.init(self, options,
							    &host->table,
							    &setup, &err),
				    &err);
}

static void instance_init(struct instance *instance,
			  const struct tenon__plugin *plugin)
{
	instance->plugin = plugin;
	instance->ops = &plugin->ops.secure;
	watched_host_init(&instance->host);
	instance->options = subject_options(plugin, &instance->host);
	instance->self = subject_state(instance->ops->state_size);
	ck_assert_subject_code(init(plugin, instance->self, instance->options,
				    &instance->host),
			       TENON_OK);
}

static void instance_fini(struct instance *instance)
{
	const struct tenon__plugin *plugin = instance->plugin;

	instance->ops->fini(instance->self);
	ck_assert_subject_int(instance->host.live, ==, 0);
	free(instance->self);
	subject_options_free(plugin, instance->options);
}

/* Most wire bytes that are on their way to one session. */
#define PIPE_BYTES (4 * TENON_SECURE_WIRE_MAX_BYTES)

struct session {
	const struct instance *instance;
	void *self;
	int wants; /* what the last call returned */
	char *wire; /* wire bytes that have arrived and are not taken */
	size_t wire_len;
};

static int begin(struct session *session, const struct instance *instance)
{
	static const struct tenon_server_facts server = {
		.size = sizeof(server),
		.port = 11211,
		.alias = "anna",
		.host = "cache1.example",
	};
	struct tenon_error err = { 0 };

	*session = (struct session){
		.instance = instance,
		.self = subject_state(instance->ops->session_size),
		.wire = malloc(PIPE_BYTES),
	};
	ck_assert_ptr_nonnull(session->wire);
	session->wants = instance->ops->begin(instance->self, session->self,
					      &server, &err);
	return session->wants < 0
		       ? subject_check_reason(instance->plugin, session->wants,
					      &err)
		       : 0;
}

static void end(struct session *session)
{
	session->instance->ops->end(session->instance->self, session->self);
	free(session->self);
	free(session->wire);
}

#define GUARD_BYTES 64

typedef int (*slot_fn)(const void *self, void *session,
		       struct tenon_secure_io *io, struct tenon_error *err);

/*
 * Call push or pull with the bytes in memory of exactly their length, and with so much room.
 * Returns its code. The bytes that it gives go to out.
 */
static int call(struct session *session, slot_fn slot, const void *in,
		size_t in_len, char *out, size_t room, size_t *in_used,
		size_t *out_len)
{
	const struct tenon__plugin *plugin = session->instance->plugin;
	char *copy = malloc(in_len + 1);
	char *space = malloc(room + GUARD_BYTES);
	struct tenon_error err = { 0 };
	char guard[GUARD_BYTES];

	ck_assert_ptr_nonnull(copy);
	ck_assert_ptr_nonnull(space);
	memset(guard, 0x5c, sizeof(guard));
	memset(space, 0x5c, room + GUARD_BYTES);
	if (in_len > 0) {
		memcpy(copy, in, in_len);
	}
	struct tenon_secure_io io = { .size = sizeof(io),
				      .in = in_len > 0 ? copy : NULL,
				      .in_len = in_len,
				      .out = space,
				      .out_room = room };
	int code = slot(session->instance->self, session->self, &io, &err);

	ck_assert_subject_int(io.in_used, <=, in_len);
	ck_assert_subject_int(io.out_len, <=, room);
	const struct tenon_slice behind_room = { space + room, GUARD_BYTES };
	const struct tenon_slice untouched = { guard, GUARD_BYTES };
	const struct tenon_slice input = { copy, in_len };
	const struct tenon_slice given_input = { in, in_len };

	ck_assert_subject_bytes(behind_room, untouched);
	ck_assert_subject_bytes(input, given_input);
	ck_assert_subject(code < 8, "%s", seen_status(code));
	if (code == TENON_ESECURE) {
		(void)subject_check_reason(plugin, code, &err);
	}
	memcpy(out, space, io.out_len);
	free(copy);
	free(space);
	*in_used = io.in_used;
	*out_len = io.out_len;
	return code;
}

/* Push plain bytes, or ask for wire bytes. The wire bytes arrive at the peer. Returns the bytes taken. */
static size_t push(struct session *session, struct session *peer,
		   const char *plain, size_t len, size_t room)
{
	const struct tenon__plugin *plugin = session->instance->plugin;
	bool must = len > 0 || (session->wants & TENON_SECURE_SEND);
	size_t used, given;

	if (room > PIPE_BYTES - peer->wire_len) {
		return 0; /* the pipe is full */
	}
	session->wants = call(session, session->instance->ops->push, plain, len,
			      peer->wire + peer->wire_len, room, &used, &given);
	peer->wire_len += given;
	ck_assert_subject(session->wants >= 0, "%s from push",
			  seen_status(session->wants));
	/* plain bytes that were taken are given, or will be */
	ck_assert_subject((!must || used + given > 0) &&
				  (used == 0 || given > 0 ||
				   (session->wants & TENON_SECURE_SEND)),
			  "that push took %zu of %zu bytes, gave %zu into room for %zu, and returned %#x; before the call it had %s to send",
			  used, len, given, room, (unsigned)session->wants,
			  must ? "something" : "nothing");
	return used;
}

/* Pull from the first `len` of the wire bytes that have arrived. Returns the plain bytes given. */
static size_t pull(struct session *session, size_t len, char *plain,
		   size_t room)
{
	const struct tenon__plugin *plugin = session->instance->plugin;
	bool must = session->wants & TENON_SECURE_MORE;
	size_t used, given;

	len = len < session->wire_len ? len : session->wire_len;
	session->wants = call(session, session->instance->ops->pull,
			      session->wire, len, plain, room, &used, &given);
	session->wire_len -= used;
	memmove(session->wire, session->wire + used, session->wire_len);
	ck_assert_subject(session->wants >= 0, "%s from pull",
			  seen_status(session->wants));
	ck_assert_subject((!must || given > 0) &&
				  (len < TENON_SECURE_WIRE_MAX_BYTES ||
				   used + given > 0),
			  "that pull took %zu of %zu bytes and gave %zu; before the call it had %s to give",
			  used, len, given, must ? "more" : "no more");
	return given;
}

static void check_text(const struct tenon__plugin *plugin, const char *name,
		       const char *text, size_t size)
{
	ck_assert_subject(memchr(text, '\0', size) != NULL,
			  "%s without its end: %s", name,
			  seen_bytes((struct tenon_slice){ text, size }));
}

/* Ask what a session tells about itself and about the certificates of the server. */
static void ask(const struct session *session)
{
	const struct tenon__plugin *plugin = session->instance->plugin;
	const struct tenon_secure_ops *ops = session->instance->ops;
	struct tenon_secure_facts facts = { .size = sizeof(facts) };
	int more = 1;

	ops->facts(session->instance->self, session->self, &facts);
	ck_assert_subject(facts.size == sizeof(facts) && facts.resumed <= 1,
			  "size %zu and resumed %u", (size_t)facts.size,
			  (unsigned)facts.resumed);
	ck_assert_subject_int(facts.expires_s, >=, 0);
	check_text(plugin, "protocol", facts.protocol, sizeof(facts.protocol));
	check_text(plugin, "cipher", facts.cipher, sizeof(facts.cipher));
	for (uint32_t i = 0; more; i++) {
		struct tenon_secure_certificate one = { .size = sizeof(one) };

		more = ops->certificate(session->instance->self, session->self,
					i, &one);
		ck_assert_subject(i < 100 && (more == 0 || more == 1),
				  "%d for certificate %u", more, (unsigned)i);
		check_text(plugin, "subject", one.subject, sizeof(one.subject));
		check_text(plugin, "issuer", one.issuer, sizeof(one.issuer));
		check_text(plugin, "names", one.names, sizeof(one.names));
		ck_assert_subject(more || one.subject[0] == '\0',
				  "%d for a certificate of %s", more,
				  seen_text(one.subject));
	}
}

/* pull() has failed: what the session tells the server fits in its room. */
static void check_alert(const struct session *session, size_t room)
{
	const struct tenon__plugin *plugin = session->instance->plugin;
	char *space = malloc(room);

	ck_assert_ptr_nonnull(space);
	ck_assert_subject_int(session->instance->ops->alert(
				      session->instance->self, session->self,
				      space, room),
			      <=, room);
	free(space);
}

/* ---- for every plugin ------------------------------------------------------ */

START_TEST(instance_needs_no_more_than_its_memory)
{
	subject_check_without_memory(subject(_i),
				     subject(_i)->ops.secure.state_size, init,
				     subject(_i)->ops.secure.fini);
}
END_TEST

START_TEST(sessions_begin_and_end_at_any_time)
{
	struct instance instance;
	struct session sessions[5];
	char plain[100];

	instance_init(&instance, subject(_i));
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < 5; i++) {
			ck_assert_status(begin(&sessions[i], &instance), TENON_OK);
		}
		for (size_t i = 0; i < 5; i++) {
			for (size_t calls = 0; calls < i; calls++) {
				(void)push(&sessions[i], &sessions[i], NULL, 0,
					   1 + calls);
				(void)pull(&sessions[i], calls, plain, 1);
			}
			ask(&sessions[i]);
		}
		for (size_t i = 0; i < 5; i++) {
			end(&sessions[(i + 2) % 5]);
		}
	}
	instance_fini(&instance);
}
END_TEST

START_TEST(session_begins_without_memory_or_says_so)
{
	struct instance instance;
	struct session session;
	int code = TENON_ENOMEM;

	instance_init(&instance, subject(_i));
	for (size_t n = 1; code; n++) {
		const struct tenon__plugin *plugin = subject(_i);

		instance.host.made = 0;
		instance.host.fail_from = n;
		code = begin(&session, &instance);
		ck_assert_subject(!code || code == TENON_ENOMEM,
				  "%s from begin when allocation %zu fails",
				  seen_status(code), n);
		end(&session);
	}
	instance.host.fail_from = 0;
	/* the instance may keep what it knows of the server, but no more for each session */
	size_t live = instance.host.live;
	ck_assert_status(begin(&session, &instance), TENON_OK);
	end(&session);
	ck_assert_msg(instance.host.live == live,
		      "%s: %zu allocations of the host after a session, %zu before",
		      subject_now(), instance.host.live, live);
	instance_fini(&instance);
}
END_TEST

/* Any bytes can come from the network. They give plain bytes, or a failure with its reason. */
START_TEST(any_wire_bytes_are_taken_or_refused)
{
	struct instance instance;
	uint64_t seed = 7;
	char wire[300], plain[300];

	instance_init(&instance, subject(_i));
	for (size_t round = 0; round < 300; round++) {
		const struct tenon__plugin *plugin = subject(_i);
		struct session session;
		size_t len = 0, used, given;
		int code = begin(&session, &instance);

		for (size_t i = 0; i < 50 && code >= 0; i++) {
			while (len < sizeof(wire) && random_next(&seed) % 8) {
				uint64_t dice = random_next(&seed);

				wire[len++] = dice % 3 ? "HELO\n0 \r"[dice % 8]
						       : (char)(dice >> 8);
			}
			code = call(&session, instance.ops->pull, wire, len,
				    plain, 1 + random_next(&seed) % 300, &used,
				    &given);
			len -= used;
			memmove(wire, wire + used, len);
			ck_assert_subject(code >= 0 || code == TENON_ESECURE ||
						  code == TENON_ECLOSED,
					  "%s from pull", seen_status(code));
		}
		if (code < 0) {
			check_alert(&session, 1 + round);
		}
		end(&session);
	}
	instance_fini(&instance);
}
END_TEST

/* ---- for plugins that promise to be mirrors -------------------------------------- */

/* Two sessions that talk to each other. */
struct pair {
	struct session sides[2];
};

/* Let both sides send what they want to send by themselves, and receive it, until neither wants more. */
static void shake_hands(struct pair *pair, uint64_t *seed)
{
	char plain[1];

	for (size_t i = 0; i < 10000; i++) {
		struct session *side = &pair->sides[i % 2];
		struct session *peer = &pair->sides[1 - i % 2];

		if (side->wants == 0 && peer->wants == 0) {
			break;
		}
		if (side->wants & TENON_SECURE_SEND) {
			(void)push(side, peer, NULL, 0,
				   1 + random_next(seed) % 100);
		}
		size_t given = pull(peer, 1 + random_next(seed) % 100, plain, 1);

		ck_assert_msg(given == 0,
			      "%s: pull gives %zu plain bytes in a handshake, expected 0",
			      subject_now(), given);
	}
	ck_assert_msg(pair->sides[0].wants == 0 && pair->sides[1].wants == 0,
		      "%s: the handshake does not end: the sides want %#x and %#x",
		      subject_now(), (unsigned)pair->sides[0].wants,
		      (unsigned)pair->sides[1].wants);
}

static void pair_init(struct pair *pair, const struct instance *instance,
		      uint64_t *seed)
{
	ck_assert_status(begin(&pair->sides[0], instance), TENON_OK);
	ck_assert_status(begin(&pair->sides[1], instance), TENON_OK);
	shake_hands(pair, seed);
}

static void pair_fini(struct pair *pair)
{
	end(&pair->sides[0]);
	end(&pair->sides[1]);
}

/* A text on its way from one session to its peer. */
struct stream {
	struct session *from, *to;
	const char *text;
	size_t len, sent, got;
};

/* Do one step of a stream: push and pull some bytes. most: of the bytes and the room of a call. */
static void stream_step(struct stream *stream, size_t most, uint64_t *seed)
{
	char plain[2 * TENON_SECURE_WIRE_MAX_BYTES];
	size_t offer = random_next(seed) % (most + 1);
	size_t left = stream->len - stream->sent;

	if (left > 0 || (stream->from->wants & TENON_SECURE_SEND)) {
		stream->sent += push(stream->from, stream->to,
				     stream->text + stream->sent,
				     offer < left ? offer : left,
				     1 + random_next(seed) % most);
	}
	/* a session may need all of its wire bytes in one piece */
	size_t got = pull(stream->to,
			  random_next(seed) % 4 ? PIPE_BYTES
						: random_next(seed) % most,
			  plain, 1 + random_next(seed) % most);
	ck_assert_msg(stream->got + got <= stream->len,
		      "%s: pull gives %zu bytes behind %zu, of a text of %zu",
		      subject_now(), got, stream->got, stream->len);
	const struct tenon_slice pulled = { plain, got };
	const struct tenon_slice pushed = { stream->text + stream->got, got };

	ck_assert_bytes(pulled, pushed);
	stream->got += got;
}

static void stream_finish(struct stream *stream, size_t most, uint64_t *seed)
{
	for (size_t steps = 0; stream->got < stream->len; steps++) {
		ck_assert_msg(steps < 100 * (stream->len + 1),
			      "%s: %zu of %zu bytes have arrived after %zu steps",
			      subject_now(), stream->got, stream->len, steps);
		stream_step(stream, most, seed);
	}
}

static char *make_text(size_t len, uint64_t *seed)
{
	char *text = malloc(len + 1);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < len; i++) {
		text[i] = (char)random_next(seed);
	}
	return text;
}

START_TEST(bytes_come_back_where_promised)
{
	static const size_t mosts[] = { 1, 2, 3, 4, 5, 17, 300, 5000,
					TENON_SECURE_WIRE_MAX_BYTES };
	struct instance instance;
	uint64_t seed = 1;

	if (!is_mirror(subject(_i))) {
		return;
	}
	instance_init(&instance, subject(_i));
	for (size_t i = 0; i < sizeof(mosts) / sizeof(mosts[0]); i++) {
		size_t len = 10 * mosts[i] + 100;
		char *text = make_text(len, &seed);
		struct pair pair;

		pair_init(&pair, &instance, &seed);
		for (size_t from = 0; from < 2; from++) {
			struct stream stream = { .from = &pair.sides[from],
						 .to = &pair.sides[1 - from],
						 .text = text,
						 .len = len };

			stream_finish(&stream, mosts[i], &seed);
		}
		pair_fini(&pair);
		free(text);
	}
	instance_fini(&instance);
}
END_TEST

START_TEST(sessions_are_independent_where_promised)
{
	struct instance instance;
	struct pair pairs[3];
	struct stream streams[6];
	char *texts[6];
	uint64_t seed = 2;

	if (!is_mirror(subject(_i))) {
		return;
	}
	instance_init(&instance, subject(_i));
	for (size_t i = 0; i < 3; i++) {
		pair_init(&pairs[i], &instance, &seed);
	}
	for (size_t i = 0; i < 6; i++) {
		texts[i] = make_text(3000, &seed);
		streams[i] = (struct stream){
			.from = &pairs[i / 2].sides[i % 2],
			.to = &pairs[i / 2].sides[1 - i % 2],
			.text = texts[i],
			.len = 3000,
		};
	}
	for (size_t steps = 0; steps < 2000; steps++) {
		stream_step(&streams[random_next(&seed) % 6], 50, &seed);
	}
	for (size_t i = 0; i < 6; i++) {
		stream_finish(&streams[i], 500, &seed);
		free(texts[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		pair_fini(&pairs[i]);
	}
	instance_fini(&instance);
}
END_TEST

/* Move all wire bytes that one session has for the other, without plain bytes. Returns the code. */
static int carry(const struct instance *instance, void *from, void *to)
{
	char wire[1000], plain[1];
	struct tenon_error err;
	struct tenon_secure_io io = { .size = sizeof(io),
				      .out = wire,
				      .out_room = sizeof(wire) };
	int code = instance->ops->push(instance->self, from, &io, &err);

	io = (struct tenon_secure_io){ .size = sizeof(io),
				       .in = wire,
				       .in_len = io.out_len,
				       .out = plain,
				       .out_room = 1 };
	return code < 0 ? code
			: instance->ops->pull(instance->self, to, &io, &err);
}

/*
 * Send a text through a session and its peer. Returns NULL when the text comes back unchanged, or a
 * text for free().
 */
static char *echo(const struct instance *instance, void *from, void *to)
{
	static const char text[] = "a text of a thread";
	char wire[1000], plain[1000];
	struct tenon_error err;
	struct tenon_secure_io io = { .size = sizeof(io),
				      .in = text,
				      .in_len = sizeof(text),
				      .out = wire,
				      .out_room = sizeof(wire) };
	int code = instance->ops->push(instance->self, from, &io, &err);

	io = (struct tenon_secure_io){ .size = sizeof(io),
				       .in = wire,
				       .in_len = io.out_len,
				       .out = plain,
				       .out_room = sizeof(plain) };
	if (code == 0) {
		code = instance->ops->pull(instance->self, to, &io, &err);
	}
	return code == 0 && io.out_len == sizeof(text) &&
			       memcmp(plain, text, sizeof(text)) == 0
		       ? NULL
		       : seen_copy("expected the text '%s', found the code %d and %zu bytes: '%.*s'",
				   text, code, io.out_len, (int)io.out_len,
				   plain);
}

/* Returns NULL when every text came back, or a text for free(). */
static void *talk(void *payload)
{
	static const struct tenon_server_facts server = {
		.size = sizeof(server), .alias = "anna", .host = "a"
	};
	const struct instance *instance = payload;
	const struct tenon_secure_ops *ops = instance->ops;
	char *wrong = NULL;

	for (size_t i = 0; i < 1000 && !wrong; i++) {
		void *sides[2] = { calloc(1, ops->session_size + 1),
				   calloc(1, ops->session_size + 1) };
		struct tenon_error err;
		bool good = true;

		for (size_t side = 0; side < 2; side++) {
			good &= ops->begin(instance->self, sides[side], &server,
					   &err) >= 0;
		}

		for (size_t turn = 0; turn < 20 && good; turn++) {
			good = carry(instance, sides[turn % 2],
				     sides[1 - turn % 2]) >= 0;
		}
		wrong = good ? echo(instance, sides[0], sides[1])
			     : seen_copy("session %zu: begin, push or pull fails", i);
		for (size_t side = 0; side < 2; side++) {
			ops->end(instance->self, sides[side]);
			free(sides[side]);
		}
	}
	return wrong;
}

START_TEST(threads_share_an_instance_where_promised)
{
	struct instance instance;

	if (!is_mirror(subject(_i))) {
		return;
	}
	instance_init(&instance, subject(_i));
	subject_check_in_threads(talk, &instance);
	instance_fini(&instance);
}
END_TEST

int conformance_secure(void)
{
	Suite *suite = suite_create("conformance/secure");

	subjects_load(TENON_KIND_SECURE);
	subjects_add_tests(suite);
	subjects_add_test(instance_needs_no_more_than_its_memory);
	subjects_add_test(sessions_begin_and_end_at_any_time);
	subjects_add_test(session_begins_without_memory_or_says_so);
	subjects_add_test(any_wire_bytes_are_taken_or_refused);
	subjects_add_test(bytes_come_back_where_promised);
	subjects_add_test(sessions_are_independent_where_promised);
	subjects_add_test(threads_share_an_instance_where_promised);
	return suite_run(suite);
}
