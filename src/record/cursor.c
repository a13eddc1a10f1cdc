#include "record/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/log.h"

#define CURSOR_MAGIC UINT32_C(0x53434756)
#define NAME_MAX_LEN 64

struct entry {
	uint32_t magic;
	uint32_t crc; /* of what follows */
	uint64_t turn;
	struct vg_store_place place;
	struct vg_store_place hole;
};

#define CRC_FROM offsetof(struct entry, turn)
#define PLACE_SIZE 64 /* of an entry in the file */

_Static_assert(sizeof(struct entry) == PLACE_SIZE, "it lies in a file");

static uint32_t entry_crc(const struct entry *entry)
{
	return vg_crc32c(0, (const uint8_t *)entry + CRC_FROM, sizeof(*entry) - CRC_FROM);
}

int vg_cursor_directory(int state)
{
	if (mkdirat(state, "cursors", 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(state, "cursors", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool is_name(struct vg_slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!vg_is_unreserved(name.ptr[i]))
			return false;
	return name.len > 0 && name.len <= NAME_MAX_LEN && name.ptr[0] != '.';
}

/* The newer of the two entries that are whole; false where none is. */
static bool load(struct vg_cursor *cursor)
{
	bool found = false;
	for (int i = 0; i < 2; i++) {
		struct entry entry;
		if (pread(cursor->fd, &entry, sizeof(entry), (off_t)i * PLACE_SIZE) !=
			    (ssize_t)sizeof(entry) ||
		    entry.magic != CURSOR_MAGIC || entry.crc != entry_crc(&entry) ||
		    (found && entry.turn < cursor->turn))
			continue;
		found = true;
		cursor->turn = entry.turn;
		cursor->place = cursor->saved = entry.place;
		cursor->hole = entry.hole;
	}
	return found;
}

bool vg_cursor_open(struct vg_cursor *cursor, int dir, struct vg_slice name,
		    const struct vg_store *store)
{
	char file[NAME_MAX_LEN + 1];
	*cursor = (struct vg_cursor){.fd = -1};
	if (!is_name(name)) {
		errno = EINVAL;
		return false;
	}
	memcpy(file, name.ptr, name.len);
	file[name.len] = '\0';
	bool fresh = false;
	cursor->fd = openat(dir, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (cursor->fd < 0 && errno == ENOENT) {
		cursor->fd = openat(dir, file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		fresh = true;
	}
	if (cursor->fd < 0)
		return false;
	if (fresh || !load(cursor)) {
		struct vg_store_place place = fresh ? vg_store_end(store) : vg_store_begin(store);
		vg_cursor_move(cursor, place);
	}
	return true;
}

void vg_cursor_close(struct vg_cursor *cursor)
{
	vg_fd_close(&cursor->fd);
}

void vg_cursor_move(struct vg_cursor *cursor, struct vg_store_place place)
{
	cursor->place = place;
	vg_cursor_save(cursor, place);
}

void vg_cursor_save(struct vg_cursor *cursor, struct vg_store_place saved)
{
	struct entry entry = {.magic = CURSOR_MAGIC,
			      .turn = cursor->turn + 1,
			      .place = saved,
			      .hole = cursor->hole};
	entry.crc = entry_crc(&entry);
	cursor->saved = saved;
	cursor->turn++;
	if (pwrite(cursor->fd, &entry, sizeof(entry), (off_t)(cursor->turn % 2 * PLACE_SIZE)) !=
	    (ssize_t)sizeof(entry))
		vg_log(VG_LOG_WARNING, "a cursor can't be written: %m");
}
