/*
 * Percent-encoding (RFC 3986 2.1) as path, query and values share it: unreserved characters stand
 * for themselves, everything else that needs it is %XX in upper case. Texts in that form are
 * called normalised here.
 */
#ifndef VG_POLICY_PERCENT_H
#define VG_POLICY_PERCENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define VG_PERCENT_LEN 3 /* bytes of one %xx */

/* RFC 3986 2.2 and 3.3: sub-delims, `:` and `@`: with unreserved characters they are pchar. */
bool vg_percent_is_delim(char c) VG_MUST_CHECK;

/* The byte that the %xx stands for with which `s` begins; -1 where it begins with none. */
int vg_percent_byte(struct vg_slice s) VG_MUST_CHECK;

/* Writes the byte normalised, 1 or VG_PERCENT_LEN bytes; how many. */
size_t vg_percent_put(char *out, uint8_t byte) VG_MUST_CHECK;

/*
 * The number of %xx with which `s` begins that together are one well-formed UTF-8 character beyond
 * ASCII; 0 where it begins with none.
 */
size_t vg_percent_utf8(struct vg_slice s) VG_MUST_CHECK;

/* Takes one decoded byte off *s; false at its end. A % that begins no %xx stands for itself. */
bool vg_percent_take(struct vg_slice *s, uint8_t *byte) VG_MUST_CHECK;

/* The number of decoded bytes. */
size_t vg_percent_count(struct vg_slice s) VG_MUST_CHECK;

/* Like vg_slice_cmp, of the decoded bytes. */
int vg_percent_cmp(struct vg_slice a, struct vg_slice b) VG_MUST_CHECK;

#endif
