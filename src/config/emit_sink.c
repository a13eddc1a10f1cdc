/* [telemetry NAME]: where events go, which ones, and in which form. */
#include "config/emit.h"

#include "config/check.h"
#include "sys/status_page.h"
#include "vocab/field.h"

/* What the words of check.def stand for: their places are the places here. */
static const uint8_t facilities[] = {16, 17, 18, 19, 20, 21, 22, 23, 4, 10, 3, 1}; /* RFC 5424 */
static const uint16_t event_bits[] = {
	VG_SINK_EVENTS_ALL, 1U << 1, 1U << 2, 1U << 3, 1U << 4, 1U << 5, 1U << 6, 1U << 7, 1U << 9};

enum place { PLACE_ENDPOINT, PLACE_PATH, PLACE_NONE };

static const struct {
	const char *scheme;
	enum vg_sink_kind kind;
	enum place place;
} schemes[] = {
	{"udp://", VG_SINK_UDP, PLACE_ENDPOINT}, {"tcp://", VG_SINK_TCP, PLACE_ENDPOINT},
	{"unix:", VG_SINK_UNIX, PLACE_PATH},     {"file:", VG_SINK_FILE, PLACE_PATH},
	{"stdout", VG_SINK_STDOUT, PLACE_NONE},
};

/* False where there can be no such place. */
static bool emit_place(struct vg_emit *emit, const struct vg_set_telemetry *sink,
		       struct vg_img_sink *row)
{
	size_t i = 0;
	while (i + 1 < VG_COUNT(schemes) &&
	       !vg_slice_starts(sink->to.value, vg_slice_str(schemes[i].scheme)))
		i++;
	struct vg_slice rest = vg_slice_from(sink->to.value, strlen(schemes[i].scheme));
	row->kind = (uint8_t)schemes[i].kind;
	if (schemes[i].place == PLACE_ENDPOINT)
		VG_ASSERT(vg_addr_port_parse(rest, &row->addr, &row->port));
	if (schemes[i].place == PLACE_PATH)
		row->path = vg_emit_path(emit, &sink->set, rest);
	if (row->kind != VG_SINK_UNIX || row->path.len <= VG_SINK_PATH_MAX)
		return true;
	VG_EMIT_ERROR(emit, &sink->set, sink->to.line,
		      "to is the path of a socket, which holds at most %d bytes; this is %u",
		      VG_SINK_PATH_MAX, row->path.len);
	return false;
}

static enum vg_syslog_head head_of(const struct vg_set_telemetry *sink,
				   const struct vg_img_sink *row)
{
	static const enum vg_syslog_head heads[] = {VG_HEAD_RFC5424, VG_HEAD_RFC3164, VG_HEAD_NONE};
	bool lines = row->kind == VG_SINK_FILE || row->kind == VG_SINK_STDOUT;
	if (sink->header.line != 0)
		return heads[sink->header.value];
	if (row->kind == VG_SINK_UNIX)
		return VG_HEAD_LOCAL;
	return lines && row->format == VG_FORMAT_JSON ? VG_HEAD_NONE : VG_HEAD_RFC5424;
}

/* `all` says it all: beside it, another word is a mistake. */
static bool is_all(struct vg_emit *emit, const struct vg_set_telemetry *sink,
		   const struct vg_set_list *list, const char *key)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!vg_slice_eq(list->items[i].value, VG_SLICE("all")))
			continue;
		if (list->count > 1)
			VG_EMIT_ERROR(emit, &sink->set, list->items[i].line,
				      "%s lists all beside others; leave one of them out", key);
		return true;
	}
	return false;
}

static uint16_t events_of(struct vg_emit *emit, const struct vg_set_telemetry *sink)
{
	unsigned bits = 0;
	if (is_all(emit, sink, &sink->events, "events"))
		return VG_SINK_EVENTS_ALL;
	for (size_t i = 0; i < sink->events.count; i++) {
		uint64_t word;
		if (vg_check(VG_CHECK_EVENTS, sink->events.items[i].value, &word))
			bits |= event_bits[word];
	}
	return (uint16_t)bits;
}

static void add_field(struct vg_img_sink *row, enum vg_field field)
{
	uint8_t number = vg_field_row(field)->number;
	row->fields[number / 8] = (uint8_t)(row->fields[number / 8] | 1U << number % 8);
}

static void emit_fields(struct vg_emit *emit, const struct vg_set_telemetry *sink,
			struct vg_img_sink *row)
{
	bool all = is_all(emit, sink, &sink->fields, "fields"), has_seq = all;
	for (unsigned i = 0; all && i < VG_FIELD_COUNT; i++)
		add_field(row, (enum vg_field)i);
	for (size_t i = 0; !all && i < sink->fields.count; i++) {
		enum vg_field field = vg_field_of_name(sink->fields.items[i].value);
		if (field == VG_FIELD_COUNT)
			continue;
		add_field(row, field);
		has_seq |= field == VG_FIELD_SEQ;
	}
	/* What says that a message is not whole is no field that anybody could spare. */
	add_field(row, VG_FIELD_TRUNC);
	if (!has_seq)
		vg_diag_add(emit->diags, VG_SEVERITY_WARNING, sink->set.input->shown,
			    sink->fields.line,
			    "fields has no seq: who receives this can't tell repeats and gaps");
}

static void emit_sink(struct vg_emit *emit, const struct vg_set_telemetry *sink)
{
	struct vg_img_sink row = {
		.name = vg_build_text(emit->build, sink->set.name),
		.format = (uint8_t)sink->format.value,
		.facility = facilities[sink->facility.value],
		.identifiers = (uint8_t)sink->identifiers.value,
		.on_full = (uint8_t)sink->on_full.value,
		.events = events_of(emit, sink),
		.spool = sink->spool.value,
	};
	if (!emit_place(emit, sink, &row))
		return;
	row.head = (uint8_t)head_of(sink, &row);
	emit_fields(emit, sink, &row);
	(void)vg_build_row(emit->build, VG_SECTION_SINK, &row);
}

void vg_emit_sinks(struct vg_emit *emit)
{
	unsigned count = 0;
	for (struct vg_set_telemetry *sink = emit->model->sinks; sink != NULL; sink = sink->next) {
		if (++count == VG_STATUS_SINKS_MAX + 1)
			VG_EMIT_ERROR(emit, &sink->set, sink->set.line,
				      "there are more than %d [telemetry NAME]: no recorder serves "
				      "so many",
				      VG_STATUS_SINKS_MAX);
		if (!sink->set.faulty)
			emit_sink(emit, sink);
	}
	if (emit->model->sinks == NULL)
		vg_diag_add(emit->diags, VG_SEVERITY_WARNING, emit->model->input->shown, 0,
			    "there is no [telemetry NAME]: events stay in the log of this machine");
}
