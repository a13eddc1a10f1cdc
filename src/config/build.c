#include "config/build.h"

#include <stdlib.h>
#include <string.h>

#include "policy/route.h"

#define FIRST_ROWS ((size_t)64)
#define FIRST_SLOTS ((size_t)1024)

static const size_t row_sizes[VG_SECTION_COUNT] = {
#define VG_SECTION(NAME, name, row) sizeof(row),
#include "policy/image.def"
#undef VG_SECTION
};

struct section {
	char *rows;
	size_t count, cap;
};

struct vg_build {
	struct vg_arena *arena;
	struct section sections[VG_SECTION_COUNT];
	struct vg_str *slots; /* of texts by their hash; a free one has no length */
	size_t slot_count, slots_used;
	bool failed;
};

struct vg_build *vg_build_new(struct vg_arena *arena)
{
	struct vg_build *build = vg_arena_alloc(arena, sizeof(*build));
	if (build != NULL)
		build->arena = arena;
	return build;
}

void vg_build_free(struct vg_build **build)
{
	if (*build == NULL)
		return;
	for (size_t i = 0; i < VG_SECTION_COUNT; i++)
		free((*build)->sections[i].rows);
	free((*build)->slots);
	*build = NULL; /* itself it lies in the arena */
}

/* Room for `more` rows; false, once and for all, where there is none. */
static bool reserve(struct vg_build *build, enum vg_section which, size_t more)
{
	struct section *section = &build->sections[which];
	size_t max = VG_IMAGE_MAX / row_sizes[which];
	if (build->failed || more > max - section->count) {
		build->failed = true;
		return false;
	}
	size_t cap = section->cap == 0 ? FIRST_ROWS : section->cap;
	while (cap < section->count + more)
		cap *= 2;
	if (cap == section->cap)
		return true;
	char *rows = realloc(section->rows, cap * row_sizes[which]);
	if (rows == NULL) {
		build->failed = true;
		return false;
	}
	section->rows = rows;
	section->cap = cap;
	return true;
}

static size_t append(struct vg_build *build, enum vg_section which, const void *rows, size_t count)
{
	struct section *section = &build->sections[which];
	if (!reserve(build, which, count))
		return VG_NO_ROW;
	memcpy(section->rows + section->count * row_sizes[which], rows, count * row_sizes[which]);
	section->count += count;
	return section->count - count;
}

static uint64_t hash_of(struct vg_slice text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (uint8_t)text.ptr[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

static struct vg_slice text_of(const struct vg_build *build, struct vg_str str)
{
	return vg_slice(build->sections[VG_SECTION_TEXT].rows + str.offset, str.len);
}

/* The slot that holds `text`, or the free one where it belongs. */
static struct vg_str *find_slot(const struct vg_build *build, struct vg_slice text)
{
	size_t at = hash_of(text) & (build->slot_count - 1);
	while (build->slots[at].len != 0 && !vg_slice_eq(text_of(build, build->slots[at]), text))
		at = (at + 1) & (build->slot_count - 1);
	return &build->slots[at];
}

/* Keeps at least half of the slots free. */
static bool grow_slots(struct vg_build *build)
{
	if (build->slots_used < build->slot_count / 2)
		return true;
	struct vg_str *old = build->slots;
	size_t old_count = build->slot_count;
	build->slot_count = old_count == 0 ? FIRST_SLOTS : old_count * 2;
	build->slots = calloc(build->slot_count, sizeof(*build->slots));
	if (build->slots == NULL) {
		free(old);
		build->failed = true;
		return false;
	}
	for (size_t i = 0; i < old_count; i++)
		if (old[i].len != 0)
			*find_slot(build, text_of(build, old[i])) = old[i];
	free(old);
	return true;
}

struct vg_str vg_build_text(struct vg_build *build, struct vg_slice text)
{
	if (text.len == 0 || build->failed || !grow_slots(build))
		return (struct vg_str){0};
	struct vg_str *slot = find_slot(build, text);
	if (slot->len != 0)
		return *slot;
	size_t offset = append(build, VG_SECTION_TEXT, text.ptr, text.len);
	if (build->failed)
		return (struct vg_str){0};
	build->slots_used++;
	*slot = (struct vg_str){(uint32_t)offset, (uint32_t)text.len};
	return *slot;
}

uint32_t vg_build_row(struct vg_build *build, enum vg_section section, const void *row)
{
	return (uint32_t)append(build, section, row, 1);
}

uint32_t vg_build_count(const struct vg_build *build, enum vg_section section)
{
	return (uint32_t)build->sections[section].count;
}

void *vg_build_rows(struct vg_build *build, enum vg_section section)
{
	return build->sections[section].rows;
}

/* Where each section goes; the size of the whole. */
static size_t lay_out(const struct vg_build *build, struct vg_image_header *header)
{
	size_t end = sizeof(*header);
	for (size_t i = 0; i < VG_SECTION_COUNT; i++) {
		size_t begin = (end + 7) & ~(size_t)7;
		header->section[i].offset = begin;
		header->section[i].count = build->sections[i].count;
		end = begin + build->sections[i].count * row_sizes[i];
	}
	return end;
}

static bool has_segments(const struct vg_image *image, const struct vg_img_rule *rule)
{
	struct vg_span span = rule->segments;
	uint32_t count = vg_img_segment_count(image), bytes = vg_img_text_count(image);
	if (span.count > count || span.first > count - span.count)
		return false;
	for (uint32_t i = 0; i < span.count; i++) {
		struct vg_str prefix = vg_img_segments(image)[span.first + i].prefix;
		if (prefix.len > bytes || prefix.offset > bytes - prefix.len)
			return false;
	}
	return true;
}

/* Nothing was checked yet: a rule without its segments is left for vg_image_open to refuse. */
static void write_leads(struct vg_image_header *header)
{
	struct vg_image image = {.header = header, .size = header->size};
	struct vg_img_lead *leads = (void *)((char *)header +
					     header->section[VG_SECTION_LEAD].offset);
	for (uint32_t i = 0; i < vg_img_rule_count(&image); i++)
		if (has_segments(&image, &vg_img_rules(&image)[i]))
			leads[i] = vg_route_lead(&image, &vg_img_rules(&image)[i]);
}

bool vg_build_finish(struct vg_build *build, const uint8_t gen[32], void **block, size_t *size)
{
	struct vg_image_header header = {.magic = VG_IMAGE_MAGIC, .layout = VG_IMAGE_LAYOUT};
	memcpy(header.gen, gen, sizeof(header.gen));
	for (uint32_t i = 0; i < vg_build_count(build, VG_SECTION_RULE); i++)
		vg_build_row(build, VG_SECTION_LEAD, &(struct vg_img_lead){0});
	if (!vg_build_literals(build))
		return false;
	*size = lay_out(build, &header);
	header.size = *size;
	if (build->failed || *size > VG_IMAGE_MAX)
		return false;
	char *out = vg_arena_alloc(build->arena, *size);
	if (out == NULL)
		return false;
	memcpy(out, &header, sizeof(header));
	for (size_t i = 0; i < VG_SECTION_COUNT; i++)
		if (build->sections[i].count > 0)
			memcpy(out + header.section[i].offset, build->sections[i].rows,
			       build->sections[i].count * row_sizes[i]);
	write_leads((void *)out);
	*block = out;
	return true;
}
