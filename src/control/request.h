/*
 * What is said on the control socket: one line, then one answer.
 *
 *   FORMAT SP COMMAND *(SP ARGUMENT) LF      FORMAT: "text" or "json"
 *
 * Words are of visible ASCII; any other byte of an argument, and %, stands as %HH. The answer is
 *
 *   STATUS SP LENGTH LF, then LENGTH bytes   STATUS: "ok", "refused" or "wrong"
 *
 * and the end of the connection. Written by vendgatectl, read here. What is none is not answered.
 */
#ifndef VG_CONTROL_REQUEST_H
#define VG_CONTROL_REQUEST_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/slice.h"

#define VG_REQUEST_MAX 1024 /* of a line, with its end */
#define VG_REQUEST_ARGUMENTS_MAX 8

struct vg_request {
	bool json;
	struct vg_slice command;
	struct vg_slice arguments[VG_REQUEST_ARGUMENTS_MAX]; /* decoded */
	unsigned argument_count;
};

/* Takes the line apart, decoding in place; it has no LF. False where it is no request. */
bool vg_request_parse(struct vg_request *request, char *line, size_t len) VG_MUST_CHECK;

#endif
