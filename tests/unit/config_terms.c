/* When a vendor may ask at all: contract, assessment and hours, as written and as decided. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "config_tree.h"
#include "policy/decide.h"

static struct tree tree;

static void setup(void)
{
	tree_begin(&tree);
	tree_write(
		&tree, "vendgate.ini",
		"[gateway]\nlisten = 127.0.0.1:8443\n"
		"[tls]\ncertificate = server.pem\nprivate_key = server.key\n"
		"[telemetry siem]\nto = udp://127.0.0.1:5140\n"
		"[service courses]\nhost = api.agency.example\nupstream = http://127.0.0.1:80\n");
}

static void teardown(void)
{
	tree_end(&tree);
}

/* `vendor` stands in [vendor], `access` in [access]; `more` behind. */
static bool compile(const char *vendor, const char *access, const char *more)
{
	char text[2048];
	snprintf(text, sizeof(text),
		 "[vendor]\nid = acme\n%s\n[identity]\nca = ../ca/acme.pem\n"
		 "uri = spiffe://acme.example/gateway\nnetworks = 192.0.2.0/24\n"
		 "[access one]\nservice = courses\nmethods = GET\npath = /one\n%s\n"
		 "[access two]\nservice = courses\nmethods = GET\npath = /two\n%s\n",
		 vendor, access, more);
	tree_write(&tree, "policies/acme.ini", text);
	return tree_compile(&tree);
}

static struct vg_verdict decide(const char *at, const char *src, const char *raw)
{
	int64_t now;
	cr_assert(vg_time_parse(vg_slice_str(at), &now), "%s", at);
	return tree_decide(&tree, "GET", raw, src, now);
}

#define WORK "[hours]\nallow = Mon-Fri 07:30-19:00 Europe/Paris\n"
#define CLOSED WORK "closed = 2026-07-14, 2026-12-25\n"
#define NIGHT "[hours]\nallow = Fri 22:00-06:00 Europe/Paris\nclosed = 2026-06-05\n"

static const struct {
	const char *what, *vendor, *access, *more;
	const char *at, *path;
	enum vg_reason reason;
	enum vg_step step;
} cases[] = {
#define OPEN VG_REASON_ACCESS_ALLOWED, VG_STEP_COUNT
#define SHUT VG_REASON_HOURS_CLOSED, VG_STEP_HOURS
#define RULE_SHUT VG_REASON_HOURS_CLOSED, VG_STEP_RULE_HOURS
#define NOT_BEGUN VG_REASON_CONTRACT_NOT_BEGUN, VG_STEP_CONTRACT
#define ENDED VG_REASON_CONTRACT_ENDED, VG_STEP_CONTRACT
#define STALE VG_REASON_ASSESSMENT_STALE, VG_STEP_CONTRACT
	{"nothing said", "", "", "", "1999-01-01T03:00:00Z", "/one", OPEN},

	/* A contract's days are both inside, and UTC's. */
	{"the second before", "contract = 2026-01-01 .. 2026-12-31", "", "", "2025-12-31T23:59:59Z",
	 "/one", NOT_BEGUN},
	{"its first", "contract = 2026-01-01 .. 2026-12-31", "", "", "2026-01-01T00:00:00Z", "/one",
	 OPEN},
	{"its last", "contract = 2026-01-01 .. 2026-12-31", "", "", "2026-12-31T23:59:59.999999Z",
	 "/one", OPEN},
	{"the second after", "contract = 2026-01-01 .. 2026-12-31", "", "", "2027-01-01T00:00:00Z",
	 "/one", ENDED},
	{"another zone's new year", "contract = 2026-01-01 .. 2026-12-31", "", "",
	 "2026-01-01T00:30:00+01:00", "/one", NOT_BEGUN},
	{"an exact end", "contract = 2026-01-01 .. 2026-12-31T18:00:00+01:00", "", "",
	 "2026-12-31T17:00:00Z", "/one", ENDED},
	{"just before it", "contract = 2026-01-01 .. 2026-12-31T18:00:00+01:00", "", "",
	 "2026-12-31T16:59:59Z", "/one", OPEN},
	{"contract before rule", "contract = 2026-01-01 .. 2026-12-31", "", "",
	 "2027-01-01T00:00:00Z", "/none", ENDED},

	{"assessed last year", "assessed = 2025-03-02", "", "", "2026-03-01T23:59:59Z", "/one",
	 OPEN},
	{"a year and a day", "assessed = 2025-03-02", "", "", "2026-03-02T00:00:00Z", "/one",
	 STALE},
	{"a shorter one", "assessed = 2025-03-02\nassessment_valid = 90d", "", "",
	 "2025-05-31T00:00:00Z", "/one", STALE},
	{"contract first", "contract = 2024-01-01 .. 2024-12-31\nassessed = 2023-01-01", "", "",
	 "2026-01-01", "/one", ENDED},

	/* Paris is UTC+1 in winter, UTC+2 in summer. */
	{"winter, before", "", "", WORK, "2026-01-05T06:29:59Z", "/one", SHUT},
	{"winter, begin", "", "", WORK, "2026-01-05T06:30:00Z", "/one", OPEN},
	{"summer, begin", "", "", WORK, "2026-06-01T05:30:00Z", "/one", OPEN},
	{"summer, end is outside", "", "", WORK, "2026-06-01T17:00:00Z", "/one", SHUT},
	{"summer, last moment", "", "", WORK, "2026-06-01T16:59:59.999999Z", "/one", OPEN},
	{"Saturday", "", "", WORK, "2026-06-06T10:00:00Z", "/one", SHUT},
	{"a closed day", "", "", CLOSED, "2026-07-14T10:00:00Z", "/one", SHUT},
	{"the day after it", "", "", CLOSED, "2026-07-15T10:00:00Z", "/one", OPEN},
	{"hours before rules", "", "", WORK, "2026-06-06T10:00:00Z", "/none", SHUT},

	/* A night belongs to the day on which it begins. */
	{"Friday night", "", "", NIGHT, "2026-06-12T21:00:00Z", "/one", OPEN},
	{"Saturday morning", "", "", NIGHT, "2026-06-13T03:59:59Z", "/one", OPEN},
	{"its end", "", "", NIGHT, "2026-06-13T04:00:00Z", "/one", SHUT},
	{"Friday morning", "", "", NIGHT, "2026-06-12T03:00:00Z", "/one", SHUT},
	{"a night that a closed day begins", "", "", NIGHT, "2026-06-06T03:00:00Z", "/one", SHUT},

	/* Time that is skipped (2026-03-29, 2:00 to 3:00), and time that comes twice (2026-10-25). */
	{"skipped", "", "", "[hours]\nallow = 02:00-03:00 Europe/Paris\n", "2026-03-29T01:00:00Z",
	 "/one", SHUT},
	{"begins in what is skipped", "", "", "[hours]\nallow = 02:30-04:00 Europe/Paris\n",
	 "2026-03-29T01:00:00Z", "/one", OPEN},
	{"and not before", "", "", "[hours]\nallow = 02:30-04:00 Europe/Paris\n",
	 "2026-03-29T00:59:59Z", "/one", SHUT},
	{"the first time", "", "", "[hours]\nallow = 02:00-02:30 Europe/Paris\n",
	 "2026-10-25T00:15:00Z", "/one", OPEN},
	{"the second time", "", "", "[hours]\nallow = 02:00-02:30 Europe/Paris\n",
	 "2026-10-25T01:15:00Z", "/one", OPEN},
	{"between", "", "", "[hours]\nallow = 02:00-02:30 Europe/Paris\n", "2026-10-25T00:45:00Z",
	 "/one", SHUT},

	/* An access's own hours, beside the vendor's. */
	{"rule open", "", "hours = 24..28 06:00-22:00 UTC", "", "2026-06-24T12:00:00Z", "/one",
	 OPEN},
	{"rule shut", "", "hours = 24..28 06:00-22:00 UTC", "", "2026-06-23T12:00:00Z", "/one",
	 RULE_SHUT},
	{"another rule", "", "hours = 24..28 06:00-22:00 UTC", "", "2026-06-23T12:00:00Z", "/two",
	 OPEN},
	{"both must be open", "", "hours = 00:00-24:00 UTC", WORK, "2026-06-06T10:00:00Z", "/one",
	 SHUT},
	{"one of two", "", "hours = Mon 06:00-08:00 UTC, Tue 10:00-12:00 UTC", "",
	 "2026-06-02T11:00:00Z", "/one", OPEN},
	{"the vendor's closed days", "", "hours = 00:00-24:00 Europe/Paris", CLOSED,
	 "2026-07-14T10:00:00Z", "/one", SHUT},
};

Test(config_terms, decided, .init = setup, .fini = teardown, .timeout = 120)
{
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		cr_assert(compile(cases[i].vendor, cases[i].access, cases[i].more), "%s: %s",
			  cases[i].what, tree_said(&tree, false));
		struct vg_verdict verdict = decide(cases[i].at, "192.0.2.1", cases[i].path);
		cr_expect_eq(verdict.reason, cases[i].reason, "%s: %s", cases[i].what,
			     vg_reason_row(verdict.reason)->word);
		cr_expect_eq(verdict.step, cases[i].step, "%s: %s", cases[i].what,
			     vg_step_word(verdict.step));
	}
}

Test(config_terms, order, .init = setup, .fini = teardown)
{
	const char *contract = "contract = 2024-01-01 .. 2024-12-31";
	cr_assert(compile(contract, "", WORK));
	cr_expect_eq(decide("2026-06-06T10:00:00Z", "198.51.100.1", "/one").reason,
		     VG_REASON_CONTRACT_ENDED);
	cr_expect_eq(decide("2024-06-08T10:00:00Z", "198.51.100.1", "/one").reason,
		     VG_REASON_NETWORK_NOT_LISTED);
	cr_expect_eq(decide("2024-06-08T10:00:00Z", "192.0.2.1", "/one").reason,
		     VG_REASON_HOURS_CLOSED);
}

static const struct {
	const char *vendor, *access, *more, *now, *until; /* NULL: never */
} edges[] = {
	{"", "", "", "2026-06-01T10:00:00Z", NULL},
	{"contract = 2026-01-01 .. 2026-12-31", "", "", "2026-06-01T10:00:00Z", "2027-01-01"},
	{"contract = 2026-01-01 .. 2026-12-31\nassessed = 2025-09-01", "", "",
	 "2026-06-01T10:00:00Z", "2026-09-01"},
	{"contract = 2026-01-01 .. 2026-12-31", "", WORK, "2026-06-01T10:00:00Z",
	 "2026-06-01T17:00:00Z"},
	{"", "hours = 09:00-16:00 UTC", WORK, "2026-06-01T10:00:00Z", "2026-06-01T16:00:00Z"},
};

Test(config_terms, until_when, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(edges); i++) {
		int64_t now, until = INT64_MAX;
		cr_assert(compile(edges[i].vendor, edges[i].access, edges[i].more));
		cr_assert(vg_time_parse(vg_slice_str(edges[i].now), &now));
		if (edges[i].until != NULL)
			cr_assert(vg_time_parse(vg_slice_str(edges[i].until), &until));
		struct vg_verdict verdict = decide(edges[i].now, "192.0.2.1", "/one");
		cr_assert_eq(verdict.reason, VG_REASON_ACCESS_ALLOWED);
		struct vg_term term = vg_decide_again(&tree.image, 0, verdict.rule, now);
		cr_expect_eq(term.reason, VG_REASON_NONE, "%zu", i);
		cr_expect_eq(term.until, until, "%zu: %lld", i, (long long)term.until);
		cr_expect_eq(verdict.until, until, "%zu: %lld", i, (long long)verdict.until);
	}
}

/* Of the cases above: it refuses what they do, at the same step, where only the time is against. */
Test(config_terms, again_as_the_first_time, .init = setup, .fini = teardown, .timeout = 120)
{
	for (size_t i = 0; i < VG_COUNT(cases); i++) {
		int64_t now;
		if (strcmp(cases[i].path, "/none") == 0)
			continue;
		cr_assert(compile(cases[i].vendor, cases[i].access, cases[i].more));
		cr_assert(vg_time_parse(vg_slice_str(cases[i].at), &now));
		uint32_t rule = strcmp(cases[i].path, "/two") == 0;
		cr_assert(vg_slice_eq(
			vg_img_str(&tree.image, vg_img_rules(&tree.image)[rule].pattern),
			vg_slice_str(cases[i].path)));
		struct vg_term term = vg_decide_again(&tree.image, 0, rule, now);
		bool allowed = cases[i].reason == VG_REASON_ACCESS_ALLOWED;
		cr_expect_eq(term.reason, allowed ? VG_REASON_NONE : cases[i].reason, "%s",
			     cases[i].what);
		cr_expect_eq(term.step, cases[i].step, "%s", cases[i].what);
		cr_expect(!allowed || term.until > now, "%s", cases[i].what);
	}
}

#define A "policies/acme.ini"
#define HOURS_TEXT                                                                                 \
	"[DAYS] FROM-TO ZONE, such as Mon-Fri 07:30-19:00 Europe/Paris or 24..28 06:00-22:00 UTC"

static const struct {
	const char *vendor, *more, *said;
} faults[] = {
	{"contract = 2026-01-01", "",
	 A ":3: error: contract \"2026-01-01\" must be BEGIN .. END, such as 2026-01-01 .. "
	   "2026-12-31\n"},
	{"assessed = yesterday", "",
	 A ":3: error: assessed \"yesterday\" must be a day, such as 2026-07-14\n"},
	{"assessment_valid = 90d", "",
	 A ":3: error: assessment_valid without assessed: nothing begins with it\n"},
	{"", "[hours]\n",
	 A ":17: error: [hours] has no allow: when it may ask: [DAYS] FROM-TO "
	   "ZONE\n"},
	{"", "[hours]\nallow = Mon-Fri 7-19 UTC\n",
	 A ":18: error: allow \"Mon-Fri 7-19 UTC\" must be " HOURS_TEXT "\n"},
	{"", "[hours]\nallow = 07:00-19:00 UTC, 07:00-19:00 Europe/Pari\n",
	 A ":18: error: time zone \"Europe/Pari\" can't be read below /usr/share/zoneinfo/ "
	   "(package tzdata): No such file or directory\n"},
	{"", "[hours]\nallow = 07:00-19:00 Europe\n",
	 A ":18: error: time zone \"Europe\" can't be read below /usr/share/zoneinfo/ "
	   "(package tzdata): Is a directory\n"},
	{"", "[hours]\nallow = 07:00-19:00 UTC\nclosed = 14.7.\n",
	 A ":19: error: closed \"14.7.\" must be a day, such as 2026-07-14\n"},
};

Test(config_terms, refused, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(faults); i++) {
		cr_expect_not(compile(faults[i].vendor, "", faults[i].more), "%zu", i);
		cr_expect_str_eq(tree_said(&tree, false), faults[i].said);
	}
}

/* Its day is written as a date, so many days from today. */
static void day_from_now(char out[VG_TIME_TEXT], int64_t days)
{
	vg_time_text(out, (int64_t)time(NULL) * 1000000 + days * INT64_C(86400000000));
	out[10] = '\0';
}

Test(config_terms, what_ends_is_told, .init = setup, .fini = teardown)
{
	static const struct {
		int64_t days;
		const char *said; /* a part of it; "" for nothing */
	} ends[] = {{40, ""}, {20, "the contract ends with "}, {-20, "the contract ended with "}};
	char day[VG_TIME_TEXT], vendor[64];
	for (size_t i = 0; i < VG_COUNT(ends); i++) {
		day_from_now(day, ends[i].days);
		snprintf(vendor, sizeof(vendor), "contract = 2020-01-01 .. %s", day);
		cr_assert(compile(vendor, "", ""));
		const char *said = tree_said(&tree, false);
		cr_expect_eq(said[0] == '\0', ends[i].said[0] == '\0', "%s", said);
		cr_expect_neq(strstr(said, ends[i].said), NULL, "%s", said);
	}
}

Test(config_terms, a_zone_is_read_once_and_part_of_the_generation, .init = setup, .fini = teardown)
{
	uint8_t paris[32];
	cr_assert(compile("", "", "[hours]\nallow = 07:00-19:00 Europe/Paris\n"));
	memcpy(paris, tree.image.header->gen, sizeof(paris));
	cr_expect_eq(vg_img_zone_count(&tree.image), 1);
	cr_expect_gt(vg_img_shift_count(&tree.image), 100);
	cr_assert(compile("", "hours = 01:00-02:00 Europe/Paris",
			  "[hours]\nallow = 07:00-19:00 Europe/Paris\n"));
	cr_expect_eq(vg_img_zone_count(&tree.image), 1);
	cr_expect_eq(vg_img_window_count(&tree.image), 2);
	cr_expect_neq(memcmp(paris, tree.image.header->gen, sizeof(paris)), 0);
}
