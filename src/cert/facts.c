#include "cert/facts.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "cert/dn.h"
#include "cert/pem.h"

static bool add_name(struct vg_cert_facts *facts, enum vg_name_kind kind, struct vg_slice value)
{
	if (facts->name_count == VG_WHO_NAMES_MAX || value.ptr == NULL)
		return false;
	facts->names[facts->name_count++] = (struct vg_who_name){kind, value};
	return true;
}

/* An IA5String (RFC 5280 4.2.1.6): what is no ASCII, and a control byte, is no name. */
static bool ia5_ok(struct vg_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || (unsigned char)s.ptr[i] >= 0x7f)
			return false;
	return s.len > 0;
}

static bool add_ia5(struct vg_cert_facts *facts, enum vg_name_kind kind, const ASN1_STRING *string,
		    struct vg_arena *arena)
{
	int len = ASN1_STRING_length(string);
	struct vg_slice value = vg_slice((const char *)ASN1_STRING_get0_data(string),
					 len > 0 ? (size_t)len : 0);
	if (!ia5_ok(value))
		return false;
	char *copy = vg_arena_alloc(arena, value.len);
	if (copy == NULL)
		return false;
	for (size_t i = 0; i < value.len; i++)
		copy[i] = kind == VG_NAME_DNS ? vg_lower(value.ptr[i]) : value.ptr[i];
	return add_name(facts, kind, vg_slice(copy, value.len));
}

static bool add_ip(struct vg_cert_facts *facts, const ASN1_STRING *string, struct vg_arena *arena)
{
	const uint8_t *bytes = ASN1_STRING_get0_data(string);
	struct vg_addr addr;

	if (ASN1_STRING_length(string) == 4)
		addr = vg_addr_v4(bytes);
	else if (ASN1_STRING_length(string) == 16)
		memcpy(addr.bytes, bytes, 16);
	else
		return false;
	struct vg_slice raw = vg_slice((const char *)addr.bytes, sizeof(addr.bytes));
	return add_name(facts, VG_NAME_IP, vg_arena_dup(arena, raw));
}

/* Kinds that no policy can name (directory names, other names) are passed over. */
static bool add_general(struct vg_cert_facts *facts, const GENERAL_NAME *name,
			struct vg_arena *arena)
{
	switch (name->type) {
	case GEN_URI:
		return add_ia5(facts, VG_NAME_URI, name->d.ia5, arena);
	case GEN_DNS:
		return add_ia5(facts, VG_NAME_DNS, name->d.ia5, arena);
	case GEN_EMAIL:
		return add_ia5(facts, VG_NAME_EMAIL, name->d.ia5, arena);
	case GEN_IPADD:
		return add_ip(facts, name->d.ip, arena);
	default:
		return true;
	}
}

static const char *add_san(struct vg_cert_facts *facts, const GENERAL_NAMES *names,
			   struct vg_arena *arena)
{
	int count = names == NULL ? 0 : sk_GENERAL_NAME_num(names);
	int kept = count < VG_WHO_NAMES_MAX ? count : VG_WHO_NAMES_MAX;

	/* And one for the subject. */
	facts->names = vg_arena_array(arena, (size_t)kept + 1, sizeof(*facts->names));
	if (facts->names == NULL)
		return "too large";
	for (int i = 0; i < count; i++) {
		if (facts->name_count == VG_WHO_NAMES_MAX)
			return "too many names";
		if (!add_general(facts, sk_GENERAL_NAME_value(names, i), arena))
			return "a subjectAltName is malformed";
	}
	return NULL;
}

static const char *read_san(struct vg_cert_facts *facts, X509 *cert, struct vg_arena *arena)
{
	int critical = 0;
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
	if (names == NULL && critical != -1)
		return "subjectAltName is unreadable";
	const char *fault = add_san(facts, names, arena);
	GENERAL_NAMES_free(names);
	return fault;
}

static const char *kind_prefix(enum vg_name_kind kind)
{
	static const char *const prefix[VG_NAME_KINDS] = {[VG_NAME_URI] = "URI:",
							  [VG_NAME_DNS] = "DNS:",
							  [VG_NAME_EMAIL] = "email:",
							  [VG_NAME_IP] = "IP:",
							  [VG_NAME_SUBJECT] = "subject:"};
	return prefix[kind];
}

/* With its own commas escaped: one name must not read like two. The length that it takes. */
static size_t san_item(char *out, const struct vg_who_name *name)
{
	char text[VG_ADDR_TEXT];
	struct vg_slice value = name->value;

	if (name->kind == VG_NAME_IP) {
		struct vg_addr addr;
		memcpy(addr.bytes, value.ptr, sizeof(addr.bytes));
		vg_addr_text(text, &addr);
		value = vg_slice_str(text);
	}
	struct vg_slice prefix = vg_slice_str(kind_prefix(name->kind));
	memcpy(out, prefix.ptr, prefix.len);
	size_t len = prefix.len;
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == ',' || value.ptr[i] == '\\')
			out[len++] = '\\';
		out[len++] = value.ptr[i];
	}
	return len;
}

static bool write_san(struct vg_cert_facts *facts, struct vg_arena *arena)
{
	size_t room = 0;
	for (size_t i = 0; i < facts->name_count; i++)
		room += 2 * facts->names[i].value.len + VG_ADDR_TEXT + 16;
	if (facts->name_count == 0) {
		facts->san = VG_SLICE_EMPTY;
		return true;
	}
	char *text = vg_arena_alloc(arena, room);
	if (text == NULL)
		return false;
	size_t len = 0;
	for (size_t i = 0; i < facts->name_count; i++) {
		if (i > 0) {
			memcpy(text + len, ", ", 2);
			len += 2;
		}
		len += san_item(text + len, &facts->names[i]);
	}
	facts->san = vg_slice(text, len);
	return true;
}

static bool write_serial(struct vg_cert_facts *facts, X509 *cert, struct vg_arena *arena)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	int len = ASN1_STRING_length(serial);
	bool negative = (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0;

	if (len <= 0)
		return false;
	char *text = vg_arena_alloc(arena, (size_t)len * 2 + 2);
	if (text == NULL)
		return false;
	text[0] = '-';
	vg_hex(text + negative, ASN1_STRING_get0_data(serial), (size_t)len);
	facts->serial = vg_slice_str(text);
	return true;
}

static bool read_digests(struct vg_cert_facts *facts, X509 *cert)
{
	uint8_t digest[32];
	unsigned char *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);

	bool ok = len > 0 &&
		  EVP_Digest(spki, (size_t)len, facts->spki_sha256, NULL, EVP_sha256(), NULL) ==
			  1 &&
		  X509_digest(cert, EVP_sha256(), digest, NULL) == 1;
	if (len > 0)
		OPENSSL_free(spki);
	if (ok)
		vg_hex(facts->sha256, digest, sizeof(digest));
	return ok;
}

static const char *read_cert(struct vg_cert_facts *facts, X509 *cert, struct vg_arena *arena)
{
	/* First what tells an event which certificate it was, in case the rest can't be read. */
	if (!read_digests(facts, cert))
		return "the public key is unreadable";
	if (!write_serial(facts, cert, arena))
		return "the serial number is unreadable";
	if (!vg_pem_time(X509_get0_notBefore(cert), &facts->not_before) ||
	    !vg_pem_time(X509_get0_notAfter(cert), &facts->not_after))
		return "the validity is unreadable";
	if (!vg_dn_text(X509_get_issuer_name(cert), arena, &facts->issuer))
		return "the issuer is malformed";
	if (!vg_dn_text(X509_get_subject_name(cert), arena, &facts->subject))
		return "the subject is malformed";
	const char *fault = read_san(facts, cert, arena);
	if (fault != NULL)
		return fault;
	if (!write_san(facts, arena))
		return "too large";
	if (facts->subject.len > 0 && !add_name(facts, VG_NAME_SUBJECT, facts->subject))
		return "too many names";
	return NULL;
}

bool vg_cert_facts(struct vg_cert_facts *facts, X509 *cert, struct vg_arena *arena,
		   const char **fault)
{
	*facts = (struct vg_cert_facts){.subject = VG_SLICE_EMPTY,
					.issuer = VG_SLICE_EMPTY,
					.serial = VG_SLICE_EMPTY,
					.san = VG_SLICE_EMPTY};
	ERR_clear_error();
	*fault = read_cert(facts, cert, arena);
	ERR_clear_error();
	return *fault == NULL;
}

bool vg_cert_subject(struct vg_slice written, struct vg_arena *arena, struct vg_slice *canonical)
{
	X509_NAME *dn = vg_dn_parse(written);
	bool ok = dn != NULL && vg_dn_text(dn, arena, canonical) && canonical->len > 0;
	X509_NAME_free(dn);
	return ok;
}
