#include "policy/capture.h"

struct marker {
	const struct vg_image *image;
	const struct vg_path *path;
	uint8_t *marks;
	size_t len;
};

/* `value` is a part of the path's text; what lies behind the kept part needs no mark. */
static void mark(struct marker *m, struct vg_slice value)
{
	size_t at = (size_t)(value.ptr - m->path->text.ptr);
	if (value.len == 0 || at >= VG_MARKED_PATH_MAX)
		return;
	VG_ASSERT(at > 0 && m->len + 2 <= VG_MARKS_MAX);
	m->marks[m->len++] = (uint8_t)at;
	m->marks[m->len++] = value.len > VG_MARKED_PATH_MAX - at ? 0 : (uint8_t)value.len;
}

/* Segments of the service's prefix, which every path below it begins with. */
static size_t count_segments(struct vg_slice prefix)
{
	size_t count = 0;
	for (size_t i = 0; i < prefix.len; i++)
		count += prefix.ptr[i] == '/';
	return count;
}

static int compare_literal(const struct marker *m, const struct vg_img_literal *row,
			   uint32_t service, size_t place, struct vg_slice text)
{
	if (row->service != service)
		return row->service < service ? -1 : 1;
	if (row->place != place)
		return row->place < place ? -1 : 1;
	return vg_slice_cmp(vg_img_str(m->image, row->text), text);
}

static bool is_literal(const struct marker *m, uint32_t service, size_t place, struct vg_slice text)
{
	const struct vg_img_literal *rows = vg_img_literals(m->image);
	uint32_t low = 0, high = vg_img_literal_count(m->image);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = compare_literal(m, &rows[mid], service, place, text);
		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* What the pattern's segment takes of the path's: all that is not written in the pattern. */
static void mark_captured(struct marker *m, const struct vg_img_segment *segment,
			  struct vg_slice text)
{
	size_t prefix = segment->prefix.len, suffix = segment->suffix.len;
	if (segment->kind == VG_SEGMENT_LITERAL)
		return;
	if (segment->kind != VG_SEGMENT_REST && prefix + suffix < text.len)
		text = vg_slice(text.ptr + prefix, text.len - prefix - suffix);
	mark(m, text);
}

static void mark_matched(struct marker *m, const struct vg_img_rule *rule, size_t first)
{
	const struct vg_img_segment *segments = vg_img_segments(m->image) + rule->segments.first;
	for (size_t i = first; i < m->path->count; i++) {
		size_t place = i - first;
		if (rule->segments.count == 0) {
			mark(m, m->path->segments[i]);
			continue;
		}
		/* Only ** takes more segments than the pattern has. */
		if (place >= rule->segments.count)
			place = rule->segments.count - 1;
		mark_captured(m, &segments[place], m->path->segments[i]);
	}
}

size_t vg_capture_marks(uint8_t marks[VG_MARKS_MAX], const struct vg_image *image, uint32_t service,
			uint32_t rule, const struct vg_path *path)
{
	struct marker m = {.image = image, .path = path, .marks = marks};
	size_t first = 0;
	if (service != VG_NO_ROW)
		first = count_segments(vg_img_str(image, vg_img_services(image)[service].prefix));
	if (rule != VG_NO_ROW) {
		mark_matched(&m, &vg_img_rules(image)[rule], first);
		return m.len;
	}
	for (size_t i = first; i < path->count; i++)
		if (service == VG_NO_ROW || !is_literal(&m, service, i - first, path->segments[i]))
			mark(&m, path->segments[i]);
	return m.len;
}
