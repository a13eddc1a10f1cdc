/*
 * Pseudonyms of people: a keyed hash in place of a value, so that events can be told apart and
 * joined by whom they are about without saying who that is. The key lies in the state directory,
 * made at the first start; without it nobody can try values until one fits. The formats ask.
 */
#ifndef VG_RECORD_PSEUDONYM_H
#define VG_RECORD_PSEUDONYM_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/slice.h"

#define VG_PSEUDONYM_TEXT 20 /* "h1." and 16 hexadecimal digits, and a NUL */

struct vg_pseudonym;

/*
 * Reads `hmac.key` in the directory `state`, or makes it. NULL, and told in the log, where it
 * can't: one that is no key is not made anew, since all pseudonyms would change with it.
 */
struct vg_pseudonym *vg_pseudonym_new(int state) VG_MUST_CHECK;
void vg_pseudonym_free(struct vg_pseudonym **pseudonym);

/*
 * h<epoch>.<16 hex>: the first 8 bytes of HMAC-SHA-256 over vendor, a zero byte, and value: two
 * vendors' requests about one person can't be joined. The epoch is the key's. False: memory.
 */
bool vg_pseudonym_make(struct vg_pseudonym *pseudonym, char out[VG_PSEUDONYM_TEXT],
		       struct vg_slice vendor, struct vg_slice value) VG_MUST_CHECK;

#endif
