/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file tenon/plugin/secure.h
 * @brief Secure: a filter between the protocol and the bytes on the network, such as TLS.
 *
 * A secure plugin works in memory. It turns plain bytes (what the memcached protocol sends and
 * reads) into wire bytes (what the network carries), and back. It never uses a socket: a transport
 * moves the wire bytes. So one plugin works with every transport.
 *
 * An instance is shared by all clients of a config. Each connection has a session of its own. A
 * session begins when a connection was made. It may begin with a handshake: wire bytes in both
 * directions, before the first plain byte.
 *
 * Stability: plugin ABI 1; grows only at the end of structs.
 */
#ifndef TENON_PLUGIN_SECURE_H
#define TENON_PLUGIN_SECURE_H

#include "tenon/plugin/plugin.h"

TENON_BEGIN_DECLS

/**
 * Most wire bytes that a session may leave to the host: a session that takes none of this many
 * wire bytes breaks its contract. It is also the most wire bytes that one push() can give.
 */
#define TENON_SECURE_WIRE_MAX_BYTES (64 * 1024)

/**
 * What a session wants next: the sum of these bits. 0: push() takes plain bytes, and pull() takes
 * wire bytes.
 */
enum tenon_secure_want {
	/** push() has wire bytes to give, also without plain bytes. */
	TENON_SECURE_SEND = 1,
	/**
	 * push() takes no plain bytes until pull() has got more wire bytes. A handshake has this
	 * bit until plain bytes may be sent.
	 */
	TENON_SECURE_RECEIVE = 2,
	/** pull() has plain bytes to give, also without more wire bytes. */
	TENON_SECURE_MORE = 4
};

/** Facts about the client, for init. Valid during init only. */
struct tenon_secure_setup {
	uint32_t size;     /**< sizeof(struct tenon_secure_setup) when the host was compiled */
	uint32_t reserved; /**< 0 */
};

/** Bytes that a session takes and bytes that it gives: the argument of push() and pull(). */
struct tenon_secure_io {
	uint32_t size;     /**< sizeof(struct tenon_secure_io) when the host was compiled */
	uint32_t reserved; /**< 0 */
	const void *in;    /**< push: plain bytes; pull: wire bytes. in_len 0: may be NULL */
	size_t in_len;     /**< bytes of in */
	size_t in_used;    /**< set by the slot: bytes of in that it took, from the first on */
	void *out;         /**< push: room for wire bytes; pull: room for plain bytes */
	size_t out_room;   /**< bytes of out, 1 or more */
	size_t out_len;    /**< set by the slot: bytes that it gave, at most out_room */
};

/** Most bytes of a text of a certificate, with its NUL. A longer text ends with "...". */
#define TENON_SECURE_TEXT_BYTES 256

/** Facts about a session whose handshake is over: the answer of facts(). */
struct tenon_secure_facts {
	uint32_t size;     /**< sizeof(struct tenon_secure_facts) when the host was compiled */
	uint32_t resumed;  /**< 1: the handshake resumed an earlier session; 0: it was a full one */
	/**
	 * Unix time from which new handshakes fail: the end of the certificate that ends first, of the
	 * server's own and of all that it was judged by, up to the trusted one. 0: no certificates.
	 */
	int64_t expires_s;
	char protocol[16]; /**< such as "TLSv1.3"; "": the plugin has no versions */
	char cipher[48];   /**< such as "TLS_AES_256_GCM_SHA384"; "": no encryption */
};

/** One certificate of the server: the answer of certificate(). */
struct tenon_secure_certificate {
	uint32_t size;         /**< sizeof(struct tenon_secure_certificate), as the host saw it */
	uint32_t reserved;     /**< 0 */
	int64_t not_before_s;  /**< Unix time at which it begins to be valid */
	int64_t not_after_s;   /**< Unix time at which it ends to be valid */
	char subject[TENON_SECURE_TEXT_BYTES]; /**< such as "CN=cache.example.net" */
	char issuer[TENON_SECURE_TEXT_BYTES];  /**< such as "CN=Example CA,O=Example" */
	char names[TENON_SECURE_TEXT_BYTES];   /**< hosts that it is for: "a.example.net, ::1" */
};

/**
 * The slots of a secure plugin. After init the instance never changes, as far as the host sees:
 * the host calls begin, end, push and pull on several threads at a time, each with another session.
 * All calls with one session come one after the other. No slot blocks.
 */
struct tenon_secure_ops {
	uint32_t size;         /**< sizeof(struct tenon_secure_ops) */
	uint32_t state_size;   /**< bytes, all zero, that the host allocates as `self`; 0: none */
	uint32_t session_size; /**< bytes that the host allocates as `session`; 0: none */
	uint32_t reserved;     /**< 0 */
	/**
	 * Prepare the instance: read certificates, for example. Called when a config is checked and
	 * when its clients are opened. The host calls fini also when init fails, so init must leave
	 * self in a state that fini can release.
	 * Returns: 0, or a negative enum tenon_status.
	 * Errors:  TENON_ENOMEM; TENON_ECONFIG with one sentence, also for a file that cannot be
	 *          read.
	 * OPTIONAL. NULL: nothing to prepare.
	 */
	int (*init)(void *self, const void *options,
		    const struct tenon_host *host,
		    const struct tenon_secure_setup *setup,
		    struct tenon_error *err);
	/**
	 * Release the instance, also after a failed init. Every session has ended before.
	 * OPTIONAL. NULL: nothing to release.
	 */
	void (*fini)(void *self);
	/**
	 * Begin a session: a connection to this server was made, and no byte was sent or received
	 * on it. session has session_size bytes, all zero. The host calls end also when begin fails,
	 * so begin must leave the session in a state that end can release.
	 * Returns: the bits of enum tenon_secure_want, or a negative enum tenon_status.
	 * Errors:  TENON_ENOMEM; TENON_ESECURE with one sentence. The connection is closed.
	 * OPTIONAL. NULL: the session has no handshake and stays all zero.
	 */
	int (*begin)(const void *self, void *session,
		     const struct tenon_server_facts *server,
		     struct tenon_error *err);
	/**
	 * End a session: its connection was closed, or is closed next. Nothing can be sent any more.
	 * The host calls end once for each begin. After fork(2) the host calls end in the child for
	 * every session; the parent's sessions go on, with memory of their own.
	 * OPTIONAL. NULL: nothing to release.
	 */
	void (*end)(const void *self, void *session);
	/**
	 * Turn plain bytes into wire bytes. The slot takes as many plain bytes as it likes: all, a
	 * part, or none when the wire bytes of earlier ones fill the room. It may give wire bytes of
	 * its own, such as those of a handshake. What is left is offered again, in front of later
	 * bytes.
	 * Shape:   in_len is 0 when the session wants TENON_SECURE_RECEIVE, or when the host only
	 *          asks for the wire bytes of TENON_SECURE_SEND. A slot that gets plain bytes or has
	 *          said TENON_SECURE_SEND takes or gives one byte or more.
	 * Returns: the bits of enum tenon_secure_want, or a negative enum tenon_status.
	 * Owns:    the bytes of in are the host's; the slot copies those that it keeps.
	 * Errors:  TENON_ENOMEM; TENON_ESECURE with one sentence. The connection is closed.
	 * REQUIRED.
	 */
	int (*push)(const void *self, void *session, struct tenon_secure_io *io,
		    struct tenon_error *err);
	/**
	 * Turn wire bytes that arrived into plain bytes. The slot takes as many wire bytes as it
	 * likes. It may take them without giving plain bytes: they belong to a handshake, or to a
	 * record that is not complete. It may leave them until more have arrived, up to
	 * TENON_SECURE_WIRE_MAX_BYTES. Wire bytes that have to be sent now are said by the bit
	 * TENON_SECURE_SEND, and fetched by push().
	 * Shape:   in_len is 0 when the host only asks for the plain bytes of TENON_SECURE_MORE. A
	 *          slot that has said TENON_SECURE_MORE gives one byte or more.
	 * Returns: the bits of enum tenon_secure_want, or a negative enum tenon_status.
	 * Owns:    as push().
	 * Errors:  TENON_ENOMEM; TENON_ECLOSED: the server has said that it sends nothing more,
	 *          or, with one sentence, refuses the connection in the handshake;
	 *          TENON_ESECURE with one sentence: the handshake has failed, or the bytes are
	 *          damaged. The host first reads the plain bytes that came with the error, and then
	 *          closes the connection.
	 * REQUIRED.
	 */
	int (*pull)(const void *self, void *session, struct tenon_secure_io *io,
		    struct tenon_error *err);
	/**
	 * Tell facts about a session. Called after the handshake and before end().
	 * Shape:   out is all zero but for its size; the slot fills the fields that it knows.
	 * OPTIONAL. NULL: every fact is unknown.
	 */
	void (*facts)(const void *self, const void *session,
		      struct tenon_secure_facts *out);
	/**
	 * Tell one certificate of the chain that the server sent: index 0 is the server's own, 1
	 * its issuer's, and so on. Called between begin() and end(), also after push() or pull() has
	 * failed: then the chain is the one that was refused.
	 * Shape:   out is all zero but for its size.
	 * Returns: 1; 0 when the chain has no such certificate.
	 * OPTIONAL. NULL: there are no certificates.
	 */
	int (*certificate)(const void *self, const void *session,
			   uint32_t index,
			   struct tenon_secure_certificate *out);
	/**
	 * Give the wire bytes that tell the server why the session has failed, such as an alert of
	 * TLS. Called once at most: after pull() has failed during the handshake, and before end().
	 * The host then offers the bytes to the network once, and closes the connection.
	 * Shape:   out has room bytes, 1 or more.
	 * Returns: the number of bytes given, at most room; 0: there is nothing to tell.
	 * OPTIONAL. NULL: the connection is closed without a word.
	 */
	size_t (*alert)(const void *self, void *session, void *out,
			size_t room);
};

TENON_END_DECLS

#endif
