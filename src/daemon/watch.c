#include "daemon/watch.h"

#include <limits.h>
#include <string.h>

#include "sys/file.h"

#define LOOK_US INT64_C(5000000)
#define AGAIN_US INT64_C(3600000000)

static uint64_t stamp_of(const struct vg_image *image, struct vg_str str)
{
	char path[PATH_MAX];
	return vg_slice_text(path, sizeof(path), vg_img_str(image, str)) ? vg_file_stamp(path) : 0;
}

static uint64_t look(const struct vg_image *image, bool *changed)
{
	uint64_t all = 0;
	*changed = false;
	for (uint32_t i = 0; i < vg_img_cert_count(image); i++) {
		const struct vg_img_cert *row = &vg_img_certs(image)[i];
		uint64_t cert = stamp_of(image, row->path);
		*changed |= cert != row->stamp;
		all = (all + cert) * UINT64_C(0x100000001b3);
		all = (all + stamp_of(image, row->key_path)) * UINT64_C(0x100000001b3);
	}
	return all;
}

bool vg_watch_turn(struct vg_watch *watch, const struct vg_image *image, int64_t now)
{
	bool changed;
	if (now < watch->due)
		return false;
	watch->due = now + LOOK_US;
	uint64_t before = watch->seen;
	watch->seen = look(image, &changed);
	if (!changed || watch->seen != before ||
	    (watch->seen == watch->tried && now < watch->again))
		return false;
	watch->tried = watch->seen;
	watch->again = now + AGAIN_US;
	return true;
}
