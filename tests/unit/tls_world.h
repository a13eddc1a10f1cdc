/*
 * A gateway's TLS end in one process, for tests: an image with vendors and their CAs, a keys role
 * in a forked child, and clients over a socket pair. Used by the tests of tls.
 */
#ifndef VG_TESTS_UNIT_TLS_WORLD_H
#define VG_TESTS_UNIT_TLS_WORLD_H

#include <openssl/ssl.h>
#include <sys/types.h>

#include "base/arena.h"
#include "pki.h"
#include "policy/image.h"
#include "sys/chan.h"
#include "tls/server.h"

#define WORLD_NAMES_MAX 4

/* One [identity] of a vendor. */
struct world_ident {
	const char *vendor; /* in the order of their ids */
	const struct pki_cert *ca;
	struct {
		enum vg_name_kind kind;
		const char *value;
	} names[WORLD_NAMES_MAX]; /* the first without a value ends them */
	const uint8_t *pin;       /* 32 bytes; NULL: none */
};

struct world {
	struct vg_arena arena;
	struct vg_image image;
	char key_path[32]; /* a file of its own for each server key */
	char key_path2[32];
	struct pki_cert own, own2;
	struct vg_chan keys;
	pid_t signer;
};

/* own2 may be NULL. Keys in files, the image, no keys role yet. */
void world_image(struct world *world, const struct world_ident *idents, size_t count,
		 uint16_t tls_min, EVP_PKEY *own, EVP_PKEY *own2);

/* Forks the keys role. */
void world_sign(struct world *world);
void world_free(struct world *world);

/* What one handshake came to, at both ends. */
struct world_meeting {
	enum vg_tls_status status;
	struct vg_tls_peer peer; /* texts void after the meeting, but for fault, version, cipher */
	int client_ok;           /* the client's handshake, in its own eyes */
	int client_alert;        /* that the client was sent; -1: none */
	char alpn[16], sni[64], san[64];
	bool resumable; /* the client was given something to come back with */
	char echo[16];  /* a word there and back, where the handshake was done */
};

struct world_client {
	const struct pki_cert *cert; /* NULL: shows none */
	EVP_PKEY *other_key;         /* signs with this in place of the certificate's */
	X509 *chain;                 /* sent along */
	int version;                 /* 0: any */
	const char *sni;
	const char *alpn; /* in wire form */
	const char *raw;  /* bytes in place of a client */
	bool closes;      /* after its first flight */
	bool wrong_ca;    /* refuses the server's certificate */
	const char *ciphers;
	const char *groups;
};

/* A client and its connection, where they must be made before the meeting. */
struct world_pair {
	int fds[2];
	SSL_CTX *ctx;
	SSL *ssl;
};

struct world_pair world_pair(const struct world_client *client);
struct world_meeting world_meet_pair(struct vg_tls_server *server,
				     const struct world_client *client, struct world_pair *pair);

/* Both at once. */
struct world_meeting world_meet(struct world *world, struct vg_tls_server *server,
				const struct world_client *client);

#endif
