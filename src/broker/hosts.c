#include "broker/hosts.h"

static bool names(struct vg_slice line, struct vg_slice name, struct vg_addr *addr)
{
	struct vg_slice word;
	line = vg_slice_first(line, vg_slice_find(line, '#'));
	if (!vg_slice_word(&line, &word) || !vg_addr_parse(word, addr))
		return false;
	while (vg_slice_word(&line, &word))
		if (vg_slice_eq_case(word, name))
			return true;
	return false;
}

static bool is_local(struct vg_slice name)
{
	struct vg_slice local = VG_SLICE("localhost");
	return vg_slice_eq(name, local) || vg_slice_ends(name, VG_SLICE(".localhost"));
}

size_t vg_hosts_find(struct vg_slice text, struct vg_slice name, struct vg_addr *addrs, size_t max)
{
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	struct vg_slice line;
	size_t count = 0;
	while (count < max && vg_slice_cut(&text, '\n', &line))
		count += names(line, name, &addrs[count]);
	if (count > 0 || max < 2 || !is_local(name))
		return count;
	addrs[0] = vg_addr_v4(loopback);
	addrs[1] = (struct vg_addr){.bytes = {[15] = 1}};
	return 2;
}
