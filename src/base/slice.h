/*
 * A slice is a borrowed run of bytes: pointer and length, never NUL-terminated, never owned. It is
 * what the data path passes around in place of C strings; who keeps the bytes beyond the life of
 * their owner copies them (vg_arena_dup). Everything that touches text uses it.
 */
#ifndef VG_BASE_SLICE_H
#define VG_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/attr.h"

struct vg_slice {
	const char *ptr;
	size_t len;
};

/* A slice over a string literal. */
#define VG_SLICE(literal) ((struct vg_slice){"" literal, sizeof(literal) - 1})
#define VG_SLICE_EMPTY ((struct vg_slice){"", 0})

/* For printf("%.*s", VG_SLICE_FMT(s)): never pass a slice of over 2 GB. */
#define VG_SLICE_FMT(s) (int)(s).len, (s).ptr

static inline struct vg_slice vg_slice(const char *ptr, size_t len)
{
	return (struct vg_slice){ptr, len};
}

static inline struct vg_slice vg_slice_str(const char *str)
{
	return (struct vg_slice){str, strlen(str)};
}

static inline bool vg_slice_eq(struct vg_slice a, struct vg_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool vg_slice_starts(struct vg_slice s, struct vg_slice prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool vg_slice_ends(struct vg_slice s, struct vg_slice suffix)
{
	return s.len >= suffix.len &&
	       (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* The slice from `from` (clamped to the end) on. */
static inline struct vg_slice vg_slice_from(struct vg_slice s, size_t from)
{
	if (from > s.len)
		from = s.len;
	return (struct vg_slice){s.ptr + from, s.len - from};
}

/* The first `len` bytes (fewer where the slice is shorter). */
static inline struct vg_slice vg_slice_first(struct vg_slice s, size_t len)
{
	return (struct vg_slice){s.ptr, len < s.len ? len : s.len};
}

/* Equal but for the case of A-Z: for HTTP field names, hosts and schemes. */
bool vg_slice_eq_case(struct vg_slice a, struct vg_slice b) VG_MUST_CHECK;

/* Byte order, the shorter first where one is the other's prefix: <0, 0, >0. */
int vg_slice_cmp(struct vg_slice a, struct vg_slice b) VG_MUST_CHECK;

/* Index of the first `c`, or len where there is none. */
size_t vg_slice_find(struct vg_slice s, char c) VG_MUST_CHECK;

/*
 * Takes the part of *rest before the first `sep` and moves *rest behind it. False when *rest had
 * nothing left to give (it then stays as it is); the last part has no separator behind it.
 */
bool vg_slice_cut(struct vg_slice *rest, char sep, struct vg_slice *part) VG_MUST_CHECK;

/*
 * Takes the next word of *rest, between spaces and tabs, a CR at its end left out: the words of a
 * line of a system's file. False where there is none.
 */
bool vg_slice_word(struct vg_slice *rest, struct vg_slice *word) VG_MUST_CHECK;

/* A copy with a NUL behind it, for who takes C strings. False where it doesn't fit, or holds one. */
bool vg_slice_text(char *out, size_t size, struct vg_slice s) VG_MUST_CHECK;

/* Without spaces and tabs at both ends (RFC 9110 5.6.3 OWS). */
struct vg_slice vg_slice_trim(struct vg_slice s) VG_MUST_CHECK;

/* Decimal digits only, no sign, no overflow: false for all else, an empty slice too. */
bool vg_slice_u64(struct vg_slice s, uint64_t *value) VG_MUST_CHECK;

#endif
