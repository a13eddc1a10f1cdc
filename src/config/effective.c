#include "config.h"

#include "config/effective.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config/check.h"
#include "policy/image.h"
#include "sys/file.h"

#define SOCKET_FILE "/control.sock"

const char *vg_effective_node(const struct vg_set_gateway *gateway, struct vg_arena *arena)
{
	char name[65] = "";
	uint64_t unused;
	if (gateway->node.line != 0)
		return vg_arena_dup(arena, gateway->node.value).ptr;
	if (gethostname(name, sizeof(name) - 1) != 0 ||
	    !vg_check(VG_CHECK_NODE, vg_slice_str(name), &unused))
		return "";
	return vg_arena_dup(arena, vg_slice_str(name)).ptr;
}

const char *vg_effective_control(const struct vg_set_gateway *gateway, struct vg_inputs *inputs,
				 struct vg_arena *arena)
{
	struct vg_slice control = gateway->control.value, run = gateway->run.value;
	const struct vg_input *from = gateway->set.input;
	if (control.ptr != NULL)
		return vg_input_absolute(inputs, vg_input_name(inputs, from, control));
	if (run.ptr == NULL)
		return "";
	const char *folder = vg_input_absolute(inputs, vg_input_name(inputs, from, run));
	size_t len = strlen(folder);
	char *path = vg_arena_alloc(arena, len + sizeof(SOCKET_FILE));
	if (path != NULL) {
		memcpy(path, folder, len);
		memcpy(path + len, SOCKET_FILE, sizeof(SOCKET_FILE));
	}
	return path;
}

/* A rule that promises a type for what it lets through can promise nothing for an error. */
uint64_t vg_effective_errors(const struct vg_set_access *access)
{
	if (access->errors.line != 0)
		return access->errors.value;
	return access->response_type.count > 0 ? VG_ERRORS_PROBLEM : VG_ERRORS_PASS;
}

uint64_t vg_effective_response_timeout(const struct vg_model *model,
				       const struct vg_set_access *access)
{
	const struct vg_set_service *service = vg_map_get(&model->service_names,
							  access->service.value);
	if (access->response_timeout.line != 0)
		return access->response_timeout.value;
	return service == NULL ? 0 : service->response_timeout.value;
}

static void fill_access(const struct vg_model *model, struct vg_set_access *access)
{
	if (access->max_body.line == 0)
		access->max_body.value = model->limits.max_body.value;
	access->errors.value = vg_effective_errors(access);
	access->response_timeout.value = vg_effective_response_timeout(model, access);
}

static void fill_text(struct vg_set_text *text, const char *value)
{
	if (text->value.ptr == NULL && value != NULL && value[0] != '\0')
		text->value = vg_slice_str(value);
}

void vg_effective_fill(struct vg_model *model, struct vg_inputs *inputs, struct vg_arena *arena)
{
	struct rlimit limit;
	fill_text(&model->gateway.node, vg_effective_node(&model->gateway, arena));
	fill_text(&model->gateway.control, vg_effective_control(&model->gateway, inputs, arena));
	/* The supervisor takes all that it may have. */
	if (model->limits.connections.line == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		model->limits.connections.value = vg_fd_connections(limit.rlim_max);
	for (struct vg_set_service *s = model->services; s != NULL; s = s->next)
		if (s->upstream_host.line == 0)
			s->upstream_host.value = s->host.value;
	for (struct vg_policy *p = model->policies; p != NULL; p = p->next)
		for (struct vg_set_access *a = p->accesses; a != NULL; a = a->next)
			fill_access(model, a);
}
