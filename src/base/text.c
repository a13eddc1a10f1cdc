#include "base/text.h"

#include <string.h>

#define US_PER_SECOND 1000000
#define SECONDS_PER_DAY 86400
#define YEAR_9999_END 253402300799

int vg_hex_value(char c)
{
	if (vg_is_digit(c))
		return c - '0';
	c = vg_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool vg_is_tchar(char c)
{
	return vg_is_alpha(c) || vg_is_digit(c) ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool vg_is_token(struct vg_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!vg_is_tchar(s.ptr[i]))
			return false;
	return s.len > 0;
}

void vg_hex(char *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = bytes;
	for (size_t i = 0; i < len; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

bool vg_unhex(struct vg_slice hex, uint8_t *out, size_t len)
{
	if (hex.len / 2 != len || hex.len % 2 != 0)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = vg_hex_value(hex.ptr[2 * i]);
		int low = vg_hex_value(hex.ptr[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* RFC 3629 4: the lead byte tells the length and the bounds of the second byte. */
size_t vg_utf8_len(struct vg_slice s)
{
	static const struct {
		uint8_t first, last, second_min, second_max, len;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const uint8_t *in = (const uint8_t *)s.ptr;
	for (size_t f = 0; s.len > 0 && f < VG_COUNT(forms); f++) {
		if (in[0] < forms[f].first || in[0] > forms[f].last)
			continue;
		if (forms[f].len > s.len)
			return 0;
		for (size_t i = 1; i < forms[f].len; i++) {
			uint8_t low = i == 1 ? forms[f].second_min : 0x80;
			uint8_t high = i == 1 ? forms[f].second_max : 0xbf;
			if (in[i] < low || in[i] > high)
				return 0;
		}
		return forms[f].len;
	}
	return 0;
}

bool vg_is_utf8(struct vg_slice s)
{
	while (s.len > 0) {
		size_t n = vg_utf8_len(s);
		if (n == 0)
			return false;
		s = vg_slice_from(s, n);
	}
	return true;
}

int64_t vg_days(int64_t year, unsigned month, unsigned day)
{
	/* Years that begin in March put the leap day last, so that months have one formula. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? (int64_t)month + 9 : (int64_t)month - 3;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * m + 2) / 5 + (int64_t)day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

struct vg_date vg_date_of_days(int64_t days)
{
	int64_t d = days + 719468;
	int64_t era = (d >= 0 ? d : d - 146096) / 146097;
	int64_t doe = d - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	return (struct vg_date){yoe + era * 400 + (month <= 2), month,
				(unsigned)(doy - (153 * mp + 2) / 5 + 1)};
}

size_t vg_u64_text(char out[VG_U64_TEXT], uint64_t value)
{
	char digits[VG_U64_TEXT];
	size_t at = sizeof(digits);
	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	size_t len = sizeof(digits) - at;
	memcpy(out, digits + at, len);
	out[len] = '\0';
	return len;
}

/* The last `count` digits of the number, from the right. */
static void put_digits(char *out, size_t count, unsigned value)
{
	while (count > 0) {
		out[--count] = (char)('0' + value % 10);
		value /= 10;
	}
}

void vg_time_text(char out[VG_TIME_TEXT], int64_t us)
{
	if (us < 0)
		us = 0;
	if (us / US_PER_SECOND > YEAR_9999_END)
		us = YEAR_9999_END * US_PER_SECOND;
	int64_t seconds = us / US_PER_SECOND;
	struct vg_date date = vg_date_of_days(seconds / SECONDS_PER_DAY);
	unsigned second = (unsigned)(seconds % SECONDS_PER_DAY);
	memcpy(out, "0000-00-00T00:00:00.000000Z", VG_TIME_TEXT);
	put_digits(out, 4, (unsigned)date.year);
	put_digits(out + 5, 2, date.month);
	put_digits(out + 8, 2, date.day);
	put_digits(out + 11, 2, second / 3600);
	put_digits(out + 14, 2, second / 60 % 60);
	put_digits(out + 17, 2, second % 60);
	put_digits(out + 20, 6, (unsigned)(us % US_PER_SECOND));
}

static bool digits(struct vg_slice *s, size_t count, unsigned *value)
{
	uint64_t v;
	if (s->len < count || !vg_slice_u64(vg_slice_first(*s, count), &v))
		return false;
	*value = (unsigned)v;
	*s = vg_slice_from(*s, count);
	return true;
}

static bool expect(struct vg_slice *s, char c)
{
	if (s->len == 0 || vg_lower(s->ptr[0]) != c)
		return false;
	*s = vg_slice_from(*s, 1);
	return true;
}

static unsigned days_in_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

static bool parse_date(struct vg_slice *s, int64_t *days)
{
	unsigned year, month, day;
	if (!digits(s, 4, &year) || !expect(s, '-') || !digits(s, 2, &month) || !expect(s, '-') ||
	    !digits(s, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*days = vg_days(year, month, day);
	return true;
}

static bool parse_offset(struct vg_slice *s, int64_t *seconds)
{
	unsigned hours, minutes;
	*seconds = 0;
	if (expect(s, 'z'))
		return true;
	int64_t sign = s->len > 0 && s->ptr[0] == '-' ? -1 : 1;
	if ((!expect(s, '+') && !expect(s, '-')) || !digits(s, 2, &hours) || !expect(s, ':') ||
	    !digits(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds = sign * (int64_t)(hours * 3600 + minutes * 60);
	return true;
}

static bool parse_fraction(struct vg_slice *s, int64_t *us)
{
	*us = 0;
	if (!expect(s, '.'))
		return true;
	int64_t unit = US_PER_SECOND / 10;
	size_t count = 0;
	for (; s->len > 0 && vg_is_digit(s->ptr[0]); count++, unit /= 10) {
		*us += (s->ptr[0] - '0') * unit;
		*s = vg_slice_from(*s, 1);
	}
	return count > 0;
}

bool vg_time_parse(struct vg_slice s, int64_t *us)
{
	int64_t days, offset, fraction;
	unsigned hour, minute, second;
	if (!parse_date(&s, &days))
		return false;
	*us = days * SECONDS_PER_DAY * US_PER_SECOND;
	if (s.len == 0)
		return true;
	if (!expect(&s, 't') || !digits(&s, 2, &hour) || !expect(&s, ':') ||
	    !digits(&s, 2, &minute) || !expect(&s, ':') || !digits(&s, 2, &second) ||
	    !parse_fraction(&s, &fraction) || !parse_offset(&s, &offset) || s.len > 0)
		return false;
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	*us += ((int64_t)(hour * 3600 + minute * 60 + second) - offset) * US_PER_SECOND + fraction;
	return true;
}

bool vg_date_parse(struct vg_slice s, int64_t *days)
{
	return parse_date(&s, days) && s.len == 0;
}
