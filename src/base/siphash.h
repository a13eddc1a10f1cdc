/*
 * SipHash-2-4 (Aumasson and Bernstein): a hash of short keys that come from outside, under a key
 * that nobody there knows, so that nobody can choose what falls into one bucket of a table.
 */
#ifndef VG_BASE_SIPHASH_H
#define VG_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define VG_SIPHASH_KEY 16 /* bytes */

uint64_t vg_siphash(const uint8_t key[VG_SIPHASH_KEY], const void *bytes, size_t len) VG_MUST_CHECK;

#endif
