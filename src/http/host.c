#include "http/host.h"

#include "base/addr.h"
#include "base/text.h"
#include "http/chars.h"
#include "http/message.h"

/* One spelling for each port: no sign, no leading zero, not empty. */
static bool is_port(struct vg_slice s)
{
	uint64_t port;
	return s.len <= 5 && vg_slice_u64(s, &port) && s.ptr[0] != '0' && port <= 65535;
}

/* In its brackets. */
static bool is_ipv6(struct vg_slice s)
{
	struct vg_addr addr;
	if (s.len < 2 || s.ptr[s.len - 1] != ']')
		return false;
	s = vg_slice(s.ptr + 1, s.len - 2);
	return vg_slice_find(s, ':') < s.len && vg_addr_parse(s, &addr);
}

/*
 * Names whose last label is a number are addresses to most resolvers, and each reads the odd ones
 * (`127.1`, `0177.0.0.1`) its own way: they have to be dotted IPv4.
 */
static bool is_name(struct vg_slice s)
{
	struct vg_addr addr;
	size_t label = 0;
	bool number = true;
	if (!vg_chars_all(s, VG_CHAR_HOST))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '.') {
			number = number && vg_is_digit(s.ptr[i]);
			label++;
		} else if (label == 0) {
			return false;
		} else if (i + 1 < s.len) {
			label = 0;
			number = true;
		}
	}
	return label > 0 && (!number || vg_addr_parse(s, &addr));
}

bool vg_http_authority(struct vg_slice authority, struct vg_slice *host, const char **fault)
{
	bool bracket = authority.len > 0 && authority.ptr[0] == '[';
	size_t end = vg_slice_find(authority, bracket ? ']' : ':');
	if (bracket && end < authority.len)
		end++;
	struct vg_slice name = vg_slice_first(authority, end);
	struct vg_slice port = vg_slice_from(authority, end);
	*fault = "bad host";
	if (name.len == 0 || name.len > VG_HOST_MAX)
		return false;
	if (bracket ? !is_ipv6(name) : !is_name(name))
		return false;
	*fault = "bad port of the host";
	if (port.len > 0 && (port.ptr[0] != ':' || !is_port(vg_slice_from(port, 1))))
		return false;
	*fault = NULL;
	*host = name;
	return true;
}
