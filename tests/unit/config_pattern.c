/* Patterns: each as it is understood, each fault as it is told, and the order of rules. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/pattern.h"

static struct vg_arena arena;

static void setup(void)
{
	vg_arena_init(&arena, (size_t)1 << 20);
}

static void teardown(void)
{
	vg_arena_fini(&arena);
}

static size_t print_value(char *out, size_t room, const struct vg_pattern_value *v)
{
	static const char *const names[] = {"any", "int",  "uuid", "date",
					    "hex", "slug", "text", "words"};
	char list[24] = "", bounds[64] = "";
	if (v->list != 0)
		(void)snprintf(list, sizeof(list), "*%u", v->list);
	if (v->low != 0 || v->high != 0)
		(void)snprintf(bounds, sizeof(bounds), "%lld..%lld", (long long)v->low,
			       (long long)v->high);
	return (size_t)snprintf(out, room, "%s(%s%.*s)%s", names[v->type], bounds,
				VG_SLICE_FMT(v->words), list);
}

/* "lit name:int(1..9) name ** /": segments with blanks between, a final slash last. */
static void print(char *out, size_t room, const struct vg_pattern *p)
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < p->count; i++) {
		const struct vg_pattern_segment *s = &p->segments[i];
		bool capture = s->kind == VG_SEGMENT_TYPED || s->kind == VG_SEGMENT_UNTYPED;
		len += snprintf(out + len, room - len, "%s%.*s", i > 0 ? " " : "",
				VG_SLICE_FMT(s->prefix));
		if (s->kind == VG_SEGMENT_REST)
			len += snprintf(out + len, room - len, "**");
		if (capture)
			len += snprintf(out + len, room - len, "{%.*s", VG_SLICE_FMT(s->name));
		if (s->kind == VG_SEGMENT_TYPED) {
			len += snprintf(out + len, room - len, ":");
			len += print_value(out + len, room - len, &s->value);
		}
		if (capture)
			len += snprintf(out + len, room - len, "}%.*s", VG_SLICE_FMT(s->suffix));
	}
	(void)snprintf(out + len, room - len, "%s", p->slash ? " /" : "");
}

#define INTS "-999999999999999999..999999999999999999"

static const struct {
	const char *in, *out, *fault; /* one of both */
} paths[] = {
	{"/", " /", NULL},
	{"/v1", "v1", NULL},
	{"/v1/", "v1 /", NULL},
	{"/v1/courses/{course_id:uuid}/attendees", "v1 courses {course_id:uuid()} attendees", NULL},
	{"/{a}/{b:int}/{c:int:1..9}", "{a} {b:int(" INTS ")} {c:int(1..9)}", NULL},
	{"/{a:int:-5..-1}", "{a:int(-5..-1)}", NULL},
	{"/{a:date}/{b:hex<=8}/{c:slug<=40}/{d:text<=200}",
	 "{a:date()} {b:hex(1..8)} {c:slug(1..40)} {d:text(1..200)}", NULL},
	{"/{a:hex}", "{a:hex(1..128)}", NULL},
	{"/report-{id:int}.pdf", "report-{id:int(" INTS ")}.pdf", NULL},
	{"/static/**", "static **", NULL},
	{"/**", "**", NULL},
	{"/caf%c3%a9/%7Euser/a:b@c", "caf%C3%A9 ~user a:b@c", NULL},
	{"", NULL, "it must begin with /"},
	{"v1", NULL, "it must begin with /"},
	{"//", NULL, "empty segment: two slashes"},
	{"/a//", NULL, "empty segment: two slashes"},
	{"/a//b", NULL, "empty segment: two slashes"},
	{"/a/../b", NULL, NULL},
	{"/a/%2e%2e/b", NULL, NULL},
	{"/a;b", NULL, NULL},
	{"/a%2fb", NULL, NULL},
	{"/a%zz", NULL, NULL},
	{"/a b", NULL, NULL},
	{"/\xc3\xa9", NULL, NULL},
	{"/a?b=c", NULL, NULL},
	{"/a/*", NULL,
	 "\"*\" has a *; write {name} for one segment, ** as the last one for all "
	 "that follow"},
	{"/a/*.pdf", NULL,
	 "\"*.pdf\" has a *; write {name} for one segment, ** as the last one for "
	 "all that follow"},
	{"/**/a", NULL, "** only stands last"},
	{"/a/**/", NULL, "** only stands last"},
	{"/{a", NULL, "\"{a\" must have one { and one } behind it"},
	{"/a}", NULL, "\"a}\" must have one { and one } behind it"},
	{"/}a{", NULL, "\"}a{\" must have one { and one } behind it"},
	{"/{a}{b}", NULL, "\"{a}{b}\" must have one { and one } behind it"},
	{"/{}", NULL, "\"\" is no name: a-z, 0-9, - and _, up to 40 bytes"},
	{"/{Id}", NULL, "\"Id\" is no name: a-z, 0-9, - and _, up to 40 bytes"},
	{"/{a}/{a:int}", NULL, "{a} stands in it twice"},
	{"/{a:slg<=9}", NULL, "unknown type \"slg<=9\"; did you mean \"slug\"?"},
	{"/{a:string}", NULL,
	 "unknown type \"string\"; there are int, int:1..9, uuid, date, hex<=N, "
	 "slug<=N and text<=N"},
	{"/{a:x|y}", NULL,
	 "unknown type \"x|y\"; there are int, int:1..9, uuid, date, hex<=N, "
	 "slug<=N and text<=N"},
	{"/{a:}", NULL,
	 "unknown type \"\"; there are int, int:1..9, uuid, date, hex<=N, slug<=N "
	 "and text<=N"},
	{"/{a:int:1}", NULL, "bounds \"1\" must be LOW..HIGH of up to 18 digits, such as 1..50"},
	{"/{a:int:1..}", NULL,
	 "bounds \"1..\" must be LOW..HIGH of up to 18 digits, such as 1..50"},
	{"/{a:int:0..1000000000000000000}", NULL,
	 "bounds \"0..1000000000000000000\" must be LOW..HIGH of up to 18 digits, such as 1..50"},
	{"/{a:int:9..1}", NULL, "bounds \"9..1\" leave no number"},
	{"/{a:int<=9}", NULL, "int<=9 is no type; write int or int:1..50"},
	{"/{a:slug<=0}", NULL, "\"<=0\" must be <=N with N from 1 to 1024, such as slug<=40"},
	{"/{a:slug<9}", NULL, "\"<9\" must be <=N with N from 1 to 1024, such as slug<=40"},
	{"/{a:text<=1025}", NULL, "\"<=1025\" must be <=N with N from 1 to 1024, such as slug<=40"},
	{"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}", NULL,
	 "17 captures; at most 16 fit"},
};

Test(config_pattern, paths, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(paths); i++) {
		struct vg_pattern pattern;
		char fault[VG_PATTERN_FAULT] = "", out[512] = "";
		bool good = vg_pattern_path(&pattern, vg_slice_str(paths[i].in), &arena, fault);
		cr_expect_eq(good, paths[i].out != NULL, "%s: %s", paths[i].in, fault);
		if (good)
			print(out, sizeof(out), &pattern);
		if (good && paths[i].out != NULL)
			cr_expect_str_eq(out, paths[i].out, "%s: %s", paths[i].in, out);
		if (!good && paths[i].fault != NULL)
			cr_expect_str_eq(fault, paths[i].fault, "%s: %s", paths[i].in, fault);
		cr_expect(good || fault[0] != '\0', "%s", paths[i].in);
	}
}

static const struct {
	const char *in, *out, *fault;
} params[] = {
	{"q", "q any()", NULL},
	{"page:int:1..50", "page int(1..50)", NULL},
	{"sort:name|date", "sort words(name|date)", NULL},
	{"since!:date", "since! date()", NULL},
	{"since!", "since! any()", NULL},
	{"ids:int*20", "ids int(" INTS ")*20", NULL},
	{"ids:int:1..9*2", "ids int(1..9)*2", NULL},
	{"s:a|b*3", "s words(a|b)*3", NULL},
	{"v:2", "v words(2)", NULL},
	{"t:text|plain", "t words(text|plain)", NULL},
	{"filter[name]:slug<=8", "filter[name] slug(1..8)", NULL},
	{"q : uuid", "q uuid()", NULL},
	{"", NULL, "\"\" names no parameter; write name, name:type or name!:type"},
	{":int", NULL, "\":int\" names no parameter; write name, name:type or name!:type"},
	{"!:int", NULL, "\"!:int\" names no parameter; write name, name:type or name!:type"},
	{"q:", NULL, "no type behind \"q:\""},
	{"a b:int", NULL, "parameter name \"a b\" has other bytes than letters, digits and -._~[]"},
	{"q:dat", NULL, "unknown type \"dat\"; did you mean \"date\"?"},
	{"q:a||b", NULL, "\"a||b\" has an empty word"},
	{"q:a|b c", NULL, "word \"b c\" has other bytes than letters, digits and -._~"},
	{"q:int*0", NULL, "\"*0\" must be *N with N from 1 to 1000, such as int*20"},
	{"q:int*", NULL, "\"*\" must be *N with N from 1 to 1000, such as int*20"},
	{"q:int:5..1", NULL, "bounds \"5..1\" leave no number"},
};

static const struct {
	const char *in, *out, *fault;
} fields[] = {
	{"X-Session", "x-session any()", NULL},
	{"X-Session!", "x-session! any()", NULL},
	{"X-SESSION : slug<=40", "x-session slug(1..40)", NULL},
	{"x-ids!:int:1..9*3", "x-ids! int(1..9)*3", NULL},
	{"Authorization", "authorization any()", NULL},
	{"Accept:a|b", "accept words(a|b)", NULL},
	{"", NULL, "\"\" names no header field; write Name, Name:type or Name!:type"},
	{"!", NULL, "\"!\" names no header field; write Name, Name:type or Name!:type"},
	{":int", NULL, "\":int\" names no header field; write Name, Name:type or Name!:type"},
	{"X-A:", NULL, "no type behind \"X-A:\""},
	{"X-A:dat", NULL, "unknown type \"dat\"; did you mean \"date\"?"},
	{"X A", NULL,
	 "\"X A\" has other bytes than letters, digits and -, which servers take for other names"},
	{"X.A", NULL,
	 "\"X.A\" has other bytes than letters, digits and -, which servers take for other names"},
	{"X_Forwarded_For", NULL,
	 "\"X_Forwarded_For\" has other bytes than letters, digits and -, which servers take for "
	 "other "
	 "names"},
	{"TE", NULL, "TE can't be listed: it is about a connection, not the message"},
	{"X-HTTP-Method", NULL, "X-HTTP-Method can't be listed: it is never accepted"},
	{"X-Original-URL!:text", NULL,
	 "X-Original-URL can't be listed: it makes servers read another host or path than was "
	 "judged"},
};

Test(config_pattern, fields, .init = setup, .fini = teardown)
{
	for (size_t i = 0; i < VG_COUNT(fields); i++) {
		struct vg_pattern_param param;
		char fault[VG_PATTERN_FAULT] = "", out[256] = "";
		bool good = vg_pattern_field(&param, vg_slice_str(fields[i].in), true, &arena,
					     fault);
		cr_expect_eq(good, fields[i].out != NULL, "%s: %s", fields[i].in, fault);
		if (good) {
			int n = snprintf(out, sizeof(out), "%.*s%s ", VG_SLICE_FMT(param.name),
					 param.required ? "!" : "");
			(void)print_value(out + n, sizeof(out) - (size_t)n, &param.value);
		}
		if (good && fields[i].out != NULL)
			cr_expect_str_eq(out, fields[i].out, "%s: %s", fields[i].in, out);
		if (!good && fields[i].fault != NULL)
			cr_expect_str_eq(fault, fields[i].fault, "%s: %s", fields[i].in, fault);
	}
}

Test(config_pattern, params)
{
	for (size_t i = 0; i < VG_COUNT(params); i++) {
		struct vg_pattern_param param;
		char fault[VG_PATTERN_FAULT] = "", out[256] = "";
		bool good = vg_pattern_param(&param, vg_slice_str(params[i].in), fault);
		cr_expect_eq(good, params[i].out != NULL, "%s: %s", params[i].in, fault);
		if (good) {
			int n = snprintf(out, sizeof(out), "%.*s%s ", VG_SLICE_FMT(param.name),
					 param.required ? "!" : "");
			(void)print_value(out + n, sizeof(out) - (size_t)n, &param.value);
			cr_expect_str_eq(out, params[i].out, "%s: %s", params[i].in, out);
		} else {
			cr_expect_str_eq(fault, params[i].fault, "%s: %s", params[i].in, fault);
		}
	}
}

Test(config_pattern, order, .init = setup, .fini = teardown)
{
	static const char *const sorted[] = {
		"/",         "/a",         "/a/",          "/a/b",
		"/a/b/c",    "/a/{x:int}", "/a/{x:int}/b", "/a/{x:int}/{y}",
		"/a/{x}",    "/a/{x}/b",   "/a/**",        "/b",
		"/{x:uuid}", "/{x}",       "/{x}/**",      "/**",
	};
	for (size_t i = 0; i < VG_COUNT(sorted); i++) {
		for (size_t j = 0; j < VG_COUNT(sorted); j++) {
			struct vg_pattern a, b;
			char fault[VG_PATTERN_FAULT];
			cr_assert(vg_pattern_path(&a, vg_slice_str(sorted[i]), &arena, fault));
			cr_assert(vg_pattern_path(&b, vg_slice_str(sorted[j]), &arena, fault));
			int order = vg_pattern_cmp(&a, &b);
			cr_expect_eq((order > 0) - (order < 0), (i > j) - (i < j), "%s %s",
				     sorted[i], sorted[j]);
		}
	}
}
