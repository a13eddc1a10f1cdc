#include "daemon/generation.h"

#include <errno.h>
#include <sys/wait.h>

#include "sys/file.h"
#include "sys/log.h"
#include "sys/spawn.h"

/* The compiler's wait status; -1. */
static int run_compiler(int compiler_fd, int image_fd, const char *path)
{
	const char *const argv[] = {"vendgatectl", "compile", "--fd", "3", "-c", path, NULL};
	/* It runs as who started the gateway: who its `user` is stands in what it reads. */
	struct vg_spawn spawn = {.role = VG_ROLE_COMPILE,
				 .program_fd = compiler_fd,
				 .channel_fd = image_fd,
				 .user = "",
				 .argv = argv};
	pid_t pid = vg_spawn(&spawn);
	if (pid < 0)
		return -1;
	int status;
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return -1;
	return status;
}

bool vg_generation_make(struct vg_generation *generation, uint64_t number, int compiler_fd,
			const char *path)
{
	*generation = (struct vg_generation){.number = number, .fd = vg_shm_memfd("vendgate-policy")};
	if (generation->fd < 0) {
		vg_log(VG_LOG_ERROR, "no memory for the policy: %m");
		return false;
	}
	int status = run_compiler(compiler_fd, generation->fd, path);
	bool ok = status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (!ok) {
		vg_log(VG_LOG_ERROR, "%s gives no policy: nobody is served by it", path);
	} else if (!vg_shm_seal(generation->fd)) {
		vg_log(VG_LOG_ERROR, "the policy can't be sealed: %m");
		ok = false;
	} else {
		ok = vg_shm_image(&generation->map, &generation->image, generation->fd);
	}
	if (!ok)
		vg_generation_close(generation);
	return ok;
}

void vg_generation_close(struct vg_generation *generation)
{
	vg_shm_unmap(&generation->map);
	vg_fd_close(&generation->fd);
}
