#include "config/ini.h"

#include <ini.h>

#include "base/text.h"

struct pieces {
	struct vg_ini_piece *array;
	size_t count, room;
};

/* What an indented line would go on with. */
enum last {
	NOTHING, /* the section has just begun */
	ENTRY,   /* that of `name`, which is being collected */
	REFUSED, /* a key that was refused; so are the lines that go on with it */
};

struct reader {
	struct vg_slice rest; /* of the file */
	const char *file;
	unsigned line;
	struct vg_arena *arena;
	struct vg_diags *diags;
	const struct vg_ini_events *events;
	void *user;

	bool in_section;
	bool skip;      /* up to the next section: what stands there belongs nowhere */
	bool continues; /* the line that inih has now goes on with the entry */
	enum last last;
	struct vg_slice name;
	struct vg_slice value; /* of the line that inih has now */
	struct pieces pieces;  /* of the entry; the array is used again by the next */
};

#define FAULT(reader, ...)                                                                         \
	vg_diag_add((reader)->diags, VG_SEVERITY_ERROR, (reader)->file, (reader)->line, __VA_ARGS__)

static void flush(struct reader *r)
{
	if (r->last != ENTRY)
		return;
	struct vg_ini_entry entry = {r->name, r->pieces.array, r->pieces.count};
	r->last = NOTHING;
	r->pieces.count = 0;
	r->events->entry(r->user, &entry);
}

static bool add_piece(struct reader *r, struct vg_slice text)
{
	struct pieces *p = &r->pieces;
	if (p->count == p->room) {
		size_t room = p->room == 0 ? 8 : p->room * 2;
		struct vg_ini_piece *array = vg_arena_array(r->arena, room, sizeof(*array));
		if (array == NULL)
			return false;
		for (size_t i = 0; i < p->count; i++)
			array[i] = p->array[i];
		p->array = array;
		p->room = room;
	}
	p->array[p->count++] = (struct vg_ini_piece){text, r->line};
	return true;
}

/*
 * inih's side: a key's line, or one that goes on with it. Its word and ours on what the line says
 * must be the same (of a name that goes on it has cut its own copy). Nonzero: all is well.
 */
static int take(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	(void)section; /* it was told of none */
	if (!vg_slice_eq(r->value, vg_slice_str(value)) ||
	    (!r->continues && !vg_slice_eq(r->name, vg_slice_str(name))))
		FAULT(r, "inih reads the line as \"%s = %s\"", name, value);
	else if (!add_piece(r, r->value))
		FAULT(r, "out of memory");
	else
		r->last = ENTRY;
	return 1;
}

/* The line without a comment behind a blank; false where a quote stands open before it. */
static bool strip_comment(struct vg_slice *line)
{
	bool quoted = false;
	for (size_t i = 0; i < line->len; i++) {
		quoted ^= line->ptr[i] == '"';
		if (line->ptr[i] != ';' || i == 0 ||
		    (line->ptr[i - 1] != ' ' && line->ptr[i - 1] != '\t'))
			continue;
		line->len = i;
		return !quoted;
	}
	return true;
}

/* Whether a byte of `line` is a control, but for tabs; *ascii tells whether all are ASCII. */
static bool has_control(struct vg_slice line, bool *ascii)
{
	bool control = false, high = false;
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];
		control |= (c < 0x20 && c != '\t') || c == 0x7f;
		high |= c >= 0x80;
	}
	*ascii = !high;
	return control;
}

static bool is_key_word(struct vg_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!vg_is_alpha(s.ptr[i]) && !vg_is_digit(s.ptr[i]) && s.ptr[i] != '_' &&
		    s.ptr[i] != '-')
			return false;
	return s.len > 0;
}

/* What no line may hold, wherever it stands. */
static bool check_bytes(struct reader *r, struct vg_slice line)
{
	bool ascii;
	if (line.len > VG_INI_LINE_MAX)
		FAULT(r,
		      "line of %zu bytes; at most %d fit, and a list may go on in indented lines",
		      line.len, VG_INI_LINE_MAX);
	else if (memchr(line.ptr, '\0', line.len) != NULL)
		FAULT(r, "NUL byte in the line");
	else if (has_control(line, &ascii))
		FAULT(r, "control byte in the line");
	else if (!ascii && !vg_is_utf8(line))
		FAULT(r, "the line is not UTF-8");
	else
		return true;
	return false;
}

/* A header that is wrong but names a section still begins it: what follows is then checked too. */
static void read_header(struct reader *r, struct vg_slice line)
{
	size_t end = vg_slice_find(line, ']');
	struct vg_slice name = vg_slice_from(vg_slice_first(line, end), 1);
	struct vg_slice after = vg_slice_trim(vg_slice_from(line, end + 1));
	if (end == line.len)
		(void)strip_comment(&name);
	name = vg_slice_trim(name);
	flush(r);
	r->last = NOTHING;
	r->skip = name.len == 0 || name.len > VG_INI_SECTION_MAX;
	if (name.len == 0) {
		FAULT(r, "section without a name");
	} else if (r->skip) {
		FAULT(r, "section name of %zu bytes; at most %d fit", name.len, VG_INI_SECTION_MAX);
	} else {
		if (end == line.len)
			FAULT(r, "[%.*s has no closing ]", VG_SLICE_FMT(name));
		else if (after.len > 0 && after.ptr[0] != ';' && after.ptr[0] != '#')
			FAULT(r, "text after [%.*s]; a comment begins with ;", VG_SLICE_FMT(name));
		r->in_section = true;
		r->events->section(r->user, name, r->line);
	}
}

static bool list_begun(const struct reader *r)
{
	struct vg_slice last = r->pieces.array[r->pieces.count - 1].text;
	return vg_slice_ends(last, VG_SLICE(","));
}

/* True where the line (without indent and comment) goes on with the open entry. */
static bool check_continuation(struct reader *r, struct vg_slice text)
{
	struct vg_slice word = vg_slice_trim(vg_slice_first(text, vg_slice_find(text, '=')));
	bool like_key = word.len < text.len && is_key_word(word), good = false;
	if (r->last != ENTRY)
		FAULT(r, "an indented line goes on with a list, and none is open; "
			 "begin it in the first column");
	else if (text.ptr[0] == '[' && text.ptr[text.len - 1] == ']')
		FAULT(r,
		      "an indented line goes on with \"%.*s\"; begin a section in the first column",
		      VG_SLICE_FMT(r->name));
	else if (like_key && !list_begun(r))
		FAULT(r,
		      "indented \"%.*s =\" would go on with \"%.*s\"; begin it in the first column",
		      VG_SLICE_FMT(word), VG_SLICE_FMT(r->name));
	else
		good = true;
	r->value = text;
	return good;
}

static bool begin_key(struct reader *r, struct vg_slice line)
{
	size_t equals = vg_slice_find(line, '=');
	size_t colon = vg_slice_find(line, ':');
	struct vg_slice name = vg_slice_trim(vg_slice_first(line, equals));
	if (!r->in_section) {
		FAULT(r, "text before the first [section]");
		r->skip = true;
	} else if (colon < equals) {
		FAULT(r, "\":\" before \"=\"; write key = value");
	} else if (equals == line.len) {
		FAULT(r, "neither key = value nor [section]");
	} else if (name.len == 0) {
		FAULT(r, "no key before \"=\"");
	} else {
		flush(r);
		r->name = name;
		r->value = vg_slice_trim(vg_slice_from(line, equals + 1));
		return true;
	}
	return false;
}

static struct vg_slice refuse(struct reader *r, bool indented)
{
	if (!indented) {
		flush(r);
		r->last = REFUSED;
	}
	return VG_SLICE_EMPTY;
}

/* Looks at one line; what inih is to have of it, or an empty slice. */
static struct vg_slice classify(struct reader *r, struct vg_slice line)
{
	struct vg_slice text = vg_slice_trim(line);
	bool indented = text.ptr != line.ptr;
	bool header = !indented && text.len > 0 && text.ptr[0] == '[';
	r->continues = false;
	if (!check_bytes(r, line)) {
		r->skip = r->skip || header; /* the keys of that section belong nowhere */
		return refuse(r, indented);
	}
	if (text.len == 0 || text.ptr[0] == ';' || text.ptr[0] == '#')
		return VG_SLICE_EMPTY;
	if (header) {
		read_header(r, text);
		return VG_SLICE_EMPTY;
	}
	if (r->skip || (indented && r->last == REFUSED))
		return VG_SLICE_EMPTY;
	if (!strip_comment(&text)) {
		FAULT(r, "\" ;\" begins a comment, inside quotes too");
		return refuse(r, indented);
	}
	text = vg_slice_trim(text);
	if (indented ? !check_continuation(r, text) : !begin_key(r, text))
		return refuse(r, indented);
	r->continues = indented;
	return text;
}

/*
 * inih's fgets: the next line as it may read it. Indent is what tells it that a line goes on; a
 * section is told to our caller at once and inih is given none: it knows of one, "".
 */
static char *next_line(char *str, int num, void *stream)
{
	const struct vg_slice bom = VG_SLICE("\xef\xbb\xbf");
	struct reader *r = stream;
	struct vg_slice line;
	if (r->rest.len == 0 || !vg_slice_cut(&r->rest, '\n', &line))
		return NULL;
	r->line++;
	if (vg_slice_ends(line, VG_SLICE("\r")))
		line.len--;
	if (r->line == 1 && vg_slice_starts(line, bom)) {
		FAULT(r, "the file begins with a byte order mark; save it as plain UTF-8");
		line = vg_slice_from(line, bom.len);
	}
	struct vg_slice text = classify(r, line);
	size_t indent = r->continues;
	VG_ASSERT(num > 0 && text.len + indent + 2 <= (size_t)num);
	str[0] = ' ';
	memcpy(str + indent, text.ptr, text.len);
	memcpy(str + indent + text.len, "\n", 2);
	return str;
}

void vg_ini_read(struct vg_slice bytes, const char *file, struct vg_arena *arena,
		 struct vg_diags *diags, const struct vg_ini_events *events, void *user)
{
	struct reader r = {
		.rest = bytes,
		.file = file,
		.arena = arena,
		.diags = diags,
		.events = events,
		.user = user,
	};
	int rc = ini_parse_stream(next_line, &r, take, &r);
	flush(&r);
	if (rc != 0)
		vg_diag_add(diags, VG_SEVERITY_ERROR, file, rc > 0 ? (unsigned)rc : 0,
			    "inih could not read the file");
}
