/*
 * The layout of ring files as the tests know it: written down a second time, so that a reader
 * that doesn't share a line with ring.c judges what the killed processes left.
 */
#ifndef VG_TEST_EVENT_LAYOUT_H
#define VG_TEST_EVENT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "event/ring.h"

#define LAYOUT_HEAD 64
#define LAYOUT_STATES 128
#define LAYOUT_TAIL 64

struct ring_memory {
	uint8_t *file, *tail;
	size_t file_size, tail_size;
	uint32_t slots;
};

static inline struct ring_memory ring_memory(uint32_t slots)
{
	struct ring_memory m = {.file_size = vg_ring_file_size(slots),
				.tail_size = vg_ring_tail_size(),
				.slots = slots};
	m.file = mmap(NULL, m.file_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	m.tail = mmap(NULL, m.tail_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m.file == MAP_FAILED || m.tail == MAP_FAILED)
		abort();
	vg_ring_format(m.file, m.tail, slots, 42);
	return m;
}

static inline void ring_memory_free(struct ring_memory *m)
{
	munmap(m->file, m->file_size);
	munmap(m->tail, m->tail_size);
}

static inline uint64_t word(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t layout_bytes(const struct ring_memory *m)
{
	return word(m->file + 16);
}

static inline uint8_t *layout_data(const struct ring_memory *m)
{
	size_t states = ((size_t)m->slots * 8 + 63) / 64 * 64;
	return m->file + LAYOUT_STATES + states + (size_t)m->slots * 2 * VG_SLOT_FACTS;
}

static inline bool layout_any_slot(const struct ring_memory *m)
{
	for (uint32_t i = 0; i < m->slots; i++)
		if (word(m->file + LAYOUT_STATES + 8 * i) != 0)
			return true;
	return false;
}

#endif
