/* Who asks, as a person names them: a vendor, and an address. Used by explain and test. */
#ifndef VG_CTL_ASKER_H
#define VG_CTL_ASKER_H

#include <stdbool.h>

#include "base/attr.h"
#include "ctl/command.h"
#include "policy/decide.h"

/* The vendor's row; USAGE, and what might have been meant is told, where there is none. */
enum vg_exit vg_asker_vendor(const struct vg_image *image, const char *id, uint32_t *row)
	VG_MUST_CHECK;

/*
 * Sets address and identity of facts->vendor: the vendor's first identity that may come from that
 * address, else its first. Where `from` is NULL, an address of its first identity's first network.
 * False where it is no address.
 */
bool vg_asker_place(struct vg_facts *facts, const struct vg_image *image, const char *from)
	VG_MUST_CHECK;

#endif
