#include "config/key.h"

#include <stdio.h>

#define WORDS_MAX 32

static const struct vg_set_row set_rows[VG_SET_KINDS] = {
#define VG_SET(KIND, word, file, names)                                                            \
	{#word, VG_SET_FILE_##file, VG_SET_NAMES_##names, sizeof(struct vg_set_##word)},
#include "config/key.def"
};

#define REQUIRED VG_KEY_REQUIRED
#define REPEATS VG_KEY_REPEATS
static const struct vg_key key_rows[] = {
#define VG_KEY(KIND, word, key, store, type, flags, low, high, value, help)                        \
	{VG_SET_##KIND,  #key,                                                                     \
	 VG_KEY_##store, VG_CHECK_##type,                                                          \
	 flags,          low,                                                                      \
	 high,           value,                                                                    \
	 help,           offsetof(struct vg_set_##word, key)},
#include "config/key.def"
};

#define STORE_TEXT struct vg_set_text
#define STORE_NUMBER struct vg_set_number
#define STORE_LIST struct vg_set_list
#define STORE_LINES struct vg_set_list
#define VG_KEY(KIND, word, key, store, type, flags, low, high, value, help)                        \
	_Static_assert(__builtin_types_compatible_p(                                               \
			       __typeof__(((struct vg_set_##word *)NULL)->key), STORE_##store),    \
		       "the row of " #key " doesn't fit its member");
#include "config/key.def"

/* An entry on its way to its member. */
struct put {
	const struct vg_key_sink *sink;
	const struct vg_key *key;
	const char *file;
	void *member;
};

#define FAULT(put, line, ...)                                                                      \
	vg_diag_add((put)->sink->diags, VG_SEVERITY_ERROR, (put)->file, line, __VA_ARGS__)

const struct vg_set_row *vg_set_row(enum vg_set_kind kind)
{
	return &set_rows[kind];
}

enum vg_set_kind vg_set_kind_of(struct vg_slice word)
{
	for (unsigned i = 0; i < VG_SET_KINDS; i++)
		if (vg_slice_eq(word, vg_slice_str(set_rows[i].word)))
			return (enum vg_set_kind)i;
	return VG_SET_KINDS;
}

const struct vg_key *vg_keys(size_t *count)
{
	*count = VG_COUNT(key_rows);
	return key_rows;
}

const struct vg_key *vg_key_find(enum vg_set_kind kind, struct vg_slice name)
{
	for (size_t i = 0; i < VG_COUNT(key_rows); i++)
		if (key_rows[i].kind == kind && vg_slice_eq(name, vg_slice_str(key_rows[i].name)))
			return &key_rows[i];
	return NULL;
}

const char *vg_set_title(struct vg_arena *arena, enum vg_set_kind kind, const struct vg_set *set)
{
	char title[VG_INI_SECTION_MAX + 16];
	(void)snprintf(title, sizeof(title), "[%s%s%.*s]", set_rows[kind].word,
		       set->name.len > 0 ? " " : "", VG_SLICE_FMT(set->name));
	const char *copy = vg_arena_dup(arena, vg_slice_str(title)).ptr;
	return copy == NULL ? set_rows[kind].word : copy;
}

static void *member_of(const struct vg_key *key, struct vg_set *set)
{
	return (char *)set + key->offset;
}

/* All stores begin with their line. */
static unsigned line_of(const struct vg_key *key, const struct vg_set *set)
{
	unsigned line;
	memcpy(&line, (const char *)set + key->offset, sizeof(line));
	return line;
}

_Static_assert(offsetof(struct vg_set_text, line) == 0 &&
		       offsetof(struct vg_set_number, line) == 0 &&
		       offsetof(struct vg_set_list, line) == 0,
	       "line_of reads it");

/* "one, two or three"; cut where the buffer ends, which the words of check.def never do. */
static void join_words(char *out, size_t size, const char *words)
{
	size_t len = 0;
	struct vg_slice rest = vg_slice_str(words), word;
	out[0] = '\0';
	for (bool first = true; vg_slice_cut(&rest, '|', &word); first = false) {
		const char *joint = first ? "" : rest.ptr == NULL ? " or " : ", ";
		int n = snprintf(out + len, size - len, "%s%.*s", joint, VG_SLICE_FMT(word));
		len = n < 0 || (size_t)n >= size - len ? size - 1 : len + (size_t)n;
	}
}

static void fault_value(const struct put *put, struct vg_slice value, unsigned line)
{
	const struct vg_key *key = put->key;
	const char *words = vg_check_words(key->type);
	if (words != NULL) {
		char text[256];
		join_words(text, sizeof(text), words);
		FAULT(put, line, "%s \"%.*s\" must be %s", key->name, VG_SLICE_FMT(value), text);
	} else if (key->store == VG_KEY_NUMBER) {
		FAULT(put, line, "%s \"%.*s\" must be %s from %s to %s", key->name,
		      VG_SLICE_FMT(value), vg_check_text(key->type), key->low, key->high);
	} else {
		FAULT(put, line, "%s \"%.*s\" must be %s", key->name, VG_SLICE_FMT(value),
		      vg_check_text(key->type));
	}
}

/* The bound as a number of the key's own type; every row's bounds are of it (tested). */
static uint64_t bound(const struct vg_key *key, const char *text, uint64_t without)
{
	uint64_t value;
	bool good = vg_check(key->type, vg_slice_str(text), &value);
	return good ? value : without;
}

static bool put_number(const struct put *put, struct vg_slice value, unsigned line)
{
	const struct vg_key *key = put->key;
	struct vg_set_number *number = put->member;
	number->line = line;
	if (!vg_check(key->type, value, &number->value))
		return false;
	/* What is the default needs no place between the bounds: auto. */
	if (vg_check_words(key->type) != NULL ||
	    (key->value != NULL && vg_slice_eq(value, vg_slice_str(key->value))))
		return true;
	return number->value >= bound(key, key->low, 0) &&
	       number->value <= bound(key, key->high, UINT64_MAX);
}

static bool put_text(const struct put *put, struct vg_slice value, unsigned line)
{
	uint64_t high, unused;
	*(struct vg_set_text *)put->member = (struct vg_set_text){line, value};
	if (!vg_slice_u64(vg_slice_str(put->key->high), &high) || value.len > high) {
		FAULT(put, line, "%s has %zu bytes; at most %s fit", put->key->name, value.len,
		      put->key->high);
		return true;
	}
	return vg_check(put->key->type, value, &unused);
}

static void put_single(const struct put *put, const struct vg_ini_piece *pieces, size_t count)
{
	struct vg_slice value = pieces[0].text;
	unsigned line = pieces[0].line;
	memcpy(put->member, &line, sizeof(line)); /* it was given, be it well or not */
	if (count > 1) {
		FAULT(put, pieces[1].line, "%s is no list; its value stands in one line",
		      put->key->name);
	} else if (value.len == 0) {
		FAULT(put, line, "%s is empty; give it a value, or leave it out", put->key->name);
	} else if (put->key->store == VG_KEY_NUMBER ? !put_number(put, value, line)
						    : !put_text(put, value, line)) {
		fault_value(put, value, line);
	}
}

static void check_item(const struct put *put, const struct vg_set_list *list, struct vg_slice value,
		       unsigned line)
{
	uint64_t unused;
	if (!vg_check(put->key->type, value, &unused)) {
		fault_value(put, value, line);
		return;
	}
	if ((put->key->flags & VG_KEY_REPEATS) != 0)
		return;
	for (size_t i = 0; i < list->count; i++) {
		if (vg_slice_eq(list->items[i].value, value)) {
			FAULT(put, line, "%s lists \"%.*s\" twice", put->key->name,
			      VG_SLICE_FMT(value));
			return;
		}
	}
}

static size_t count_items(const struct vg_ini_piece *pieces, size_t count)
{
	size_t items = 0;
	for (size_t i = 0; i < count; i++) {
		items++;
		for (size_t j = 0; j < pieces[i].text.len; j++)
			items += pieces[i].text.ptr[j] == ',';
	}
	return items;
}

/* The items of one line. *open: the line before ended in a comma, or was a bare `key =`. */
static void put_line(const struct put *put, struct vg_set_list *list,
		     const struct vg_ini_piece *piece, bool is_last, bool *open)
{
	struct vg_slice rest = piece->text, item;
	if (!*open)
		FAULT(put, piece->line, "%s goes on here; end the line before with a comma",
		      put->key->name);
	*open = false;
	while (vg_slice_cut(&rest, ',', &item)) {
		item = vg_slice_trim(item);
		if (item.len > 0) {
			check_item(put, list, item, piece->line);
			list->items[list->count++] = (struct vg_set_text){piece->line, item};
		} else if (rest.ptr == NULL && !is_last) {
			*open = true;
		} else {
			FAULT(put, piece->line, "%s has an empty item: a comma too many",
			      put->key->name);
		}
	}
}

/* Items that are a line each. */
static void put_lines(const struct put *put, struct vg_set_list *list,
		      const struct vg_ini_piece *pieces, size_t count)
{
	for (size_t i = pieces[0].text.len == 0; i < count; i++) {
		check_item(put, list, pieces[i].text, pieces[i].line);
		list->items[list->count++] = (struct vg_set_text){pieces[i].line, pieces[i].text};
	}
}

static void put_items(const struct put *put, struct vg_set_list *list,
		      const struct vg_ini_piece *pieces, size_t count)
{
	bool open = true;
	for (size_t i = pieces[0].text.len == 0; i < count; i++)
		put_line(put, list, &pieces[i], i + 1 == count, &open);
}

static void put_list(const struct put *put, const struct vg_ini_piece *pieces, size_t count)
{
	struct vg_set_list *list = put->member;
	uint64_t high = 0;
	list->line = pieces[0].line;
	list->count = 0; /* what is given takes the default's place */
	list->items = vg_arena_array(put->sink->arena, count_items(pieces, count),
				     sizeof(*list->items));
	if (list->items == NULL) {
		FAULT(put, list->line, "out of memory");
		return;
	}
	if (put->key->store == VG_KEY_LINES)
		put_lines(put, list, pieces, count);
	else
		put_items(put, list, pieces, count);
	if (count == 1 && pieces[0].text.len == 0)
		FAULT(put, list->line, "%s is empty; give it a value, or leave it out",
		      put->key->name);
	else if (!vg_slice_u64(vg_slice_str(put->key->high), &high) || list->count > high)
		FAULT(put, list->line, "%s has %zu items; at most %s fit", put->key->name,
		      list->count, put->key->high);
}

static void put_pieces(const struct put *put, const struct vg_ini_piece *pieces, size_t count)
{
	if (put->key->store == VG_KEY_LIST || put->key->store == VG_KEY_LINES)
		put_list(put, pieces, count);
	else
		put_single(put, pieces, count);
}

void vg_key_defaults(const struct vg_key_sink *sink, enum vg_set_kind kind, struct vg_set *set)
{
	for (size_t i = 0; i < VG_COUNT(key_rows); i++) {
		const struct vg_key *key = &key_rows[i];
		if (key->kind != kind || key->value == NULL)
			continue;
		struct put put = {sink, key, "", member_of(key, set)};
		struct vg_ini_piece piece = {vg_slice_str(key->value), 0};
		put_pieces(&put, &piece, 1);
	}
}

static void fault_unknown(const struct put *put, enum vg_set_kind kind, const struct vg_set *set,
			  const struct vg_ini_entry *entry)
{
	const char *words[WORDS_MAX];
	size_t count = 0;
	const char *title = vg_set_title(put->sink->arena, kind, set);
	const char *elsewhere = NULL;
	for (size_t i = 0; i < VG_COUNT(key_rows); i++) {
		if (key_rows[i].kind == kind && count < WORDS_MAX)
			words[count++] = key_rows[i].name;
		else if (vg_slice_eq(entry->name, vg_slice_str(key_rows[i].name)))
			elsewhere = set_rows[key_rows[i].kind].word;
	}
	const char *near = vg_near_match(entry->name, words, count);
	unsigned line = entry->pieces[0].line;
	if (near != NULL)
		FAULT(put, line, "unknown key \"%.*s\" in %s; did you mean \"%s\"?",
		      VG_SLICE_FMT(entry->name), title, near);
	else if (elsewhere != NULL)
		FAULT(put, line, "unknown key \"%.*s\" in %s; it belongs in [%s]",
		      VG_SLICE_FMT(entry->name), title, elsewhere);
	else
		FAULT(put, line, "unknown key \"%.*s\" in %s", VG_SLICE_FMT(entry->name), title);
}

void vg_key_put(const struct vg_key_sink *sink, enum vg_set_kind kind, struct vg_set *set,
		const struct vg_ini_entry *entry)
{
	const struct vg_key *key = vg_key_find(kind, entry->name);
	struct put put = {sink, key, set->input->shown, NULL};
	unsigned errors = sink->diags->count[VG_SEVERITY_ERROR];
	if (key == NULL) {
		fault_unknown(&put, kind, set, entry);
	} else if (line_of(key, set) != 0) {
		FAULT(&put, entry->pieces[0].line, "duplicate key \"%s\"; it was set in line %u",
		      key->name, line_of(key, set));
	} else {
		put.member = member_of(key, set);
		put_pieces(&put, entry->pieces, entry->count);
	}
	if (sink->diags->count[VG_SEVERITY_ERROR] != errors)
		set->faulty = true;
}

void vg_key_missing(const struct vg_key_sink *sink, enum vg_set_kind kind, struct vg_set *set)
{
	for (size_t i = 0; i < VG_COUNT(key_rows); i++) {
		const struct vg_key *key = &key_rows[i];
		if (key->kind != kind || (key->flags & VG_KEY_REQUIRED) == 0 ||
		    line_of(key, set) != 0)
			continue;
		vg_diag_add(sink->diags, VG_SEVERITY_ERROR, set->input->shown, set->line,
			    "%s has no %s: %s", vg_set_title(sink->arena, kind, set), key->name,
			    key->help);
		set->faulty = true;
	}
}
