/*
 * CRC-32C (Castagnoli, RFC 3720 B.4): guards each record of the log against torn writes. It is no
 * protection against somebody who edits the log.
 */
#ifndef VG_BASE_CRC32C_H
#define VG_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* The sum of `len` more bytes after those that gave `crc` (0 for the first). */
uint32_t vg_crc32c(uint32_t crc, const void *bytes, size_t len) VG_MUST_CHECK;

#endif
