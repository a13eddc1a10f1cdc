/*
 * Queries and typed values (libFuzzer). Of a query that is accepted:
 *
 *   - its rebuilt text is accepted again, and is the same;
 *   - a server that splits it at `&` and the first `=`, then decodes, sees the same pairs, and no
 *     name twice; one that splits at `;`, or decodes before it splits by bytes that may stand
 *     there, is told nothing else by raw bytes;
 *   - a value that a type matches is, decoded, what the type promises; and where two types match it,
 *     the compiler would have said that they overlap. The same of header fields' values.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/policy_fixture.h"
#include "base/text.h"
#include "policy/percent.h"
#include "policy/query.h"
#include "policy/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const written[] = {"int",           "int:-5..50", "uuid",    "date",
				      "hex<=4",        "slug<=9",    "text<=8", "text<=64",
				      "red|red green", "",           "int*3",   "slug<=4*2",
				      "date*2",        "a|b|c*2",    "hex<=8*4"};

static struct fixture fixture;
static struct vg_img_value types[VG_COUNT(written)];
static struct vg_query query, again;
static struct vg_arena arena;

static void begin(void)
{
	fixture_begin(&fixture);
	for (size_t i = 0; i < VG_COUNT(written); i++)
		types[i] = fixture_value(&fixture, written[i]);
	(void)fixture_open(&fixture);
}

static void check_text(struct vg_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		VG_ASSERT(c > ' ' && c < 0x7f && strchr("\"#;<>[\\]^`{|}", c) == NULL);
		int byte = vg_percent_byte(vg_slice_from(text, i));
		if (c != '%')
			continue;
		VG_ASSERT(byte >= 0 && !vg_is_unreserved((char)byte));
		VG_ASSERT(text.ptr[i + 1] < 'a' && text.ptr[i + 2] < 'a');
	}
}

/* The pairs as a careless server splits them. */
static void check_pairs(void)
{
	struct vg_slice rest = query.text, part;
	size_t count = 0;
	while (vg_slice_cut(&rest, '&', &part)) {
		VG_ASSERT(count < query.count);
		const struct vg_query_pair *pair = &query.pairs[count++];
		size_t equals = vg_slice_find(part, '=');
		VG_ASSERT(vg_slice_eq(pair->name, vg_slice_first(part, equals)));
		VG_ASSERT(pair->name.len > 0 && pair->has_value == (equals < part.len));
		VG_ASSERT(vg_slice_eq(pair->value, vg_slice_from(part, equals + 1)));
		for (size_t i = 0; i + 1 < count; i++)
			VG_ASSERT(vg_percent_cmp(query.pairs[i].name, pair->name) != 0);
	}
	VG_ASSERT(count == query.count && count > 0);
}

static bool all_of(struct vg_slice text, const char *set)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '\0' || strchr(set, text.ptr[i]) == NULL)
			return false;
	return text.len > 0;
}

#define DIGITS "0123456789"
#define HEX DIGITS "abcdefABCDEF"
#define SLUG DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"

/* One value, decoded, is what its type says. */
static void check_one(const struct vg_img_value *type, struct vg_slice text)
{
	VG_ASSERT(text.len > 0);
	switch (type->type) {
	case VG_VALUE_INT: {
		char copy[32] = "";
		VG_ASSERT(all_of(text, DIGITS "-") && text.len < sizeof(copy));
		memcpy(copy, text.ptr, text.len);
		long long number = strtoll(copy, NULL, 10);
		VG_ASSERT(number >= type->low && number <= type->high);
		(void)snprintf(copy, sizeof(copy), "%lld", number);
		VG_ASSERT(vg_slice_eq(text, vg_slice_str(copy)));
		break;
	}
	case VG_VALUE_UUID:
		VG_ASSERT(text.len == 36 && all_of(text, HEX "-"));
		break;
	case VG_VALUE_DATE:
		VG_ASSERT(text.len == 10 && all_of(text, DIGITS "-"));
		break;
	case VG_VALUE_HEX:
		VG_ASSERT(text.len <= (size_t)type->high && all_of(text, HEX));
		break;
	case VG_VALUE_SLUG:
		VG_ASSERT(text.len <= (size_t)type->high && all_of(text, SLUG));
		break;
	case VG_VALUE_TEXT:
		VG_ASSERT(text.len <= (size_t)type->high && vg_is_utf8(text));
		for (size_t i = 0; i < text.len; i++)
			VG_ASSERT((uint8_t)text.ptr[i] >= ' ' && text.ptr[i] != 0x7f);
		break;
	case VG_VALUE_WORDS: {
		struct vg_slice words = vg_img_str(&fixture.image, type->words), word;
		bool found = false;
		while (vg_slice_cut(&words, '|', &word))
			found |= vg_slice_eq(word, text);
		VG_ASSERT(found);
		break;
	}
	default:
		VG_ASSERT(text.len <= VG_VALUE_ANY_MAX);
	}
}

/* A server that decodes before it splits sees what one sees that splits before it decodes. */
static void check_value(const struct vg_img_value *type, struct vg_slice value)
{
	static char bytes[VG_QUERY_BYTES_MAX];
	size_t len = 0, count = 0;
	uint8_t byte;
	while (vg_percent_take(&value, &byte))
		bytes[len++] = (char)byte;
	struct vg_slice rest = vg_slice(bytes, len), item;
	if (type->list == 0) {
		check_one(type, rest);
		return;
	}
	while (vg_slice_cut(&rest, ',', &item)) {
		check_one(type, item);
		count++;
	}
	VG_ASSERT(count > 0 && count <= type->list);
}

static void check_types(struct vg_slice value)
{
	bool matches[VG_COUNT(written)];
	for (size_t i = 0; i < VG_COUNT(written); i++) {
		matches[i] = vg_value_matches(&fixture.image, &types[i], value);
		if (matches[i])
			check_value(&types[i], value);
		for (size_t j = 0; matches[i] && j < i; j++)
			if (matches[j] && types[i].list == 0 && types[j].list == 0 &&
			    types[i].type != VG_VALUE_ANY && types[j].type != VG_VALUE_ANY)
				VG_ASSERT(vg_value_overlap(&fixture.image, &types[i], &types[j]));
	}
	if (vg_value_untyped(value))
		VG_ASSERT(all_of(value, SLUG ".~") && value.len <= VG_VALUE_DEFAULT_MAX);
}

/* The same bytes as a header field's: nothing is decoded, and items have blanks around them. */
static void check_field(struct vg_slice value)
{
	for (size_t i = 0; i < VG_COUNT(written); i++) {
		struct vg_slice rest = value, item;
		size_t count = 0;
		if (types[i].type == VG_VALUE_ANY ||
		    !vg_value_matches_field(&fixture.image, &types[i], value))
			continue;
		if (types[i].list == 0) {
			check_one(&types[i], value);
			continue;
		}
		while (vg_slice_cut(&rest, ',', &item)) {
			check_one(&types[i], vg_slice_trim(item));
			count++;
		}
		VG_ASSERT(count > 0 && count <= types[i].list);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *fault;
	if (fixture.build == NULL)
		begin();
	check_field(vg_slice((const char *)data, size));
	vg_arena_init(&arena, (size_t)1 << 20);
	if (vg_query_parse(&query, vg_slice((const char *)data, size), &arena, &fault)) {
		VG_ASSERT(fault == NULL && query.text.len <= size);
		check_text(query.text);
		check_pairs();
		for (size_t i = 0; i < query.count; i++)
			check_types(query.pairs[i].value);
		VG_ASSERT(vg_query_parse(&again, query.text, &arena, &fault));
		VG_ASSERT(vg_slice_eq(again.text, query.text) && again.count == query.count);
	} else {
		VG_ASSERT(fault != NULL);
	}
	vg_arena_fini(&arena);
	return 0;
}
