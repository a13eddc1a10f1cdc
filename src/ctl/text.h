/* Text of other people on a terminal or in JSON: no byte of it acts on either. */
#ifndef VG_CTL_TEXT_H
#define VG_CTL_TEXT_H

#include <stdio.h>

#include "base/slice.h"

/* Controls and what is no UTF-8 as \xNN. */
void vg_text_print(FILE *out, struct vg_slice text);

/* A JSON string with its quotes (RFC 8259 7); what is no UTF-8 becomes U+FFFD. */
void vg_text_print_json(FILE *out, struct vg_slice text);

#endif
