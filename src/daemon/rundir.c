#include "config.h"

#include "daemon/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "event/ring.h"
#include "sys/clock.h"
#include "sys/control_block.h"
#include "sys/entropy.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/shm.h"
#include "sys/status_page.h"

/*
 * How many exchanges and handshakes a worker may have open at once. Each reserves a slot and the
 * largest record: 4096 of them are 22 MiB, and four times what one core serves at a time.
 */
#define RING_SLOTS 4096

#define NAME_MAX_BYTES 64
#define LOCK_POLL_US 100000

static int open_directory(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	bool made = mkdir(path, mode) == 0;
	if (!made && errno != EEXIST) {
		vg_log(VG_LOG_ERROR, "can't make %s: %m", path);
		return -1;
	}
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0 || (made && fchown(fd, uid, gid) != 0)) {
		vg_log(VG_LOG_ERROR, "can't open %s: %m", path);
		vg_fd_close(&fd);
		return -1;
	}
	/* One that was there isn't given away: it may be anybody's, by a slip in the path. */
	if ((!made && st.st_uid != uid) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		vg_log(VG_LOG_ERROR, "%s must belong to uid %u, and only its owner may write to it",
		       path, (unsigned)uid);
		vg_fd_close(&fd);
		return -1;
	}
	return fd;
}

/* Of the open file, not of the process: whoever is given the descriptor holds it too. */
static bool lock_file(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static bool lock_run(struct vg_rundir *rundir, const char *path)
{
	int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	rundir->lock_fd = openat(rundir->run_fd, "lock", flags, 0600);
	if (rundir->lock_fd >= 0 && lock_file(rundir->lock_fd))
		return true;
	if (rundir->lock_fd >= 0 && errno == EAGAIN)
		vg_log(VG_LOG_ERROR, "another gateway runs on %s", path);
	else
		vg_log(VG_LOG_ERROR, "can't lock %s/lock: %m", path);
	return false;
}

static void name_file(char out[NAME_MAX_BYTES], uint32_t index, const char *ending)
{
	snprintf(out, NAME_MAX_BYTES, "worker-%u.%s", index, ending);
}

static bool map_pair(const struct vg_rundir_ring *ring, struct vg_map *file, struct vg_map *tail)
{
	if (!vg_shm_map(file, ring->file_fd, true))
		return false;
	if (vg_shm_map(tail, ring->tail_fd, true))
		return true;
	vg_shm_unmap(file);
	return false;
}

static bool is_good(const struct vg_rundir_ring *ring)
{
	struct vg_map file, tail;
	if (!map_pair(ring, &file, &tail))
		return false;
	struct vg_ring opened;
	bool good = vg_ring_open_reader(&opened, file.mem, file.size, tail.mem, tail.size);
	vg_shm_unmap(&file);
	vg_shm_unmap(&tail);
	return good;
}

static int open_file(const struct vg_rundir *rundir, uint32_t index, const char *ending, int flags)
{
	char name[NAME_MAX_BYTES];
	name_file(name, index, ending);
	return openat(rundir->run_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void close_pair(struct vg_rundir_ring *ring)
{
	vg_fd_close(&ring->file_fd);
	vg_fd_close(&ring->tail_fd);
	vg_fd_close(&ring->tail_ro_fd);
}

/*
 * Every holder of the ring has a copy of the open file that was locked, and it lives as long as
 * one of them maps it: where an earlier supervisor was killed, its workers and recorder hold the
 * lock until they have ended. Two writers in one ring would tear it.
 */
static bool lock_ring(int fd, uint32_t index, int64_t until)
{
	bool told = false;
	while (!lock_file(fd)) {
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if (vg_clock_monotonic() >= until) {
			errno = EBUSY;
			return false;
		}
		if (!told)
			vg_log(VG_LOG_INFO, "waiting for an earlier gateway's worker %u to end",
			       index);
		told = true;
		struct timespec pause = {.tv_nsec = LOCK_POLL_US * 1000L};
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

static bool set_aside(const struct vg_rundir *rundir, uint32_t index, const char *ending)
{
	char name[NAME_MAX_BYTES], aside[NAME_MAX_BYTES * 2];
	name_file(name, index, ending);
	snprintf(aside, sizeof(aside), "%s.%lld", name, (long long)vg_clock_wall());
	return renameat(rundir->run_fd, name, rundir->run_fd, aside) == 0 || errno == ENOENT;
}

static bool make_file(const struct vg_rundir *rundir, uint32_t index, const char *ending,
		      size_t size, int *fd)
{
	char name[NAME_MAX_BYTES];
	name_file(name, index, ending);
	if (unlinkat(rundir->run_fd, name, 0) != 0 && errno != ENOENT)
		return false;
	*fd = open_file(rundir, index, ending, O_RDWR | O_CREAT | O_EXCL);
	/* Room now, or no start: a page that can't be had later would be a SIGBUS. */
	return *fd >= 0 && fallocate(*fd, 0, 0, (off_t)size) == 0;
}

static bool rename_made(const struct vg_rundir *rundir, uint32_t index, const char *from,
			const char *to)
{
	char old[NAME_MAX_BYTES], new[NAME_MAX_BYTES];
	name_file(old, index, from);
	name_file(new, index, to);
	return renameat(rundir->run_fd, old, rundir->run_fd, new) == 0;
}

/* Written under other names: a start that is killed leaves no half of a pair. */
static bool make_pair(const struct vg_rundir *rundir, uint32_t index)
{
	struct vg_rundir_ring ring = {-1, -1, -1};
	struct vg_map file, tail;
	bool ok = make_file(rundir, index, "ring.new", vg_ring_file_size(RING_SLOTS),
			    &ring.file_fd) &&
		  make_file(rundir, index, "tail.new", vg_ring_tail_size(), &ring.tail_fd) &&
		  map_pair(&ring, &file, &tail);
	if (ok) {
		uint64_t id;
		vg_entropy(&id, sizeof(id));
		vg_ring_format(file.mem, tail.mem, RING_SLOTS, id);
		vg_shm_unmap(&file);
		vg_shm_unmap(&tail);
		ok = rename_made(rundir, index, "tail.new", "tail") &&
		     rename_made(rundir, index, "ring.new", "ring");
	}
	close_pair(&ring);
	return ok;
}

/*
 * Under a name that is new: who still holds the one of an earlier life keeps that. Two open files,
 * since what a descriptor may be mapped for is what its file was opened for.
 */
static bool make_block(const struct vg_rundir *rundir, const char *name, size_t size,
		       struct vg_rundir_block *block)
{
	bool ok = unlinkat(rundir->run_fd, name, 0) == 0 || errno == ENOENT;
	block->fd = ok ? openat(rundir->run_fd, name,
				O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)
		       : -1;
	block->ro_fd = block->fd < 0
			       ? -1
			       : openat(rundir->run_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (block->ro_fd >= 0 && fallocate(block->fd, 0, 0, (off_t)size) == 0)
		return true;
	vg_log(VG_LOG_ERROR, "%s can't be made in the run directory: %m", name);
	return false;
}

static void close_block(struct vg_rundir_block *block)
{
	vg_fd_close(&block->fd);
	vg_fd_close(&block->ro_fd);
}

static bool format_control(const struct vg_rundir_block *block)
{
	struct vg_map map;
	if (!vg_shm_map(&map, block->fd, true))
		return false;
	vg_control_block_format(map.mem, 1);
	vg_shm_unmap(&map);
	return true;
}

static bool make_page(struct vg_rundir *rundir, const char *name, enum vg_status_kind kind,
		      struct vg_rundir_block *block)
{
	struct vg_map map;
	if (!make_block(rundir, name, vg_status_page_size(kind), block) ||
	    !vg_shm_map(&map, block->fd, true))
		return false;
	vg_status_page_format(map.mem, kind);
	vg_shm_unmap(&map);
	return true;
}

static bool make_blocks(struct vg_rundir *rundir, uint32_t workers)
{
	struct vg_rundir_block *pages = rundir->pages;
	bool ok = make_block(rundir, "control.block", VG_CONTROL_BLOCK_SIZE, &rundir->control) &&
		  format_control(&rundir->control) &&
		  make_page(rundir, "gateway.status", VG_STATUS_GATEWAY, &pages[VG_PAGE_GATEWAY]) &&
		  make_page(rundir, "sinks.status", VG_STATUS_SINKS, &pages[VG_PAGE_SINKS]);
	for (uint32_t i = 0; ok && i < workers; i++) {
		char name[NAME_MAX_BYTES];
		name_file(name, i, "status");
		ok = make_page(rundir, name, VG_STATUS_WORKER, &pages[VG_PAGE_WORKERS + i]);
	}
	return ok;
}

enum opened { OPENED, ABSENT, FAILED };

static enum opened open_pair(struct vg_rundir *rundir, uint32_t index, int64_t until)
{
	struct vg_rundir_ring *ring = &rundir->rings[index];
	ring->file_fd = open_file(rundir, index, "ring", O_RDWR);
	ring->tail_fd = open_file(rundir, index, "tail", O_RDWR);
	ring->tail_ro_fd = open_file(rundir, index, "tail", O_RDONLY);
	if (ring->file_fd < 0 && errno != ENOENT)
		return FAILED;
	if (ring->file_fd >= 0 && !lock_ring(ring->file_fd, index, until))
		return FAILED;
	if (ring->file_fd >= 0 && ring->tail_fd >= 0 && ring->tail_ro_fd >= 0 && is_good(ring))
		return OPENED;
	if (ring->file_fd >= 0)
		vg_log(VG_LOG_WARNING, "the ring of worker %u isn't one: set aside", index);
	close_pair(ring);
	return set_aside(rundir, index, "ring") && set_aside(rundir, index, "tail") ? ABSENT
										    : FAILED;
}

static bool open_ring(struct vg_rundir *rundir, uint32_t index, uint32_t workers, int64_t until)
{
	enum opened opened = open_pair(rundir, index, until);
	/* Beyond the workers there may be what an earlier life left; nothing new is made. */
	if (opened == ABSENT && index < workers)
		opened = make_pair(rundir, index) ? open_pair(rundir, index, until) : FAILED;
	if (opened == OPENED)
		rundir->ring_count = index + 1;
	if (opened == FAILED || (opened == ABSENT && index < workers)) {
		vg_log(VG_LOG_ERROR, "the ring of worker %u can't be opened: %m", index);
		return false;
	}
	return true;
}

void vg_rundir_init(struct vg_rundir *rundir)
{
	*rundir = (struct vg_rundir){
		.run_fd = -1, .state_fd = -1, .lock_fd = -1, .control = {-1, -1}};
	for (uint32_t i = 0; i < VG_CHILD_PAGES_MAX; i++)
		rundir->pages[i] = (struct vg_rundir_block){-1, -1};
	for (uint32_t i = 0; i < VG_RUNDIR_RINGS_MAX; i++)
		rundir->rings[i] = (struct vg_rundir_ring){-1, -1, -1};
}

bool vg_rundir_open(struct vg_rundir *rundir, const struct vg_rundir_wanted *wanted)
{
	vg_rundir_init(rundir);
	rundir->run_fd = open_directory(wanted->run, 0710, geteuid(), wanted->gid);
	rundir->state_fd = open_directory(wanted->state, 0750, wanted->uid, wanted->gid);
	bool ok = rundir->run_fd >= 0 && rundir->state_fd >= 0 && lock_run(rundir, wanted->run);
	int64_t until = vg_clock_monotonic() + (int64_t)wanted->wait_ms * 1000;
	for (uint32_t i = 0; ok && i < VG_RUNDIR_RINGS_MAX; i++)
		ok = open_ring(rundir, i, wanted->workers, until);
	ok = ok && make_blocks(rundir, wanted->workers);
	if (!ok)
		vg_rundir_close(rundir);
	return ok;
}

void vg_rundir_close(struct vg_rundir *rundir)
{
	for (uint32_t i = 0; i < VG_RUNDIR_RINGS_MAX; i++)
		close_pair(&rundir->rings[i]);
	close_block(&rundir->control);
	for (uint32_t i = 0; i < VG_CHILD_PAGES_MAX; i++)
		close_block(&rundir->pages[i]);
	vg_fd_close(&rundir->lock_fd);
	vg_fd_close(&rundir->state_fd);
	vg_fd_close(&rundir->run_fd);
}
