#include "config/pattern.h"

#include <stdio.h>

#include "base/diag.h"
#include "base/text.h"
#include "config/units.h"
#include "http/barred.h"
#include "policy/route.h"
#include "policy/value.h"

/* What 0|-?[1-9][0-9]{0,17} can be. */
#define INT_LIMIT INT64_C(999999999999999999)

#define FAULT(fault, ...) ((void)snprintf(fault, VG_PATTERN_FAULT, __VA_ARGS__), false)

static const char *const type_words[] = {"int", "uuid", "date", "hex", "slug", "text"};

static bool after(struct vg_slice s, struct vg_slice start, struct vg_slice *rest)
{
	*rest = vg_slice_from(s, start.len);
	return vg_slice_starts(s, start);
}

/* "int" or "int:LOW..HIGH", with `range` what is behind "int". */
static bool parse_int(struct vg_pattern_value *value, struct vg_slice range, char *fault)
{
	struct vg_slice bounds, high;
	value->type = VG_VALUE_INT;
	value->low = -INT_LIMIT;
	value->high = INT_LIMIT;
	if (range.len == 0)
		return true;
	size_t dots = 0;
	if (!after(range, VG_SLICE(":"), &bounds))
		return FAULT(fault, "int%.*s is no type; write int or int:1..50",
			     VG_SLICE_FMT(range));
	while (dots < bounds.len && !vg_slice_starts(vg_slice_from(bounds, dots), VG_SLICE("..")))
		dots++;
	high = vg_slice_from(bounds, dots + 2);
	if (!vg_units_int(vg_slice_first(bounds, dots), &value->low) ||
	    !vg_units_int(high, &value->high) || value->low < -INT_LIMIT || value->high > INT_LIMIT)
		return FAULT(fault,
			     "bounds \"%.*s\" must be LOW..HIGH of up to 18 digits, such as 1..50",
			     VG_SLICE_FMT(bounds));
	if (value->low > value->high)
		return FAULT(fault, "bounds \"%.*s\" leave no number", VG_SLICE_FMT(bounds));
	return true;
}

/* "hex", "slug" or "text" with `bound` what is behind: nothing, or "<=N". */
static bool parse_length(struct vg_pattern_value *value, enum vg_value_type type,
			 struct vg_slice bound, char *fault)
{
	struct vg_slice digits;
	uint64_t high = VG_VALUE_DEFAULT_MAX;
	value->type = type;
	if (bound.len > 0 &&
	    (!after(bound, VG_SLICE("<="), &digits) || !vg_slice_u64(digits, &high) || high == 0 ||
	     high > VG_PATTERN_LENGTH_MAX))
		return FAULT(fault, "\"%.*s\" must be <=N with N from 1 to %d, such as slug<=40",
			     VG_SLICE_FMT(bound), VG_PATTERN_LENGTH_MAX);
	value->low = 1;
	value->high = (int64_t)high;
	return true;
}

static bool parse_words(struct vg_pattern_value *value, struct vg_slice text, char *fault)
{
	struct vg_slice rest = text, word;
	while (vg_slice_cut(&rest, '|', &word)) {
		for (size_t i = 0; i < word.len; i++)
			if (!vg_is_unreserved(word.ptr[i]))
				return FAULT(fault,
					     "word \"%.*s\" has other bytes than letters, "
					     "digits and -._~",
					     VG_SLICE_FMT(word));
		if (word.len == 0)
			return FAULT(fault, "\"%.*s\" has an empty word", VG_SLICE_FMT(text));
	}
	value->type = VG_VALUE_WORDS;
	value->words = text;
	return true;
}

/* The letters that a type begins with: what is behind them is its bounds. */
static struct vg_slice type_word(struct vg_slice text)
{
	size_t len = 0;
	while (len < text.len && text.ptr[len] >= 'a' && text.ptr[len] <= 'z')
		len++;
	return vg_slice_first(text, len);
}

/* Types of both; words are a query's alone. */
static bool parse_type(struct vg_pattern_value *value, struct vg_slice text, bool in_query,
		       char *fault)
{
	struct vg_slice word = type_word(text);
	struct vg_slice rest = vg_slice_from(text, word.len);
	if (vg_slice_eq(word, VG_SLICE("int")))
		return parse_int(value, rest, fault);
	if (vg_slice_eq(word, VG_SLICE("hex")) && vg_slice_find(rest, '|') == rest.len)
		return parse_length(value, VG_VALUE_HEX, rest, fault);
	if (vg_slice_eq(word, VG_SLICE("slug")) && vg_slice_find(rest, '|') == rest.len)
		return parse_length(value, VG_VALUE_SLUG, rest, fault);
	if (vg_slice_eq(word, VG_SLICE("text")) && vg_slice_find(rest, '|') == rest.len)
		return parse_length(value, VG_VALUE_TEXT, rest, fault);
	value->type = vg_slice_eq(text, VG_SLICE("uuid")) ? VG_VALUE_UUID : VG_VALUE_DATE;
	if (vg_slice_eq(text, VG_SLICE("uuid")) || vg_slice_eq(text, VG_SLICE("date")))
		return true;
	bool is_list = vg_slice_find(text, '|') < text.len;
	const char *near = is_list ? NULL : vg_near_match(word, type_words, VG_COUNT(type_words));
	if (near != NULL)
		return FAULT(fault, "unknown type \"%.*s\"; did you mean \"%s\"?",
			     VG_SLICE_FMT(text), near);
	if (!in_query)
		return FAULT(fault,
			     "unknown type \"%.*s\"; there are int, int:1..9, uuid, date, "
			     "hex<=N, slug<=N and text<=N",
			     VG_SLICE_FMT(text));
	return parse_words(value, text, fault);
}

/* Takes "*N" off the end of a query's type. */
static bool parse_list(struct vg_pattern_value *value, struct vg_slice *type, char *fault)
{
	size_t star = vg_slice_find(*type, '*');
	uint64_t most;
	if (star == type->len)
		return true;
	struct vg_slice digits = vg_slice_from(*type, star + 1);
	if (!vg_slice_u64(digits, &most) || most == 0 || most > VG_PATTERN_LIST_MAX)
		return FAULT(fault, "\"*%.*s\" must be *N with N from 1 to %d, such as int*20",
			     VG_SLICE_FMT(digits), VG_PATTERN_LIST_MAX);
	value->list = (uint32_t)most;
	*type = vg_slice_first(*type, star);
	return true;
}

/* "name", "name!", and what may follow behind a colon; the type comes later. */
static void cut_name(struct vg_pattern_param *param, struct vg_slice text)
{
	struct vg_slice name = vg_slice_trim(vg_slice_first(text, vg_slice_find(text, ':')));
	*param = (struct vg_pattern_param){.required = vg_slice_ends(name, VG_SLICE("!"))};
	param->name = vg_slice_first(name, name.len - param->required);
}

static bool parse_param_type(struct vg_pattern_param *param, struct vg_slice text, char *fault)
{
	size_t colon = vg_slice_find(text, ':');
	struct vg_slice type = vg_slice_trim(vg_slice_from(text, colon + 1));
	if (colon == text.len)
		return true;
	if (type.len == 0)
		return FAULT(fault, "no type behind \"%.*s\"", VG_SLICE_FMT(text));
	return parse_list(&param->value, &type, fault) &&
	       parse_type(&param->value, type, true, fault);
}

bool vg_pattern_param(struct vg_pattern_param *param, struct vg_slice text,
		      char fault[VG_PATTERN_FAULT])
{
	cut_name(param, text);
	for (size_t i = 0; i < param->name.len; i++)
		if (!vg_is_unreserved(param->name.ptr[i]) && param->name.ptr[i] != '[' &&
		    param->name.ptr[i] != ']')
			return FAULT(fault,
				     "parameter name \"%.*s\" has other bytes than letters, "
				     "digits and -._~[]",
				     VG_SLICE_FMT(param->name));
	if (param->name.len == 0)
		return FAULT(fault,
			     "\"%.*s\" names no parameter; write name, name:type or "
			     "name!:type",
			     VG_SLICE_FMT(text));
	return parse_param_type(param, text, fault);
}

/* Letters, digits and hyphens: of what else looks like one of them nothing is ever sent on. */
static bool check_field_name(struct vg_slice name, bool request, char *fault)
{
	for (size_t i = 0; i < name.len; i++)
		if (!vg_is_alpha(name.ptr[i]) && !vg_is_digit(name.ptr[i]) && name.ptr[i] != '-')
			return FAULT(fault,
				     "\"%.*s\" has other bytes than letters, digits and -, which "
				     "servers take for other names",
				     VG_SLICE_FMT(name));
	const char *why = vg_http_barred(name, request);
	return why == NULL || FAULT(fault, "%.*s can't be listed: it %s", VG_SLICE_FMT(name), why);
}

bool vg_pattern_field(struct vg_pattern_param *param, struct vg_slice text, bool request,
		      struct vg_arena *arena, char fault[VG_PATTERN_FAULT])
{
	cut_name(param, text);
	if (!request && (param->required || vg_slice_find(text, ':') < text.len))
		return FAULT(fault, "only names can be listed here, such as X-Total-Count");
	if (param->name.len == 0)
		return FAULT(fault, "\"%.*s\" names no header field; write %s", VG_SLICE_FMT(text),
			     request ? "Name, Name:type or Name!:type" : "Name");
	if (!check_field_name(param->name, request, fault))
		return false;
	char *name = vg_arena_alloc(arena, param->name.len);
	if (name == NULL)
		return FAULT(fault, "out of memory");
	for (size_t i = 0; i < param->name.len; i++)
		name[i] = vg_lower(param->name.ptr[i]);
	param->name.ptr = name;
	return parse_param_type(param, text, fault);
}

/* Has one spelling in a path; a dot may be a dot segment. */
static bool is_plain(struct vg_slice literal)
{
	for (size_t i = 0; i < literal.len; i++)
		if (!vg_is_unreserved(literal.ptr[i]) || literal.ptr[i] == '.')
			return false;
	return true;
}

/* The literal as the normalised path has it. */
static bool normalise(struct vg_slice *literal, struct vg_arena *arena, char *fault)
{
	char raw[VG_PATTERN_FAULT];
	struct vg_path path;
	const char *why;
	if (is_plain(*literal))
		return true;
	if (literal->len + 1 > sizeof(raw))
		return FAULT(fault, "literal of %zu bytes is too long", literal->len);
	raw[0] = '/';
	memcpy(raw + 1, literal->ptr, literal->len);
	if (!vg_path_parse(&path, vg_slice(raw, literal->len + 1), arena, &why))
		return FAULT(fault, "\"%.*s\" can't stand in a path: %s", VG_SLICE_FMT(*literal),
			     why);
	*literal = path.segments[0];
	return true;
}

/* "prefix{name:type}suffix", with the places of both braces. */
static bool parse_capture(struct vg_pattern_segment *segment, struct vg_slice text, size_t open,
			  size_t close, char *fault)
{
	struct vg_slice inside = vg_slice(text.ptr + open + 1, close - open - 1);
	size_t colon = vg_slice_find(inside, ':');
	segment->prefix = vg_slice_first(text, open);
	segment->suffix = vg_slice_from(text, close + 1);
	segment->name = vg_slice_first(inside, colon);
	segment->kind = colon == inside.len ? VG_SEGMENT_UNTYPED : VG_SEGMENT_TYPED;
	if (!vg_units_name(segment->name))
		return FAULT(fault, "\"%.*s\" is no name: a-z, 0-9, - and _, up to %d bytes",
			     VG_SLICE_FMT(segment->name), VG_NAME_MAX);
	if (segment->kind == VG_SEGMENT_UNTYPED)
		return true;
	return parse_type(&segment->value, vg_slice_from(inside, colon + 1), false, fault);
}

static size_t count_of(struct vg_slice s, char c)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == c;
	return n;
}

static bool parse_segment(struct vg_pattern_segment *segment, struct vg_slice text,
			  struct vg_arena *arena, char *fault)
{
	size_t open = vg_slice_find(text, '{'), close = vg_slice_find(text, '}');
	*segment = (struct vg_pattern_segment){.kind = VG_SEGMENT_LITERAL, .prefix = text};
	if (vg_slice_eq(text, VG_SLICE("**"))) {
		*segment = (struct vg_pattern_segment){.kind = VG_SEGMENT_REST};
		return true;
	}
	if (text.len == 0)
		return FAULT(fault, "empty segment: two slashes");
	if (vg_slice_find(text, '*') < text.len)
		return FAULT(fault,
			     "\"%.*s\" has a *; write {name} for one segment, ** as the last "
			     "one for all that follow",
			     VG_SLICE_FMT(text));
	if (open < text.len || close < text.len) {
		if (close == text.len || close < open || count_of(text, '{') != 1 ||
		    count_of(text, '}') != 1)
			return FAULT(fault, "\"%.*s\" must have one { and one } behind it",
				     VG_SLICE_FMT(text));
		if (!parse_capture(segment, text, open, close, fault))
			return false;
	}
	return normalise(&segment->prefix, arena, fault) &&
	       normalise(&segment->suffix, arena, fault);
}

/* Names of captures are unique, and ** is last. */
static bool check_path(const struct vg_pattern *pattern, char *fault)
{
	size_t captures = 0;
	for (size_t i = 0; i < pattern->count; i++) {
		const struct vg_pattern_segment *segment = &pattern->segments[i];
		if (segment->kind == VG_SEGMENT_REST && (i + 1 < pattern->count || pattern->slash))
			return FAULT(fault, "** only stands last");
		if (segment->name.len == 0)
			continue;
		captures++;
		for (size_t j = 0; j < i; j++)
			if (vg_slice_eq(pattern->segments[j].name, segment->name))
				return FAULT(fault, "{%.*s} stands in it twice",
					     VG_SLICE_FMT(segment->name));
	}
	if (captures > VG_CAPTURES_MAX)
		return FAULT(fault, "%zu captures; at most %d fit", captures, VG_CAPTURES_MAX);
	return true;
}

bool vg_pattern_path(struct vg_pattern *pattern, struct vg_slice text, struct vg_arena *arena,
		     char fault[VG_PATTERN_FAULT])
{
	struct vg_slice part, rest = vg_slice_from(text, 1);
	size_t slashes = count_of(text, '/');
	*pattern = (struct vg_pattern){.text = text};
	pattern->slash = vg_slice_ends(text, VG_SLICE("/"));
	if (!vg_slice_starts(text, VG_SLICE("/")))
		return FAULT(fault, "it must begin with /");
	if (rest.len == 0)
		return true;
	if (slashes - pattern->slash > VG_PATH_SEGMENTS_MAX)
		return FAULT(fault, "more than %d segments", VG_PATH_SEGMENTS_MAX);
	struct vg_pattern_segment *segments = vg_arena_array(arena, slashes, sizeof(*segments));
	if (segments == NULL)
		return FAULT(fault, "out of memory");
	pattern->segments = segments;
	rest.len -= pattern->slash;
	while (vg_slice_cut(&rest, '/', &part))
		if (!parse_segment(&segments[pattern->count++], part, arena, fault))
			return false;
	return check_path(pattern, fault);
}

/* -1: the pattern has ended; else enum vg_segment_kind, whose order is that of the rules. */
static int rank(const struct vg_pattern *pattern, size_t i)
{
	return i < pattern->count ? (int)pattern->segments[i].kind : -1;
}

_Static_assert(VG_SEGMENT_LITERAL < VG_SEGMENT_TYPED && VG_SEGMENT_TYPED < VG_SEGMENT_UNTYPED &&
		       VG_SEGMENT_UNTYPED < VG_SEGMENT_REST,
	       "rank relies on it");

int vg_pattern_cmp(const struct vg_pattern *a, const struct vg_pattern *b)
{
	for (size_t i = 0; i < a->count || i < b->count; i++) {
		int order = rank(a, i) - rank(b, i);
		if (order == 0 && rank(a, i) == VG_SEGMENT_LITERAL)
			order = vg_slice_cmp(a->segments[i].prefix, b->segments[i].prefix);
		if (order != 0)
			return order;
	}
	return (int)a->slash - (int)b->slash;
}

static struct vg_img_value value_row(struct vg_build *build, const struct vg_pattern_value *value)
{
	return (struct vg_img_value){
		.low = value->low,
		.high = value->high,
		.words = vg_build_text(build, value->words),
		.list = value->list,
		.type = (uint8_t)value->type,
	};
}

struct vg_span vg_pattern_segments(struct vg_build *build, const struct vg_pattern *pattern)
{
	struct vg_span span = {vg_build_count(build, VG_SECTION_SEGMENT), (uint32_t)pattern->count};
	for (size_t i = 0; i < pattern->count; i++) {
		const struct vg_pattern_segment *segment = &pattern->segments[i];
		struct vg_img_segment row = {
			.prefix = vg_build_text(build, segment->prefix),
			.suffix = vg_build_text(build, segment->suffix),
			.name = vg_build_text(build, segment->name),
			.value = value_row(build, &segment->value),
			.kind = (uint8_t)segment->kind,
		};
		(void)vg_build_row(build, VG_SECTION_SEGMENT, &row);
	}
	return span;
}

void vg_pattern_param_row(struct vg_build *build, const struct vg_pattern_param *param)
{
	struct vg_img_param row = {
		.name = vg_build_text(build, param->name),
		.value = value_row(build, &param->value),
		.required = param->required,
	};
	(void)vg_build_row(build, VG_SECTION_PARAM, &row);
}
