/*
 * The policy image: everything that the running gateway knows of its configuration, as one flat
 * block of memory that holds no pointer. `vendgatectl compile` writes it (config/compile.h), every
 * role maps it read-only, vg_decide() reads nothing else, and the tests build it in memory.
 *
 * A block begins with struct vg_image_header, then the sections in the order of image.def, each
 * aligned to 8. vg_image_open() checks every offset, count, index and enum in it once, in time
 * linear in its size, and that rows lie in the order that image.def names; after that the
 * accessors need no checks. A service has an upstream, an identity a CA and a name: an image
 * where one has none is refused too.
 *
 * Rows are in host byte order: an image never leaves its machine.
 */
#ifndef VG_POLICY_IMAGE_H
#define VG_POLICY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "base/slice.h"

#define VG_IMAGE_MAGIC UINT32_C(0x49474756) /* "VGGI" */
#define VG_IMAGE_LAYOUT UINT32_C(11)
#define VG_IMAGE_MAX ((size_t)1 << 30)
#define VG_NO_ROW UINT32_MAX /* an index that names no row */

/* Bounds that vg_image_open holds an image to, and the compiler what people write. */
#define VG_IMG_KEY_MAX 1024       /* bytes of a host, prefix, id, name, parameter or segment */
#define VG_IMG_NAMES_MAX 256      /* names of one kind in an identity */
#define VG_IMG_PARAMS_MAX 256     /* query parameters of a rule; listed header fields of it */
#define VG_IMG_SET_HEADERS_MAX 32 /* of a service */

enum vg_section {
#define VG_SECTION(NAME, name, row) VG_SECTION_##NAME,
#include "policy/image.def"
#undef VG_SECTION
	VG_SECTION_COUNT
};

/* Bytes of the TEXT section: where they begin and how many; {0, 0} is the empty string. */
struct vg_str {
	uint32_t offset;
	uint32_t len;
};

/* Rows of another section: [first, first + count). */
struct vg_span {
	uint32_t first;
	uint32_t count;
};

/* Where a person wrote it: for explain, and for the event's rule_line. */
struct vg_where {
	struct vg_str file;
	uint32_t line;
	uint32_t pad;
};

/* So many a second, and so many at once; 0 a second: unlimited. */
struct vg_img_rate {
	uint32_t per_second;
	uint32_t burst;
};

#define VG_TLS_CHOICE_MAX 256 /* bytes of ciphers, ciphersuites, groups */

struct vg_img_gateway {
	struct vg_str node;
	struct vg_str state; /* directories, absolute */
	struct vg_str run;
	struct vg_str control; /* path of the control socket, absolute */
	struct vg_str user;    /* "" where the gateway stays who started it */
	struct vg_str ciphers; /* as OpenSSL takes them; "": as it likes */
	struct vg_str ciphersuites;
	struct vg_str groups;
	struct vg_span proxy_protocol_from; /* of PREFIX, as is the next */
	struct vg_span probes_from;
	struct vg_img_rate handshakes;
	uint32_t workers; /* 0: one for each processor that the gateway may use */
	uint32_t drain_ms;
	uint32_t connections;             /* in all; 0: half of the descriptors */
	uint32_t connections_per_address; /* 0: unlimited */
	uint32_t header_bytes;
	uint32_t header_timeout_ms;
	uint32_t idle_timeout_ms;
	uint32_t request_timeout_ms;
	uint64_t body_rate;    /* bytes a second that a vendor must keep to; 0: any */
	struct vg_addr health; /* where health_port is not 0 */
	uint16_t health_port;  /* 0: no health listener */
	uint16_t tls_min;      /* 0x0303 or 0x0304 */
	uint8_t disclose_ca;
	uint8_t pad[3];
	uint64_t max_body;
	uint8_t rest[32]; /* as the header's gen, without the server's own certificates */
};

struct vg_img_listener {
	struct vg_addr addr;
	char zone[VG_ZONE_TEXT]; /* of a link-local address its interface; else "" */
	uint16_t port;
	uint16_t pad[3];
};

/* A certificate whose key the gateway has: those of [tls], then those of services. */
struct vg_img_cert {
	struct vg_span chain;   /* of DER, the leaf first */
	struct vg_str path;     /* absolute, as is the key's */
	struct vg_str key_path; /* only the keys role opens it */
	struct vg_where where;  /* the item of `certificate`, or `upstream_certificate` */
	uint32_t key_line;      /* and that of its key */
	uint32_t upstream;      /* 1: it is shown to upstreams, and to no vendor */
	uint64_t stamp;         /* of the file as it was read: sys/file.h */
};

enum vg_sink_kind {
	VG_SINK_UDP,
	VG_SINK_FILE,
	VG_SINK_TCP,
	VG_SINK_UNIX,
	VG_SINK_STDOUT,
	VG_SINK_KINDS
};
enum vg_format { VG_FORMAT_SD, VG_FORMAT_JSON, VG_FORMATS };
enum vg_syslog_head {
	VG_HEAD_RFC5424,
	VG_HEAD_RFC3164,
	VG_HEAD_NONE,
	VG_HEAD_LOCAL, /* RFC 3164 without a host, as syslog(3) writes to /dev/log */
	VG_HEADS
};
enum vg_identifiers {
	VG_IDENTIFIERS_HMAC,
	VG_IDENTIFIERS_PLAIN,
	VG_IDENTIFIERS_OMIT,
	VG_IDENTIFIERS
};
enum vg_on_full { VG_FULL_DROP_OLDEST, VG_FULL_DROP_NEWEST, VG_FULL_DENY, VG_FULLS };

#define VG_SINK_EVENTS_ALL UINT16_C(0x3ff)
#define VG_SINK_PATH_MAX 107 /* of a unix socket: sockaddr_un holds no more */

struct vg_img_sink {
	struct vg_str name;
	struct vg_str path; /* of a file or socket; absolute */
	struct vg_addr addr;
	uint16_t port;
	uint8_t kind;        /* enum vg_sink_kind */
	uint8_t format;      /* enum vg_format */
	uint8_t head;        /* enum vg_syslog_head */
	uint8_t facility;    /* syslog's number, 0 to 23 */
	uint8_t identifiers; /* enum vg_identifiers */
	uint8_t on_full;     /* enum vg_on_full */
	uint16_t events;     /* bit N: those with codes of VGNxxx */
	uint16_t pad[3];
	uint64_t spool;     /* bytes of the log that its cursor may lag by */
	uint8_t fields[32]; /* bit N: the field with that number (vocab/field.def) */
};

/* What tells an upstream who asks. */
enum vg_forward {
	VG_FORWARD_NONE,
	VG_FORWARD_HEADERS,     /* X-Vendor-Id and the like */
	VG_FORWARD_CLIENT_CERT, /* RFC 9440 */
	VG_FORWARD_XFCC,        /* X-Forwarded-Client-Cert */
	VG_FORWARDS
};

enum vg_balance { VG_BALANCE_ROUND_ROBIN, VG_BALANCE_LEAST_CONN, VG_BALANCES };

struct vg_img_service {
	struct vg_str name;
	struct vg_str host;          /* lower case, no port */
	struct vg_str upstream_host; /* the upstream's Host: lower case, maybe a port */
	struct vg_str prefix;        /* "" or "/seg[/seg…]", normalised, no final slash */
	struct vg_span upstreams;
	struct vg_span set_headers;
	struct vg_str health_path; /* that each upstream is asked for; "": it isn't checked */
	uint32_t health_every_ms;
	uint32_t connect_timeout_ms;
	uint8_t balance;          /* enum vg_balance */
	uint8_t forward_identity; /* enum vg_forward */
	uint8_t has_data;         /* it has `data`: answers are marked no-store */
	uint8_t pad;
	struct vg_where where;
};

struct vg_img_upstream {
	struct vg_addr addr; /* where host is "" */
	uint16_t port;
	uint8_t tls; /* 1: https */
	uint8_t pad;
	uint32_t cert;      /* of TLS: what it is shown where it asks; a row of CERT or VG_NO_ROW */
	struct vg_str text; /* as written, for events */
	struct vg_str host; /* a DNS name that the broker resolves, lower case; or "" */
	struct vg_str name; /* of TLS: what its certificate must bear, a DNS name or an address */
	struct vg_span cas; /* of DER; of TLS: at least one */
};

/* A field that every request to the service's upstreams has, in place of the vendor's. */
struct vg_img_set_header {
	struct vg_str name;
	struct vg_str value; /* before the secret, where there is one */
	struct vg_str path;  /* of the file that holds it, absolute, which only the keys role opens;
				or "" */
	struct vg_where where;
};

/* A time zone: what to add to UTC, from when on. */
struct vg_img_zone {
	struct vg_str name;
	struct vg_span shifts; /* by time; the first comes before all time */
};

struct vg_img_shift {
	int64_t at;     /* seconds since 1970 UTC */
	int32_t offset; /* seconds, east of UTC */
	uint32_t pad;
};

struct vg_img_window {
	uint32_t zone;
	uint32_t monthdays; /* bit N: day N of the month */
	uint16_t from, to;  /* minutes of the local day; to <= from: over midnight */
	uint8_t weekdays;   /* bit 0: Monday */
	uint8_t pad[3];
};

struct vg_img_day {
	int64_t day; /* since 1970-01-01, of a local calendar */
};

enum vg_mode { VG_MODE_ENFORCE, VG_MODE_SUSPENDED, VG_MODES };

/* When something is allowed: policy/calendar.h. */
struct vg_img_hours {
	struct vg_span windows; /* none: always */
	struct vg_span closed;  /* of DAY */
};

/* Of a vendor's rows; all times in microseconds since 1970 UTC. */
struct vg_img_vendor {
	struct vg_str id;
	struct vg_span idents;
	struct vg_span rules;
	struct vg_img_hours hours;
	int64_t contract_from, contract_until; /* without one: all time */
	int64_t assessed_until;                /* without an assessment: INT64_MAX */
	uint8_t mode;                          /* enum vg_mode */
	uint8_t hide;
	uint8_t pad[6];
	struct vg_where where;
};

enum vg_name_kind {
	VG_NAME_URI,     /* exact bytes */
	VG_NAME_DNS,     /* lower case */
	VG_NAME_EMAIL,   /* exact bytes */
	VG_NAME_IP,      /* 16 bytes, struct vg_addr */
	VG_NAME_SUBJECT, /* RFC 4514 text as cert/facts.h writes it */
	VG_NAME_KINDS
};

/* One [identity]: a certificate is this where every kind that is set has one of its values. */
struct vg_img_ident {
	uint32_t vendor;
	uint32_t pad;
	struct vg_span networks;             /* of PREFIX; empty: not set */
	struct vg_str name;                  /* "" for the unnamed one */
	struct vg_span cas;                  /* of DER; at least one */
	struct vg_span names[VG_NAME_KINDS]; /* of ITEM; an empty one is not set, one at least is */
	struct vg_span pins;                 /* of PIN; empty: not set */
	struct vg_where where;
};

struct vg_img_name {
	struct vg_str value;
	uint32_t kind;  /* enum vg_name_kind */
	uint32_t ident; /* the same name may lead to several */
};

/* A certificate, and what the compiler saw when it parsed it: the next one need not. */
struct vg_img_der {
	struct vg_str bytes;
	int64_t not_before, not_after; /* microseconds since 1970 UTC */
	uint8_t is_ca;
	uint8_t pad[7];
};

struct vg_img_pin {
	uint8_t spki_sha256[32];
};

enum vg_value_type {
	VG_VALUE_ANY,   /* no type: in a query 1 to 256 decoded bytes; no typed segment has it */
	VG_VALUE_INT,   /* 0|-?[1-9][0-9]{0,17}, low to high */
	VG_VALUE_UUID,  /* 8-4-4-4-12 hexadecimal digits */
	VG_VALUE_DATE,  /* YYYY-MM-DD of the calendar */
	VG_VALUE_HEX,   /* hexadecimal digits, up to high */
	VG_VALUE_SLUG,  /* [A-Za-z0-9_-], up to high */
	VG_VALUE_TEXT,  /* any decoded bytes that are UTF-8 without controls, up to high */
	VG_VALUE_WORDS, /* one of the words, as written */
	VG_VALUE_TYPES
};

struct vg_img_value {
	int64_t low, high;   /* of an int; high: the most bytes of hex, slug, text */
	struct vg_str words; /* "a|b" */
	uint32_t list;       /* a comma list of up to so many; 0: a single value */
	uint8_t type;        /* enum vg_value_type */
	uint8_t pad[3];
};

enum vg_segment_kind {
	VG_SEGMENT_LITERAL, /* prefix is the whole segment */
	VG_SEGMENT_TYPED,   /* prefix {name:type} suffix */
	VG_SEGMENT_UNTYPED, /* prefix {name} suffix */
	VG_SEGMENT_REST,    /* **: whatever is left, also nothing behind a final slash */
	VG_SEGMENT_KINDS
};

struct vg_img_segment {
	struct vg_str prefix, suffix, name;
	struct vg_img_value value;
	uint8_t kind; /* enum vg_segment_kind */
	uint8_t pad[7];
};

struct vg_img_param {
	struct vg_str name;
	struct vg_img_value value;
	uint8_t required;
	uint8_t pad[7];
};

enum vg_errors { VG_ERRORS_PASS, VG_ERRORS_PROBLEM, VG_ERRORS };

struct vg_img_rule {
	uint32_t vendor;
	uint32_t service;
	struct vg_str name;    /* of the [access] */
	struct vg_str pattern; /* as written: the event's route */
	uint32_t methods;      /* VG_METHOD_BIT; GET brings HEAD */
	uint8_t slash;         /* the pattern ends in a slash */
	uint8_t pad[3];
	struct vg_span segments;
	struct vg_span params;
	struct vg_span headers; /* of PARAM: request fields beside the standard ones, lower case */
	struct vg_span types;   /* of ITEM: media types of a request's body, lower case */
	struct vg_img_hours hours; /* beside the vendor's */
	uint64_t max_body;
	struct vg_span answer_headers; /* of ITEM: its fields, lower case */
	struct vg_span answer_types;   /* of ITEM: as types, of a 2xx answer; empty: any */
	uint64_t max_response;         /* bytes of its body; UINT64_MAX: any number */
	uint32_t response_timeout_ms;
	uint8_t errors; /* enum vg_errors */
	uint8_t pad2[3];
	struct vg_where where;
};

/*
 * The literals that a rule begins with, as a hash (vg_route_lead): most rules are passed over by
 * it alone. These rows lie close together; rules and segments of 10,000 vendors are in no cache.
 */
struct vg_img_lead {
	uint16_t hash;
	uint8_t count; /* of segments */
	uint8_t pad;
};

/*
 * A literal segment of some vendor's rule, and where in the path below the service's prefix it
 * stands: what may be told of a path that no rule matched.
 */
struct vg_img_literal {
	uint32_t service;
	uint32_t place; /* 0: the first segment */
	struct vg_str text;
};

struct vg_image_header {
	uint32_t magic;
	uint32_t layout;
	uint64_t size;   /* of the whole block */
	uint8_t gen[32]; /* SHA-256 over the names and bytes of all input files but secrets */
	struct {
		uint64_t offset; /* from the block's begin, aligned to 8 */
		uint64_t count;  /* rows */
	} section[VG_SECTION_COUNT];
};

/* A block that was checked. It borrows the memory. */
struct vg_image {
	const struct vg_image_header *header;
	size_t size;
};

/*
 * Checks `size` bytes at `block` (aligned to 8) whole, and opens them. On failure *fault says what
 * is wrong, a static string.
 */
bool vg_image_open(struct vg_image *image, const void *block, size_t size, const char **fault)
	VG_MUST_CHECK;

/* vg_img_vendors(image), vg_img_vendor_count(image), and so on for each section. */
#define VG_SECTION(NAME, name, row)                                                                \
	static inline const row *vg_img_##name##s(const struct vg_image *image)                    \
	{                                                                                          \
		return (const row *)(const void *)((const char *)image->header +                   \
						   image->header->section[VG_SECTION_##NAME]       \
							   .offset);                               \
	}                                                                                          \
	static inline uint32_t vg_img_##name##_count(const struct vg_image *image)                 \
	{                                                                                          \
		return (uint32_t)image->header->section[VG_SECTION_##NAME].count;                  \
	}
#include "policy/image.def"
#undef VG_SECTION

/* How many of the certificates are shown to vendors: the first ones. */
static inline uint32_t vg_img_own_count(const struct vg_image *image)
{
	uint32_t count = vg_img_cert_count(image);
	while (count > 0 && vg_img_certs(image)[count - 1].upstream != 0)
		count--;
	return count;
}

static inline const struct vg_img_gateway *vg_img_gateway(const struct vg_image *image)
{
	return vg_img_gateways(image);
}

static inline struct vg_slice vg_img_str(const struct vg_image *image, struct vg_str str)
{
	return vg_slice(vg_img_texts(image) + str.offset, str.len);
}

/* Asks for the memory at `rows`, so that it is there when it is read in a while. */
static inline void vg_img_fetch(const void *rows, size_t bytes)
{
	const char *end = (const char *)rows + bytes;
	for (const char *line = (const char *)((uintptr_t)rows & ~(uintptr_t)63); line < end;
	     line += 64)
		__builtin_prefetch(line);
}

/* The address lies in one of the prefixes. */
bool vg_img_in_networks(const struct vg_image *image, struct vg_span prefixes,
			const struct vg_addr *addr) VG_MUST_CHECK;

/* Index of the vendor with that id, by binary search; VG_NO_ROW where there is none. */
uint32_t vg_img_find_vendor(const struct vg_image *image, struct vg_slice id) VG_MUST_CHECK;

#endif
