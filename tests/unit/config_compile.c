/* Whole configurations: a good one decides requests, a bad one is refused with all its faults. */
#include "config.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "config_tree.h"
#include "policy/decide.h"
#include "sys/file.h"

static struct tree tree;

static void teardown(void)
{
	tree_end(&tree);
}

#define GATEWAY                                                                                    \
	"[gateway]\n"                                                                              \
	"node = dmz-1\n"                                                                           \
	"listen = 127.0.0.1:8443\n"                                                                \
	"workers = 2\n"                                                                            \
	"[tls]\n"                                                                                  \
	"certificate = server.pem\n"                                                               \
	"private_key = server.key\n"                                                               \
	"[telemetry siem]\n"                                                                       \
	"to = udp://127.0.0.1:5140\n"                                                              \
	"[service courses]\n"                                                                      \
	"host = api.agency.example\n"                                                              \
	"upstream = http://127.0.0.1:8080\n"

#define ACME                                                                                       \
	"[vendor]\n"                                                                               \
	"id = acme\n"                                                                              \
	"[identity]\n"                                                                             \
	"ca = ../ca/acme.pem\n"                                                                    \
	"uri = spiffe://acme.example/gateway\n"                                                    \
	"[access schedule]\n"                                                                      \
	"service = courses\n"                                                                      \
	"methods = GET\n"                                                                          \
	"path = /v1/courses/{id:int}\n"

static void setup(void)
{
	tree_begin(&tree);
	tree_write(&tree, "vendgate.ini", GATEWAY);
	tree_write(&tree, "policies/acme.ini", ACME);
}

static struct vg_verdict decide(const char *method, const char *raw)
{
	return tree_decide(&tree, method, raw, "192.0.2.1", 0);
}

Test(config_compile, thin, .init = setup, .fini = teardown)
{
	bool good = tree_compile(&tree);
	cr_assert_str_eq(tree_said(&tree, false), "");
	cr_assert(good);
	cr_assert_eq(decide("GET", "/v1/courses/7").reason, VG_REASON_ACCESS_ALLOWED);
	cr_assert_eq(decide("HEAD", "/v1/courses/7").reason, VG_REASON_ACCESS_ALLOWED);
	cr_assert_eq(decide("POST", "/v1/courses/7").reason, VG_REASON_ACCESS_METHOD);
	cr_assert_eq(decide("GET", "/v1/courses/x").reason, VG_REASON_ACCESS_NO_RULE);
}

/* One change to the good configuration, and all that is said of it. */
struct change {
	const char *what;
	const char *in;             /* GATEWAY or ACME */
	const char *find, *replace; /* "" finds the end */
	const char *said;
};

#define V "vendgate.ini"
#define A "policies/acme.ini"
#define NAME_RULE "a name of a-z, 0-9, - and _, up to 40 bytes, that begins with a letter or digit"

static const struct change changes[] = {
	/* Sections. */
	{"unknown section", GATEWAY, "", "[servise x]\nhost = a\n",
	 V ":13: error: unknown section [servise]; did you mean [service]?\n"},
	{"unknown section, nothing near", GATEWAY, "", "[geo]\ncountry = x\n",
	 V ":13: error: unknown section [geo]\n"},
	{"section of the other file", ACME, "", "[service x]\n",
	 A ":10: error: [service] belongs in vendgate.ini\n"},
	{"and the other way", GATEWAY, "", "[access x]\n",
	 V ":13: error: [access] belongs in a vendor's file\n"},
	{"duplicate section", GATEWAY, "", "[tls]\n",
	 V ":13: error: duplicate section [tls]; it began in line 5\n"},
	{"duplicate named section", ACME, "", "[access  schedule]\nfoo = 1\n",
	 A ":10: error: duplicate section [access schedule]; it began in line 6\n" A
	   ":11: error: unknown key \"foo\" in [access schedule]\n"},
	{"name where there is none", GATEWAY, "[tls]", "[tls x]",
	 V ":5: error: [tls] takes no name\n"},
	{"no name", ACME, "[access schedule]", "[access]",
	 A ":6: error: [access] needs a name: [access NAME]\n"},
	{"bad name", ACME, "[access schedule]", "[access Schedule]",
	 A ":6: error: \"Schedule\" in [access] must be " NAME_RULE "\n"},
	{"no vendor", ACME, "[vendor]\nid = acme\n", "", A ": error: there is no [vendor]\n"},
	{"no identity", ACME,
	 "[identity]\nca = ../ca/acme.pem\nuri = spiffe://acme.example/gateway\n", "",
	 A ": error: there is no [identity]: nobody could be this vendor\n"},
	{"no access", ACME,
	 "[access schedule]\nservice = courses\nmethods = GET\npath = /v1/courses/{id:int}\n", "",
	 A ":1: warning: there is no [access NAME]: nothing can be reached\n"},
	{"no service", GATEWAY,
	 "[service courses]\nhost = api.agency.example\nupstream = http://127.0.0.1:8080\n", "",
	 A ":7: error: there is no [service courses]\n" V ": error: there is no [service NAME]\n"},
	{"no sink", GATEWAY, "[telemetry siem]\nto = udp://127.0.0.1:5140\n", "",
	 V ": warning: there is no [telemetry NAME]: events stay in the log of this machine\n"},
	{"nothing at all", GATEWAY, GATEWAY, "",
	 A ":7: error: there is no [service courses]\n" V ": error: there is no [gateway]\n" V
	   ": error: there is no [tls]\n" V ": error: there is no [service NAME]\n" V
	   ": warning: there is no [telemetry NAME]: events stay in the log of this machine\n"},

	/* Keys. */
	{"misspelt key", ACME, "methods", "metods",
	 A ":6: error: [access schedule] has no methods: request methods; GET brings HEAD\n" A
	   ":8: error: unknown key \"metods\" in [access schedule]; did you mean \"methods\"?\n"},
	{"key of another section", ACME, "id = acme", "id = acme\npath = /",
	 A ":3: error: unknown key \"path\" in [vendor]; it belongs in [access]\n"},
	{"key that comes later", ACME, "id = acme", "id = acme\ndormant = 45d",
	 A ":3: error: unknown key \"dormant\" in [vendor]\n"},
	{"duplicate key", ACME, "id = acme", "id = acme\nid = acme",
	 A ":3: error: duplicate key \"id\"; it was set in line 2\n"},
	{"empty", ACME, "id = acme",
	 "id =", A ":2: error: id is empty; give it a value, or leave it out\n"},
	{"empty list", ACME, "methods = GET",
	 "methods =", A ":8: error: methods is empty; give it a value, or leave it out\n"},
	{"single value over two lines", ACME, "service = courses", "service =\n courses",
	 A ":8: error: service is no list; its value stands in one line\n"},
	{"comma too many", ACME, "methods = GET", "methods = GET,, POST,",
	 A ":8: error: methods has an empty item: a comma too many\n" A
	   ":8: error: methods has an empty item: a comma too many\n"},
	{"comma too few", ACME, "methods = GET", "methods = GET,\n HEAD\n POST",
	 A ":10: error: methods goes on here; end the line before with a comma\n"},
	{"twice in a list", ACME, "methods = GET", "methods = GET, POST,\n GET",
	 A ":9: error: methods lists \"GET\" twice\n"},
	{"inih's traps", ACME, "id = acme", "id : acme\n name = x",
	 A ":1: error: [vendor] has no id: name of the vendor in events and commands\n" A
	   ":2: error: \":\" before \"=\"; write key = value\n"},

	/* Values. */
	{"listen without port", GATEWAY, "127.0.0.1:8443", "127.0.0.1",
	 V ":3: error: listen \"127.0.0.1\" must be ADDRESS:PORT, such as 0.0.0.0:8443, "
	   "[::]:8443, or of one link [fe80::7%eth0]:8443\n"},
	{"listen by name", GATEWAY, "127.0.0.1:8443", "[::1]:8443, localhost:8443",
	 V ":3: error: listen \"localhost:8443\" must be ADDRESS:PORT, such as 0.0.0.0:8443, "
	   "[::]:8443, or of one link [fe80::7%eth0]:8443\n"},
	{"too many workers", GATEWAY, "workers = 2", "workers = 65",
	 V ":4: error: workers \"65\" must be auto or a whole number from 1 to 64\n"},
	{"no worker", GATEWAY, "workers = 2", "workers = 0",
	 V ":4: error: workers \"0\" must be auto or a whole number from 1 to 64\n"},
	{"everybody may say who asks", GATEWAY, "workers = 2",
	 "proxy_protocol_from = 10.0.0.0/8, ::/0",
	 V ":4: warning: proxy_protocol_from ::/0 lets everybody claim any address: list the load "
	   "balancers alone\n"},
	{"duration without unit", GATEWAY, "workers = 2", "drain = 30",
	 V ":4: error: drain \"30\" must be a duration, such as 10s or 500ms, from 1s to 1h\n"},
	{"duration above its bound", GATEWAY, "workers = 2", "drain = 61m",
	 V ":4: error: drain \"61m\" must be a duration, such as 10s or 500ms, from 1s to 1h\n"},
	{"size out of bounds", GATEWAY, "", "[limits]\nheader_bytes = 65KiB\nmax_body = 1mb\n",
	 V
	 ":14: error: header_bytes \"65KiB\" must be a size, such as 64KiB, from 1KiB to 64KiB\n" V
	 ":15: error: max_body \"1mb\" must be a size, such as 64KiB, from 0 to 1024GiB\n"},
	{"pace without its second", GATEWAY, "", "[limits]\nbody_rate = 1KiB\n",
	 V ":14: error: body_rate \"1KiB\" must be off or a size per second, such as 1KiB/s, from "
	   "off to 1GiB/s\n"},
	{"no pace is a word", GATEWAY, "", "[limits]\nbody_rate = 0/s\n",
	 V ":14: error: body_rate \"0/s\" must be off or a size per second, such as 1KiB/s, from "
	   "off to 1GiB/s\n"},
	{"health where vendors connect", GATEWAY, "workers = 2", "health = 127.0.0.1:8443",
	 V ":4: error: health \"127.0.0.1:8443\" is an address of listen, which vendors connect "
	   "to\n"},
	{"health is an address", GATEWAY, "workers = 2", "health = 8081",
	 V ":4: error: health \"8081\" must be ADDRESS:PORT, such as 0.0.0.0:8443 or [::]:8443\n"},
	{"word", GATEWAY, "[telemetry siem]", "min_version = 1.4\n[telemetry siem]",
	 V ":8: error: min_version \"1.4\" must be 1.2 or 1.3\n"},
	{"two words", GATEWAY, "to = udp", "format = xml\nto = udp",
	 V ":9: error: format \"xml\" must be sd or json\n"},
	{"sink by name", GATEWAY, "udp://127.0.0.1:5140", "udp://siem.example:514",
	 V ":9: error: to \"udp://siem.example:514\" must be udp://ADDRESS:PORT, "
	   "tcp://ADDRESS:PORT, such as tcp://10.0.0.9:601, unix:PATH, file:PATH or stdout\n"},
	{"host with port", GATEWAY, "host = api.agency.example", "host = API.agency.example:443",
	 V ":11: error: host \"API.agency.example:443\" must be a host name in lower case without "
	   "port, such as api.agency.example\n"},
	{"host is an address", GATEWAY, "host = api.agency.example", "host = 10.0.0.1",
	 V ":11: error: host \"10.0.0.1\" must be a host name in lower case without port, such as "
	   "api.agency.example\n"},
	{"prefix with a final slash", GATEWAY, "host =", "prefix = /residents/\nhost =",
	 V ":11: error: prefix \"/residents/\" must be a path without final slash, such as "
	   "/residents\n"},
	{"prefix that is not normalised", GATEWAY, "host =", "prefix = /a/../b\nhost =",
	 V
	 ":11: error: prefix \"/a/../b\" must be a path without final slash, such as /residents\n"},
	{"upstream by TLS", GATEWAY, "http://127.0.0.1:8080", "https://127.0.0.1:8443",
	 V ":12: error: [service courses] has an https upstream and no upstream_ca: nothing would "
	   "say whose certificate is good\n"},
	{"upstream with a path", GATEWAY, "http://127.0.0.1:8080", "http://127.0.0.1:8080/api",
	 V ":12: error: upstream \"http://127.0.0.1:8080/api\" must be http://HOST:PORT or "
	   "https://HOST:PORT, such as http://10.0.0.7:8080, http://[2001:db8::7]:8080 or "
	   "https://residents.internal:8443\n"},
	{"bad id", ACME, "id = acme", "id = Acme",
	 A ":2: error: id \"Acme\" must be " NAME_RULE "\n"},
	{"mode that comes later", ACME, "id = acme", "id = acme\nmode = observe",
	 A ":3: error: mode \"observe\" must be enforce or suspended\n"},
	{"method", ACME, "methods = GET", "methods = GET, Put, CONNECT",
	 A ":8: error: methods \"Put\" must be one of GET HEAD POST PUT PATCH DELETE OPTIONS "
	   "PROPFIND REPORT SEARCH\n" A
	   ":8: error: methods \"CONNECT\" must be one of GET HEAD POST PUT PATCH DELETE OPTIONS "
	   "PROPFIND REPORT SEARCH\n"},
	{"media type", ACME, "methods = GET", "methods = POST\nrequest_type = Application/JSON",
	 A
	 ":9: error: request_type \"Application/JSON\" must be a media type in lower case, such as "
	 "application/json\n"},
	{"names", ACME, "uri = spiffe://acme.example/gateway",
	 "uri = acme gateway\ndns = *.acme.example\nemail = acme\nip = 10.0.0.0/8\n"
	 "subject = gateway\nspki_sha256 = 9f86d0\nnetworks = 10.0.0.1/8",
	 A
	 ":5: error: uri \"acme gateway\" must be a URI, such as spiffe://acme.example/gateway\n" A
	 ":6: error: dns \"*.acme.example\" must be a DNS name without wildcard, such as "
	 "gateway.acme.example\n" A
	 ":7: error: email \"acme\" must be an email address, such as gateway@acme.example\n" A
	 ":8: error: ip \"10.0.0.0/8\" must be an IP address, such as 203.0.113.7 or "
	 "2001:db8::7\n" A
	 ":9: error: subject \"gateway\" must be a distinguished name, most specific first, such "
	 "as CN=gateway,O=Acme\n" A
	 ":10: error: spki_sha256 \"9f86d0\" must be 64 hexadecimal digits\n" A
	 ":11: error: networks \"10.0.0.1/8\" must be a prefix without host bits, such as "
	 "203.0.113.0/24 or 2001:db8:7::/48\n"},
	{"no name in an identity", ACME, "uri = spiffe://acme.example/gateway\n",
	 "networks = 10.0.0.0/8\n",
	 A ":3: error: [identity] names no certificate: it needs uri, dns, email, ip or subject\n"},

	/* What refers to something. */
	{"unknown service", ACME, "service = courses", "service = corses",
	 A ":7: error: there is no [service corses]; did you mean \"courses\"?\n"},
	{"no CA file", ACME, "../ca/acme.pem", "../ca/none.pem",
	 A ":4: error: ca \"../ca/none.pem\": No such file or directory\n"},
	{"CA file relative to the wrong directory", ACME, "../ca/acme.pem", "ca/acme.pem",
	 A ":4: error: ca \"ca/acme.pem\": No such file or directory\n"},
	{"CA is a directory", ACME, "../ca/acme.pem", "../ca",
	 A ":4: error: ca \"../ca\": Is a directory\n"},
	{"CA file with something else", ACME, "../ca/acme.pem", "acme.ini",
	 A ":4: error: ca \"acme.ini\": holds no certificate\n"},
	{"CA file with a key", ACME, "../ca/acme.pem", "../ca/key.pem",
	 A ":4: error: ca \"../ca/key.pem\": holds a private key\n"},
	{"CA that is none", ACME, "../ca/acme.pem", "../ca/leaf.pem",
	 A ":4: error: ca \"../ca/leaf.pem\": holds a certificate that is no CA's\n"},
	{"expired CA", ACME, "../ca/acme.pem", "../ca/old.pem",
	 A ":4: warning: ca \"../ca/old.pem\" has expired\n"},
	{"CA that expires", ACME, "../ca/acme.pem", "../ca/soon.pem",
	 A ":4: warning: ca \"../ca/soon.pem\" expires within 30 days\n"},
	{"server's certificate", GATEWAY, "server.pem", "none.pem",
	 V ":6: error: certificate \"none.pem\": No such file or directory\n"},
	{"several of them", GATEWAY,
	 "server.pem\nprivate_key =", "none.pem,\n  ca/leaf.pem, void.pem\nprivate_key = a, b,",
	 V ":6: error: certificate \"none.pem\": No such file or directory\n" V
	   ":7: error: certificate \"void.pem\": No such file or directory\n"},
	{"one that isn't there beside another error", GATEWAY, "server.pem",
	 "none.pem\nmin_versoin = 1.2",
	 V ":6: error: certificate \"none.pem\": No such file or directory\n" V
	   ":7: error: unknown key \"min_versoin\" in [tls]; did you mean \"min_version\"?\n"},
	{"so an upstream's CA", GATEWAY, "http://127.0.0.1:8080",
	 "https://127.0.0.1:8080\nupstream_ca = none.pem\nblance = least_conn",
	 V ":13: error: ca \"none.pem\": No such file or directory\n" V
	   ":14: error: unknown key \"blance\" in [service courses]; did you mean \"balance\"?\n"},
	{"and that of a service that is there already", GATEWAY, "",
	 "[service again]\nhost = api.agency.example\nupstream = https://127.0.0.1:8080\n"
	 "upstream_ca = none.pem\n",
	 V ":14: error: [service again] has the host and prefix of [service courses] in line 10\n" V
	   ":16: error: ca \"none.pem\": No such file or directory\n"},
	{"more certificates than keys", GATEWAY, "server.pem", "server.pem, ca/leaf.pem",
	 V ":7: error: private_key has 1, certificate in line 6 has 2: each certificate needs its "
	   "key, in the same place of the list\n"},
	{"more keys than certificates, and one that isn't there", GATEWAY,
	 "server.pem\nprivate_key =", "none.pem\nprivate_key = a.key,",
	 V ":6: error: certificate \"none.pem\": No such file or directory\n" V
	   ":7: error: private_key has 2, certificate in line 6 has 1: each certificate needs its "
	   "key, in the same place of the list\n"},
	{"a certificate twice", GATEWAY,
	 "server.pem\nprivate_key =", "server.pem, server.pem\nprivate_key = server.key,",
	 V ":6: error: certificate lists \"server.pem\" twice\n"},
	{"a key twice, which two certificates may have", GATEWAY,
	 "server.pem\nprivate_key =", "server.pem, ca/../server.pem\nprivate_key = server.key,",
	 V ":6: warning: certificate ca/../server.pem is shown to nobody: it names no service's "
	   "host, or one before it does, with the same kind of key\n"},
	{"a host that no certificate names", GATEWAY, "host = api.agency", "host = other.agency",
	 V ":10: warning: no certificate of [tls] names other.agency.example: who asks for it is "
	   "shown the first one\n"},
	{"path", ACME, "/v1/courses/{id:int}", "/v1/courses/{id:itn<=4}/../x",
	 A ":9: error: path \"/v1/courses/{id:itn<=4}/../x\": unknown type \"itn<=4\"; there are "
	   "int, "
	   "int:1..9, uuid, date, hex<=N, slug<=N and text<=N\n"},
	{"header fields", ACME, "methods = GET",
	 "methods = GET\nrequest_headers = X-Session:slg<=4, X_Session, Host, X-Trace!, "
	 "x-trace:int,\n"
	 "  X-Vendor-Id, Authorization, Accept:text/html\n"
	 "response_headers = X-Page:int, Set-Cookie, X-Page!, x-b, X-B, :",
	 A
	 ":9: error: request_headers \"X-Session:slg<=4\": unknown type \"slg<=4\"; did you mean "
	 "\"slug\"?\n" A
	 ":9: error: request_headers \"X_Session\": \"X_Session\" has other bytes than letters, "
	 "digits and -, which servers take for other names\n" A
	 ":9: error: request_headers \"Host\": Host can't be listed: it is read by the gateway, "
	 "which writes its own\n" A ":9: error: request_headers names \"x-trace\" twice\n" A
	 ":10: error: request_headers \"X-Vendor-Id\": X-Vendor-Id can't be listed: it says who "
	 "asks, and by which way: only the gateway may\n" A
	 ":10: error: request_headers \"Accept:text/html\": \"/html\" must be <=N with N from 1 to "
	 "1024, such as slug<=40\n" A
	 ":11: error: response_headers \"X-Page:int\": only names can be listed here, such as "
	 "X-Total-Count\n" A ":11: error: response_headers \"Set-Cookie\": Set-Cookie can't be "
	 "listed: it would begin a "
	 "session that no policy knows of\n" A
	 ":11: error: response_headers \"X-Page!\": only names can be listed here, such as "
	 "X-Total-Count\n" A
	 ":11: error: response_headers \":\": only names can be listed here, such as "
	 "X-Total-Count\n" A ":11: error: response_headers names \"x-b\" twice\n"},
	{"answers", ACME, "methods = GET",
	 "methods = GET\nresponse_type = json\nmax_response = 0\nresponse_timeout = 2h\nerrors = "
	 "no",
	 A
	 ":9: error: response_type \"json\" must be a media type in lower case, such as "
	 "application/json\n" A
	 ":10: error: max_response \"0\" must be a size, such as 64KiB, from 1 to 1024GiB\n" A
	 ":11: error: response_timeout \"2h\" must be a duration, such as 10s or 500ms, from 10ms "
	 "to 1h\n" A ":12: error: errors \"no\" must be pass or problem\n"},
	{"nothing listed", ACME, "methods = GET", "methods = GET\nrequest_headers =",
	 A ":9: error: request_headers is empty; give it a value, or leave it out\n"},
	{"query", ACME, "methods = GET", "methods = GET\nquery = page:int:9..1, size, size:int",
	 A ":9: error: query \"page:int:9..1\": bounds \"9..1\" leave no number\n" A
	   ":9: error: query names \"size\" twice\n"},
	{"body above the gateway's", ACME, "methods = GET", "methods = GET\nmax_body = 11MiB",
	 A ":9: error: max_body is above that of [limits] in vendgate.ini, 10485760 bytes\n"},
	{"same place", GATEWAY, "",
	 "[service x]\nhost = api.agency.example\nupstream = http://127.0.0.1:1\n",
	 V ":14: error: [service x] has the host and prefix of [service courses] in line 10\n"},
	{"policies directory", GATEWAY, "workers = 2", "policies = polices",
	 V ":4: error: policies directory \"polices\" can't be read: No such file or directory\n"},
	{"empty policies directory", GATEWAY, "workers = 2", "policies = ca",
	 V ":4: error: policies directory \"ca\" holds no *.ini file: nobody could be let in\n"},

	/* Rules that tie. */
	{"same path", ACME, "",
	 "[access b]\nservice = courses\nmethods = HEAD\npath = /v1/courses/{n:int:1..9}\n",
	 A ":10: error: [access b] ties with [access schedule] in line 6: a path could match both "
	   "/v1/courses/{n:int:1..9} and /v1/courses/{id:int}, and neither is the more specific\n"},
	{"captures that overlap", ACME, "",
	 "[access b]\nservice = courses\nmethods = GET, POST\npath = /v1/courses/{h:hex<=8}\n",
	 A ":10: error: [access b] ties with [access schedule] in line 6: a path could match both "
	   "/v1/courses/{h:hex<=8} and /v1/courses/{id:int}, and neither is the more specific\n"},
	{"suffix that a capture could hold", ACME, "/v1/courses/{id:int}",
	 "/v1/{id}\n[access b]\nservice = courses\nmethods = GET\npath = /v1/{x}.pdf",
	 A ":10: error: [access b] ties with [access schedule] in line 6: a path could match both "
	   "/v1/{x}.pdf and /v1/{id}, and neither is the more specific\n"},
	{"suffix that no capture could hold", ACME, "",
	 "[access b]\nservice = courses\nmethods = GET\npath = /v1/courses/{x:int}.pdf\n", ""},
	{"other method", ACME, "",
	 "[access b]\nservice = courses\nmethods = POST\npath = /v1/courses/{n:int}\n", ""},
	{"other types", ACME, "",
	 "[access b]\nservice = courses\nmethods = GET\npath = /v1/courses/{d:date}\n"
	 "[access c]\nservice = courses\nmethods = GET\npath = /v1/courses/{u:uuid}\n",
	 ""},
	{"bounds apart", ACME, "/v1/courses/{id:int}",
	 "/v1/{id:int:1..9}\n[access b]\nservice = courses\nmethods = GET\npath = "
	 "/v1/{x:int:10..99}",
	 ""},
	{"more specific", ACME, "",
	 "[access b]\nservice = courses\nmethods = GET\npath = /v1/courses/7\n"
	 "[access c]\nservice = courses\nmethods = GET\npath = /v1/courses/{any}\n"
	 "[access d]\nservice = courses\nmethods = GET\npath = /v1/courses/**\n"
	 "[access e]\nservice = courses\nmethods = GET\npath = /v1/courses/\n"
	 "[access f]\nservice = courses\nmethods = GET\npath = /v1/courses/{id:int}/\n",
	 ""},
	{"what differs later", ACME, "",
	 "[access b]\nservice = courses\nmethods = GET\npath = /v1/courses/{h:hex<=8}/x\n"
	 "[access c]\nservice = courses\nmethods = GET\npath = /v1/courses/{i:int}/y\n",
	 ""},
	{"order that a later segment would decide", ACME, "",
	 "[access b]\nservice = courses\nmethods = GET\npath = /v1/courses/{h:hex<=8}/x\n"
	 "[access c]\nservice = courses\nmethods = GET\npath = /v1/courses/{i:int}/**\n",
	 A ":14: error: [access c] ties with [access b] in line 10: a path could match both "
	   "/v1/courses/{i:int}/** and /v1/courses/{h:hex<=8}/x, and neither is the more "
	   "specific\n"},
};

/* The text with its first `find` replaced. */
static const char *changed(const char *text, const char *find, const char *replace)
{
	const char *at = *find == '\0' ? text + strlen(text) : strstr(text, find);
	cr_assert_not_null(at, "%s", find);
	size_t size = strlen(text) + strlen(replace) + 1;
	char *out = vg_arena_alloc(&tree.arena, size);
	cr_assert_not_null(out);
	(void)snprintf(out, size, "%.*s%s%s", (int)(at - text), text, replace, at + strlen(find));
	return out;
}

/* A second service of the host, below /v1/x, and a rule of the first. */
Test(config_compile, reach, .init = setup, .fini = teardown)
{
	static const struct {
		const char *path;
		bool reached;
	} rows[] = {
		{"/v1/x", false},    {"/v1/x/", false}, {"/v1/x/y/{id}", false},
		{"/v1/x/**", false}, {"/v1", true},     {"/v1/{any}", true},
		{"/v1/**", true},    {"/v1/xy", true},  {"/v1/y/x", true},
		{"/", true},
	};
	tree_write(&tree, V,
		   GATEWAY "[service x]\nhost = api.agency.example\nprefix = /v1/x\n"
			   "upstream = http://127.0.0.1:1\n");
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		tree_write(&tree, A, changed(ACME, "/v1/courses/{id:int}", rows[i].path));
		cr_expect(tree_compile(&tree));
		cr_expect_str_eq(tree_said(&tree, false),
				 rows[i].reached ? ""
						 : A
					 ":6: warning: [access schedule] allows nothing: its "
					 "paths are those of [service x], with prefix /v1/x\n",
				 "%s", rows[i].path);
	}
}

Test(config_compile, changes, .init = setup, .fini = teardown, .timeout = 120)
{
	for (size_t i = 0; i < VG_COUNT(changes); i++) {
		const struct change *c = &changes[i];
		bool in_acme = strcmp(c->in, ACME) == 0;
		tree_write(&tree, V, in_acme ? GATEWAY : changed(GATEWAY, c->find, c->replace));
		tree_write(&tree, A, in_acme ? changed(ACME, c->find, c->replace) : ACME);
		bool good = tree_compile(&tree);
		const char *said = tree_said(&tree, false);
		cr_expect_str_eq(said, c->said, "%s\n got %s\nwant %s", c->what, said, c->said);
		cr_expect_eq(good, strstr(c->said, ": error: ") == NULL, "%s", c->what);
		cr_expect_eq(tree.compiled.block == NULL, !good, "%s", c->what);
	}
}

/* Two vendors: acme as above, and zeta with this identity. */
#define ZETA(identity)                                                                             \
	"[vendor]\nid = zeta\n[identity]\n" identity                                               \
	"[access all]\nservice = courses\nmethods = GET\npath = /**\n"

#define Z "policies/zeta.ini"
#define OVERLAP                                                                                    \
	Z ":3: error: a certificate of this identity could be vendor \"acme\" too "                \
	  "(policies/acme.ini:3): same CA, and no kind of name or pin tells them apart\n"
#define SHARED                                                                                     \
	A ":3: note: this identity's CA serves vendor \"zeta\" too: its owner can be any of "      \
	  "them\n"
#define KEY_NOTE                                                                                   \
	V ":7: note: private_key \"server.key\" is opened by the keys role alone, and was not "    \
	  "looked at\n"
#define PIN_A "0000000000000000000000000000000000000000000000000000000000000001"
#define PIN_B "0000000000000000000000000000000000000000000000000000000000000002"

static const struct {
	const char *what;
	const char *acme; /* more of acme's identity */
	const char *zeta; /* zeta's */
	const char *said; /* with notes */
} pairs[] = {
	{"other CA, same name", "", "ca = ../ca/zeta.pem\nuri = spiffe://acme.example/gateway\n",
	 KEY_NOTE},
	{"same CA, other name", "", "ca = ../ca/acme.pem\nuri = spiffe://zeta.example/gateway\n",
	 SHARED KEY_NOTE},
	{"same CA, other kind of name", "", "ca = ../ca/acme.pem\ndns = gateway.zeta.example\n",
	 SHARED KEY_NOTE},
	{"same CA and name", "", "ca = ../ca/acme.pem\nuri = spiffe://acme.example/gateway\n",
	 SHARED OVERLAP KEY_NOTE},
	{"same CA in another file", "",
	 "ca = ../ca/both.pem\nuri = spiffe://acme.example/gateway\n", SHARED OVERLAP KEY_NOTE},
	{"one of several names", "uri",
	 "ca = ../ca/acme.pem\nuri = spiffe://zeta.example/a, spiffe://acme.example/gateway\n",
	 SHARED OVERLAP KEY_NOTE},
	{"second kind on one side only", "",
	 "ca = ../ca/acme.pem\nuri = spiffe://acme.example/gateway\ndns = zeta.example\n",
	 SHARED OVERLAP KEY_NOTE},
	{"told apart by another kind", "dns = acme.example\n",
	 "ca = ../ca/acme.pem\nuri = spiffe://acme.example/gateway\ndns = zeta.example\n",
	 SHARED KEY_NOTE},
	{"the same in another case", "dns = Acme.Example\n",
	 "ca = ../ca/acme.pem\nuri = spiffe://acme.example/gateway\ndns = acme.example\n",
	 SHARED OVERLAP KEY_NOTE},
	{"told apart by pins", "spki_sha256 = " PIN_A "\n",
	 "ca = ../ca/acme.pem\nuri = spiffe://acme.example/gateway\nspki_sha256 = " PIN_B "\n",
	 SHARED KEY_NOTE},
	{"a pin in common", "spki_sha256 = " PIN_A "\n",
	 "ca = ../ca/acme.pem\nuri = spiffe://acme.example/gateway\nspki_sha256 = " PIN_B
	 ",\n " PIN_A "\n",
	 SHARED OVERLAP KEY_NOTE},
	{"networks tell nobody apart", "networks = 10.0.0.0/8\n",
	 "ca = ../ca/acme.pem\nuri = spiffe://acme.example/gateway\nnetworks = 192.0.2.0/24\n",
	 SHARED OVERLAP KEY_NOTE},
	{"subject in two spellings", "subject = CN=gateway,O=Acme Training\n",
	 "ca = ../ca/acme.pem\nsubject = cn=gateway, o=Acme Training\n", SHARED OVERLAP KEY_NOTE},
};

/* server.pem with a key on a curve that there is not, as odd.der. */
static void write_odd(void)
{
	static const uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	char path[128];
	snprintf(path, sizeof(path), "%s/server.pem", tree.directory);
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file);
	X509 *cert = PEM_read_X509(file, NULL, NULL, NULL);
	(void)fclose(file);
	uint8_t *der = NULL;
	int len = i2d_X509(cert, &der);
	uint8_t *at = len < 0 ? NULL : memmem(der, (size_t)len, p256, sizeof(p256));
	cr_assert_not_null(at);
	at[sizeof(p256) - 1] = 0x63;
	snprintf(path, sizeof(path), "%s/odd.der", tree.directory);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	cr_assert_eq(fwrite(der, 1, (size_t)len, file), (size_t)len);
	cr_assert_eq(fclose(file), 0);
	X509_free(cert);
	OPENSSL_free(der);
}

Test(config_compile, a_certificate_whose_key_nobody_can_read, .init = setup, .fini = teardown)
{
	write_odd();
	tree_write(&tree, "vendgate.ini",
		   "[gateway]\nnode = dmz-1\nlisten = 127.0.0.1:8443\n[tls]\n"
		   "certificate = odd.der\nprivate_key = server.key\n"
		   "[telemetry siem]\nto = stdout\n[service courses]\n"
		   "host = api.agency.example\nupstream = http://127.0.0.1:8080\n");
	cr_assert_not(tree_compile(&tree));
	const char *said = tree_said(&tree, false);
	cr_assert_not_null(strstr(said, "vendgate.ini:5: error: certificate "), "%s", said);
	cr_assert_not_null(strstr(said, "its key can't be read"), "%s", said);
}

Test(config_compile, identities, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(pairs); i++) {
		const char *more = strcmp(pairs[i].acme, "uri") == 0 ? "" : pairs[i].acme;
		size_t size = strlen(more) + 64;
		char *replace = vg_arena_alloc(&tree.arena, size);
		(void)snprintf(replace, size, "%s[access schedule]", more);
		tree_write(&tree, A, changed(ACME, "[access schedule]", replace));
		char zeta[1024];
		(void)snprintf(zeta, sizeof(zeta), ZETA("%s"), pairs[i].zeta);
		tree_write(&tree, Z, zeta);
		bool good = tree_compile(&tree);
		const char *said = tree_said(&tree, true);
		cr_expect_str_eq(said, pairs[i].said, "%s\n got %s\nwant %s", pairs[i].what, said,
				 pairs[i].said);
		cr_expect_eq(good, strstr(pairs[i].said, ": error: ") == NULL);
	}
}

Test(config_compile, one_vendor_twice, .init = setup, .fini = teardown)
{
	tree_write(&tree, A,
		   ACME "[identity dr]\nca = ../ca/acme.pem\nuri = spiffe://acme.example/gateway\n"
			"networks = 10.0.0.0/8\n");
	cr_expect(tree_compile(&tree));
	cr_expect_str_eq(tree_said(&tree, false),
			 A ":10: warning: a certificate of this identity could be that of line 3 "
			   "too, which is then the one that counts, with its networks\n");
	tree_write(&tree, A, ACME);
	tree_write(&tree, "policies/b.ini", ACME);
	cr_expect_not(tree_compile(&tree));
	cr_expect_str_eq(tree_said(&tree, false),
			 "policies/b.ini:2: error: vendor id \"acme\" is taken: "
			 "policies/acme.ini:2\n"
			 "policies/b.ini:3: error: a certificate of this identity could be vendor "
			 "\"acme\" too (policies/acme.ini:3): same CA, and no kind of name or pin "
			 "tells them apart\n");
}

/* A worker looks at 16 identities of one name (policy/who.h). */
Test(config_compile, crowd, .init = setup, .fini = teardown)
{
	for (unsigned i = 0; i < 17; i++) {
		char path[64], text[512];
		(void)snprintf(path, sizeof(path), "policies/v%02u.ini", i);
		(void)snprintf(text, sizeof(text),
			       "[vendor]\nid = v%02u\n[identity]\nca = ../ca/zeta.pem\n"
			       "dns = gateway.example\nspki_sha256 = %064u\n[access a]\n"
			       "service = courses\nmethods = GET\npath = /\n",
			       i, i);
		cr_assert(i < 16 || tree_compile(&tree));
		tree_write(&tree, path, text);
	}
	cr_expect_not(tree_compile(&tree));
	cr_expect_str_eq(tree_said(&tree, false),
			 "policies/v16.ini:3: error: more than 16 identities have this one's name: "
			 "a certificate with it could not be told to be one of them\n");
}

/* Faults of every stage, in every file, in one run. */
Test(config_compile, all_at_once, .init = setup, .fini = teardown)
{
	tree_write(&tree, V,
		   changed(changed(GATEWAY, "workers = 2", "workers = many"), "server.pem",
			   "none.pem"));
	tree_write(&tree, A, changed(ACME, "methods = GET", "metods = GET"));
	tree_write(
		&tree, Z,
		ZETA("ca = ../ca/leaf.pem\nuri = spiffe://zeta.example/gateway\n") "[access "
										   "b]\nservice = "
										   "other\nmethods "
										   "= GET\npath = "
										   "/**/x\n"
										   "[access "
										   "c]\nservice = "
										   "courses\nmethod"
										   "s = GET\npath "
										   "= /{a:int}\n"
										   "[access "
										   "d]\nservice = "
										   "courses\nmethod"
										   "s = GET\npath "
										   "= /{b:int}\n");
	tree_write(&tree, "policies/.#lock.ini", "not read");
	tree_write(&tree, "policies/README", "not read");
	cr_expect_not(tree_compile(&tree));
	cr_expect_str_eq(
		tree_said(&tree, false), A
		":6: error: [access schedule] has no methods: request methods; GET brings HEAD\n" A
		":8: error: unknown key \"metods\" in [access schedule]; did you mean "
		"\"methods\"?\n" Z
		":4: error: ca \"../ca/leaf.pem\": holds a certificate that is no CA's\n" Z
		":11: error: there is no [service other]\n" Z
		":13: error: path \"/**/x\": ** only stands last\n" Z
		":18: error: [access d] ties with [access c] in line 14: a path could match both "
		"/{b:int} and /{a:int}, and neither is the more specific\n" V
		":4: error: workers \"many\" must be auto or a whole number from 1 to 64\n" V
		":6: error: certificate \"none.pem\": No such file or directory\n");
}

static void digests(uint8_t gen[32], uint8_t rest[32])
{
	cr_assert(tree_compile(&tree));
	memcpy(gen, tree.image.header->gen, 32);
	memcpy(rest, vg_img_gateway(&tree.image)->rest, 32);
}

/* A renewed certificate is another generation, but nothing that anybody decides by. */
Test(config_compile, what_is_new, .init = setup, .fini = teardown)
{
	uint8_t gen[32], rest[32], gen2[32], rest2[32];
	digests(gen, rest);
	digests(gen2, rest2);
	cr_expect_arr_eq(gen, gen2, 32);
	cr_expect_arr_eq(rest, rest2, 32);
	tree_renew(&tree, "server.pem");
	digests(gen2, rest2);
	cr_expect_arr_neq(gen, gen2, 32);
	cr_expect_arr_eq(rest, rest2, 32);
	tree_renew(&tree, "ca/acme.pem");
	digests(gen, rest);
	cr_expect_arr_neq(gen, gen2, 32);
	cr_expect_arr_neq(rest, rest2, 32);
	/* What is also a vendor's CA is more than a certificate of the gateway's own. */
	tree_write(&tree, V, changed(GATEWAY, "server.pem", "ca/acme.pem"));
	digests(gen, rest);
	tree_renew(&tree, "ca/acme.pem");
	digests(gen2, rest2);
	cr_expect_arr_neq(rest, rest2, 32);
}

Test(config_compile, unreadable, .init = setup, .fini = teardown)
{
	tree_write(&tree, V, NULL);
	cr_expect_not(tree_compile(&tree));
	cr_expect_str_eq(tree_said(&tree, true),
			 V ": error: can't be read: No such file or directory\n");
	tree_write(&tree, V, GATEWAY);
	cr_expect(tree_compile(&tree));
	vg_diags_init(&tree.diags, &tree.arena);
	cr_expect_not(vg_config_compile(&tree.compiled, "/nowhere/at/all/vendgate.ini", NULL,
					&tree.arena, &tree.diags));
	cr_expect_str_eq(tree_said(&tree, true), "/nowhere/at/all/vendgate.ini: error: can't be "
						 "read: No such file or directory\n");
}

#define EVERYTHING                                                                                 \
	"[gateway]\nnode = dmz-1\nlisten = 0.0.0.0:8443,\n  [2001:db8::1]:443\nworkers = 3\n"      \
	"proxy_protocol_from = 10.0.0.0/28, 2001:db8:1::/64\nprobes_from = 10.0.0.2\n"             \
	"policies = vendors/\nstate = state\nrun = /run/vg\nuser = vendgate\ndrain = 5s\n"         \
	"health = [::1]:8081\n"                                                                    \
	"[tls]\ncertificate = server.pem,\n  ca/leaf.pem\n"                                        \
	"private_key = keys/server.key,\n  leaf.key\nmin_version = 1.2\n"                          \
	"[limits]\nconnections = 8000\nconnections_per_address = 256\n"                            \
	"handshakes = 500/s burst 900\nheader_bytes = 8KiB\nheader_timeout = 5s\n"                 \
	"idle_timeout = 2m\nmax_body = 1MB\nbody_rate = 2KiB/s\nrequest_timeout = 90s\n"           \
	"[telemetry siem]\nto = udp://[::1]:514\nformat = sd\nfacility = authpriv\n"               \
	"[telemetry copy]\nto = file:events.log\n"                                                 \
	"[service a]\nhost = leaf.example\nupstream = http://10.0.0.1:80\n"                        \
	"[service b]\nhost = api.example\nprefix = /b\n"                                           \
	"upstream = http://10.0.0.2:8080, http://[::2]:8080\nbalance = round_robin\n"              \
	"connect_timeout = 1s\nresponse_timeout = 5s\ndata = name, birth_date\n"

#define EVERY_VENDOR                                                                               \
	"[vendor]\nid = acme\nname = Acme Training SARL\ncontact = soc@acme.example\n"             \
	"purpose = civic courses ; a comment\nmode = suspended\n"                                  \
	"[identity]\nca = ../ca/acme.pem, ../ca/zeta.pem\nuri = spiffe://acme.example/x\n"         \
	"dns = Gateway.Acme.example\nemail = a@b.example\nip = 192.0.2.1\n"                        \
	"subject = CN=gateway,O=Acme\nspki_sha256 = " PIN_A "\nnetworks = 10.0.0.0/8, ::1\n"       \
	"[identity dr]\nca = ../ca/both.pem\nuri = spiffe://acme.example/dr\n"                     \
	"[access upload]\nservice = b\nmethods = POST, GET\npath = /up/{id:int}/\n"                \
	"query = z:a|b, a!:int*20\nrequest_type = application/json, text/csv\nmax_body = 64KiB\n"  \
	"request_headers = X-Session!:slug<=40, Accept, x-TRACE\n"                                 \
	"response_headers = X-Total-Count, X-Page\n"                                               \
	"response_type = application/json, text/csv\nmax_response = 1MiB\n"                        \
	"response_timeout = 3s\n"                                                                  \
	"[access rest]\nservice = b\nmethods = GET\npath = /up/**\nerrors = problem\n"             \
	"[access root]\nservice = a\nmethods = DELETE\npath = /\n"

static void expect_text(struct vg_str str, const char *want)
{
	struct vg_slice got = vg_img_str(&tree.image, str);
	cr_expect(vg_slice_eq(got, vg_slice_str(want)), "got %.*s, want %s", VG_SLICE_FMT(got),
		  want);
}

static void expect_path(struct vg_str str, const char *below)
{
	char want[256];
	(void)snprintf(want, sizeof(want), "%s/%s", tree.directory, below);
	expect_text(str, want);
}

static void expect_certs(const struct vg_image *image)
{
	static const char *const paths[][2] = {{"server.pem", "keys/server.key"},
					       {"ca/leaf.pem", "leaf.key"}};
	cr_assert_eq(vg_img_cert_count(image), 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct vg_img_cert *row = &vg_img_certs(image)[i];
		char path[256];
		(void)snprintf(path, sizeof(path), "%s/%s", tree.directory, paths[i][0]);
		expect_path(row->path, paths[i][0]);
		expect_path(row->key_path, paths[i][1]);
		expect_text(row->where.file, "vendgate.ini");
		cr_expect_eq(row->where.line, 15 + i);
		cr_expect_eq(row->key_line, 17 + i);
		cr_expect_eq(row->chain.count, 1);
		cr_expect_eq(row->stamp, vg_file_stamp(path));
	}
}

static void expect_gateway(const struct vg_image *image)
{
	const struct vg_img_gateway *g = vg_img_gateway(image);
	expect_text(g->node, "dmz-1");
	expect_path(g->state, "state");
	expect_text(g->run, "/run/vg");
	expect_text(g->control, "/run/vg/control.sock");
	expect_text(g->user, "vendgate");
	cr_expect_eq(g->workers, 3);
	cr_expect_eq(g->drain_ms, 5000);
	cr_expect_eq(g->connections, 8000);
	cr_expect_eq(g->connections_per_address, 256);
	cr_expect_eq(g->handshakes.per_second, 500);
	cr_expect_eq(g->handshakes.burst, 900);
	cr_assert_eq(g->proxy_protocol_from.count, 2);
	cr_assert_eq(g->probes_from.count, 1);
	cr_expect_eq(vg_img_prefixs(image)[g->proxy_protocol_from.first + 1].bits, 64);
	cr_expect_eq(vg_img_prefixs(image)[g->probes_from.first].bits, 128);
	cr_expect_eq(g->header_bytes, 8192);
	cr_expect_eq(g->header_timeout_ms, 5000);
	cr_expect_eq(g->idle_timeout_ms, 120000);
	cr_expect_eq(g->max_body, 1000000);
	cr_expect_eq(g->body_rate, 2048);
	cr_expect_eq(g->request_timeout_ms, 90000);
	cr_expect_eq(g->health_port, 8081);
	cr_expect_eq(g->health.bytes[15], 1);
	cr_expect_eq(g->tls_min, 0x0303);
	cr_assert_eq(vg_img_listener_count(image), 2);
	cr_expect_eq(vg_img_listeners(image)[1].port, 443);
	expect_certs(image);
	cr_assert_eq(vg_img_sink_count(image), 2);
	cr_expect_eq(vg_img_sinks(image)[0].kind, VG_SINK_UDP);
	cr_expect_eq(vg_img_sinks(image)[0].facility, 10);
	cr_expect_eq(vg_img_sinks(image)[1].kind, VG_SINK_FILE);
	cr_expect_eq(vg_img_sinks(image)[1].facility, 20);
	expect_path(vg_img_sinks(image)[1].path, "events.log");
}

static void expect_services(const struct vg_image *image)
{
	cr_assert_eq(vg_img_service_count(image), 2);
	const struct vg_img_service *b = &vg_img_services(image)[0]; /* the longer prefix */
	expect_text(b->name, "b");
	expect_text(b->host, "api.example");
	expect_text(b->prefix, "/b");
	cr_expect_eq(b->upstreams.count, 2);
	expect_text(vg_img_upstreams(image)[b->upstreams.first + 1].text, "http://[::2]:8080");
	cr_expect_eq(b->connect_timeout_ms, 1000);
	cr_expect_eq(b->has_data, 1);
	cr_expect_eq(b->where.line, 39);
	const struct vg_img_service *a = &vg_img_services(image)[1];
	expect_text(a->prefix, "");
	cr_expect_eq(a->connect_timeout_ms, 2000);
	cr_expect_eq(a->has_data, 0);
}

static void expect_identities(const struct vg_image *image)
{
	const struct vg_img_ident *idents = vg_img_idents(image);
	const struct vg_str *items = vg_img_items(image);
	cr_assert_eq(vg_img_ident_count(image), 2);
	cr_expect_eq(idents[0].cas.count, 2);
	cr_expect_eq(idents[1].cas.count, 2);
	for (uint32_t i = 0; i < 2; i++) /* both.pem holds the same two */
		cr_expect_eq(vg_img_ders(image)[idents[0].cas.first + i].bytes.offset,
			     vg_img_ders(image)[idents[1].cas.first + i].bytes.offset);
	expect_text(idents[1].name, "dr");
	expect_text(items[idents[0].names[VG_NAME_URI].first], "spiffe://acme.example/x");
	expect_text(items[idents[0].names[VG_NAME_DNS].first], "gateway.acme.example");
	expect_text(items[idents[0].names[VG_NAME_EMAIL].first], "a@b.example");
	expect_text(items[idents[0].names[VG_NAME_SUBJECT].first], "CN=gateway,O=Acme");
	cr_expect_eq(items[idents[0].names[VG_NAME_IP].first].len, 16);
	cr_expect_eq(idents[0].pins.count, 1);
	cr_expect_eq(vg_img_pins(image)[0].spki_sha256[31], 1);
	cr_expect_eq(idents[0].networks.count, 2);
	cr_expect_eq(vg_img_prefixs(image)[idents[0].networks.first].bits, 104);
	cr_expect_eq(idents[1].networks.count, 0);
	cr_expect_eq(vg_img_name_count(image), 6);
}

static void expect_rules(const struct vg_image *image)
{
	const struct vg_img_rule *rules = vg_img_rules(image);
	cr_assert_eq(vg_img_rule_count(image), 3);
	expect_text(rules[0].name, "upload");
	expect_text(rules[0].pattern, "/up/{id:int}/");
	cr_expect_eq(rules[0].slash, 1);
	cr_expect_eq(rules[0].max_body, 65536);
	cr_expect_eq(rules[0].methods, VG_METHOD_BIT(VG_METHOD_POST) |
					       VG_METHOD_BIT(VG_METHOD_GET) |
					       VG_METHOD_BIT(VG_METHOD_HEAD));
	cr_assert_eq(rules[0].params.count, 2);
	const struct vg_img_param *params = vg_img_params(image) + rules[0].params.first;
	expect_text(params[0].name, "a");
	cr_expect_eq(params[0].required, 1);
	cr_expect_eq(params[0].value.list, 20);
	expect_text(params[1].value.words, "a|b");
	cr_assert_eq(rules[0].types.count, 2);
	expect_text(vg_img_items(image)[rules[0].types.first + 1], "text/csv");
	cr_assert_eq(rules[0].headers.count, 3);
	params = vg_img_params(image) + rules[0].headers.first;
	expect_text(params[0].name, "accept");
	expect_text(params[1].name, "x-session");
	cr_expect_eq(params[1].required, 1);
	cr_expect_eq(params[1].value.high, 40);
	expect_text(params[2].name, "x-trace");
	cr_assert_eq(rules[0].answer_headers.count, 2);
	expect_text(vg_img_items(image)[rules[0].answer_headers.first], "x-page");
	cr_assert_eq(rules[0].answer_types.count, 2);
	expect_text(vg_img_items(image)[rules[0].answer_types.first + 1], "text/csv");
	cr_expect_eq(rules[0].max_response, 1 << 20);
	cr_expect_eq(rules[0].response_timeout_ms, 3000);
	cr_expect_eq(rules[0].errors, VG_ERRORS_PROBLEM, "it promises a type");
	expect_text(rules[0].where.file, "vendors/acme.ini");
	cr_expect_eq(rules[0].where.line, 19);
	expect_text(rules[1].name, "rest");
	cr_expect_eq(rules[1].max_body, 1000000);
	cr_expect_eq(rules[1].headers.count, 0);
	cr_expect_eq(rules[1].max_response, UINT64_MAX);
	cr_expect_eq(rules[1].response_timeout_ms, 5000, "that of its service");
	cr_expect_eq(rules[1].errors, VG_ERRORS_PROBLEM);
	cr_expect_eq(rules[2].errors, VG_ERRORS_PASS);
	expect_text(rules[2].name, "root");
	cr_expect_eq(rules[2].methods, VG_METHOD_BIT(VG_METHOD_DELETE));
	cr_expect_eq(rules[2].segments.count, 0);
}

Test(config_compile, every_key, .init = setup, .fini = teardown)
{
	tree_write(&tree, V, EVERYTHING);
	tree_write(&tree, "vendors/acme.ini", EVERY_VENDOR);
	tree_write(&tree, A, "not read");
	bool good = tree_compile(&tree);
	cr_assert_str_eq(tree_said(&tree, false), "");
	cr_assert(good);
	expect_gateway(&tree.image);
	expect_services(&tree.image);
	cr_assert_eq(vg_img_vendor_count(&tree.image), 1);
	cr_expect_eq(vg_img_vendors(&tree.image)->mode, VG_MODE_SUSPENDED);
	expect_identities(&tree.image);
	expect_rules(&tree.image);
}

/* The digest is that of names and bytes: the same files give the same, wherever they lie. */
Test(config_compile, generation, .init = setup, .fini = teardown)
{
	uint8_t gens[4][32];
	const char *const texts[] = {ACME, ACME, ACME "; a comment\n", ACME};
	tree_write(&tree, Z, ZETA("ca = ../ca/zeta.pem\nuri = spiffe://zeta.example/gateway\n"));
	for (size_t i = 0; i < 4; i++) {
		tree_write(&tree, A, texts[i]);
		cr_assert(tree_compile(&tree), "%s", tree_said(&tree, false));
		memcpy(gens[i], tree.image.header->gen, 32);
	}
	cr_expect_arr_eq(gens[0], gens[1], 32);
	cr_expect_arr_neq(gens[0], gens[2], 32);
	cr_expect_arr_eq(gens[0], gens[3], 32);
	tree_write(&tree, A, NULL);
	tree_write(&tree, "policies/other.ini", ACME);
	cr_assert(tree_compile(&tree));
	cr_expect_arr_neq(tree.image.header->gen, gens[0], 32);
}
