#include "policy/value.h"

#include "base/text.h"
#include "policy/percent.h"

#define UUID_LEN 36
#define DATE_LEN 10
#define INT_DIGITS_MAX 18

static bool all_of(struct vg_slice value, bool (*is)(char c))
{
	for (size_t i = 0; i < value.len; i++)
		if (!is(value.ptr[i]))
			return false;
	return true;
}

static bool is_unreserved(char c)
{
	return vg_is_unreserved(c);
}

static bool is_hex(char c)
{
	return vg_hex_value(c) >= 0;
}

static bool is_slug(char c)
{
	return vg_is_alpha(c) || vg_is_digit(c) || c == '_' || c == '-';
}

static bool is_long(const struct vg_img_value *type, struct vg_slice value)
{
	return value.len == 0 || type->high < 0 || value.len > (uint64_t)type->high;
}

static bool match_any(const struct vg_img_value *type, struct vg_slice value)
{
	(void)type;
	return value.len > 0 && value.len <= (size_t)VG_VALUE_ANY_MAX * VG_PERCENT_LEN &&
	       vg_percent_count(value) <= VG_VALUE_ANY_MAX;
}

static bool match_int(const struct vg_img_value *type, struct vg_slice value)
{
	bool negative = value.len > 0 && value.ptr[0] == '-';
	struct vg_slice digits = vg_slice_from(value, negative ? 1 : 0);
	uint64_t number;
	if (digits.len == 0 || digits.len > INT_DIGITS_MAX || !vg_slice_u64(digits, &number))
		return false;
	if (digits.ptr[0] == '0' && (digits.len > 1 || negative))
		return false;
	int64_t signed_number = negative ? -(int64_t)number : (int64_t)number;
	return signed_number >= type->low && signed_number <= type->high;
}

static bool match_uuid(const struct vg_img_value *type, struct vg_slice value)
{
	(void)type;
	if (value.len != UUID_LEN)
		return false;
	for (size_t i = 0; i < UUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? value.ptr[i] != '-' : !is_hex(value.ptr[i]))
			return false;
	}
	return true;
}

static bool match_date(const struct vg_img_value *type, struct vg_slice value)
{
	(void)type;
	int64_t days;
	return vg_date_parse(value, &days);
}

static bool match_hex(const struct vg_img_value *type, struct vg_slice value)
{
	return !is_long(type, value) && all_of(value, is_hex);
}

static bool match_slug(const struct vg_img_value *type, struct vg_slice value)
{
	return !is_long(type, value) && all_of(value, is_slug);
}

/* Whether `value` begins with a C1 control (U+0080 to U+009F), which two %xx make. */
static bool is_c1(struct vg_slice value)
{
	int second = vg_percent_byte(vg_slice_from(value, VG_PERCENT_LEN));
	return vg_percent_byte(value) == 0xc2 && second >= 0x80 && second <= 0x9f;
}

static bool match_text(const struct vg_img_value *type, struct vg_slice value)
{
	size_t bytes = 0;
	uint64_t most = type->high < 0 ? 0 : (uint64_t)type->high;
	if (value.len == 0)
		return false;
	while (value.len > 0 && bytes <= most) {
		int coded = vg_percent_byte(value);
		size_t count = coded >= 0x80 ? vg_percent_utf8(value) : 1;
		if (count == 0 || (coded >= 0 && coded < 0x20) || coded == 0x7f || is_c1(value))
			return false;
		value = vg_slice_from(value, coded < 0 ? 1 : count * VG_PERCENT_LEN);
		bytes += count;
	}
	return bytes <= most;
}

static bool (*const matchers[VG_VALUE_TYPES])(const struct vg_img_value *type,
					      struct vg_slice value) = {
	[VG_VALUE_ANY] = match_any,   [VG_VALUE_INT] = match_int, [VG_VALUE_UUID] = match_uuid,
	[VG_VALUE_DATE] = match_date, [VG_VALUE_HEX] = match_hex, [VG_VALUE_SLUG] = match_slug,
	[VG_VALUE_TEXT] = match_text, [VG_VALUE_WORDS] = NULL, /* needs the image */
};

static bool match_words(const struct vg_image *image, const struct vg_img_value *type,
			struct vg_slice value)
{
	struct vg_slice words = vg_img_str(image, type->words), word;
	while (vg_slice_cut(&words, '|', &word))
		if (vg_percent_cmp(value, word) == 0)
			return true;
	return false;
}

static bool match_one(const struct vg_image *image, const struct vg_img_value *type,
		      struct vg_slice value)
{
	return type->type == VG_VALUE_WORDS ? match_words(image, type, value)
					    : matchers[type->type](type, value);
}

/* The item before the next comma, plain or encoded, is taken off *rest. */
static bool cut_item(struct vg_slice *rest, struct vg_slice *item)
{
	if (rest->ptr == NULL)
		return false;
	for (size_t at = 0; at < rest->len; at++) {
		bool coded = vg_percent_byte(vg_slice_from(*rest, at)) == ',';
		if (!coded && rest->ptr[at] != ',')
			continue;
		*item = vg_slice_first(*rest, at);
		*rest = vg_slice_from(*rest, at + (coded ? VG_PERCENT_LEN : 1));
		return true;
	}
	*item = *rest;
	*rest = vg_slice(NULL, 0);
	return true;
}

bool vg_value_matches(const struct vg_image *image, const struct vg_img_value *type,
		      struct vg_slice value)
{
	struct vg_slice item;
	uint32_t count = 0;
	if (type->list == 0)
		return match_one(image, type, value);
	while (cut_item(&value, &item))
		if (count++ == type->list || !match_one(image, type, item))
			return false;
	return true;
}

/* As match_text, of bytes that stand for themselves. */
static bool match_plain_text(const struct vg_img_value *type, struct vg_slice value)
{
	if (is_long(type, value))
		return false;
	while (value.len > 0) {
		size_t len = vg_utf8_len(value);
		uint8_t first = (uint8_t)value.ptr[0],
			second = len == 2 ? (uint8_t)value.ptr[1] : 0;
		if (len == 0 || first < 0x20 || first == 0x7f || (first == 0xc2 && second < 0xa0))
			return false;
		value = vg_slice_from(value, len);
	}
	return true;
}

static bool match_plain_word(struct vg_slice words, struct vg_slice value)
{
	struct vg_slice word;
	while (vg_slice_cut(&words, '|', &word))
		if (vg_slice_eq(value, word))
			return true;
	return false;
}

/* What the other types let through has no % in it. */
static bool match_plain(const struct vg_image *image, const struct vg_img_value *type,
			struct vg_slice value)
{
	if (type->type == VG_VALUE_TEXT)
		return match_plain_text(type, value);
	if (type->type == VG_VALUE_WORDS)
		return match_plain_word(vg_img_str(image, type->words), value);
	return type->type == VG_VALUE_ANY ? value.len > 0 : matchers[type->type](type, value);
}

bool vg_value_matches_field(const struct vg_image *image, const struct vg_img_value *type,
			    struct vg_slice value)
{
	struct vg_slice item;
	uint32_t count = 0;
	if (type->list == 0)
		return match_plain(image, type, value);
	while (vg_slice_cut(&value, ',', &item))
		if (count++ == type->list || !match_plain(image, type, vg_slice_trim(item)))
			return false;
	return count > 0;
}

bool vg_value_untyped(struct vg_slice value)
{
	return value.len > 0 && value.len <= VG_VALUE_DEFAULT_MAX && all_of(value, is_unreserved);
}

static bool some_word_matches(const struct vg_image *image, const struct vg_img_value *words,
			      const struct vg_img_value *other)
{
	struct vg_slice rest = vg_img_str(image, words->words), word;
	while (vg_slice_cut(&rest, '|', &word))
		if (match_one(image, other, word))
			return true;
	return false;
}

/* The fewest bytes of what both types can be, by their letters alone; 0: nothing. */
static const uint8_t shared[VG_VALUE_TYPES][VG_VALUE_TYPES] = {
	[VG_VALUE_INT] =
		{[VG_VALUE_INT] = 1, [VG_VALUE_HEX] = 1, [VG_VALUE_SLUG] = 1, [VG_VALUE_TEXT] = 1},
	[VG_VALUE_UUID] = {[VG_VALUE_UUID] = UUID_LEN,
			   [VG_VALUE_SLUG] = UUID_LEN,
			   [VG_VALUE_TEXT] = UUID_LEN},
	[VG_VALUE_DATE] = {[VG_VALUE_DATE] = DATE_LEN,
			   [VG_VALUE_SLUG] = DATE_LEN,
			   [VG_VALUE_TEXT] = DATE_LEN},
	[VG_VALUE_HEX] =
		{[VG_VALUE_INT] = 1, [VG_VALUE_HEX] = 1, [VG_VALUE_SLUG] = 1, [VG_VALUE_TEXT] = 1},
	[VG_VALUE_SLUG] = {[VG_VALUE_INT] = 1,
			   [VG_VALUE_UUID] = UUID_LEN,
			   [VG_VALUE_DATE] = DATE_LEN,
			   [VG_VALUE_HEX] = 1,
			   [VG_VALUE_SLUG] = 1,
			   [VG_VALUE_TEXT] = 1},
	[VG_VALUE_TEXT] = {[VG_VALUE_INT] = 1,
			   [VG_VALUE_UUID] = UUID_LEN,
			   [VG_VALUE_DATE] = DATE_LEN,
			   [VG_VALUE_HEX] = 1,
			   [VG_VALUE_SLUG] = 1,
			   [VG_VALUE_TEXT] = 1},
};

/* How long its values may be, where the type has such a bound. */
static int64_t longest(const struct vg_img_value *type)
{
	bool bounded = type->type == VG_VALUE_HEX || type->type == VG_VALUE_SLUG ||
		       type->type == VG_VALUE_TEXT;
	return bounded ? type->high : INT64_MAX;
}

bool vg_value_overlap(const struct vg_image *image, const struct vg_img_value *a,
		      const struct vg_img_value *b)
{
	if (a->type == VG_VALUE_ANY || b->type == VG_VALUE_ANY)
		return true;
	if (a->type == VG_VALUE_WORDS)
		return some_word_matches(image, a, b);
	if (b->type == VG_VALUE_WORDS)
		return some_word_matches(image, b, a);
	if (a->type == VG_VALUE_INT && b->type == VG_VALUE_INT)
		return a->low <= b->high && b->low <= a->high;
	uint8_t least = shared[a->type][b->type];
	return least > 0 && longest(a) >= least && longest(b) >= least;
}
