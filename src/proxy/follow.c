#include "proxy/follow.h"

#include "proxy/ctx.h"
#include "proxy/generation.h"

struct vg_generation *vg_follow_current(struct vg_worker *worker)
{
	return worker->current;
}

void vg_follow_take(struct vg_worker *worker VG_UNUSED, struct vg_msg *msg VG_UNUSED)
{
}

void vg_follow_fini(struct vg_worker *worker)
{
	vg_generation_unref(&worker->current);
}
