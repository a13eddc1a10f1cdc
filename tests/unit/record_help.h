/* What the tests of src/record share: a directory that goes away, records with a number in them. */
#ifndef VG_TEST_RECORD_HELP_H
#define VG_TEST_RECORD_HELP_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event/record.h"
#include "record/store.h"

struct place {
	char path[64];
	int fd;
};

static inline struct place place_new(void)
{
	struct place place = {.path = "/tmp/vg-record-XXXXXX"};
	cr_assert_not_null(mkdtemp(place.path));
	place.fd = open(place.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(place.fd, 0);
	return place;
}

static inline void empty_directory(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
}

static inline void place_free(struct place *place)
{
	empty_directory(place->fd, "log");
	empty_directory(place->fd, "cursors");
	empty_directory(place->fd, ".");
	unlinkat(place->fd, "log", AT_REMOVEDIR);
	unlinkat(place->fd, "cursors", AT_REMOVEDIR);
	close(place->fd);
	rmdir(place->path);
}

static const uint8_t boot_one[VG_BOOT_ID] = "first boot 0000";
static const uint8_t boot_two[VG_BOOT_ID] = "second boot 000";

#define GATEWAY_BOOT INT64_C(1780000000000000)

/* A record of `number`; its length varies with it. */
static inline size_t numbered(uint8_t mem[VG_RECORD_MAX], uint64_t number)
{
	static const char text[] = "/a/path/of/some/length/that/is/cut/somewhere/for/each/number";
	struct vg_record_writer writer;
	vg_record_begin(&writer, mem, VG_RECORD_MAX);
	vg_record_uint(&writer, VG_FIELD_STATUS, number);
	vg_record_text(&writer, VG_FIELD_PATH, vg_slice(text, 1 + number * 7 % (sizeof(text) - 1)));
	vg_record_text(&writer, VG_FIELD_VENDOR, VG_SLICE("acme"));
	return vg_record_end(&writer, VG_REASON_ACCESS_ALLOWED, GATEWAY_BOOT + (int64_t)number);
}

static inline uint64_t number_of(const struct vg_record *record)
{
	struct vg_record_value value;
	cr_assert(vg_record_get(record, VG_FIELD_STATUS, &value));
	return value.number;
}

static inline void store_open(struct vg_store *store, const struct place *place,
			      const uint8_t *boot_id)
{
	cr_assert(vg_store_open(store, place->fd, boot_id, (uint64_t)GATEWAY_BOOT, 0));
}

/* `count` records of ring 7, numbered from `from`, in one batch; the position is the number. */
static inline void store_put(struct vg_store *store, uint64_t from, uint64_t count)
{
	_Alignas(8) static uint8_t mem[VG_RECORD_MAX];
	for (uint64_t i = from; i < from + count; i++)
		cr_assert(vg_store_add(store, 7, i, mem, numbered(mem, i)));
	cr_assert(vg_store_commit(store));
}

/* Ends as if it had been killed: nothing is marked as closed. */
static inline void store_drop(struct vg_store *store)
{
	close(store->fd);
	store->fd = -1;
	vg_store_close(store);
}

#endif
