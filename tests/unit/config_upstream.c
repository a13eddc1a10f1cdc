/* What a [service] says of its upstreams: URLs, and whole configurations with their rows. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/health.h"
#include "config/set_header.h"
#include "config/upstream.h"
#include "config_tree.h"

static const struct {
	const char *text;
	bool tls, literal;
	const char *host; /* NULL: no upstream */
	uint16_t port;
} urls[] = {
	{"http://10.0.0.7:8080", false, true, "10.0.0.7", 8080},
	{"https://10.0.0.7:443", true, true, "10.0.0.7", 443},
	{"https://[2001:db8::7]:8443", true, true, "2001:db8::7", 8443},
	{"http://residents.internal:80", false, false, "residents.internal", 80},
	{"https://localhost:1", true, false, "localhost", 1},
	{"https://residents.internal", false, false, NULL, 0},
	{"https://residents.internal:", false, false, NULL, 0},
	{"https://residents.internal:0", false, false, NULL, 0},
	{"https://residents.internal:65536", false, false, NULL, 0},
	{"https://residents.internal:8443/", false, false, NULL, 0},
	{"https://residents.internal:84:43", false, false, NULL, 0},
	{"https://user@residents.internal:8443", false, false, NULL, 0},
	{"https://Residents.internal:8443", false, false, NULL, 0},
	{"https://-x.internal:8443", false, false, NULL, 0},
	{"https://10.0.0.256:8443", false, false, NULL, 0},
	{"https://2001:db8::7:8443", false, false, NULL, 0},
	{"https://:8443", false, false, NULL, 0},
	{"HTTPS://residents.internal:8443", false, false, NULL, 0},
	{"ftp://residents.internal:21", false, false, NULL, 0},
	{"10.0.0.7:8080", false, false, NULL, 0},
	{"", false, false, NULL, 0},
};

Test(config_upstream, urls)
{
	for (size_t i = 0; i < VG_COUNT(urls); i++) {
		struct vg_upstream_url url;
		bool good = vg_upstream_url(vg_slice_str(urls[i].text), &url);
		cr_expect_eq(good, urls[i].host != NULL, "%s", urls[i].text);
		if (!good || urls[i].host == NULL)
			continue;
		cr_expect(vg_slice_eq(url.host, vg_slice_str(urls[i].host)), "%s: %.*s",
			  urls[i].text, VG_SLICE_FMT(url.host));
		cr_expect(url.tls == urls[i].tls && url.literal == urls[i].literal &&
				  url.port == urls[i].port,
			  "%s", urls[i].text);
	}
}

static const struct {
	const char *text;
	bool good;
} hosts[] = {
	{"residents.internal", true},
	{"residents.internal:8080", true},
	{"localhost", true},
	{"10.0.0.7", true},
	{"10.0.0.7:80", true},
	{"[2001:db8::7]", true},
	{"[2001:db8::7]:8443", true},
	{"", false},
	{":80", false},
	{"residents.internal:", false},
	{"residents.internal:0", false},
	{"residents.internal:65536", false},
	{"residents.internal:80:80", false},
	{"Residents.internal", false},
	{"residents_internal", false},
	{"-a.internal", false},
	{"a..b", false},
	{"10.0.0", false},
	{"10.0.0.256", false},
	{"2001:db8::7", false},
	{"[2001:db8::7", false},
	{"[]", false},
	{"[10.0.0.7]", false},
	{"http://a", false},
	{"a/b", false},
	{"user@a", false},
	{"a b", false},
};

Test(config_upstream, hosts)
{
	for (size_t i = 0; i < VG_COUNT(hosts); i++)
		cr_expect_eq(vg_upstream_host(vg_slice_str(hosts[i].text)), hosts[i].good, "%s",
			     hosts[i].text);
}

#define GATEWAY                                                                                    \
	"[gateway]\nnode = dmz-1\nlisten = 127.0.0.1:8443\n"                                       \
	"[tls]\ncertificate = server.pem\nprivate_key = server.key\n"                              \
	"[telemetry siem]\nto = udp://127.0.0.1:5140\n"                                            \
	"[service api]\nhost = api.agency.example\n"

#define ACME                                                                                       \
	"[vendor]\nid = acme\n%s[identity]\nca = ../ca/acme.pem\n"                                 \
	"uri = spiffe://acme.example/gateway\n"                                                    \
	"[access all]\nservice = api\nmethods = GET\npath = /**\n"

static struct tree tree;

static void setup(void)
{
	tree_begin(&tree);
}

static void teardown(void)
{
	tree_end(&tree);
}

static const char *compile(const char *service, const char *vendor)
{
	char text[1024];
	(void)snprintf(text, sizeof(text), "%s%s", GATEWAY, service);
	tree_write(&tree, "vendgate.ini", text);
	(void)snprintf(text, sizeof(text), ACME, vendor);
	tree_write(&tree, "policies/acme.ini", text);
	(void)tree_compile(&tree);
	return tree_said(&tree, false);
}

TestSuite(config_upstream_rows, .init = setup, .fini = teardown);

static bool is_text(struct vg_str str, const char *text)
{
	return vg_slice_eq(vg_img_str(&tree.image, str), vg_slice_str(text));
}

Test(config_upstream_rows, tls_and_names)
{
	cr_assert_str_eq(compile("upstream = http://10.0.0.5:80, https://10.0.0.6:81, "
				 "https://b.internal:82\nupstream_ca = ca/both.pem\n",
				 ""),
			 "");
	const struct vg_img_upstream *rows = vg_img_upstreams(&tree.image);
	cr_assert_eq(vg_img_upstream_count(&tree.image), 3);
	cr_expect(rows[0].tls == 0 && rows[0].cas.count == 0 && rows[0].host.len == 0);
	cr_expect(rows[1].tls == 1 && rows[1].cas.count == 2 && rows[1].host.len == 0);
	cr_expect(is_text(rows[1].name, "10.0.0.6") && rows[1].port == 81);
	cr_expect(rows[2].tls == 1 && rows[2].cas.first == rows[1].cas.first);
	cr_expect(is_text(rows[2].host, "b.internal") && is_text(rows[2].name, "b.internal"));
	cr_expect(is_text(rows[2].text, "https://b.internal:82"));
	cr_expect_eq(vg_img_services(&tree.image)[0].balance, VG_BALANCE_ROUND_ROBIN);
	cr_expect_eq(vg_img_services(&tree.image)[0].forward_identity, VG_FORWARD_NONE);
	cr_expect(is_text(vg_img_services(&tree.image)[0].upstream_host, "api.agency.example"));
	cr_expect_eq(vg_img_vendors(&tree.image)[0].hide, 0);
}

Test(config_upstream_rows, what_is_set)
{
	cr_assert_str_eq(compile("upstream = https://10.0.0.6:81\nupstream_ca = ca/acme.pem\n"
				 "upstream_name = residents.internal\nbalance = least_conn\n"
				 "forward_identity = xfcc\nupstream_host = residents.internal:81\n",
				 "hide = yes\n"),
			 "");
	const struct vg_img_service *service = vg_img_services(&tree.image);
	cr_expect(is_text(vg_img_upstreams(&tree.image)[0].name, "residents.internal"));
	cr_expect_eq(service->balance, VG_BALANCE_LEAST_CONN);
	cr_expect_eq(service->forward_identity, VG_FORWARD_XFCC);
	cr_expect(is_text(service->upstream_host, "residents.internal:81"));
	cr_expect_eq(vg_img_vendors(&tree.image)[0].hide, 1);
}

#define HTTPS "upstream = https://10.0.0.6:81\nupstream_ca = ca/acme.pem\n"

Test(config_upstream_rows, certificate)
{
	cr_assert_str_eq(compile("upstream = http://10.0.0.5:80, https://10.0.0.6:81\n"
				 "upstream_ca = ca/acme.pem\nupstream_certificate = ca/leaf.pem\n"
				 "upstream_private_key = keys/none.key\n",
				 ""),
			 "");
	const struct vg_img_cert *certs = vg_img_certs(&tree.image);
	cr_assert_eq(vg_img_cert_count(&tree.image), 2);
	cr_expect_eq(vg_img_own_count(&tree.image), 1);
	cr_expect(certs[0].upstream == 0 && certs[1].upstream == 1);
	cr_expect(certs[1].chain.count == 1 && certs[1].key_line == certs[1].where.line + 1);
	cr_expect_eq(vg_img_upstreams(&tree.image)[0].cert, VG_NO_ROW);
	cr_expect_eq(vg_img_upstreams(&tree.image)[1].cert, 1);
}

static const struct {
	const char *text, *name, *value, *file; /* name NULL: nobody may write it so */
} headers[] = {
	{"X-Api: 1", "X-Api", "1", ""},
	{"Authorization: Bearer @secrets/a.token", "Authorization", "Bearer ", "secrets/a.token"},
	{"X-Key:@a", "X-Key", "", "a"},
	{"From: soc@agency.example", "From", "soc@agency.example", ""},
	{"Accept-Language:  fr", "Accept-Language", "fr", ""},
	{"X-Key: @", NULL, "", ""},
	{"X-Key: a @", NULL, "", ""},
	{"X-Key: @a b", NULL, "", ""},
	{"X-Key:", NULL, "", ""},
	{": a", NULL, "", ""},
	{"X-Key", NULL, "", ""},
	{"X Key: a", NULL, "", ""},
	{"X_Key: a", NULL, "", ""},
	{"X-Key : a", NULL, "", ""},
	{"X-Key: a\tb", NULL, "", ""},
	{"X-Key: \xc3\xa9", NULL, "", ""},
	{"Host: a", NULL, "", ""},
	{"content-length: 1", NULL, "", ""},
	{"Content-Type: text/plain", NULL, "", ""},
	{"Transfer-Encoding: chunked", NULL, "", ""},
	{"Connection: close", NULL, "", ""},
	{"Keep-Alive: 5", NULL, "", ""},
	{"TE: trailers", NULL, "", ""},
	{"Trailer: a", NULL, "", ""},
	{"Upgrade: h2c", NULL, "", ""},
	{"Expect: 100-continue", NULL, "", ""},
	{"Proxy-Authorization: a", NULL, "", ""},
	{"HTTP2-Settings: a", NULL, "", ""},
	{"X-HTTP-Method-Override: PUT", NULL, "", ""},
	{"X-Vendor-Id: acme", NULL, "", ""},
	{"x-forwarded-for: 10.0.0.1", NULL, "", ""},
	{"Forwarded: for=a", NULL, "", ""},
	{"X-Real-IP: 10.0.0.1", NULL, "", ""},
	{"Client-Cert: a", NULL, "", ""},
	{"Client-Cert-Chain: a", NULL, "", ""},
	{"X-Request-Id: a", NULL, "", ""},
	{"X-Original-URL: /a", NULL, "", ""},
	{"traceparent: a", NULL, "", ""},
};

Test(config_upstream, headers)
{
	for (size_t i = 0; i < VG_COUNT(headers); i++) {
		struct vg_set_header header;
		bool good = vg_set_header(vg_slice_str(headers[i].text), &header);
		cr_expect_eq(good, headers[i].name != NULL, "%s", headers[i].text);
		if (!good || headers[i].name == NULL)
			continue;
		cr_expect(vg_slice_eq(header.name, vg_slice_str(headers[i].name)) &&
				  vg_slice_eq(header.value, vg_slice_str(headers[i].value)) &&
				  vg_slice_eq(header.file, vg_slice_str(headers[i].file)),
			  "%s", headers[i].text);
	}
}

/* The file need not be there: nobody here opens it, and it is no part of the digest. */
Test(config_upstream_rows, set_header)
{
	cr_assert_str_eq(compile("upstream = http://10.0.0.5:80\nset_header =\n  X-Api: 1,\n"
				 "  Authorization: Bearer @secrets/a.token\n",
				 ""),
			 "");
	const struct vg_img_service *service = vg_img_services(&tree.image);
	const struct vg_img_set_header *rows = vg_img_set_headers(&tree.image);
	char path[256];
	cr_assert(service->set_headers.first == 0 && service->set_headers.count == 2);
	cr_expect(is_text(rows[0].name, "X-Api") && is_text(rows[0].value, "1"));
	cr_expect_eq(rows[0].path.len, 0);
	cr_expect(is_text(rows[1].name, "Authorization") && is_text(rows[1].value, "Bearer "));
	(void)snprintf(path, sizeof(path), "%s/secrets/a.token", tree.directory);
	cr_expect(is_text(rows[1].path, path));
	cr_expect_eq(rows[1].where.line, rows[0].where.line + 1);
}

static const struct {
	const char *text, *path; /* NULL: nobody may write it so */
	uint32_t ms;
} checks[] = {
	{"GET /health every 5s", "/health", 5000},
	{"GET  /a?b=c  every  1h", "/a?b=c", 3600000},
	{"GET / every 1s", "/", 1000},
	{"GET /health every 999ms", NULL, 0},
	{"GET /health every 2h", NULL, 0},
	{"GET /health every", NULL, 0},
	{"GET /health 5s", NULL, 0},
	{"GET /health each 5s", NULL, 0},
	{"GET /health every 5s now", NULL, 0},
	{"POST /health every 5s", NULL, 0},
	{"get /health every 5s", NULL, 0},
	{"GET health every 5s", NULL, 0},
	{"GET /a#b every 5s", NULL, 0},
	{"GET /\xc3\xa9 every 5s", NULL, 0},
	{"/health every 5s", NULL, 0},
	{"", NULL, 0},
};

Test(config_upstream, health)
{
	for (size_t i = 0; i < VG_COUNT(checks); i++) {
		struct vg_health_check check;
		bool good = vg_health_check(vg_slice_str(checks[i].text), &check);
		cr_expect_eq(good, checks[i].path != NULL, "%s", checks[i].text);
		if (good && checks[i].path != NULL)
			cr_expect(vg_slice_eq(check.path, vg_slice_str(checks[i].path)) &&
					  check.every_ms == checks[i].ms,
				  "%s", checks[i].text);
	}
}

Test(config_upstream_rows, health)
{
	cr_assert_str_eq(compile("upstream = http://10.0.0.5:80\nhealth = GET /up every 7s\n", ""),
			 "");
	cr_expect(is_text(vg_img_services(&tree.image)->health_path, "/up"));
	cr_expect_eq(vg_img_services(&tree.image)->health_every_ms, 7000);
	cr_assert_str_eq(compile("upstream = http://10.0.0.5:80\n", ""), "");
	cr_expect_eq(vg_img_services(&tree.image)->health_path.len, 0);
}

static const struct {
	const char *service, *vendor, *fault;
} faults[] = {
	{"upstream = http://10.0.0.6:81\nhealth = GET /up\n", "",
	 "health \"GET /up\" must be GET /PATH every DURATION"},
	{HTTPS "upstream_certificate = ca/leaf.pem\n", "",
	 "upstream_certificate needs upstream_private_key"},
	{HTTPS "upstream_private_key = a.key\n", "",
	 "upstream_private_key needs upstream_certificate"},
	{HTTPS "upstream_certificate = ca/none.pem\nupstream_private_key = a.key\n", "",
	 "certificate \"ca/none.pem\""},
	{"upstream = http://10.0.0.6:81\nupstream_certificate = ca/leaf.pem\n"
	 "upstream_private_key = a.key\n",
	 "", "upstream_certificate is of no use"},
	{"upstream = http://10.0.0.6:81\nupstream_private_key = a.key\n", "",
	 "upstream_private_key is of no use"},
	{"upstream = http://10.0.0.6:81\nset_header = Host: a\n", "",
	 "set_header \"Host: a\" must be NAME: VALUE"},
	{"upstream = http://10.0.0.6:81\nset_header = X-A: 1, x-a: 2\n", "",
	 "set_header sets x-a twice"},
	{"upstream = http://10.0.0.6:81\nset_header = X-A: 1, 2\n", "", "set_header \"2\" must be"},
	{"upstream = https://10.0.0.6:81\n", "", "has an https upstream and no upstream_ca"},
	{"upstream = http://10.0.0.6:81\nupstream_ca = ca/acme.pem\n", "",
	 "upstream_ca is of no use"},
	{"upstream = http://10.0.0.6:81\nupstream_name = a.internal\n", "",
	 "upstream_name is of no use"},
	{"upstream = https://10.0.0.6:81\nupstream_ca = ca/none.pem\n", "", "ca/none.pem"},
	{"upstream = https://10.0.0.6:81\nupstream_ca = ca/leaf.pem\n", "", "no CA's"},
	{"upstream = https://10.0.0.6:81\nupstream_ca = ca/key.pem\n", "", "ca/key.pem"},
	{"upstream = https://10.0.0.6:81\nupstream_ca = ca/acme.pem\nupstream_name = a_b\n", "",
	 "upstream_name \"a_b\" must be"},
	{"upstream = http://10.0.0.6\n", "", "upstream \"http://10.0.0.6\" must be"},
	{"upstream = http://10.0.0.6:81\nbalance = random\n", "",
	 "must be round_robin or least_conn"},
	{"upstream = http://10.0.0.6:81\nforward_identity = yes\n", "",
	 "must be none, headers, client_cert or xfcc"},
	{"upstream = http://10.0.0.6:81\nupstream_host = Residents.internal\n", "",
	 "upstream_host \"Residents.internal\" must be a host name"},
	{"upstream = http://10.0.0.6:81\n", "hide = maybe\n", "must be no or yes"},
};

Test(config_upstream_rows, faults)
{
	for (size_t i = 0; i < VG_COUNT(faults); i++) {
		const char *said = compile(faults[i].service, faults[i].vendor);
		cr_expect_not(tree.good, "row %zu", i);
		cr_expect_not_null(strstr(said, faults[i].fault), "row %zu: %s", i, said);
		cr_expect_null(strstr(said, "Vendgate's own"), "row %zu: %s", i, said);
	}
}
