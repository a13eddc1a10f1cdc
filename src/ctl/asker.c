#include "ctl/asker.h"

#include <stdio.h>

#include "base/diag.h"

enum vg_exit vg_asker_vendor(const struct vg_image *image, const char *id, uint32_t *row)
{
	*row = vg_img_find_vendor(image, vg_slice_str(id));
	if (*row != VG_NO_ROW)
		return VG_EXIT_DONE;
	for (uint32_t i = 0; i < vg_img_vendor_count(image); i++) {
		struct vg_slice other = vg_img_str(image, vg_img_vendors(image)[i].id);
		char word[64]; /* ids are at most 40 bytes, without a NUL in the image */
		const char *const words[] = {word};
		snprintf(word, sizeof(word), "%.*s", VG_SLICE_FMT(other));
		if (vg_near_match(vg_slice_str(id), words, 1) != NULL)
			return vg_usage_error("there is no vendor \"%s\"; did you mean \"%s\"?", id,
					      word);
	}
	return vg_usage_error("there is no vendor \"%s\"", id);
}

static bool has_address(const struct vg_image *image, uint32_t ident, const struct vg_addr *addr)
{
	struct vg_span span = vg_img_idents(image)[ident].networks;
	return span.count == 0 || vg_img_in_networks(image, span, addr);
}

bool vg_asker_place(struct vg_facts *facts, const struct vg_image *image, const char *from)
{
	const struct vg_img_vendor *vendor = &vg_img_vendors(image)[facts->vendor];
	facts->ident = vendor->idents.first;
	if (from == NULL) {
		struct vg_span networks = vg_img_idents(image)[facts->ident].networks;
		const uint8_t loopback[4] = {127, 0, 0, 1};
		facts->src = networks.count > 0 ? vg_img_prefixs(image)[networks.first].addr
						: vg_addr_v4(loopback);
		return true;
	}
	if (!vg_addr_parse(vg_slice_str(from), &facts->src))
		return false;
	for (uint32_t i = 0; i < vendor->idents.count; i++) {
		if (has_address(image, vendor->idents.first + i, &facts->src)) {
			facts->ident = vendor->idents.first + i;
			break;
		}
	}
	return true;
}
