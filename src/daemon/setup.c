#include "config.h"

#include "daemon/setup.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/control_socket.h"
#include "daemon/descriptors.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/spawn.h"

#define WORKERS_MAX 64 /* as many as may be written */

/* An earlier gateway's workers may drain for so long, and their recorder delivers after them. */
#define RING_WAIT_EXTRA_MS 10000

int vg_setup_program(enum vg_role role)
{
	const char *folder = role == VG_ROLE_COMPILE ? VG_BINDIR : VG_LIBEXECDIR;
	int fd = vg_spawn_open(role, folder);
	if (fd < 0)
		vg_log(VG_LOG_ERROR, "no program %s, neither beside this one nor in %s: %m",
		       vg_role_row(role)->binary, folder);
	return fd;
}

static bool open_programs(struct vg_gateway *gateway)
{
	for (int number = 0; number < VG_ROLE_COUNT; number++) {
		enum vg_role role = (enum vg_role)number;
		if (role == VG_ROLE_SUPERVISOR)
			continue;
		gateway->programs[role] = vg_setup_program(role);
		if (gateway->programs[role] < 0)
			return false;
	}
	return true;
}

static bool open_descriptors(const struct vg_image *image, uint32_t workers)
{
	char fault[VG_DESCRIPTORS_TEXT];
	if (!vg_descriptors_raise())
		return false;
	bool enough = vg_descriptors_suffice(image, workers, fault);
	if (!enough)
		vg_log(VG_LOG_ERROR, "%s", fault);
	return enough;
}

/* A text of the image as a C string; false where it doesn't fit. */
static bool copy_text(char *out, size_t size, const struct vg_image *image, struct vg_str str)
{
	return vg_slice_text(out, size, vg_img_str(image, str));
}

/* Whose the state is: `user` where we can become that user, else ours. */
static bool find_user(struct vg_gateway *gateway, struct vg_rundir_wanted *wanted)
{
	const struct vg_image *image = &gateway->generation.image;
	wanted->uid = geteuid();
	wanted->gid = getegid();
	if (!copy_text(gateway->user, sizeof(gateway->user), image, vg_img_gateway(image)->user)) {
		vg_log(VG_LOG_ERROR, "the name of `user` is too long");
		return false;
	}
	if (gateway->user[0] == '\0') {
		if (wanted->uid == 0)
			vg_log(VG_LOG_WARNING, "no `user` is set: all roles stay root, though "
					       "without its capabilities");
		return true;
	}
	errno = 0;
	const struct passwd *entry = getpwnam(gateway->user);
	if (entry == NULL) {
		vg_log(VG_LOG_ERROR, "there is no user %s", gateway->user);
		return false;
	}
	if (wanted->uid == 0) {
		wanted->uid = entry->pw_uid;
		wanted->gid = entry->pw_gid;
	} else if (wanted->uid != entry->pw_uid) {
		vg_log(VG_LOG_WARNING, "not started as root: stays uid %u and can't become %s",
		       (unsigned)wanted->uid, gateway->user);
	}
	return true;
}

/* `workers`, or one for each processor that we may use now, as far as there are places. */
static uint32_t count_workers(const struct vg_image *image)
{
	uint32_t workers = vg_img_gateway(image)->workers;
	cpu_set_t cpus;
	if (workers == 0)
		workers = sched_getaffinity(0, sizeof(cpus), &cpus) == 0
				  ? (uint32_t)CPU_COUNT(&cpus)
				  : 1;
	return workers < WORKERS_MAX ? workers : WORKERS_MAX;
}

static bool open_directories(struct vg_gateway *gateway, struct vg_rundir_wanted *wanted)
{
	const struct vg_image *image = &gateway->generation.image;
	const struct vg_img_gateway *row = vg_img_gateway(image);
	char run[PATH_MAX], state[PATH_MAX];
	if (!copy_text(run, sizeof(run), image, row->run) ||
	    !copy_text(state, sizeof(state), image, row->state)) {
		vg_log(VG_LOG_ERROR, "the path of `run` or `state` is too long");
		return false;
	}
	wanted->run = run;
	wanted->state = state;
	wanted->wait_ms = row->drain_ms > UINT32_MAX - RING_WAIT_EXTRA_MS
				  ? UINT32_MAX
				  : row->drain_ms + RING_WAIT_EXTRA_MS;
	bool good = vg_rundir_open(&gateway->rundir, wanted);
	wanted->run = wanted->state = NULL;
	return good;
}

static bool open_control_socket(struct vg_gateway *gateway, gid_t gid)
{
	const struct vg_image *image = &gateway->generation.image;
	if (!copy_text(gateway->control_path, sizeof(gateway->control_path), image,
		       vg_img_gateway(image)->control)) {
		vg_log(VG_LOG_ERROR, "the path of `control` is too long");
		return false;
	}
	gateway->control_fd = vg_control_socket_open(gateway->control_path, gid);
	return gateway->control_fd >= 0;
}

static bool open_health(struct vg_gateway *gateway)
{
	const struct vg_img_gateway *row = vg_img_gateway(&gateway->generation.image);
	const struct vg_img_listener at = {.addr = row->health, .port = row->health_port};
	if (row->health_port == 0)
		return true;
	gateway->health_fd = vg_listen_at(&at);
	return gateway->health_fd >= 0;
}

static bool map_blocks(struct vg_gateway *gateway)
{
	if (!vg_shm_map(&gateway->status_map, gateway->rundir.pages[VG_PAGE_GATEWAY].fd, true) ||
	    !vg_shm_map(&gateway->block_map, gateway->rundir.control.ro_fd, false)) {
		vg_log(VG_LOG_ERROR, "control block and status page can't be mapped: %m");
		return false;
	}
	return true;
}

static void init(struct vg_gateway *gateway)
{
	*gateway = (struct vg_gateway){.generation.fd = -1,
				       .offered.fd = -1,
				       .control_fd = -1,
				       .health_fd = -1,
				       .boot = (uint64_t)vg_clock_wall()};
	for (size_t i = 0; i < VG_ROLE_COUNT; i++)
		gateway->programs[i] = -1;
	vg_rundir_init(&gateway->rundir);
}

bool vg_setup_open(struct vg_gateway *gateway, const char *config_path)
{
	struct vg_rundir_wanted wanted = {0};
	init(gateway);
	bool ok = open_programs(gateway) &&
		  vg_generation_make(&gateway->generation, 1, gateway->programs[VG_ROLE_COMPILE],
				     config_path);
	if (ok)
		wanted.workers = count_workers(&gateway->generation.image);
	ok = ok && open_descriptors(&gateway->generation.image, wanted.workers) &&
	     find_user(gateway, &wanted) && open_directories(gateway, &wanted) &&
	     map_blocks(gateway) && open_control_socket(gateway, wanted.gid) &&
	     open_health(gateway) &&
	     vg_listen_open(&gateway->listeners, &gateway->generation.image);
	gateway->config_path = config_path;
	gateway->generation_since = vg_clock_wall();
	if (ok)
		vg_child_table_init(&gateway->table, wanted.workers);
	else
		vg_setup_close(gateway);
	return ok;
}

void vg_setup_close(struct vg_gateway *gateway)
{
	vg_listen_close(&gateway->listeners);
	if (gateway->control_fd >= 0)
		(void)unlink(gateway->control_path);
	vg_fd_close(&gateway->control_fd);
	vg_fd_close(&gateway->health_fd);
	vg_shm_unmap(&gateway->status_map);
	vg_shm_unmap(&gateway->block_map);
	vg_rundir_close(&gateway->rundir);
	vg_generation_close(&gateway->generation);
	vg_generation_close(&gateway->offered);
	for (size_t i = 0; i < VG_ROLE_COUNT; i++)
		vg_fd_close(&gateway->programs[i]);
}
