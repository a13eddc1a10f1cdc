#include "daemon/generation.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include "sys/file.h"
#include "sys/log.h"
#include "sys/spawn.h"

bool vg_compile_start(struct vg_compile *compile, int compiler_fd, const char *path, int serving_fd,
		      int errors_fd)
{
	const char *const argv[] = {"vendgatectl",
				    "compile",
				    "--fd",
				    "3",
				    "-c",
				    path,
				    serving_fd < 0 ? NULL : "--serving",
				    "4",
				    NULL};
	*compile = (struct vg_compile){.image_fd = vg_shm_memfd("vendgate-policy")};
	/* It runs as who started the gateway: who its `user` is stands in what it reads. */
	struct vg_spawn spawn = {.role = VG_ROLE_COMPILE,
				 .program_fd = compiler_fd,
				 .channel_fd = compile->image_fd,
				 .image_fd = serving_fd,
				 .errors_fd = errors_fd,
				 .user = "",
				 .argv = argv};
	pid_t pid = compile->image_fd < 0 ? -1 : vg_spawn(&spawn);
	if (pid < 0) {
		vg_log(VG_LOG_ERROR, "the compiler can't be started: %m");
		vg_fd_close(&compile->image_fd);
		return false;
	}
	compile->pid = pid;
	return true;
}

bool vg_compile_take(struct vg_compile *compile, struct vg_generation *generation, uint64_t number,
		     int status)
{
	*generation = (struct vg_generation){.number = number, .fd = compile->image_fd};
	*compile = (struct vg_compile){.image_fd = -1};
	bool ok = status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (ok && !vg_shm_seal(generation->fd)) {
		vg_log(VG_LOG_ERROR, "the policy can't be sealed: %m");
		ok = false;
	}
	ok = ok && vg_shm_image(&generation->map, &generation->image, generation->fd);
	if (!ok)
		vg_generation_close(generation);
	return ok;
}

bool vg_generation_make(struct vg_generation *generation, uint64_t number, int compiler_fd,
			const char *path)
{
	struct vg_compile compile;
	*generation = (struct vg_generation){.fd = -1};
	if (!vg_compile_start(&compile, compiler_fd, path, -1, -1))
		return false;
	int status = -1;
	while (waitpid(compile.pid, &status, 0) != compile.pid && errno == EINTR)
		;
	bool ok = vg_compile_take(&compile, generation, number, status);
	if (!ok)
		vg_log(VG_LOG_ERROR, "%s is not good: nobody can be served by it", path);
	return ok;
}

void vg_generation_close(struct vg_generation *generation)
{
	vg_shm_unmap(&generation->map);
	vg_fd_close(&generation->fd);
}

/* What was bound, opened or started by it, once. */
static const struct {
	const char *key;
	size_t offset;
} fixed_texts[] = {
	{"user", offsetof(struct vg_img_gateway, user)},
	{"run", offsetof(struct vg_img_gateway, run)},
	{"state", offsetof(struct vg_img_gateway, state)},
	{"control", offsetof(struct vg_img_gateway, control)},
};

static struct vg_slice text_at(const struct vg_generation *generation, size_t offset)
{
	struct vg_str str;
	memcpy(&str, (const char *)vg_img_gateway(&generation->image) + offset, sizeof(str));
	return vg_img_str(&generation->image, str);
}

static bool same_listeners(const struct vg_image *a, const struct vg_image *b)
{
	if (vg_img_listener_count(a) != vg_img_listener_count(b))
		return false;
	for (uint32_t i = 0; i < vg_img_listener_count(a); i++) {
		const struct vg_img_listener *x = &vg_img_listeners(a)[i];
		const struct vg_img_listener *y = &vg_img_listeners(b)[i];
		if (x->port != y->port || memcmp(&x->addr, &y->addr, sizeof(x->addr)) != 0 ||
		    strcmp(x->zone, y->zone) != 0)
			return false;
	}
	return true;
}

static bool same_health(const struct vg_img_gateway *a, const struct vg_img_gateway *b)
{
	return a->health_port == b->health_port && vg_addr_eq(&a->health, &b->health);
}

bool vg_generation_renews(const struct vg_generation *old, const struct vg_generation *next)
{
	const struct vg_img_gateway *a = vg_img_gateway(&old->image);
	const struct vg_img_gateway *b = vg_img_gateway(&next->image);
	return memcmp(a->rest, b->rest, sizeof(a->rest)) == 0;
}

const char *vg_generation_fixed(const struct vg_generation *old, const struct vg_generation *next)
{
	for (size_t i = 0; i < VG_COUNT(fixed_texts); i++)
		if (!vg_slice_eq(text_at(old, fixed_texts[i].offset),
				 text_at(next, fixed_texts[i].offset)))
			return fixed_texts[i].key;
	if (!same_listeners(&old->image, &next->image))
		return "listen";
	if (!same_health(vg_img_gateway(&old->image), vg_img_gateway(&next->image)))
		return "health";
	if (vg_img_gateway(&old->image)->workers != vg_img_gateway(&next->image)->workers)
		return "workers";
	return NULL;
}
