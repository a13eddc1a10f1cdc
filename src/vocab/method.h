/* The request methods of method.def; names are case-sensitive (RFC 9110 9.1). */
#ifndef VG_VOCAB_METHOD_H
#define VG_VOCAB_METHOD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/slice.h"

#define VG_METHOD_BODY 1U

enum vg_method {
#define VG_METHOD(name, flags) VG_METHOD_##name,
#include "vocab/method.def"
#undef VG_METHOD
	VG_METHOD_COUNT /* also: a method that no policy can name */
};

#define VG_METHOD_BIT(method) (UINT32_C(1) << (method))

enum vg_method vg_method_of(struct vg_slice name) VG_MUST_CHECK;
const char *vg_method_name(enum vg_method method) VG_MUST_CHECK;

/* Whether its requests may have a body without the rule saying so (request_type). */
bool vg_method_has_body(enum vg_method method) VG_MUST_CHECK;

#endif
