#include "cert/dn.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/objects.h>

#include "base/text.h"

#define ATTRIBUTE_MAX 64 /* bytes of an attribute's name */
#define VALUE_MAX 1024   /* bytes of a value that a person wrote */

/* Types that have no text (bit strings, numbers) are shown as #hexadecimal: nothing can hide. */
static bool value_ok(const ASN1_STRING *value)
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, value);
	bool ok = true;

	for (int i = 0; i < len && ok; i++)
		ok = utf8[i] >= 0x20 && utf8[i] != 0x7f;
	if (len >= 0)
		OPENSSL_free(utf8);
	return ok;
}

bool vg_dn_text(const X509_NAME *name, struct vg_arena *arena, struct vg_slice *text)
{
	for (int i = 0; i < X509_NAME_entry_count(name); i++)
		if (!value_ok(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i))))
			return false;
	*text = VG_SLICE_EMPTY;
	if (X509_NAME_entry_count(name) == 0)
		return true;

	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	bool ok = bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) > 0;
	if (ok) {
		long len = BIO_get_mem_data(bio, &bytes);
		*text = vg_arena_dup(arena, vg_slice(bytes, (size_t)len));
		ok = text->ptr != NULL;
	}
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

struct value {
	char bytes[VALUE_MAX];
	size_t len;
	bool hex; /* was "#…": DER */
};

static bool put(struct value *value, char c)
{
	if (value->len == sizeof(value->bytes))
		return false;
	value->bytes[value->len++] = c;
	return true;
}

/* One character of a value, or a pair `\XY`; *rest moves behind it. */
static bool take_char(struct vg_slice *rest, char *c, bool *escaped)
{
	*escaped = rest->ptr[0] == '\\';
	if (!*escaped) {
		*c = rest->ptr[0];
		*rest = vg_slice_from(*rest, 1);
		return strchr("\"<>;", *c) == NULL;
	}
	if (rest->len >= 3 && vg_unhex(vg_slice(rest->ptr + 1, 2), (uint8_t *)c, 1)) {
		*rest = vg_slice_from(*rest, 3);
		return true;
	}
	if (rest->len < 2 || strchr("\"+,;<>\\ #=", rest->ptr[1]) == NULL)
		return false;
	*c = rest->ptr[1];
	*rest = vg_slice_from(*rest, 2);
	return true;
}

/* RFC 4514 2.4, up to an unescaped `,` or `+` or the end. Spaces around it go, unless escaped. */
static bool take_string(struct vg_slice *rest, struct value *value)
{
	size_t keep = 0; /* the length up to the last character that is no free space */

	while (rest->len > 0 && rest->ptr[0] != ',' && rest->ptr[0] != '+') {
		char c = 0;
		bool escaped = false;
		if (!take_char(rest, &c, &escaped) || (unsigned char)c < 0x20 || c == 0x7f ||
		    !put(value, c))
			return false;
		if (escaped || c != ' ')
			keep = value->len;
	}
	value->len = keep;
	return keep > 0 && vg_is_utf8(vg_slice(value->bytes, keep));
}

static bool take_hex(struct vg_slice *rest, struct value *value)
{
	size_t end = 1;
	while (end < rest->len && vg_hex_value(rest->ptr[end]) >= 0)
		end++;
	size_t digits = end - 1;
	value->hex = true;
	value->len = digits / 2;
	if (digits == 0 || digits % 2 != 0 || value->len > sizeof(value->bytes) ||
	    !vg_unhex(vg_slice(rest->ptr + 1, digits), (uint8_t *)value->bytes, value->len))
		return false;
	*rest = vg_slice_from(*rest, end);
	return true;
}

static void skip_spaces(struct vg_slice *rest)
{
	while (rest->len > 0 && rest->ptr[0] == ' ')
		*rest = vg_slice_from(*rest, 1);
}

/* RFC 4514 1.1, 3: a name in any case, or numbers with dots. NULL where it is none of ours. */
static ASN1_OBJECT *attribute(struct vg_slice name)
{
	/* In OpenSSL's spelling. */
	static const char *const known[] = {
		"CN",           "L",     "ST",  "O",  "OU", "C",
		"street",       "DC",    "UID", "SN", "GN", "serialNumber",
		"emailAddress", "title",
	};
	char text[ATTRIBUTE_MAX];

	if (name.len == 0 || name.len >= sizeof(text))
		return NULL;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	for (size_t i = 0; i < VG_COUNT(known); i++)
		if (vg_slice_eq_case(name, vg_slice_str(known[i])))
			return OBJ_txt2obj(known[i], 0);
	return OBJ_txt2obj(text, vg_is_digit(text[0]));
}

/* At the front: written most specific first, kept least specific first. */
static bool add_entry(X509_NAME *dn, const ASN1_OBJECT *type, const struct value *value, bool same)
{
	const unsigned char *bytes = (const unsigned char *)value->bytes;
	int set = same ? 1 : 0;

	if (!value->hex)
		return X509_NAME_add_entry_by_OBJ(dn, type, MBSTRING_UTF8, bytes, (int)value->len,
						  0, set) == 1;
	const unsigned char *at = bytes;
	ASN1_TYPE *der = d2i_ASN1_TYPE(NULL, &at, (long)value->len);
	bool ok = false;
	if (der != NULL && at == bytes + value->len && der->type != V_ASN1_NULL &&
	    der->type != V_ASN1_BOOLEAN && der->type != V_ASN1_OBJECT) {
		const ASN1_STRING *string = der->value.asn1_string;
		ok = X509_NAME_add_entry_by_OBJ(dn, type, ASN1_STRING_type(string),
						ASN1_STRING_get0_data(string),
						ASN1_STRING_length(string), 0, set) == 1;
	}
	ASN1_TYPE_free(der);
	return ok;
}

/* `type = value`, into the relative name before it where `same`. */
static bool take_attribute(struct vg_slice *rest, X509_NAME *dn, bool same)
{
	size_t equals = vg_slice_find(*rest, '=');
	if (equals == rest->len)
		return false;
	ASN1_OBJECT *type = attribute(vg_slice_trim(vg_slice_first(*rest, equals)));
	*rest = vg_slice_from(*rest, equals + 1);
	skip_spaces(rest);

	struct value value = {.len = 0};
	bool hex = rest->len > 0 && rest->ptr[0] == '#';
	bool ok = type != NULL && (hex ? take_hex(rest, &value) : take_string(rest, &value)) &&
		  add_entry(dn, type, &value, same);
	ASN1_OBJECT_free(type);
	skip_spaces(rest);
	return ok && (rest->len == 0 || rest->ptr[0] == ',' || rest->ptr[0] == '+');
}

X509_NAME *vg_dn_parse(struct vg_slice written)
{
	struct vg_slice rest = vg_slice_trim(written);
	X509_NAME *dn = X509_NAME_new();
	bool ok = dn != NULL && take_attribute(&rest, dn, false);

	while (ok && rest.len > 0) {
		bool same = rest.ptr[0] == '+';
		rest = vg_slice_from(rest, 1);
		ok = take_attribute(&rest, dn, same);
	}
	/* Through DER, which sorts the attributes of one relative name. */
	X509_NAME *sorted = ok ? X509_NAME_dup(dn) : NULL;
	X509_NAME_free(dn);
	ERR_clear_error();
	return sorted;
}
