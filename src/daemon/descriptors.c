#include "daemon/descriptors.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "sys/file.h"

bool vg_descriptors_raise(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

bool vg_descriptors_suffice(const struct vg_image *image, uint32_t workers,
			    char fault[VG_DESCRIPTORS_TEXT])
{
	struct rlimit limit;
	uint32_t connections = vg_img_gateway(image)->connections;
	uint32_t share = connections > workers ? connections / workers : connections;
	fault[0] = '\0';
	if (connections == 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    vg_fd_needed(share) <= limit.rlim_cur)
		return true;
	(void)snprintf(fault, VG_DESCRIPTORS_TEXT,
		       "connections = %" PRIu32 " needs %" PRIu64 " descriptors in each of %" PRIu32
		       " workers, and %" PRIu64 " may be had: raise RLIMIT_NOFILE (LimitNOFILE= in "
		       "the unit, ulimit -n), or set connections to %" PRIu64 " at most",
		       connections, vg_fd_needed(share), workers, (uint64_t)limit.rlim_cur,
		       (uint64_t)vg_fd_connections(limit.rlim_cur) * workers);
	return false;
}
