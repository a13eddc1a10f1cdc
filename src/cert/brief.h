/*
 * What a certificate says of itself, as far as the compiler judges it. No key is decoded for that:
 * looking for a decoder is nine tenths of what OpenSSL does with a certificate, and ten thousand
 * vendors have ten thousand CAs. Whether a key is one that a chain can hold on to, the worker sees.
 */
#ifndef VG_CERT_BRIEF_H
#define VG_CERT_BRIEF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

struct vg_brief {
	int64_t not_before, not_after; /* microseconds since 1970 UTC */
	bool is_ca; /* basicConstraints say so, or it is of version 1 and can say nothing */
};

struct vg_brief_reader;

/* NULL where memory is short. */
struct vg_brief_reader *vg_brief_reader_new(void) VG_MUST_CHECK;
void vg_brief_reader_free(struct vg_brief_reader **reader);

/* All of `der`, no more, is one certificate; else false. */
bool vg_brief_read(const struct vg_brief_reader *reader, struct vg_brief *brief,
		   struct vg_slice der) VG_MUST_CHECK;

#endif
