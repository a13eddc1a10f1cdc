#include "config/check.h"

#include "base/addr.h"
#include "base/arena.h"
#include "base/text.h"
#include "cert/facts.h"
#include "config/cases.h"
#include "config/health.h"
#include "config/hours.h"
#include "config/set_header.h"
#include "config/units.h"
#include "config/upstream.h"
#include "policy/path.h"
#include "vocab/field.h"
#include "vocab/method.h"

#define LABEL_MAX 63
#define HOST_MAX 253
#define SCRATCH_MAX ((size_t)64 << 10)

static const char method_text[] = "one of"
#define VG_METHOD(name, flags) " " #name
#include "vocab/method.def"
#undef VG_METHOD
	;

static bool all(struct vg_slice s, bool (*is)(char c))
{
	for (size_t i = 0; i < s.len; i++)
		if (!is(s.ptr[i]))
			return false;
	return s.len > 0;
}

static bool is_node_char(char c)
{
	return vg_is_alpha(c) || vg_is_digit(c) || c == '.' || c == '-' || c == '_';
}

static bool is_user_char(char c)
{
	return vg_is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

static bool is_label_char(char c)
{
	return vg_is_digit(c) || (c >= 'a' && c <= 'z') || c == '-';
}

static bool is_visible(char c)
{
	return c > ' ' && c < 0x7f;
}

/* RFC 6838 4.2 restricted-name, in lower case. */
static bool is_media_char(char c)
{
	return vg_is_digit(c) || (c >= 'a' && c <= 'z') ||
	       (c != '\0' && strchr("!#$&-^_.+", c) != NULL);
}

/* RFC 1123 2.1: labels of letters, digits and inner hyphens; the last one is no number. */
static bool is_host(struct vg_slice s)
{
	struct vg_slice rest = s, label = VG_SLICE_EMPTY;
	while (vg_slice_cut(&rest, '.', &label))
		if (!all(label, is_label_char) || label.len > LABEL_MAX || label.ptr[0] == '-' ||
		    label.ptr[label.len - 1] == '-')
			return false;
	return s.len <= HOST_MAX && !all(label, vg_is_digit);
}

static bool after(struct vg_slice s, struct vg_slice start, struct vg_slice *rest)
{
	*rest = vg_slice_from(s, start.len);
	return vg_slice_starts(s, start);
}

static bool is_endpoint(struct vg_slice s)
{
	struct vg_addr addr;
	uint16_t port;
	return vg_addr_port_parse(s, &addr, &port);
}

static bool check_text(struct vg_slice s, uint64_t *number)
{
	(void)number;
	return s.len > 0;
}

static bool check_name(struct vg_slice s, uint64_t *number)
{
	(void)number;
	return vg_units_name(s);
}

static bool check_node(struct vg_slice s, uint64_t *number)
{
	(void)number;
	return all(s, is_node_char);
}

static bool check_user(struct vg_slice s, uint64_t *number)
{
	(void)number;
	return all(s, is_user_char) && !vg_is_digit(s.ptr[0]) && s.ptr[0] != '-';
}

static bool check_path(struct vg_slice s, uint64_t *number)
{
	(void)number;
	return s.len > 0;
}

static bool check_host(struct vg_slice s, uint64_t *number)
{
	(void)number;
	return is_host(s);
}

static bool check_prefix(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_arena arena;
	struct vg_path path;
	const char *fault;
	vg_arena_init(&arena, SCRATCH_MAX);
	bool good = vg_path_parse(&path, s, &arena, &fault) && vg_slice_eq(path.text, s) &&
		    path.count > 0 && !path.slash;
	vg_arena_fini(&arena);
	return good;
}

static bool check_endpoint(struct vg_slice s, uint64_t *number)
{
	(void)number;
	return is_endpoint(s);
}

static bool check_listen(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_addr addr;
	struct vg_slice zone;
	uint16_t port;
	return vg_addr_listen_parse(s, &addr, &port, &zone);
}

static bool check_upstream(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_upstream_url url;
	return vg_upstream_url(s, &url);
}

static bool check_health(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_health_check check;
	return vg_health_check(s, &check);
}

static bool check_set_header(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_set_header header;
	return vg_set_header(s, &header);
}

static bool check_sink(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_slice rest;
	if (after(s, VG_SLICE("udp://"), &rest) || after(s, VG_SLICE("tcp://"), &rest))
		return is_endpoint(rest);
	if (after(s, VG_SLICE("file:"), &rest) || after(s, VG_SLICE("unix:"), &rest))
		return rest.len > 0;
	return vg_slice_eq(s, VG_SLICE("stdout"));
}

/* One that messages have. */
static bool check_field(struct vg_slice s, uint64_t *number)
{
	(void)number;
	enum vg_field field = vg_field_of_name(s);
	if (field == VG_FIELD_COUNT)
		return vg_slice_eq(s, VG_SLICE("all"));
	return vg_field_row(field)->source != VG_SOURCE_ASIDE;
}

/*
 * What TLS may be made with, as OpenSSL names it: with forward secrecy and authenticated encryption,
 * no other (RFC 9325 4.2).
 */
#define CIPHERS                                                                                    \
	"ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-RSA-AES128-GCM-SHA256|"                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384|ECDHE-RSA-AES256-GCM-SHA384|"                               \
	"ECDHE-ECDSA-CHACHA20-POLY1305|ECDHE-RSA-CHACHA20-POLY1305"
#define CIPHERSUITES "TLS_AES_128_GCM_SHA256|TLS_AES_256_GCM_SHA384|TLS_CHACHA20_POLY1305_SHA256"
#define GROUPS "X25519|P-256|P-384|P-521|X448"

static bool check_cipher(struct vg_slice s, uint64_t *number)
{
	return vg_units_word(s, CIPHERS, number);
}

static bool check_ciphersuite(struct vg_slice s, uint64_t *number)
{
	return vg_units_word(s, CIPHERSUITES, number);
}

static bool check_group(struct vg_slice s, uint64_t *number)
{
	return vg_units_word(s, GROUPS, number);
}

/* RFC 3986 3.1: a scheme, a colon, and something. */
static bool check_uri(struct vg_slice s, uint64_t *number)
{
	(void)number;
	size_t colon = vg_slice_find(s, ':');
	if (!all(s, is_visible) || !vg_is_alpha(s.ptr[0]) || colon + 1 >= s.len)
		return false;
	for (size_t i = 0; i < colon; i++)
		if (!vg_is_alpha(s.ptr[i]) && !vg_is_digit(s.ptr[i]) && s.ptr[i] != '+' &&
		    s.ptr[i] != '-' && s.ptr[i] != '.')
			return false;
	return true;
}

/* A name in a certificate may be written in any case; it is compared in lower case. */
static bool check_dns(struct vg_slice s, uint64_t *number)
{
	(void)number;
	char lower[HOST_MAX];
	if (s.len > sizeof(lower))
		return false;
	for (size_t i = 0; i < s.len; i++)
		lower[i] = vg_lower(s.ptr[i]);
	return is_host(vg_slice(lower, s.len));
}

static bool check_email(struct vg_slice s, uint64_t *number)
{
	(void)number;
	size_t at = vg_slice_find(s, '@');
	struct vg_slice domain = vg_slice_from(s, at + 1);
	return all(s, is_visible) && at > 0 && domain.len > 0 &&
	       vg_slice_find(domain, '@') == domain.len;
}

static bool check_address(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_addr addr;
	return vg_addr_parse(s, &addr);
}

static bool check_authority(struct vg_slice s, uint64_t *number)
{
	(void)number;
	return vg_upstream_host(s);
}

/* What a certificate can name a server by. */
static bool check_server_name(struct vg_slice s, uint64_t *number)
{
	return is_host(s) || check_address(s, number);
}

static bool check_network(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_prefix prefix;
	return vg_prefix_parse(s, &prefix);
}

static bool check_dn(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_arena arena;
	struct vg_slice canonical;
	vg_arena_init(&arena, SCRATCH_MAX);
	bool good = vg_cert_subject(s, &arena, &canonical) && canonical.len > 0;
	vg_arena_fini(&arena);
	return good;
}

static bool check_sha256(struct vg_slice s, uint64_t *number)
{
	(void)number;
	uint8_t digest[32];
	return vg_unhex(s, digest, sizeof(digest));
}

static bool check_date(struct vg_slice s, uint64_t *number)
{
	(void)number;
	int64_t days;
	return vg_date_parse(s, &days);
}

static bool check_span(struct vg_slice s, uint64_t *number)
{
	(void)number;
	int64_t from, until;
	return vg_hours_span(s, &from, &until);
}

static bool check_hours(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_hours_item item;
	return vg_hours_item(&item, s);
}

static bool check_time(struct vg_slice s, uint64_t *number)
{
	(void)number;
	int64_t us;
	return vg_time_parse(s, &us);
}

static bool check_request(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_slice method, url = s;
	return vg_slice_cut(&url, ' ', &method) && vg_is_token(method) &&
	       vg_slice_starts(url, VG_SLICE("https://"));
}

static bool check_expect(struct vg_slice s, uint64_t *number)
{
	(void)number;
	struct vg_expect expect;
	return vg_expect_parse(&expect, s);
}

static bool check_method(struct vg_slice s, uint64_t *number)
{
	*number = vg_method_of(s);
	return *number < VG_METHOD_COUNT;
}

static bool check_media_type(struct vg_slice s, uint64_t *number)
{
	(void)number;
	size_t slash = vg_slice_find(s, '/');
	return all(vg_slice_first(s, slash), is_media_char) &&
	       all(vg_slice_from(s, slash + 1), is_media_char);
}

static bool check_count(struct vg_slice s, uint64_t *number)
{
	int64_t value;
	if (!vg_units_int(s, &value) || value < 0)
		return false;
	*number = (uint64_t)value;
	return true;
}

static bool check_workers(struct vg_slice s, uint64_t *number)
{
	*number = 0;
	return vg_slice_eq(s, VG_SLICE("auto")) || check_count(s, number);
}

static bool check_size(struct vg_slice s, uint64_t *number)
{
	return vg_units_size(s, number);
}

static bool check_byte_rate(struct vg_slice s, uint64_t *number)
{
	return vg_units_byte_rate(s, number);
}

static bool check_duration(struct vg_slice s, uint64_t *number)
{
	return vg_units_duration(s, number);
}

static bool check_rate(struct vg_slice s, uint64_t *number)
{
	return vg_units_rate(s, number);
}

static const struct {
	bool (*check)(struct vg_slice s, uint64_t *number);
	const char *text;
	const char *words;
} rows[] = {
#define VG_TYPE(NAME, function, text) {function, text, NULL},
#define VG_WORDS(NAME, words) {NULL, NULL, words},
#include "config/check.def"
};

bool vg_check(enum vg_type type, struct vg_slice value, uint64_t *number)
{
	*number = 0;
	if (rows[type].words != NULL)
		return vg_units_word(value, rows[type].words, number);
	return rows[type].check(value, number);
}

const char *vg_check_words(enum vg_type type)
{
	return rows[type].words;
}

const char *vg_check_text(enum vg_type type)
{
	return rows[type].text;
}
