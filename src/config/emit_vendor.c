#include "config.h"

#include "config/emit.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cert/facts.h"

#define SCRATCH_MAX ((size_t)256 << 20)

/* The id, or what stands for one that can't be used: a file's name is no id. */
static struct vg_slice id_of(const struct vg_policy *policy)
{
	return policy->vendor.set.faulty || policy->vendor.id.value.ptr == NULL
		       ? vg_slice_str(policy->input->name)
		       : policy->vendor.id.value;
}

static int compare_policies(const void *a, const void *b)
{
	return vg_slice_cmp(id_of(*(struct vg_policy *const *)a),
			    id_of(*(struct vg_policy *const *)b));
}

/* Files come by name, so the later one is told. */
static void check_ids(struct vg_emit *emit)
{
	struct vg_map ids;
	vg_map_init(&ids, emit->arena);
	for (struct vg_policy *p = emit->model->policies; p != NULL; p = p->next) {
		struct vg_policy *first = vg_map_add(&ids, id_of(p), p);
		if (first == p)
			continue;
		if (first == NULL)
			VG_EMIT_ERROR(emit, &p->vendor.set, 0, "out of memory");
		else
			VG_EMIT_ERROR(emit, &p->vendor.set, p->vendor.id.line,
				      "vendor id \"%.*s\" is taken: %s:%u",
				      VG_SLICE_FMT(p->vendor.id.value), first->input->shown,
				      first->vendor.id.line);
		p->vendor.set.faulty = true;
	}
}

/* Appends the certificates of one more file to those that were appended last. */
static void append_certs(struct vg_build *build, const struct vg_cert_file *file,
			 struct vg_span *span)
{
	for (uint32_t i = 0; i < file->ders.count; i++)
		(void)vg_build_row(build, VG_SECTION_DER, &file->rows[i]);
	span->count += file->ders.count;
}

/* No rows where one of the files can't be used. */
static struct vg_span emit_cas(struct vg_emit *emit, const struct vg_set_identity *identity)
{
	const struct vg_set_list *ca = &identity->ca;
	const struct vg_cert_file **files = vg_arena_array(&emit->scratch, ca->count + 1,
							   sizeof(*files));
	size_t good = 0;
	for (size_t i = 0; files != NULL && i < ca->count; i++) {
		files[i] = vg_emit_cas(emit, &identity->set, &ca->items[i]);
		good += files[i] != NULL;
	}
	if (files == NULL || ca->count == 0 || good < ca->count)
		return (struct vg_span){0};
	/* Identities with one file share its rows, so that a worker parses them once. */
	if (ca->count == 1)
		return files[0]->ders;
	struct vg_span span = {vg_build_count(emit->build, VG_SECTION_DER), 0};
	for (size_t i = 0; i < ca->count; i++)
		append_certs(emit->build, files[i], &span);
	return span;
}

/* The name as a certificate's facts have it (cert/facts.h); ptr is NULL where it is none. */
static struct vg_slice canonical(struct vg_emit *emit, enum vg_name_kind kind,
				 struct vg_slice written)
{
	struct vg_slice none = vg_slice(NULL, 0), name;
	struct vg_addr addr;
	char *copy;
	if (kind == VG_NAME_SUBJECT)
		return vg_cert_subject(written, &emit->scratch, &name) ? name : none;
	if (kind == VG_NAME_IP) {
		if (!vg_addr_parse(written, &addr))
			return none;
		return vg_arena_dup(&emit->scratch,
				    vg_slice((const char *)addr.bytes, sizeof(addr.bytes)));
	}
	if (kind != VG_NAME_DNS)
		return written;
	copy = vg_arena_alloc(&emit->scratch, written.len + 1);
	for (size_t i = 0; copy != NULL && i < written.len; i++)
		copy[i] = vg_lower(written.ptr[i]);
	return vg_slice(copy, written.len);
}

static struct vg_span emit_names(struct vg_emit *emit, const struct vg_set *set, uint32_t ident,
				 enum vg_name_kind kind, const struct vg_set_text *items,
				 size_t count)
{
	struct vg_span span = {vg_build_count(emit->build, VG_SECTION_ITEM), 0};
	for (size_t i = 0; i < count; i++) {
		struct vg_slice name = canonical(emit, kind, items[i].value);
		if (name.ptr == NULL) {
			VG_EMIT_ERROR(emit, set, items[i].line, "\"%.*s\" can't be read as a name",
				      VG_SLICE_FMT(items[i].value));
			continue;
		}
		struct vg_img_name row = {vg_build_text(emit->build, name), kind, ident};
		(void)vg_build_row(emit->build, VG_SECTION_ITEM, &row.value);
		(void)vg_build_row(emit->build, VG_SECTION_NAME, &row);
		span.count++;
	}
	return span;
}

static struct vg_span emit_pins(struct vg_emit *emit, const struct vg_set_list *list)
{
	struct vg_span span = {vg_build_count(emit->build, VG_SECTION_PIN), 0};
	for (size_t i = 0; i < list->count; i++) {
		struct vg_img_pin row;
		if (!vg_unhex(list->items[i].value, row.spki_sha256, sizeof(row.spki_sha256)))
			continue;
		(void)vg_build_row(emit->build, VG_SECTION_PIN, &row);
		span.count++;
	}
	return span;
}

static void emit_identity(struct vg_emit *emit, const struct vg_set_identity *identity,
			  uint32_t vendor)
{
	const struct vg_set *set = &identity->set;
	uint32_t ident = vg_build_count(emit->build, VG_SECTION_IDENT);
	const struct vg_set_list *lists[VG_NAME_KINDS] = {
		[VG_NAME_URI] = &identity->uri,
		[VG_NAME_DNS] = &identity->dns,
		[VG_NAME_EMAIL] = &identity->email,
		[VG_NAME_IP] = &identity->ip,
	};
	struct vg_img_ident row = {
		.vendor = vendor,
		.name = vg_build_text(emit->build, set->name),
		.cas = emit_cas(emit, identity),
		.pins = emit_pins(emit, &identity->spki_sha256),
		.networks = vg_emit_networks(emit, &identity->networks),
		.where = vg_emit_where(emit, set),
	};
	if (set->faulty || row.cas.count == 0)
		return;
	for (unsigned kind = 0; kind < VG_NAME_KINDS; kind++)
		if (lists[kind] != NULL)
			row.names[kind] = emit_names(emit, set, ident, (enum vg_name_kind)kind,
						     lists[kind]->items, lists[kind]->count);
	row.names[VG_NAME_SUBJECT] = emit_names(emit, set, ident, VG_NAME_SUBJECT,
						&identity->subject, identity->subject.line != 0);
	(void)vg_build_row(emit->build, VG_SECTION_IDENT, &row);
}

static void emit_vendor(struct vg_emit *emit, const struct vg_policy *policy)
{
	const struct vg_set_vendor *vendor = &policy->vendor;
	uint32_t index = vg_build_count(emit->build, VG_SECTION_VENDOR);
	struct vg_img_vendor row = {
		.id = vg_build_text(emit->build, id_of(policy)),
		.idents.first = vg_build_count(emit->build, VG_SECTION_IDENT),
		.mode = (uint8_t)vendor->mode.value,
		.hide = (uint8_t)vendor->hide.value,
		.where = vg_emit_where(emit, &vendor->set),
	};
	if (policy->accesses == NULL)
		vg_diag_add(emit->diags, VG_SEVERITY_WARNING, policy->input->shown,
			    vendor->set.line, "there is no [access NAME]: nothing can be reached");
	for (struct vg_set_identity *i = policy->identities; i != NULL; i = i->next)
		emit_identity(emit, i, index);
	row.idents.count = vg_build_count(emit->build, VG_SECTION_IDENT) - row.idents.first;
	struct vg_span closed = vg_emit_closed(emit, &policy->hours.closed);
	row.hours = vg_emit_hours(emit, &policy->hours.set, &policy->hours.allow, closed);
	vg_emit_terms(emit, vendor, &row);
	row.rules = vg_emit_rules(emit, policy, index, closed);
	(void)vg_build_row(emit->build, VG_SECTION_VENDOR, &row);
	vg_arena_reset(&emit->scratch);
}

/* By kind, then value, then identity. */
static int compare_name_rows(const void *a, const void *b, void *texts)
{
	const struct vg_img_name *x = a, *y = b;
	const char *text = texts;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	int order = vg_slice_cmp(vg_slice(text + x->value.offset, x->value.len),
				 vg_slice(text + y->value.offset, y->value.len));
	return order != 0 ? order : (x->ident > y->ident) - (x->ident < y->ident);
}

static void sort_names(struct vg_build *build)
{
	uint32_t count = vg_build_count(build, VG_SECTION_NAME);
	if (count > 0)
		qsort_r(vg_build_rows(build, VG_SECTION_NAME), count, sizeof(struct vg_img_name),
			compare_name_rows, vg_build_rows(build, VG_SECTION_TEXT));
}

void vg_emit_vendors(struct vg_emit *emit)
{
	size_t count = 0;
	struct vg_policy **sorted = vg_arena_array(emit->arena, emit->model->policy_count + 1,
						   sizeof(*sorted));
	if (sorted == NULL) {
		vg_diag_add(emit->diags, VG_SEVERITY_ERROR, "", 0, "out of memory");
		return;
	}
	check_ids(emit);
	for (struct vg_policy *p = emit->model->policies; p != NULL; p = p->next)
		sorted[count++] = p;
	qsort(sorted, count, sizeof(struct vg_policy *), compare_policies);
	vg_arena_init(&emit->scratch, SCRATCH_MAX);
	for (size_t i = 0; i < count; i++)
		emit_vendor(emit, sorted[i]);
	vg_arena_fini(&emit->scratch);
	sort_names(emit->build);
}
