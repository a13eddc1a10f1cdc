#include "config.h"

#include "sys/shm.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/log.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int vg_shm_memfd(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

bool vg_shm_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, SEALS) == 0;
}

bool vg_shm_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	return seals >= 0 && (seals & SEALS) == SEALS;
}

bool vg_shm_map(struct vg_map *map, int fd, bool writable)
{
	*map = (struct vg_map){0};
	/* lseek and not fstat, which libc makes of a call that takes paths: no sandbox has it. */
	off_t size = lseek(fd, 0, SEEK_END);
	if (size <= 0)
		return false;
	int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
	void *mem = mmap(NULL, (size_t)size, protection, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		return false;
	*map = (struct vg_map){.mem = mem, .size = (size_t)size};
	return true;
}

void vg_shm_unmap(struct vg_map *map)
{
	if (map->mem != NULL)
		(void)munmap(map->mem, map->size);
	*map = (struct vg_map){0};
}

bool vg_shm_take(struct vg_map *map, int *fd, bool writable)
{
	*map = (struct vg_map){0};
	bool ok = *fd >= 0 && vg_shm_map(map, *fd, writable);
	vg_fd_close(fd);
	return ok;
}

bool vg_shm_image(struct vg_map *map, struct vg_image *image, int fd)
{
	if (!vg_shm_is_sealed(fd)) {
		vg_log(VG_LOG_ERROR, "the policy image isn't sealed");
		return false;
	}
	if (!vg_shm_map(map, fd, false)) {
		vg_log(VG_LOG_ERROR, "the policy image can't be mapped: %m");
		return false;
	}
	const char *fault = "it is too large";
	if (map->size > VG_IMAGE_MAX || !vg_image_open(image, map->mem, map->size, &fault)) {
		vg_log(VG_LOG_ERROR, "the policy image is bad: %s", fault);
		vg_shm_unmap(map);
		return false;
	}
	return true;
}
