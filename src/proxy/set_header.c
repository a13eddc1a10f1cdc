#include "proxy/set_header.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

static char *append(char *at, struct vg_slice text)
{
	if (text.len > 0)
		memcpy(at, text.ptr, text.len);
	return at + text.len;
}

/* Name, NUL, value. */
static size_t text_size(const struct vg_img_set_header *row, struct vg_slice secret)
{
	return (size_t)row->name.len + 1 + row->value.len + secret.len;
}

bool vg_set_headers_make(struct vg_set_headers *headers, const struct vg_image *image,
			 const struct vg_secrets *secrets)
{
	uint32_t count = vg_img_set_header_count(image);
	const struct vg_img_set_header *rows = vg_img_set_headers(image);
	*headers = (struct vg_set_headers){0};
	for (uint32_t i = 0; i < count; i++)
		headers->size += text_size(&rows[i], vg_secrets_get(secrets, i));
	headers->extras = calloc((size_t)count + 1, sizeof(*headers->extras));
	headers->texts = calloc(1, headers->size + 1);
	if (headers->extras == NULL || headers->texts == NULL) {
		vg_set_headers_free(headers);
		return false;
	}
	char *at = headers->texts;
	for (uint32_t i = 0; i < count; i++) {
		headers->extras[i].name = at;
		at = append(at, vg_img_str(image, rows[i].name)) + 1;
		char *value = at;
		at = append(at, vg_img_str(image, rows[i].value));
		at = append(at, vg_secrets_get(secrets, i));
		headers->extras[i].value = vg_slice(value, (size_t)(at - value));
	}
	return true;
}

void vg_set_headers_free(struct vg_set_headers *headers)
{
	if (headers->texts != NULL)
		OPENSSL_cleanse(headers->texts, headers->size);
	free(headers->texts);
	free(headers->extras);
	*headers = (struct vg_set_headers){0};
}

size_t vg_set_headers_add(const struct vg_set_headers *headers,
			  const struct vg_img_service *service, struct vg_http_extra *extras)
{
	struct vg_span span = service->set_headers;
	VG_ASSERT(span.count <= VG_IMG_SET_HEADERS_MAX);
	for (uint32_t i = 0; i < span.count; i++)
		extras[i] = headers->extras[span.first + i];
	return span.count;
}
