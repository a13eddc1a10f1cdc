#include "policy/image.h"

#include "policy/path.h"
#include "policy/route.h"

/*
 * Each section has a function that checks one of its rows: check_NAME. Sections are checked when
 * all of them are known to lie in the block, the last one first: most references lead to a later
 * section, whose rows are good by then. Rows of earlier sections may be looked at, not followed.
 */

static bool in_text(const struct vg_image *image, struct vg_str str)
{
	return str.len <= vg_img_text_count(image) &&
	       str.offset <= vg_img_text_count(image) - str.len;
}

/* A text that rows are sorted or found by. */
static bool is_key(const struct vg_image *image, struct vg_str str)
{
	return in_text(image, str) && str.len <= VG_IMG_KEY_MAX;
}

static bool in_rows(struct vg_span span, uint32_t count)
{
	return span.count <= count && span.first <= count - span.count;
}

static bool holds(struct vg_span span, uint32_t row)
{
	return row >= span.first && row - span.first < span.count;
}

static bool in_items(const struct vg_image *image, struct vg_span span)
{
	return in_rows(span, vg_img_item_count(image));
}

static bool is_value(const struct vg_image *image, const struct vg_img_value *value)
{
	return value->type < VG_VALUE_TYPES && in_text(image, value->words);
}

static const char *check_text(const struct vg_image *image, uint32_t at)
{
	(void)image, (void)at;
	return NULL; /* bytes mean nothing by themselves; see check_rows */
}

static const char *check_gateway(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_gateway *row = &vg_img_gateways(image)[at];
	if (!in_text(image, row->node) || !in_text(image, row->state) ||
	    !in_text(image, row->run) || !in_text(image, row->control) ||
	    !in_text(image, row->user) || !in_text(image, row->ciphers) ||
	    !in_text(image, row->ciphersuites) || !in_text(image, row->groups))
		return "gateway: a text lies outside";
	if (!in_rows(row->proxy_protocol_from, vg_img_prefix_count(image)) ||
	    !in_rows(row->probes_from, vg_img_prefix_count(image)))
		return "gateway: networks lie outside";
	if (row->tls_min != 0x0303 && row->tls_min != 0x0304)
		return "gateway: unknown TLS version";
	if (row->disclose_ca > 1)
		return "gateway: a switch that is neither on nor off";
	return NULL;
}

static const char *check_listener(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_listener *row = &vg_img_listeners(image)[at];
	return memchr(row->zone, '\0', sizeof(row->zone)) != NULL ? NULL
								  : "listener: a zone without end";
}

static const char *check_cert(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_cert *row = &vg_img_certs(image)[at];
	if (!in_text(image, row->path) || !in_text(image, row->key_path) ||
	    !in_text(image, row->where.file) || !in_rows(row->chain, vg_img_der_count(image)))
		return "cert: a reference lies outside";
	if (row->chain.count == 0)
		return "cert: no certificate";
	bool in_order = at == 0 || row[-1].upstream <= row->upstream;
	return in_order && row->upstream <= 1 ? NULL : "cert: for whom it is, or out of order";
}

/* One that has a path needs it, and the kernel has its own bound for a socket's. */
static bool is_sink_path(const struct vg_img_sink *row)
{
	if (row->kind == VG_SINK_UNIX)
		return row->path.len > 0 && row->path.len <= VG_SINK_PATH_MAX;
	return row->kind != VG_SINK_FILE || row->path.len > 0;
}

static const char *check_sink(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_sink *row = &vg_img_sinks(image)[at];
	if (!in_text(image, row->name) || !in_text(image, row->path))
		return "sink: a text lies outside";
	if (row->kind >= VG_SINK_KINDS || row->format >= VG_FORMATS || row->head >= VG_HEADS ||
	    row->facility > 23 || row->identifiers >= VG_IDENTIFIERS || row->on_full >= VG_FULLS)
		return "sink: unknown kind, format or facility";
	if (row->events == 0 || row->events > VG_SINK_EVENTS_ALL || row->spool == 0)
		return "sink: no events, or no spool";
	return is_sink_path(row) ? NULL : "sink: no path";
}

/* By host, then the longer prefix first; no two are alike. */
static bool services_in_order(const struct vg_image *image, const struct vg_img_service *a,
			      const struct vg_img_service *b)
{
	int order = vg_slice_cmp(vg_img_str(image, a->host), vg_img_str(image, b->host));
	if (order != 0 || a->prefix.len != b->prefix.len)
		return order < 0 || (order == 0 && a->prefix.len > b->prefix.len);
	return vg_slice_cmp(vg_img_str(image, a->prefix), vg_img_str(image, b->prefix)) < 0;
}

static bool is_prefix(struct vg_slice prefix)
{
	return prefix.len == 0 ||
	       (prefix.len > 1 && prefix.ptr[0] == '/' && prefix.ptr[prefix.len - 1] != '/');
}

static const char *check_service(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_service *row = &vg_img_services(image)[at];
	if (!in_text(image, row->name) || !is_key(image, row->host) ||
	    !is_key(image, row->upstream_host) || !is_key(image, row->prefix) ||
	    !in_text(image, row->where.file) ||
	    !in_rows(row->upstreams, vg_img_upstream_count(image)) ||
	    !in_rows(row->set_headers, vg_img_set_header_count(image)))
		return "service: a reference lies outside";
	if (!is_key(image, row->health_path) ||
	    (row->health_path.len > 0) != (row->health_every_ms > 0))
		return "service: no health check";
	if (row->set_headers.count > VG_IMG_SET_HEADERS_MAX)
		return "service: too many headers are set";
	if (row->balance >= VG_BALANCES || row->forward_identity >= VG_FORWARDS ||
	    row->has_data > 1)
		return "service: unknown value";
	if (row->host.len == 0 || row->upstream_host.len == 0 || row->upstreams.count == 0)
		return "service: no host, or no upstream";
	if (!is_prefix(vg_img_str(image, row->prefix)))
		return "service: not a prefix";
	/* The row before was checked before. */
	if (at > 0 && !services_in_order(image, row - 1, row))
		return "service: out of order";
	return NULL;
}

/* What vendors are shown is shown to them alone. */
static bool is_shown_upstream(const struct vg_image *image, uint32_t cert)
{
	return cert == VG_NO_ROW ||
	       (cert < vg_img_cert_count(image) && vg_img_certs(image)[cert].upstream == 1);
}

static const char *check_upstream(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_upstream *row = &vg_img_upstreams(image)[at];
	if (!in_text(image, row->text) || !is_key(image, row->host) || !is_key(image, row->name) ||
	    !in_rows(row->cas, vg_img_der_count(image)))
		return "upstream: a reference lies outside";
	if (row->tls > 1)
		return "upstream: unknown value";
	/* There is no TLS without somebody to trust and a name to hold them to. */
	if (row->tls != 0 && (row->cas.count == 0 || row->name.len == 0))
		return "upstream: TLS without a CA or a name";
	if (row->tls != 0 && !is_shown_upstream(image, row->cert))
		return "upstream: not a certificate for it";
	return NULL;
}

static const char *check_set_header(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_set_header *row = &vg_img_set_headers(image)[at];
	if (!is_key(image, row->name) || !is_key(image, row->value) || !in_text(image, row->path) ||
	    !in_text(image, row->where.file))
		return "set_header: a text lies outside";
	return row->name.len > 0 ? NULL : "set_header: no name";
}

/* Where rows are sorted by vendor, its span is whole if both ends are its own. */
static bool owns_idents(const struct vg_image *image, uint32_t vendor, struct vg_span span)
{
	const struct vg_img_ident *rows = vg_img_idents(image);
	return in_rows(span, vg_img_ident_count(image)) &&
	       (span.count == 0 || (rows[span.first].vendor == vendor &&
				    rows[span.first + span.count - 1].vendor == vendor));
}

static bool owns_rules(const struct vg_image *image, uint32_t vendor, struct vg_span span)
{
	const struct vg_img_rule *rows = vg_img_rules(image);
	return in_rows(span, vg_img_rule_count(image)) &&
	       (span.count == 0 || (rows[span.first].vendor == vendor &&
				    rows[span.first + span.count - 1].vendor == vendor));
}

static bool in_hours(const struct vg_image *image, const struct vg_img_hours *hours)
{
	return in_rows(hours->windows, vg_img_window_count(image)) &&
	       in_rows(hours->closed, vg_img_day_count(image));
}

static const char *check_vendor(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_vendor *row = &vg_img_vendors(image)[at];
	if (!is_key(image, row->id) || !in_text(image, row->where.file) ||
	    !in_hours(image, &row->hours))
		return "vendor: a reference lies outside";
	if (row->id.len == 0 || row->mode >= VG_MODES || row->hide > 1)
		return "vendor: unknown value";
	if (!owns_idents(image, at, row->idents) || !owns_rules(image, at, row->rules))
		return "vendor: identities or rules are not its own";
	if (at > 0 && vg_slice_cmp(vg_img_str(image, row[-1].id), vg_img_str(image, row->id)) >= 0)
		return "vendor: out of order";
	return NULL;
}

/* An address is 16 bytes, whoever reads it. */
static bool is_name(const struct vg_image *image, uint32_t kind, struct vg_str value)
{
	return is_key(image, value) && value.len > 0 &&
	       (kind != VG_NAME_IP || value.len == sizeof(struct vg_addr));
}

static const char *check_ident_names(const struct vg_image *image, const struct vg_img_ident *row)
{
	uint32_t all = 0;
	for (uint32_t kind = 0; kind < VG_NAME_KINDS; kind++) {
		struct vg_span span = row->names[kind];
		if (!in_items(image, span) || span.count > VG_IMG_NAMES_MAX)
			return "ident: names lie outside";
		for (uint32_t i = 0; i < span.count; i++)
			if (!is_name(image, kind, vg_img_items(image)[span.first + i]))
				return "ident: not a name";
		all += span.count;
	}
	/* AND over nothing would hold for everybody. */
	return all > 0 ? NULL : "ident: no name";
}

static const char *check_ident(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_ident *row = &vg_img_idents(image)[at];
	if (row->vendor >= vg_img_vendor_count(image) ||
	    !holds(vg_img_vendors(image)[row->vendor].idents, at))
		return "ident: not of its vendor";
	if (at > 0 && row[-1].vendor > row->vendor)
		return "ident: out of order";
	if (!in_text(image, row->name) || !in_text(image, row->where.file) ||
	    !in_rows(row->cas, vg_img_der_count(image)) ||
	    !in_rows(row->pins, vg_img_pin_count(image)) ||
	    !in_rows(row->networks, vg_img_prefix_count(image)))
		return "ident: a reference lies outside";
	if (row->cas.count == 0)
		return "ident: no CA";
	return check_ident_names(image, row);
}

static const char *check_name(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_name *row = &vg_img_names(image)[at];
	if (row->kind >= VG_NAME_KINDS || row->ident >= vg_img_ident_count(image) ||
	    !is_name(image, row->kind, row->value))
		return "name: unknown kind, identity or value";
	if (at == 0 || row[-1].kind < row->kind)
		return NULL;
	if (row[-1].kind > row->kind ||
	    vg_slice_cmp(vg_img_str(image, row[-1].value), vg_img_str(image, row->value)) > 0)
		return "name: out of order";
	return NULL;
}

static const char *check_rule_segments(const struct vg_image *image, struct vg_span span)
{
	uint32_t captures = 0;
	if (!in_rows(span, vg_img_segment_count(image)) || span.count > VG_PATH_SEGMENTS_MAX)
		return "rule: segments lie outside, or are too many";
	for (uint32_t i = 0; i < span.count; i++) {
		uint8_t kind = vg_img_segments(image)[span.first + i].kind;
		if (kind == VG_SEGMENT_REST && i + 1 < span.count)
			return "rule: ** is not last";
		captures += kind == VG_SEGMENT_TYPED || kind == VG_SEGMENT_UNTYPED;
	}
	return captures <= VG_CAPTURES_MAX ? NULL : "rule: too many captures";
}

static const char *check_rule_params(const struct vg_image *image, struct vg_span span)
{
	if (!in_rows(span, vg_img_param_count(image)) || span.count > VG_IMG_PARAMS_MAX)
		return "rule: parameters lie outside, or are too many";
	const struct vg_img_param *rows = vg_img_params(image) + span.first;
	for (uint32_t i = 1; i < span.count; i++)
		if (vg_slice_cmp(vg_img_str(image, rows[i - 1].name),
				 vg_img_str(image, rows[i].name)) >= 0)
			return "rule: parameters out of order";
	return NULL;
}

static const char *check_rule_order(const struct vg_image *image, const struct vg_img_rule *a,
				    const struct vg_img_rule *b)
{
	if (a->vendor != b->vendor || a->service != b->service) {
		bool in_order = a->vendor < b->vendor ||
				(a->vendor == b->vendor && a->service < b->service);
		return in_order ? NULL : "rule: out of order";
	}
	return vg_route_order(image, a, b) <= 0 ? NULL : "rule: a less specific one stands before";
}

/* A wrong one would hide the rule: that denies, but not for the reason that it should. */
static const char *check_rule_lead(const struct vg_image *image, uint32_t at)
{
	struct vg_img_lead lead = vg_route_lead(image, &vg_img_rules(image)[at]);
	const struct vg_img_lead *row = &vg_img_leads(image)[at];
	return row->hash == lead.hash && row->count == lead.count
		       ? NULL
		       : "rule: not the hash of its pattern";
}

static const char *check_rule(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_rule *row = &vg_img_rules(image)[at];
	if (row->vendor >= vg_img_vendor_count(image) ||
	    !holds(vg_img_vendors(image)[row->vendor].rules, at))
		return "rule: not of its vendor";
	if (row->service >= vg_img_service_count(image))
		return "rule: no such service";
	if (!in_text(image, row->name) || !in_text(image, row->pattern) ||
	    !in_text(image, row->where.file) || !in_items(image, row->types) ||
	    !in_items(image, row->answer_headers) || !in_items(image, row->answer_types) ||
	    !in_hours(image, &row->hours))
		return "rule: a reference lies outside";
	if (row->slash > 1 || row->errors >= VG_ERRORS ||
	    row->methods >= VG_METHOD_BIT(VG_METHOD_COUNT))
		return "rule: unknown value";
	const char *fault = check_rule_segments(image, row->segments);
	if (fault == NULL)
		fault = check_rule_lead(image, at);
	if (fault == NULL)
		fault = check_rule_params(image, row->params);
	if (fault == NULL)
		fault = check_rule_params(image, row->headers);
	if (fault == NULL && at > 0)
		fault = check_rule_order(image, row - 1, row);
	return fault;
}

static const char *check_lead(const struct vg_image *image, uint32_t at)
{
	(void)image, (void)at;
	return NULL; /* compared with its rule */
}

static bool literals_in_order(const struct vg_image *image, const struct vg_img_literal *a,
			      const struct vg_img_literal *b)
{
	if (a->service != b->service || a->place != b->place)
		return a->service < b->service || (a->service == b->service && a->place < b->place);
	return vg_slice_cmp(vg_img_str(image, a->text), vg_img_str(image, b->text)) < 0;
}

/* One that is missing hides a segment, and shows none: they need not be compared with rules. */
static const char *check_literal(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_literal *row = &vg_img_literals(image)[at];
	if (row->service >= vg_img_service_count(image) || row->place >= VG_PATH_SEGMENTS_MAX ||
	    !is_key(image, row->text) || row->text.len == 0)
		return "literal: no such service, place or text";
	return at == 0 || literals_in_order(image, row - 1, row) ? NULL : "literal: out of order";
}

static const char *check_segment(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_segment *row = &vg_img_segments(image)[at];
	if (!is_key(image, row->prefix) || !is_key(image, row->suffix) ||
	    !in_text(image, row->name) || !is_value(image, &row->value))
		return "segment: a reference lies outside";
	if (row->kind >= VG_SEGMENT_KINDS)
		return "segment: unknown kind";
	bool typed = row->value.type != VG_VALUE_ANY;
	return row->kind != VG_SEGMENT_TYPED || typed ? NULL : "segment: no type";
}

static const char *check_param(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_param *row = &vg_img_params(image)[at];
	if (!is_key(image, row->name) || !is_value(image, &row->value))
		return "param: a reference lies outside";
	return row->required <= 1 ? NULL : "param: unknown value";
}

static const char *check_item(const struct vg_image *image, uint32_t at)
{
	return in_text(image, vg_img_items(image)[at]) ? NULL : "item: text lies outside";
}

static const char *check_der(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_der *row = &vg_img_ders(image)[at];
	if (!in_text(image, row->bytes))
		return "der: bytes lie outside";
	return row->is_ca <= 1 ? NULL : "der: unknown value";
}

static const char *check_pin(const struct vg_image *image, uint32_t at)
{
	(void)image, (void)at;
	return NULL; /* every digest is one */
}

static const char *check_window(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_window *row = &vg_img_windows(image)[at];
	if (row->zone >= vg_img_zone_count(image))
		return "window: no such zone";
	return row->from < 1440 && row->to <= 1440 ? NULL : "window: not a time of day";
}

static const char *check_day(const struct vg_image *image, uint32_t at)
{
	(void)image, (void)at;
	return NULL; /* every number is one */
}

static const char *check_zone(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_zone *row = &vg_img_zones(image)[at];
	if (!in_text(image, row->name) || !in_rows(row->shifts, vg_img_shift_count(image)))
		return "zone: a reference lies outside";
	if (row->shifts.count == 0)
		return "zone: no offset";
	const struct vg_img_shift *shifts = vg_img_shifts(image) + row->shifts.first;
	for (uint32_t i = 1; i < row->shifts.count; i++)
		if (shifts[i].at <= shifts[i - 1].at)
			return "zone: shifts out of order";
	return NULL;
}

static const char *check_shift(const struct vg_image *image, uint32_t at)
{
	const struct vg_img_shift *row = &vg_img_shifts(image)[at];
	return row->offset > -86400 && row->offset < 86400 ? NULL : "shift: more than a day";
}

static const char *check_prefix(const struct vg_image *image, uint32_t at)
{
	return vg_img_prefixs(image)[at].bits <= 128 ? NULL : "prefix: too many bits";
}

static const struct {
	const char *(*check)(const struct vg_image *image, uint32_t at);
	size_t row_size;
} sections[VG_SECTION_COUNT] = {
#define VG_SECTION(NAME, name, row) {check_##name, sizeof(row)},
#include "policy/image.def"
#undef VG_SECTION
};

static const char *check_header(const struct vg_image_header *header, size_t size)
{
	if (header->magic != VG_IMAGE_MAGIC)
		return "not a policy image";
	if (header->layout != VG_IMAGE_LAYOUT)
		return "a layout of another version";
	return header->size == size ? NULL : "cut short, or too long";
}

/* Each section lies in the block, aligned, and behind the one before it. */
static const char *check_layout(const struct vg_image_header *header, size_t size)
{
	size_t end = sizeof(*header);
	for (size_t i = 0; i < VG_SECTION_COUNT; i++) {
		uint64_t offset = header->section[i].offset, count = header->section[i].count;
		if (offset % 8 != 0 || offset < end || offset > size)
			return "a section is misplaced";
		if (count > (size - offset) / sections[i].row_size)
			return "a section is cut short";
		end = offset + count * sections[i].row_size;
	}
	if (header->section[VG_SECTION_LEAD].count != header->section[VG_SECTION_RULE].count)
		return "not as many leads as rules";
	return header->section[VG_SECTION_GATEWAY].count == 1 ? NULL : "not one gateway row";
}

static const char *check_rows(const struct vg_image *image)
{
	_Static_assert(VG_SECTION_TEXT == 0, "it is left out: most bytes of an image are in it");
	for (size_t i = VG_SECTION_COUNT - 1; i > VG_SECTION_TEXT; i--) {
		uint32_t count = (uint32_t)image->header->section[i].count;
		for (uint32_t at = 0; at < count; at++) {
			const char *fault = sections[i].check(image, at);
			if (fault != NULL)
				return fault;
		}
	}
	return NULL;
}

bool vg_image_open(struct vg_image *image, const void *block, size_t size, const char **fault)
{
	*image = (struct vg_image){.header = block, .size = size};
	if (block == NULL || (uintptr_t)block % 8 != 0 || size > VG_IMAGE_MAX ||
	    size < sizeof(struct vg_image_header))
		*fault = "not a block of memory that could hold a policy image";
	else
		*fault = check_header(image->header, size);
	if (*fault == NULL)
		*fault = check_layout(image->header, size);
	if (*fault == NULL)
		*fault = check_rows(image);
	if (*fault != NULL)
		*image = (struct vg_image){0};
	return *fault == NULL;
}

bool vg_img_in_networks(const struct vg_image *image, struct vg_span prefixes,
			const struct vg_addr *addr)
{
	const struct vg_prefix *rows = vg_img_prefixs(image) + prefixes.first;
	for (uint32_t i = 0; i < prefixes.count; i++)
		if (vg_prefix_has(&rows[i], addr))
			return true;
	return false;
}

uint32_t vg_img_find_vendor(const struct vg_image *image, struct vg_slice id)
{
	const struct vg_img_vendor *rows = vg_img_vendors(image);
	uint32_t low = 0, high = vg_img_vendor_count(image);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = vg_slice_cmp(vg_img_str(image, rows[mid].id), id);
		if (order == 0)
			return mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return VG_NO_ROW;
}
