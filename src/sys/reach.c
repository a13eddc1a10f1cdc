#include "config.h"

#include "sys/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"

#define LINKS_MAX 8

static bool has(const struct vg_reach *reach, const struct vg_reach_entry *entry)
{
	for (uint32_t i = 0; i < reach->count; i++)
		if (reach->entries[i].kind == entry->kind &&
		    reach->entries[i].key[0] == entry->key[0] &&
		    reach->entries[i].key[1] == entry->key[1])
			return true;
	return false;
}

/* Takes the descriptor. */
static bool add(struct vg_reach *reach, struct vg_reach_entry *entry)
{
	if (has(reach, entry)) {
		vg_fd_close(&entry->fd);
		return true;
	}
	if (reach->count == VG_REACH_MAX) {
		vg_fd_close(&entry->fd);
		errno = E2BIG;
		return false;
	}
	reach->entries[reach->count++] = *entry;
	return true;
}

static bool add_folder(struct vg_reach *reach, enum vg_reach_kind kind, int at, const char *path)
{
	struct stat st;
	struct vg_reach_entry entry = {.kind = kind};
	entry.fd = openat(at, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (entry.fd < 0)
		return false;
	if (fstat(entry.fd, &st) != 0) {
		vg_fd_close(&entry.fd);
		return false;
	}
	entry.key[0] = st.st_dev;
	entry.key[1] = st.st_ino;
	return add(reach, &entry);
}

bool vg_reach_folder(struct vg_reach *reach, enum vg_reach_kind kind, int fd)
{
	return add_folder(reach, kind, fd, ".");
}

/* Everything before the last slash: "" is the working directory, "/" the root. */
static int folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? 0 : slash == path ? 1 : (int)(slash - path);
}

/* Where the link at `path` leads, in its place; false where it is none. */
static bool follow(char path[PATH_MAX])
{
	char folder[PATH_MAX], target[PATH_MAX];
	ssize_t n = readlinkat(AT_FDCWD, path, target, sizeof(target) - 1);
	if (n <= 0)
		return false;
	target[n] = '\0';
	memcpy(folder, path, PATH_MAX);
	int len = target[0] == '/' ? 0 : folder_len(folder);
	int size = snprintf(path, PATH_MAX, "%.*s%s%s", len, folder, len > 0 ? "/" : "", target);
	return size > 0 && size < PATH_MAX;
}

bool vg_reach_file(struct vg_reach *reach, enum vg_reach_kind kind, const char *path)
{
	char at[PATH_MAX], folder[PATH_MAX];
	int size = snprintf(at, sizeof(at), "%s", path);
	if (size < 0 || size >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	for (unsigned links = 0; links <= LINKS_MAX; links++) {
		int len = folder_len(at);
		snprintf(folder, sizeof(folder), "%.*s", len, len > 0 ? at : "");
		if (!add_folder(reach, kind, AT_FDCWD, len > 0 ? folder : "."))
			return false;
		if (!follow(at))
			return true;
	}
	errno = ELOOP;
	return false;
}

bool vg_reach_port(struct vg_reach *reach, uint16_t port)
{
	struct vg_reach_entry entry = {.kind = VG_REACH_PORT, .fd = -1, .key = {port, 0}};
	return add(reach, &entry);
}

bool vg_reach_covers(const struct vg_reach *reach, const struct vg_reach *more)
{
	for (uint32_t i = 0; i < more->count; i++)
		if (!has(reach, &more->entries[i]))
			return false;
	return true;
}

void vg_reach_close(struct vg_reach *reach)
{
	for (uint32_t i = 0; i < reach->count; i++)
		vg_fd_close(&reach->entries[i].fd);
}
