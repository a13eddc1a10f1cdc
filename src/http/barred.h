/*
 * Which header fields a rule may list beside those that pass anyway: not what the gateway says
 * itself, nor what would change how a message is read (barred.def, and OWN and REFUSE of
 * header.def). Asked by the compiler; the writer (write.h) holds to header.def all the same.
 */
#ifndef VG_HTTP_BARRED_H
#define VG_HTTP_BARRED_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/slice.h"

/* NULL where it may be listed; else why not, as barred.def says it. Any case. */
const char *vg_http_barred(struct vg_slice name, bool request) VG_MUST_CHECK;

#endif
