/*
 * Model → rows of the image, in the order that the image wants: gateway and services, then vendors
 * by id with their identities and rules. What refers to something that isn't there is told, and
 * left out; so is a section that had a fault: the image is then good enough for lint.h, and nobody
 * else will see it.
 *
 * Called by compile.c alone. The emit_….c share what stands here.
 */
#ifndef VG_CONFIG_EMIT_H
#define VG_CONFIG_EMIT_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/diag.h"
#include "cert/brief.h"
#include "config/build.h"
#include "config/input.h"
#include "config/model.h"

struct vg_emit {
	struct vg_model *model;
	struct vg_inputs *inputs;
	struct vg_build *build;
	struct vg_arena *arena;  /* of the compilation */
	struct vg_arena scratch; /* of one vendor */
	struct vg_diags *diags;
	int64_t now;                    /* microseconds since 1970 UTC */
	struct vg_map ca_files;         /* name → struct vg_cert_file */
	struct vg_brief_reader *reader; /* of certificates */
	struct vg_map known;            /* DER → its row in the image that serves */
	uint32_t parsed, recalled;      /* certificates, by whether they were known */
	struct vg_map zones;            /* name → struct emit_zone: emit_hours.c */
	struct vg_map paths;            /* of rules, by what was written: emit_rule.c */
	struct vg_map names;            /* so, too: emit_names.c */
	const char **service_names;
	size_t service_count;
};

/* A file of certificates. */
struct vg_cert_file {
	struct vg_span ders;
	struct vg_img_der *rows; /* the same, to be appended again */
	const char *fault;       /* NULL where it was read */
	uint64_t stamp;          /* struct vg_input's */
};

#define VG_EMIT_ERROR(emit, set, line, ...)                                                        \
	vg_diag_add((emit)->diags, VG_SEVERITY_ERROR, (set)->input->shown, line, __VA_ARGS__)

/* [gateway], [tls], [limits], [telemetry]. */
void vg_emit_gateway(struct vg_emit *emit);

/* [tls]: the gateway's own certificates; called by that. */
void vg_emit_own(struct vg_emit *emit);

/* [service]: what its https upstreams are shown; the row, VG_NO_ROW where it is nothing. */
uint32_t vg_emit_upstream_cert(struct vg_emit *emit, const struct vg_set_service *service)
	VG_MUST_CHECK;

/* [service]: the fields that it sets. */
struct vg_span vg_emit_set_headers(struct vg_emit *emit, const struct vg_set_service *service)
	VG_MUST_CHECK;

/* Into the gateway's row, when all files have been read: input.h. */
void vg_emit_rest(struct vg_emit *emit, const uint8_t rest[32]);

/* [telemetry] alone; called by that. */
void vg_emit_sinks(struct vg_emit *emit);

/* [service], sorted; sets each one's row. */
void vg_emit_services(struct vg_emit *emit);

/* All vendors, and the index of their names. */
void vg_emit_vendors(struct vg_emit *emit);

/* The accesses of a vendor; its rules. */
struct vg_span vg_emit_rules(struct vg_emit *emit, const struct vg_policy *policy, uint32_t vendor,
			     struct vg_span closed);

/* Windows and closed days of a vendor, or of one of its accesses; `closed` is the vendor's. */
struct vg_img_hours vg_emit_hours(struct vg_emit *emit, const struct vg_set *set,
				  const struct vg_set_list *windows, struct vg_span closed)
	VG_MUST_CHECK;
struct vg_span vg_emit_closed(struct vg_emit *emit, const struct vg_set_list *days) VG_MUST_CHECK;

/* Contract and assessment. */
void vg_emit_terms(struct vg_emit *emit, const struct vg_set_vendor *vendor,
		   struct vg_img_vendor *row);

/*
 * What a rule lists by name. Many vendors are given the same: what was written alike is parsed
 * once, and all its rules share the rows.
 */
enum vg_names_kind {
	VG_NAMES_QUERY,
	VG_NAMES_REQUEST_HEADERS,
	VG_NAMES_RESPONSE_HEADERS,
	VG_NAMES_KINDS
};
struct vg_names;

/* The list of `set`. NULL where one of it is none; that was told. */
struct vg_names *vg_emit_names(struct vg_emit *emit, enum vg_names_kind kind,
			       const struct vg_set *set, const struct vg_set_list *list)
	VG_MUST_CHECK;

/* Of PARAM; of RESPONSE_HEADERS of ITEM. */
struct vg_span vg_emit_names_rows(struct vg_emit *emit, struct vg_names *names) VG_MUST_CHECK;

/*
 * Before any of them: what the image that serves (NULL: there is none) knows of certificates need
 * not be found out again. False where memory is short.
 */
bool vg_emit_recall(struct vg_emit *emit, const struct vg_image *serving) VG_MUST_CHECK;

/*
 * The CAs of the file that `path` (a value of `set`) names. What is wrong with it, and that it has
 * expired, is told at the value's line. NULL where it can't be used.
 */
const struct vg_cert_file *vg_emit_cas(struct vg_emit *emit, const struct vg_set *set,
				       const struct vg_set_text *path) VG_MUST_CHECK;

/* So a certificate of the gateway's own with its chain. */
const struct vg_cert_file *vg_emit_chain(struct vg_emit *emit, const struct vg_set *set,
					 const struct vg_set_text *path) VG_MUST_CHECK;

struct vg_where vg_emit_where(struct vg_emit *emit, const struct vg_set *set);

/* A path that a section names, from the root: the roles have directories of their own. "" where it
   was not set. */
struct vg_str vg_emit_path(struct vg_emit *emit, const struct vg_set *set, struct vg_slice written)
	VG_MUST_CHECK;

/* A list of prefixes; empty where it was not set. */
struct vg_span vg_emit_networks(struct vg_emit *emit, const struct vg_set_list *list) VG_MUST_CHECK;

/* "" where it was not set. */
struct vg_str vg_emit_text(struct vg_emit *emit, const struct vg_set_text *text);

#endif
