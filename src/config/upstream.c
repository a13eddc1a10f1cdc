#include "config/upstream.h"

#include "config/check.h"

static bool is_host_name(struct vg_slice s)
{
	uint64_t unused;
	return vg_check(VG_CHECK_HOST, s, &unused);
}

static bool read_port(struct vg_slice digits, uint16_t *port)
{
	uint64_t value;
	if (!vg_slice_u64(digits, &value) || value == 0 || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

static bool read_authority(struct vg_slice authority, struct vg_upstream_url *url)
{
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

bool vg_upstream_url(struct vg_slice s, struct vg_upstream_url *url)
{
	const struct vg_slice plain = VG_SLICE("http://"), secure = VG_SLICE("https://");
	*url = (struct vg_upstream_url){.tls = vg_slice_starts(s, secure)};
	if (!url->tls && !vg_slice_starts(s, plain))
		return false;
	return read_authority(vg_slice_from(s, url->tls ? secure.len : plain.len), url);
}

bool vg_upstream_host(struct vg_slice s)
{
	struct vg_upstream_url url;
	struct vg_addr addr;
	if (read_authority(s, &url) || is_host_name(s))
		return true;
	bool bracket = s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']';
	if (bracket)
		s = vg_slice(s.ptr + 1, s.len - 2);
	return vg_addr_parse(s, &addr) && bracket == (vg_slice_find(s, ':') < s.len);
}
