#include "tls/identity.h"

#include <string.h>

#include <openssl/err.h>

#include "cert/pem.h"
#include "cert/verify.h"
#include "tls/proven.h"

#define ANCHORS_MAX 256 /* identities whose CAs are kept; 44 MB would be those of 10,000 */

struct slot {
	uint32_t ident; /* VG_NO_ROW: free */
	uint64_t used;  /* when, counted in look-ups */
	STACK_OF(X509) *cas;
};

struct vg_anchors {
	const struct vg_image *image;
	uint64_t turn;
	struct slot slots[ANCHORS_MAX];
	struct vg_proven proven;
};

static void empty(struct slot *slot)
{
	sk_X509_pop_free(slot->cas, X509_free);
	*slot = (struct slot){.ident = VG_NO_ROW};
}

void vg_anchors_free(struct vg_anchors **anchors)
{
	if (*anchors == NULL)
		return;
	for (size_t i = 0; i < ANCHORS_MAX; i++)
		empty(&(*anchors)->slots[i]);
	vg_proven_fini(&(*anchors)->proven);
	free(*anchors);
	*anchors = NULL;
}

struct vg_anchors *vg_anchors_new(const struct vg_image *image)
{
	struct vg_anchors *anchors = calloc(1, sizeof(*anchors));
	if (anchors == NULL)
		return NULL;
	anchors->image = image;
	for (size_t i = 0; i < ANCHORS_MAX; i++)
		anchors->slots[i].ident = VG_NO_ROW;
	if (!vg_proven_init(&anchors->proven))
		vg_anchors_free(&anchors);
	return anchors;
}

static STACK_OF(X509) *parse_cas(const struct vg_image *image, struct vg_span cas)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	for (uint32_t i = 0; stack != NULL && i < cas.count; i++) {
		struct vg_str der = vg_img_ders(image)[cas.first + i].bytes;
		X509 *ca = vg_pem_x509(vg_img_str(image, der));
		if (ca == NULL || sk_X509_push(stack, ca) <= 0) {
			X509_free(ca);
			sk_X509_pop_free(stack, X509_free);
			stack = NULL;
		}
	}
	return stack;
}

/* NULL where memory is short; they stay the anchors' own until the next call. */
static STACK_OF(X509) *cas_of(struct vg_anchors *anchors, uint32_t ident)
{
	struct slot *oldest = &anchors->slots[0];

	anchors->turn++;
	for (size_t i = 0; i < ANCHORS_MAX; i++) {
		struct slot *slot = &anchors->slots[i];
		if (slot->ident == ident) {
			slot->used = anchors->turn;
			return slot->cas;
		}
		if (slot->used < oldest->used)
			oldest = slot;
	}
	STACK_OF(X509) *cas = parse_cas(anchors->image, vg_img_idents(anchors->image)[ident].cas);
	if (cas == NULL)
		return NULL;
	empty(oldest);
	*oldest = (struct slot){.ident = ident, .used = anchors->turn, .cas = cas};
	return cas;
}

static bool pinned(const struct vg_image *image, struct vg_span pins,
		   const struct vg_cert_facts *facts)
{
	const struct vg_img_pin *row = vg_img_pins(image) + pins.first;
	for (uint32_t i = 0; i < pins.count; i++)
		if (memcmp(row[i].spki_sha256, facts->spki_sha256, sizeof(facts->spki_sha256)) == 0)
			return true;
	return pins.count == 0;
}

struct shown {
	const struct vg_cert_facts *facts;
	X509 *leaf;
	STACK_OF(X509) *untrusted;
	struct vg_proven_key key;
	int64_t now;
};

/* As vg_cert_verify(), which is asked where it has not said yes before. */
static enum vg_reason verify(struct vg_anchors *anchors, uint32_t ident, const struct shown *shown,
			     int64_t *until)
{
	if (vg_proven_find(&anchors->proven, &shown->key, ident, shown->now, until))
		return VG_REASON_NONE;
	STACK_OF(X509) *cas = cas_of(anchors, ident);
	if (cas == NULL)
		return VG_REASON_GATEWAY_ERROR;
	enum vg_reason reason = vg_cert_verify(shown->leaf, shown->untrusted, cas, shown->now,
					       until);
	if (reason == VG_REASON_NONE)
		vg_proven_keep(&anchors->proven, &shown->key, ident, shown->now, *until);
	return reason;
}

static enum vg_reason holds(struct vg_anchors *anchors, uint32_t ident, const struct shown *shown,
			    int64_t *until)
{
	enum vg_reason reason = verify(anchors, ident, shown, until);
	if (reason != VG_REASON_NONE)
		return reason;
	const struct vg_img_ident *row = &vg_img_idents(anchors->image)[ident];
	return pinned(anchors->image, row->pins, shown->facts) ? VG_REASON_NONE
							       : VG_REASON_IDENTITY_PIN;
}

/* How far a candidate came: of several that fail, the one that came furthest is told. */
static int progress(enum vg_reason reason)
{
	static const enum vg_reason order[] = {VG_REASON_IDENTITY_CHAIN, VG_REASON_IDENTITY_EXPIRED,
					       VG_REASON_IDENTITY_EKU, VG_REASON_IDENTITY_PIN};
	for (size_t i = 0; i < VG_COUNT(order); i++)
		if (order[i] == reason)
			return (int)i;
	return -1;
}

/* The one vendor of all candidates; VG_NO_ROW where they are of several. */
static uint32_t claimed(const struct vg_image *image, const struct vg_who *who)
{
	uint32_t vendor = vg_img_idents(image)[who->idents[0]].vendor;
	for (size_t i = 1; i < who->count; i++)
		if (vg_img_idents(image)[who->idents[i]].vendor != vendor)
			return VG_NO_ROW;
	return vendor;
}

static struct vg_identity nobody(enum vg_reason reason, uint32_t claim)
{
	return (struct vg_identity){.reason = reason, .vendor = claim, .ident = VG_NO_ROW};
}

/* All candidates of other vendors are tried even when one holds: both could be meant. */
static struct vg_identity try_all(struct vg_anchors *anchors, const struct vg_who *who,
				  const struct shown *shown)
{
	const struct vg_img_ident *rows = vg_img_idents(anchors->image);
	struct vg_identity found = nobody(VG_REASON_NONE, claimed(anchors->image, who));

	for (size_t i = 0; i < who->count; i++) {
		uint32_t ident = who->idents[i], vendor = rows[ident].vendor;
		bool held = found.ident != VG_NO_ROW;
		if (held && found.vendor == vendor)
			continue;
		int64_t until = INT64_MIN;
		enum vg_reason reason = holds(anchors, ident, shown, &until);
		if (reason == VG_REASON_GATEWAY_ERROR)
			return nobody(reason, VG_NO_ROW);
		if (reason == VG_REASON_NONE && held)
			return nobody(VG_REASON_IDENTITY_AMBIGUOUS, VG_NO_ROW);
		if (reason == VG_REASON_NONE)
			found = (struct vg_identity){VG_REASON_NONE, vendor, ident, until};
		else if (!held && progress(reason) > progress(found.reason))
			found.reason = reason;
	}
	return found;
}

struct vg_identity vg_identity_judge(struct vg_anchors *anchors, const struct vg_image *image,
				     const struct vg_cert_facts *facts, X509 *leaf,
				     STACK_OF(X509) *untrusted, int64_t now)
{
	struct shown shown = {.facts = facts, .leaf = leaf, .untrusted = untrusted, .now = now};
	struct vg_who who;

	VG_ASSERT(anchors->image == image);
	vg_who_select(&who, image, facts->names, facts->name_count);
	if (who.overflow)
		return nobody(VG_REASON_IDENTITY_AMBIGUOUS, VG_NO_ROW);
	if (who.count == 0)
		return nobody(VG_REASON_IDENTITY_UNKNOWN, VG_NO_ROW);
	if (!vg_proven_key(&anchors->proven, &shown.key, facts, leaf, untrusted))
		return nobody(VG_REASON_GATEWAY_ERROR, VG_NO_ROW);
	return try_all(anchors, &who, &shown);
}
