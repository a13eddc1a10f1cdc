/*
 * Service and rule of a request: host and path → service; vendor, service, method and path → rule.
 * Rules of a vendor lie in the image with the most specific first: the first that matches wins.
 */
#ifndef VG_POLICY_ROUTE_H
#define VG_POLICY_ROUTE_H

#include "base/attr.h"
#include "policy/image.h"
#include "policy/path.h"
#include "vocab/method.h"

#define VG_CAPTURES_MAX 16

struct vg_capture {
	struct vg_slice name, value;
};

struct vg_route {
	uint32_t rule;      /* VG_NO_ROW where none matches path and method */
	uint32_t near_rule; /* else one that matches the path alone; VG_NO_ROW where none */
	struct vg_capture captures[VG_CAPTURES_MAX]; /* of rule */
	size_t capture_count;
};

/* True where some service has this host (lower case, no port). */
bool vg_route_knows_host(const struct vg_image *image, struct vg_slice host) VG_MUST_CHECK;

/* The service with the longest prefix that the path is below; VG_NO_ROW. *below as in path.h. */
uint32_t vg_route_service(const struct vg_image *image, struct vg_slice host,
			  const struct vg_path *path, struct vg_path *below) VG_MUST_CHECK;

/* `path` is the path below the service's prefix. */
void vg_route_find(struct vg_route *route, const struct vg_image *image, uint32_t vendor,
		   uint32_t service, enum vg_method method, const struct vg_path *path);

#define VG_ROUTE_LEAD_MAX 4 /* segments that are looked at */

struct vg_img_lead vg_route_lead(const struct vg_image *image, const struct vg_img_rule *rule)
	VG_MUST_CHECK;

/*
 * Which of two rules of the same service has to lie first, as far as both could match one path:
 * <0 where a is the more specific (its first segment that differs in kind is literal before typed
 * before untyped before **), >0 where b is, 0 where the order of the two is no matter.
 */
int vg_route_order(const struct vg_image *image, const struct vg_img_rule *a,
		   const struct vg_img_rule *b) VG_MUST_CHECK;

/* Whether the rule's pattern matches; captures (VG_CAPTURES_MAX of them) may be NULL. */
bool vg_route_matches(const struct vg_image *image, const struct vg_img_rule *rule,
		      const struct vg_path *path, struct vg_capture *captures,
		      size_t *capture_count) VG_MUST_CHECK;

#endif
