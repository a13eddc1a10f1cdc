/*
 * What makes a peer's public key cheap to read. OpenSSL 3.0 asks a new chain of decoders for each
 * certificate's, which takes longer than to verify a signature with it. The worker calls this once,
 * before its first certificate.
 */
#ifndef VG_TLS_PUBKEY_H
#define VG_TLS_PUBKEY_H

/* EC and RSA keys of the whole process; others, and all where OpenSSL has no engines, stay as they
   are. Nothing depends on it but time; but the process signs no certificates afterwards, with keys
   that it had before, and names curves as SN_X9_62_prime256v1 does, not as NIST. */
void vg_pubkey_cheapen(void);

#endif
