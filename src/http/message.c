#include "http/message.h"

#include "base/text.h"

const struct vg_http_field *vg_http_find(const struct vg_http_head *head, enum vg_header id)
{
	for (size_t i = 0; i < head->field_count; i++)
		if (head->fields[i].id == id)
			return &head->fields[i];
	return NULL;
}

bool vg_http_host(char out[VG_HOST_MAX + 1], struct vg_slice host, size_t *len)
{
	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	out[0] = '\0';
	if (host.len > VG_HOST_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++)
		out[i] = vg_lower(host.ptr[i]);
	out[host.len] = '\0';
	if (len != NULL)
		*len = host.len;
	return true;
}
