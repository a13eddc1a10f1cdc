/*
 * compile --fd N: the configuration as a policy image, written into an open descriptor. The
 * gateway runs it, unprivileged, with a memfd that it seals afterwards.
 */
#include "ctl/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "ctl/loaded.h"
#include "sys/file.h"

static bool parse_fd(const struct vg_call *call, int *fd)
{
	uint64_t number;
	if (call->argc != 3 || strcmp(call->argv[1], "--fd") != 0 ||
	    !vg_slice_u64(vg_slice_str(call->argv[2]), &number) || number > 65535)
		return false;
	*fd = (int)number;
	return true;
}

enum vg_exit vg_command_compile(const struct vg_call *call)
{
	struct vg_loaded loaded;
	int fd;
	if (!parse_fd(call, &fd))
		return VG_SHOW_USAGE;
	if (fcntl(fd, F_GETFD) < 0)
		return vg_usage_error("descriptor %d is not open", fd);
	bool good = vg_loaded_init(&loaded, call->config);
	/* Notes are for people who check; what a start should tell is more. */
	vg_loaded_print(&loaded, stderr, VG_SEVERITY_WARNING);
	if (good && !vg_file_write_all(fd, loaded.compiled.block, loaded.compiled.size)) {
		fprintf(stderr, "vendgatectl: error: descriptor %d: %s\n", fd, strerror(errno));
		good = false;
	}
	vg_loaded_fini(&loaded);
	return good ? VG_EXIT_DONE : VG_EXIT_FOUND;
}
