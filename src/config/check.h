/*
 * Types of values: what a text or number has to look like, and how that is said to a person who
 * wrote something else. The rows stand in check.def. Called by key.c.
 */
#ifndef VG_CONFIG_CHECK_H
#define VG_CONFIG_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

enum vg_type {
#define VG_TYPE(NAME, function, text) VG_TYPE_##NAME,
#define VG_WORDS(NAME, words) VG_TYPE_##NAME,
#include "config/check.def"
	VG_TYPES
};

/* Whether the value is of that type; *number is its value where the type is a number's. */
bool vg_check(enum vg_type type, struct vg_slice value, uint64_t *number) VG_MUST_CHECK;

/* The words of a type of words, "one|two"; NULL for other types. */
const char *vg_check_words(enum vg_type type) VG_MUST_CHECK;

/* What a value of other types must be; it completes "… must be". */
const char *vg_check_text(enum vg_type type) VG_MUST_CHECK;

#endif
