#include "config/units.h"

#include <stdio.h>

#include "base/text.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* `units` ends with a row whose name is NULL. */
static bool number_with_unit(struct vg_slice s, const struct unit *units, uint64_t *value)
{
	size_t digits = 0;
	while (digits < s.len && vg_is_digit(s.ptr[digits]))
		digits++;
	uint64_t number;
	if (!vg_slice_u64(vg_slice_first(s, digits), &number))
		return false;
	struct vg_slice unit = vg_slice_from(s, digits);
	for (; units->name != NULL; units++)
		if (vg_slice_eq(unit, vg_slice_str(units->name)))
			return !__builtin_mul_overflow(number, units->factor, value);
	return false;
}

static const struct unit sizes[] = {
	{"", 1},          {"KB", 1000},     {"MB", 1000000},  {"GB", 1000000000},
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0},
};

static const struct unit durations[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

bool vg_units_size(struct vg_slice s, uint64_t *bytes)
{
	return number_with_unit(s, sizes, bytes);
}

bool vg_units_byte_rate(struct vg_slice s, uint64_t *bytes)
{
	*bytes = 0;
	if (vg_slice_eq(s, VG_SLICE("off")))
		return true;
	size_t unit = vg_slice_find(s, '/');
	return vg_slice_eq(vg_slice_from(s, unit), VG_SLICE("/s")) &&
	       vg_units_size(vg_slice_first(s, unit), bytes) && *bytes > 0;
}

bool vg_units_duration(struct vg_slice s, uint64_t *ms)
{
	return number_with_unit(s, durations, ms);
}

static void unit_text(char out[VG_UNITS_TEXT], const struct unit *units, uint64_t value)
{
	const struct unit *best = &units[0];
	for (const struct unit *unit = units; unit->name != NULL; unit++)
		if (value != 0 && value % unit->factor == 0 && unit->factor > best->factor)
			best = unit;
	snprintf(out, VG_UNITS_TEXT, "%llu%s", (unsigned long long)(value / best->factor),
		 best->name);
}

void vg_units_size_text(char out[VG_UNITS_TEXT], uint64_t bytes)
{
	unit_text(out, sizes, bytes);
}

void vg_units_byte_rate_text(char out[VG_UNITS_TEXT], uint64_t bytes)
{
	char size[VG_UNITS_TEXT];
	vg_units_size_text(size, bytes);
	(void)snprintf(out, VG_UNITS_TEXT, bytes == 0 ? "off" : "%.*s/s", VG_UNITS_TEXT - 3, size);
}

void vg_units_duration_text(char out[VG_UNITS_TEXT], uint64_t ms)
{
	unit_text(out, durations, ms);
}

static bool rate_number(struct vg_slice digits, uint64_t *value)
{
	return vg_slice_u64(digits, value) && digits.ptr[0] != '0' && *value <= VG_RATE_MAX;
}

bool vg_units_rate(struct vg_slice s, uint64_t *rate)
{
	struct vg_slice rest = s, number, unit, word;
	uint64_t count, burst;
	if (!vg_slice_cut(&rest, '/', &number) || rest.ptr == NULL || !rate_number(number, &count))
		return false;
	burst = count;
	if (!vg_slice_word(&rest, &unit) || !vg_slice_eq(unit, VG_SLICE("s")))
		return false;
	if (vg_slice_trim(rest).len > 0 &&
	    (!vg_slice_word(&rest, &word) || !vg_slice_eq(word, VG_SLICE("burst")) ||
	     !vg_slice_word(&rest, &number) || !rate_number(number, &burst) ||
	     vg_slice_trim(rest).len > 0))
		return false;
	*rate = count << 32 | burst;
	return true;
}

void vg_units_rate_text(char out[VG_UNITS_TEXT], uint64_t rate)
{
	uint32_t count = vg_units_rate_count(rate), burst = vg_units_rate_burst(rate);
	if (count == burst)
		(void)snprintf(out, VG_UNITS_TEXT, "%u/s", count);
	else
		(void)snprintf(out, VG_UNITS_TEXT, "%u/s burst %u", count, burst);
}

bool vg_units_int(struct vg_slice s, int64_t *value)
{
	bool negative = s.len > 0 && s.ptr[0] == '-';
	struct vg_slice digits = vg_slice_from(s, negative);
	uint64_t number;
	if (!vg_slice_u64(digits, &number) || number > INT64_MAX)
		return false;
	if (digits.ptr[0] == '0' && (digits.len > 1 || negative))
		return false;
	*value = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

bool vg_units_bool(struct vg_slice s, bool *value)
{
	uint64_t place;
	if (!vg_units_word(s, "no|yes", &place))
		return false;
	*value = place == 1;
	return true;
}

bool vg_units_name(struct vg_slice s)
{
	if (s.len == 0 || s.len > VG_NAME_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		bool alnum = vg_is_digit(s.ptr[i]) || (s.ptr[i] >= 'a' && s.ptr[i] <= 'z');
		bool joint = i > 0 && (s.ptr[i] == '-' || s.ptr[i] == '_');
		if (!alnum && !joint)
			return false;
	}
	return true;
}

bool vg_units_word(struct vg_slice s, const char *words, uint64_t *place)
{
	struct vg_slice rest = vg_slice_str(words);
	struct vg_slice word;
	for (uint64_t i = 0; vg_slice_cut(&rest, '|', &word); i++) {
		if (vg_slice_eq(word, s)) {
			*place = i;
			return true;
		}
	}
	return false;
}
