#include "config/load.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/ini.h"
#include "config/key.h"
#include "config/units.h"
#include "policy/image.h"

#define INI_MAX ((size_t)4 << 20) /* bytes of a file */
#define SCRATCH_MAX ((size_t)256 << 20)
#define POLICIES_MAX ((size_t)100000)

struct load {
	struct vg_model *model;
	struct vg_inputs *inputs;
	struct vg_key_sink sink;

	/* Where the next of each list goes. */
	struct vg_set_telemetry **sinks;
	struct vg_set_service **services;
	struct vg_policy **policies;
	struct vg_set_identity **identities;
	struct vg_set_access **accesses;

	/* The file that is being read. */
	const struct vg_input *input;
	enum vg_set_file file;
	struct vg_policy *policy; /* NULL in vendgate.ini */
	struct vg_map titles;     /* its sections by title */
	struct vg_arena scratch;  /* of the file: of that map */
	enum vg_set_kind kind;
	struct vg_set *set; /* NULL: an unknown section, whose keys mean nothing */
};

#define FAULT(load, line, ...)                                                                     \
	vg_diag_add((load)->sink.diags, VG_SEVERITY_ERROR, (load)->input->shown, line, __VA_ARGS__)

/* Takes a new node to the end of its list. */
#define LINK(end, node)                                                                            \
	do {                                                                                       \
		*(end) = (node);                                                                   \
		(end) = &(node)->next;                                                             \
	} while (0)

/* A section of which there may be several. */
static struct vg_set *link_set(struct load *load, enum vg_set_kind kind)
{
	void *mem = vg_arena_alloc(load->sink.arena, vg_set_row(kind)->size);
	if (mem == NULL)
		return NULL;
	if (kind == VG_SET_TELEMETRY) {
		struct vg_set_telemetry *sink = mem;
		LINK(load->sinks, sink);
	} else if (kind == VG_SET_SERVICE) {
		struct vg_set_service *service = mem;
		service->row = VG_NO_ROW;
		LINK(load->services, service);
	} else if (kind == VG_SET_IDENTITY) {
		struct vg_set_identity *identity = mem;
		LINK(load->identities, identity);
	} else {
		struct vg_set_access *access = mem;
		VG_ASSERT(kind == VG_SET_ACCESS);
		LINK(load->accesses, access);
	}
	return mem;
}

static struct vg_set *place_set(struct load *load, enum vg_set_kind kind)
{
	if (kind == VG_SET_GATEWAY)
		return &load->model->gateway.set;
	if (kind == VG_SET_TLS)
		return &load->model->tls.set;
	if (kind == VG_SET_LIMITS)
		return &load->model->limits.set;
	if (kind == VG_SET_VENDOR)
		return &load->policy->vendor.set;
	if (kind == VG_SET_HOURS)
		return &load->policy->hours.set;
	return link_set(load, kind);
}

static void fault_section(struct load *load, struct vg_slice word, unsigned line)
{
	const char *words[VG_SET_KINDS];
	size_t count = 0;
	for (unsigned i = 0; i < VG_SET_KINDS; i++)
		if (vg_set_row((enum vg_set_kind)i)->file == load->file)
			words[count++] = vg_set_row((enum vg_set_kind)i)->word;
	const char *near = vg_near_match(word, words, count);
	if (near != NULL)
		FAULT(load, line, "unknown section [%.*s]; did you mean [%s]?", VG_SLICE_FMT(word),
		      near);
	else
		FAULT(load, line, "unknown section [%.*s]", VG_SLICE_FMT(word));
}

/* Whether the section is one that may stand in this file. */
static bool check_kind(struct load *load, enum vg_set_kind kind, struct vg_slice word,
		       unsigned line)
{
	static const char *const files[] = {[VG_SET_FILE_GATEWAY] = "vendgate.ini",
					    [VG_SET_FILE_POLICY] = "a vendor's file",
					    [VG_SET_FILE_CASES] = "a file of tests"};
	if (kind == VG_SET_KINDS)
		fault_section(load, word, line);
	else if (vg_set_row(kind)->file != load->file)
		FAULT(load, line, "[%.*s] belongs in %s", VG_SLICE_FMT(word),
		      files[vg_set_row(kind)->file]);
	else
		return true;
	return false;
}

static bool check_name(struct load *load, enum vg_set_kind kind, struct vg_slice name,
		       unsigned line)
{
	const struct vg_set_row *row = vg_set_row(kind);
	if (row->names == VG_SET_NAMES_NONE && name.len > 0)
		FAULT(load, line, "[%s] takes no name", row->word);
	else if (row->names == VG_SET_NAMES_MUST && name.len == 0)
		FAULT(load, line, "[%s] needs a name: [%s NAME]", row->word, row->word);
	else if (name.len > 0 && !vg_units_name(name))
		FAULT(load, line, "\"%.*s\" in [%s] must be %s", VG_SLICE_FMT(name), row->word,
		      vg_check_text(VG_CHECK_NAME));
	else
		return true;
	return false;
}

/* The first section of that title in this file; NULL where there is none. */
static struct vg_set *find_first(struct load *load, struct vg_slice name, const char **title)
{
	struct vg_set named = {.name = name};
	*title = vg_set_title(&load->scratch, load->kind, &named);
	return vg_map_get(&load->titles, vg_slice_str(*title));
}

static bool register_set(struct load *load, struct vg_set *set, const char *title)
{
	if (set == NULL || vg_map_add(&load->titles, vg_slice_str(title), set) == NULL)
		return false;
	return load->kind != VG_SET_SERVICE || set->name.len == 0 ||
	       vg_map_add(&load->model->service_names, set->name, set) != NULL;
}

/* A section that is there already stays beside the model: its keys are checked all the same. */
static struct vg_set *add_set(struct load *load, struct vg_slice name, unsigned line)
{
	const char *title;
	struct vg_set *first = find_first(load, name, &title);
	struct vg_set *set = first == NULL ? place_set(load, load->kind)
					   : vg_arena_alloc(load->sink.arena,
							    vg_set_row(load->kind)->size);
	if (set != NULL) {
		set->input = load->input;
		set->line = line;
		set->name = name;
	}
	if (first != NULL)
		FAULT(load, line, "duplicate section %s; it began in line %u", title, first->line);
	else if (!register_set(load, set, title))
		FAULT(load, line, "out of memory");
	return set;
}

static void on_section(void *user, struct vg_slice name, unsigned line)
{
	struct load *load = user;
	struct vg_slice word = vg_slice_first(name, vg_slice_find(name, ' '));
	word = vg_slice_first(word, vg_slice_find(word, '\t'));
	name = vg_slice_trim(vg_slice_from(name, word.len));
	load->kind = vg_set_kind_of(word);
	load->set = NULL;
	if (!check_kind(load, load->kind, word, line))
		return;

	bool good = check_name(load, load->kind, name, line);
	struct vg_set *set = add_set(load, good ? name : VG_SLICE_EMPTY, line);
	if (set == NULL)
		return;
	set->faulty = !good;
	vg_key_defaults(&load->sink, load->kind, set);
	load->set = set;
}

static void on_entry(void *user, const struct vg_ini_entry *entry)
{
	struct load *load = user;
	if (load->set != NULL)
		vg_key_put(&load->sink, load->kind, load->set, entry);
}

static void read_file(struct load *load, const struct vg_input *input, enum vg_set_file file)
{
	static const struct vg_ini_events events = {on_section, on_entry};
	load->input = input;
	load->file = file;
	load->set = NULL;
	vg_arena_reset(&load->scratch);
	vg_map_init(&load->titles, &load->scratch);
	vg_ini_read(input->bytes, input->shown, load->sink.arena, load->sink.diags, &events, load);
}

/* A section that the file must have, with the keys that it must have. */
static void check_required(struct load *load, enum vg_set_kind kind, struct vg_set *set)
{
	if (set->line != 0) {
		vg_key_missing(&load->sink, kind, set);
		return;
	}
	FAULT(load, 0, "there is no [%s]", vg_set_row(kind)->word);
	set->faulty = true;
	set->input = load->input;
	vg_key_defaults(&load->sink, kind, set);
}

static void check_gateway(struct load *load)
{
	struct vg_model *model = load->model;
	check_required(load, VG_SET_GATEWAY, &model->gateway.set);
	check_required(load, VG_SET_TLS, &model->tls.set);
	if (model->limits.set.line == 0) {
		model->limits.set.input = load->input;
		vg_key_defaults(&load->sink, VG_SET_LIMITS, &model->limits.set);
	}
	for (struct vg_set_telemetry *sink = model->sinks; sink != NULL; sink = sink->next)
		vg_key_missing(&load->sink, VG_SET_TELEMETRY, &sink->set);
	for (struct vg_set_service *s = model->services; s != NULL; s = s->next)
		vg_key_missing(&load->sink, VG_SET_SERVICE, &s->set);
	if (model->services == NULL)
		FAULT(load, 0, "there is no [service NAME]");
}

static void check_identity(struct load *load, struct vg_set_identity *identity)
{
	vg_key_missing(&load->sink, VG_SET_IDENTITY, &identity->set);
	if (identity->uri.line != 0 || identity->dns.line != 0 || identity->email.line != 0 ||
	    identity->ip.line != 0 || identity->subject.line != 0)
		return;
	FAULT(load, identity->set.line,
	      "%s names no certificate: it needs uri, dns, email, ip or subject",
	      vg_set_title(load->sink.arena, VG_SET_IDENTITY, &identity->set));
	identity->set.faulty = true;
}

static void check_policy(struct load *load)
{
	struct vg_policy *policy = load->policy;
	check_required(load, VG_SET_VENDOR, &policy->vendor.set);
	if (policy->hours.set.line != 0)
		vg_key_missing(&load->sink, VG_SET_HOURS, &policy->hours.set);
	if (policy->identities == NULL)
		FAULT(load, 0, "there is no [identity]: nobody could be this vendor");
	for (struct vg_set_identity *i = policy->identities; i != NULL; i = i->next)
		check_identity(load, i);
	for (struct vg_set_access *a = policy->accesses; a != NULL; a = a->next)
		vg_key_missing(&load->sink, VG_SET_ACCESS, &a->set);
}

static void read_policy(struct load *load, struct vg_slice name)
{
	const struct vg_input *input = vg_input_read(load->inputs, name, INI_MAX, VG_INPUT_POLICY);
	struct vg_policy *policy = vg_arena_alloc(load->sink.arena, sizeof(*policy));
	if (input == NULL || policy == NULL) {
		vg_diag_add(load->sink.diags, VG_SEVERITY_ERROR, vg_input_shown(load->inputs, name),
			    0, "can't be read: %s", strerror(errno));
		return;
	}
	policy->input = input;
	load->policy = policy;
	load->identities = &policy->identities;
	load->accesses = &policy->accesses;
	LINK(load->policies, policy);
	load->model->policy_count++;
	read_file(load, input, VG_SET_FILE_POLICY);
	check_policy(load);
}

struct names {
	struct vg_slice *array;
	size_t count, room;
};

/* False, with errno. */
static bool add_name(struct names *names, struct vg_arena *arena, const char *name)
{
	if (names->count == POLICIES_MAX) {
		errno = E2BIG;
		return false;
	}
	if (names->count == names->room) {
		size_t room = names->room == 0 ? 64 : names->room * 2;
		struct vg_slice *array = realloc(names->array, room * sizeof(*array));
		if (array == NULL)
			return false;
		names->array = array;
		names->room = room;
	}
	struct vg_slice copy = vg_arena_dup(arena, vg_slice_str(name));
	names->array[names->count++] = copy;
	errno = ENOMEM;
	return copy.ptr != NULL;
}

static int compare_names(const void *a, const void *b)
{
	return vg_slice_cmp(*(const struct vg_slice *)a, *(const struct vg_slice *)b);
}

/* Editors' lock and backup files begin with a dot. */
static bool is_policy_file(const char *name)
{
	return name[0] != '.' && vg_slice_ends(vg_slice_str(name), VG_SLICE(".ini"));
}

/* False, with errno: a directory that can't be read to its end counts as none. */
static bool list_directory(struct vg_arena *arena, const char *path, struct names *names)
{
	DIR *dir = opendir(path);
	if (dir == NULL)
		return false;
	const struct dirent *entry;
	bool good = true;
	while (good) {
		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			break;
		if (is_policy_file(entry->d_name))
			good = add_name(names, arena, entry->d_name);
	}
	int saved = errno;
	(void)closedir(dir);
	errno = saved;
	return good && saved == 0;
}

static void read_policies(struct load *load)
{
	const struct vg_set_gateway *gateway = &load->model->gateway;
	const struct vg_set_text *key = &gateway->policies;
	unsigned line = key->line != 0 ? key->line : gateway->set.line;
	struct vg_slice written = key->value;
	while (written.len > 1 && written.ptr[written.len - 1] == '/')
		written.len--;
	struct vg_slice name = vg_input_name(load->inputs, load->input, written);

	struct names names = {0};
	if (!list_directory(load->sink.arena, vg_input_shown(load->inputs, name), &names)) {
		FAULT(load, line, "policies directory \"%.*s\" can't be read: %s",
		      VG_SLICE_FMT(key->value), strerror(errno));
	} else if (names.count == 0) {
		FAULT(load, line,
		      "policies directory \"%.*s\" holds no *.ini file: "
		      "nobody could be let in",
		      VG_SLICE_FMT(key->value));
	} else {
		qsort(names.array, names.count, sizeof(*names.array), compare_names);
		for (size_t i = 0; i < names.count; i++)
			read_policy(load, vg_input_below(load->inputs, name, names.array[i]));
	}
	free(names.array);
}

static bool read_gateway(struct load *load, struct vg_slice name)
{
	struct vg_model *model = load->model;
	*model = (struct vg_model){0};
	vg_map_init(&model->service_names, load->sink.arena);
	load->sinks = &model->sinks;
	load->services = &model->services;
	load->policies = &model->policies;
	model->input = vg_input_read(load->inputs, name, INI_MAX, VG_INPUT_POLICY);
	if (model->input == NULL) {
		vg_diag_add(load->sink.diags, VG_SEVERITY_ERROR, vg_input_shown(load->inputs, name),
			    0, "can't be read: %s", strerror(errno));
		return false;
	}
	vg_arena_init(&load->scratch, SCRATCH_MAX);
	read_file(load, model->input, VG_SET_FILE_GATEWAY);
	check_gateway(load);
	return true;
}

bool vg_load_gateway(struct vg_model *model, struct vg_inputs *inputs, struct vg_slice name,
		     struct vg_arena *arena, struct vg_diags *diags)
{
	struct load load = {.model = model, .inputs = inputs, .sink = {arena, diags}};
	if (!read_gateway(&load, name))
		return false;
	vg_arena_fini(&load.scratch);
	return true;
}

void vg_load(struct vg_model *model, struct vg_inputs *inputs, struct vg_slice name,
	     struct vg_arena *arena, struct vg_diags *diags)
{
	struct load load = {.model = model, .inputs = inputs, .sink = {arena, diags}};
	if (!read_gateway(&load, name))
		return;
	read_policies(&load);
	vg_arena_fini(&load.scratch);
}
