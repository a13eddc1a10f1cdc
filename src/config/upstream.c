#include "config/upstream.h"

#include "config/check.h"

static bool is_host_name(struct vg_slice s)
{
	uint64_t unused;
	return vg_check(VG_TYPE_HOST, s, &unused);
}

static bool read_port(struct vg_slice digits, uint16_t *port)
{
	uint64_t value;
	if (!vg_slice_u64(digits, &value) || value == 0 || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

bool vg_upstream_url(struct vg_slice s, struct vg_upstream_url *url)
{
	const struct vg_slice plain = VG_SLICE("http://"), secure = VG_SLICE("https://");
	*url = (struct vg_upstream_url){.tls = vg_slice_starts(s, secure)};
	if (!url->tls && !vg_slice_starts(s, plain))
		return false;
	struct vg_slice authority = vg_slice_from(s, url->tls ? secure.len : plain.len);
	if (vg_addr_port_parse(authority, &url->addr, &url->port)) {
		url->literal = true;
		url->host = vg_slice_first(authority, authority.len - 1);
		while (url->host.len > 0 && url->host.ptr[url->host.len - 1] != ':')
			url->host.len--;
		url->host.len--;
		if (url->host.ptr[0] == '[')
			url->host = vg_slice(url->host.ptr + 1, url->host.len - 2);
		return true;
	}
	url->host = vg_slice_first(authority, vg_slice_find(authority, ':'));
	return is_host_name(url->host) &&
	       read_port(vg_slice_from(authority, url->host.len + 1), &url->port);
}
