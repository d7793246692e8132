/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The session that a connection has with a secure plugin: its calls, the contract that their answers
 * are held to, and what the session tells. It knows no connection: filter.h joins the two.
 */
#ifndef TENON_CORE_SECURE_SESSION_H
#define TENON_CORE_SECURE_SESSION_H

#include "cluster/assembly.h"

/*
 * Most wire bytes that a session takes in a row without a plain byte among them. A handshake with
 * long chains of certificates has 200 KiB. A server that sends more keeps the client busy.
 */
#define TENON_SESSION_SILENT_MAX_BYTES (512 * 1024)
/* A chain that fails is kept up to this length. Public ones have three or four certificates. */
#define TENON_SESSION_CHAIN_MAX 8

struct tenon__session {
	const struct tenon__secure *plugin;
	void *memory; /* of the plugin: its session_size bytes */
	bool begun;   /* it has begun and not ended */
	bool open;    /* it takes plain bytes: its handshake is over */
	int wants;    /* bits of enum tenon_secure_want */
	int64_t begun_ns;  /* monotonic time of its beginning */
	size_t silent_len; /* wire bytes that it took since its last plain byte */
	struct tenon_secure_certificate *failed; /* the chain of the session that failed */
	uint32_t failed_count; /* entries of failed */
};

/* Begin a session; the one before has ended. Returns 0, or a negative enum tenon_status with *err. */
int tenon__session_begin(struct tenon__session *session,
			 const struct tenon_server_facts *server,
			 struct tenon_error *err);

/* End the session, if it has begun. */
void tenon__session_end(struct tenon__session *session);

/* The handshake is over: from now on the session takes plain bytes, and the health has its facts. */
void tenon__session_open(struct tenon__session *session,
			 struct tenon__health *health);

/* Call the slot `push`. Returns 0, or a negative enum tenon_status with *err. */
int tenon__session_push(struct tenon__session *session,
			struct tenon_secure_io *io, struct tenon_error *err);

/*
 * Call the slot `pull`. *stuck: the session needs more wire bytes. Returns 0, or a negative enum
 * tenon_status with *err; io->out_len bytes came before that.
 */
int tenon__session_pull(struct tenon__session *session,
			struct tenon_secure_io *io, bool *stuck,
			struct tenon_error *err);

/*
 * The session has failed: get the bytes that tell the server why. Returns their number; 0: none, also
 * when the plugin breaks its contract.
 */
size_t tenon__session_alert(struct tenon__session *session, void *out,
			    size_t room);

/* The session fails: keep its chain for those who ask why. Without memory, there is no chain. */
void tenon__session_keep_chain(struct tenon__session *session);
void tenon__session_forget_chain(struct tenon__session *session);

/*
 * Tell a certificate of the session, as the slot of the plugin does, or of the chain that was kept.
 * Returns 0 when there is no such certificate.
 */
int tenon__session_certificate(const struct tenon__session *session,
			       uint32_t index,
			       struct tenon_secure_certificate *out);

#endif
