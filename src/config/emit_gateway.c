#include "config.h"

#include "config/emit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/effective.h"
#include "config/health.h"
#include "config/units.h"
#include "config/upstream.h"

struct vg_where vg_emit_where(struct vg_emit *emit, const struct vg_set *set)
{
	return (struct vg_where){
		.file = vg_build_text(emit->build, vg_slice_str(set->input->name)),
		.line = set->line,
	};
}

struct vg_str vg_emit_text(struct vg_emit *emit, const struct vg_set_text *text)
{
	return vg_build_text(emit->build, text->value.ptr == NULL ? VG_SLICE_EMPTY : text->value);
}

struct vg_str vg_emit_path(struct vg_emit *emit, const struct vg_set *set, struct vg_slice written)
{
	if (written.ptr == NULL)
		return (struct vg_str){0};
	struct vg_slice name = vg_input_name(emit->inputs, set->input, written);
	return vg_build_text(emit->build, vg_slice_str(vg_input_absolute(emit->inputs, name)));
}

static struct vg_str emit_node(struct vg_emit *emit, const struct vg_set_gateway *gateway)
{
	const char *node = vg_effective_node(gateway, emit->arena);
	if (node == NULL || node[0] == '\0')
		VG_EMIT_ERROR(emit, &gateway->set, gateway->set.line,
			      "the host name can't name this gateway; set node");
	return vg_build_text(emit->build, node == NULL ? VG_SLICE_EMPTY : vg_slice_str(node));
}

/* A socket's name is shorter than a path (unix(7)). */
static struct vg_str emit_control(struct vg_emit *emit, const struct vg_set_gateway *gateway)
{
	const char *path = vg_effective_control(gateway, emit->inputs, emit->arena);
	if (path == NULL || strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		VG_EMIT_ERROR(
			emit, &gateway->set, gateway->control.line,
			"control \"%s\" is too long for a socket: at most 107 bytes fit; set a "
			"shorter one",
			path == NULL ? "" : path);
	return vg_build_text(emit->build, path == NULL ? VG_SLICE_EMPTY : vg_slice_str(path));
}

/* As OpenSSL takes it; "" where nothing is chosen. */
static struct vg_str emit_choice(struct vg_emit *emit, const struct vg_set_list *list)
{
	char text[VG_TLS_CHOICE_MAX];
	size_t len = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct vg_slice item = list->items[i].value;
		VG_ASSERT(item.len + 1 <= sizeof(text) - len);
		if (i > 0)
			text[len++] = ':';
		memcpy(text + len, item.ptr, item.len);
		len += item.len;
	}
	return vg_build_text(emit->build, vg_slice(text, len));
}

/* TLS 1.3 has cipher suites of its own. */
static void check_ciphers(struct vg_emit *emit, const struct vg_set_tls *tls, uint16_t least)
{
	if (tls->ciphers.count > 0 && least > 0x0303)
		VG_EMIT_ERROR(
			emit, &tls->set, tls->ciphers.line,
			"ciphers are of TLS 1.2, and min_version refuses it; ciphersuites are "
			"those of TLS 1.3");
}

/* Who may say whose a connection is could be anybody. */
static void warn_of_all(struct vg_emit *emit, const struct vg_set *set,
			const struct vg_set_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (vg_slice_ends(list->items[i].value, VG_SLICE("/0")))
			vg_diag_add(emit->diags, VG_SEVERITY_WARNING, set->input->shown,
				    list->items[i].line,
				    "proxy_protocol_from %.*s lets everybody claim any address: "
				    "list the load balancers alone",
				    VG_SLICE_FMT(list->items[i].value));
}

/* In clear, and for other eyes than what vendors connect to. */
static bool read_listener(struct vg_slice written, struct vg_img_listener *row)
{
	struct vg_slice zone;
	*row = (struct vg_img_listener){0};
	return vg_addr_listen_parse(written, &row->addr, &row->port, &zone) &&
	       vg_slice_text(row->zone, sizeof(row->zone), zone);
}

static void emit_health(struct vg_emit *emit, const struct vg_set_gateway *gateway,
			struct vg_img_gateway *row)
{
	const struct vg_set_text *health = &gateway->health;
	if (health->value.ptr == NULL ||
	    !vg_addr_port_parse(health->value, &row->health, &row->health_port))
		return;
	for (size_t i = 0; i < gateway->listen.count; i++) {
		struct vg_img_listener other;
		if (read_listener(gateway->listen.items[i].value, &other) &&
		    other.port == row->health_port && vg_addr_eq(&other.addr, &row->health))
			VG_EMIT_ERROR(emit, &gateway->set, health->line,
				      "health \"%.*s\" is an address of listen, which vendors "
				      "connect to",
				      VG_SLICE_FMT(health->value));
	}
}

struct vg_span vg_emit_networks(struct vg_emit *emit, const struct vg_set_list *list)
{
	struct vg_span span = {vg_build_count(emit->build, VG_SECTION_PREFIX), 0};
	for (size_t i = 0; i < list->count; i++) {
		struct vg_prefix row;
		if (!vg_prefix_parse(list->items[i].value, &row))
			continue;
		(void)vg_build_row(emit->build, VG_SECTION_PREFIX, &row);
		span.count++;
	}
	return span;
}

static struct vg_img_rate emit_rate(uint64_t rate)
{
	return (struct vg_img_rate){vg_units_rate_count(rate), vg_units_rate_burst(rate)};
}

static void emit_gateway_row(struct vg_emit *emit)
{
	static const uint16_t versions[] = {0x0303, 0x0304}; /* as the words of TLS_VERSION */
	const struct vg_set_gateway *gateway = &emit->model->gateway;
	const struct vg_set_limits *limits = &emit->model->limits;
	struct vg_img_gateway row = {
		.node = emit_node(emit, gateway),
		.state = vg_emit_path(emit, &gateway->set, gateway->state.value),
		.run = vg_emit_path(emit, &gateway->set, gateway->run.value),
		.control = emit_control(emit, gateway),
		.user = vg_emit_text(emit, &gateway->user),
		.workers = (uint32_t)gateway->workers.value,
		.drain_ms = (uint32_t)gateway->drain.value,
		.connections = (uint32_t)limits->connections.value,
		.connections_per_address = (uint32_t)limits->connections_per_address.value,
		.handshakes = emit_rate(limits->handshakes.value),
		.proxy_protocol_from = vg_emit_networks(emit, &gateway->proxy_protocol_from),
		.probes_from = vg_emit_networks(emit, &gateway->probes_from),
		.header_bytes = (uint32_t)limits->header_bytes.value,
		.header_timeout_ms = (uint32_t)limits->header_timeout.value,
		.idle_timeout_ms = (uint32_t)limits->idle_timeout.value,
		.max_body = limits->max_body.value,
		.body_rate = limits->body_rate.value,
		.request_timeout_ms = (uint32_t)limits->request_timeout.value,
		.tls_min = versions[emit->model->tls.min_version.value],
		.ciphers = emit_choice(emit, &emit->model->tls.ciphers),
		.ciphersuites = emit_choice(emit, &emit->model->tls.ciphersuites),
		.groups = emit_choice(emit, &emit->model->tls.groups),
		.disclose_ca = (uint8_t)emit->model->tls.disclose_ca.value,
	};
	emit_health(emit, gateway, &row);
	warn_of_all(emit, &gateway->set, &gateway->proxy_protocol_from);
	check_ciphers(emit, &emit->model->tls, row.tls_min);
	(void)vg_build_row(emit->build, VG_SECTION_GATEWAY, &row);
}

static void emit_listeners(struct vg_emit *emit)
{
	const struct vg_set_list *listen = &emit->model->gateway.listen;
	for (size_t i = 0; i < listen->count; i++) {
		struct vg_img_listener row;
		if (read_listener(listen->items[i].value, &row))
			(void)vg_build_row(emit->build, VG_SECTION_LISTENER, &row);
	}
}

void vg_emit_rest(struct vg_emit *emit, const uint8_t rest[32])
{
	struct vg_img_gateway *row = vg_build_rows(emit->build, VG_SECTION_GATEWAY);
	if (row != NULL)
		memcpy(row->rest, rest, sizeof(row->rest));
}

void vg_emit_gateway(struct vg_emit *emit)
{
	emit_gateway_row(emit);
	emit_listeners(emit);
	vg_emit_own(emit);
	vg_emit_sinks(emit);
}

static struct vg_slice prefix_of(const struct vg_set_service *service)
{
	return service->prefix.value.ptr == NULL ? VG_SLICE_EMPTY : service->prefix.value;
}

/* By host, then the longer prefix first; as they were written where both are the same. */
static int compare_services(const void *a, const void *b)
{
	const struct vg_set_service *x = *(struct vg_set_service *const *)a;
	const struct vg_set_service *y = *(struct vg_set_service *const *)b;
	int order = vg_slice_cmp(x->host.value, y->host.value);
	if (order == 0 && prefix_of(x).len != prefix_of(y).len)
		order = prefix_of(x).len > prefix_of(y).len ? -1 : 1;
	if (order == 0)
		order = vg_slice_cmp(prefix_of(x), prefix_of(y));
	return order != 0 ? order : (x->set.line > y->set.line) - (x->set.line < y->set.line);
}

static bool has_https(const struct vg_set_service *service)
{
	struct vg_upstream_url url;
	for (size_t i = 0; i < service->upstream.count; i++)
		if (vg_upstream_url(service->upstream.items[i].value, &url) && url.tls)
			return true;
	return false;
}

/* What only https has stands nowhere else. */
static void check_plain(struct vg_emit *emit, const struct vg_set_service *service)
{
	const struct {
		const char *key;
		unsigned line;
	} of_https[] = {
		{"upstream_ca", service->upstream_ca.line},
		{"upstream_name", service->upstream_name.line},
		{"upstream_certificate", service->upstream_certificate.line},
		{"upstream_private_key", service->upstream_private_key.line},
	};
	for (size_t i = 0; i < VG_COUNT(of_https); i++)
		if (of_https[i].line != 0)
			VG_EMIT_ERROR(emit, &service->set, of_https[i].line,
				      "%s is of no use: no upstream of [service %.*s] is https",
				      of_https[i].key, VG_SLICE_FMT(service->set.name));
}

/* Verification can't be off: https needs a CA. */
static struct vg_span emit_upstream_cas(struct vg_emit *emit, const struct vg_set_service *service)
{
	const struct vg_set_text *ca = &service->upstream_ca;
	const struct vg_cert_file *file = NULL;
	if (!has_https(service)) {
		check_plain(emit, service);
	} else if (ca->line == 0) {
		VG_EMIT_ERROR(emit, &service->set, service->upstream.line,
			      "[service %.*s] has an https upstream and no upstream_ca: nothing "
			      "would say whose certificate is good",
			      VG_SLICE_FMT(service->set.name));
	} else {
		file = vg_emit_cas(emit, &service->set, ca);
	}
	return file == NULL ? (struct vg_span){0} : file->ders;
}

static struct vg_span emit_upstreams(struct vg_emit *emit, const struct vg_set_service *service)
{
	struct vg_span span = {vg_build_count(emit->build, VG_SECTION_UPSTREAM), 0};
	struct vg_span cas = emit_upstream_cas(emit, service);
	uint32_t cert = vg_emit_upstream_cert(emit, service);
	struct vg_slice name = service->upstream_name.value;
	for (size_t i = 0; i < service->upstream.count; i++) {
		struct vg_upstream_url url;
		if (!vg_upstream_url(service->upstream.items[i].value, &url) ||
		    (url.tls && cas.count == 0))
			continue;
		struct vg_img_upstream row = {
			.addr = url.addr,
			.port = url.port,
			.tls = url.tls,
			.cert = url.tls ? cert : VG_NO_ROW,
			.text = vg_build_text(emit->build, service->upstream.items[i].value),
		};
		if (!url.literal)
			row.host = vg_build_text(emit->build, url.host);
		if (url.tls) {
			row.name = vg_build_text(emit->build, name.ptr == NULL ? url.host : name);
			row.cas = cas;
		}
		(void)vg_build_row(emit->build, VG_SECTION_UPSTREAM, &row);
		span.count++;
	}
	return span;
}

/* Of one that is left out: its files are looked at all the same, so that all errors come at once. */
static void look_at_certs(struct vg_emit *emit, const struct vg_set_service *service)
{
	if (service->upstream_ca.line != 0)
		(void)!vg_emit_cas(emit, &service->set, &service->upstream_ca);
	if (service->upstream_certificate.line != 0)
		(void)!vg_emit_chain(emit, &service->set, &service->upstream_certificate);
}

static struct vg_slice upstream_host_of(const struct vg_set_service *service)
{
	const struct vg_set_text *written = &service->upstream_host;
	return written->line == 0 ? service->host.value : written->value;
}

static uint32_t emit_service(struct vg_emit *emit, const struct vg_set_service *service)
{
	struct vg_img_service row = {
		.name = vg_build_text(emit->build, service->set.name),
		.host = vg_build_text(emit->build, service->host.value),
		.upstream_host = vg_build_text(emit->build, upstream_host_of(service)),
		.prefix = vg_emit_text(emit, &service->prefix),
		.upstreams = emit_upstreams(emit, service),
		.set_headers = vg_emit_set_headers(emit, service),
		.connect_timeout_ms = (uint32_t)service->connect_timeout.value,
		.balance = (uint8_t)service->balance.value,
		.forward_identity = (uint8_t)service->forward_identity.value,
		.has_data = service->data.count > 0,
		.where = vg_emit_where(emit, &service->set),
	};
	struct vg_health_check check;
	if (service->health.line != 0 && vg_health_check(service->health.value, &check)) {
		row.health_path = vg_build_text(emit->build, check.path);
		row.health_every_ms = check.every_ms;
	}
	/* Why there is none has been told. */
	if (row.upstreams.count == 0)
		return VG_NO_ROW;
	return vg_build_row(emit->build, VG_SECTION_SERVICE, &row);
}

static bool same_place(const struct vg_set_service *a, const struct vg_set_service *b)
{
	return vg_slice_eq(a->host.value, b->host.value) && vg_slice_eq(prefix_of(a), prefix_of(b));
}

static void emit_sorted_services(struct vg_emit *emit, struct vg_set_service **sorted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct vg_set_service *service = sorted[i];
		if (i == 0 || !same_place(sorted[i - 1], service)) {
			service->row = emit_service(emit, service);
			continue;
		}
		look_at_certs(emit, service);
		VG_EMIT_ERROR(emit, &service->set, service->host.line,
			      "[service %.*s] has the host and prefix of [service %.*s] in line %u",
			      VG_SLICE_FMT(service->set.name),
			      VG_SLICE_FMT(sorted[i - 1]->set.name), sorted[i - 1]->set.line);
	}
}

void vg_emit_services(struct vg_emit *emit)
{
	size_t count = 0, good = 0;
	for (struct vg_set_service *s = emit->model->services; s != NULL; s = s->next)
		count++;
	struct vg_set_service **sorted = vg_arena_array(emit->arena, count + 1, sizeof(*sorted));
	emit->service_names = vg_arena_array(emit->arena, count + 1, sizeof(*emit->service_names));
	if (sorted == NULL || emit->service_names == NULL) {
		vg_diag_add(emit->diags, VG_SEVERITY_ERROR, "", 0, "out of memory");
		return;
	}
	for (struct vg_set_service *s = emit->model->services; s != NULL; s = s->next) {
		const char *name = vg_arena_dup(emit->arena, s->set.name).ptr;
		emit->service_names[emit->service_count++] = name == NULL ? "" : name;
		if (!s->set.faulty)
			sorted[good++] = s;
		else
			look_at_certs(emit, s);
	}
	qsort(sorted, good, sizeof(struct vg_set_service *), compare_services);
	emit_sorted_services(emit, sorted, good);
}
