/* INI files: what is handed over, with its lines, and every line that is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/ini.h"

#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X190 X50 X50 X50 X10 X10 X10 X10

struct heard {
	char text[4096];
	size_t len;
};

static void hear(struct heard *heard, const char *format, ...) VG_PRINTF(2, 3);

static void hear(struct heard *heard, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(heard->text + heard->len, sizeof(heard->text) - heard->len, format, args);
	va_end(args);
	cr_assert(n >= 0 && (size_t)n < sizeof(heard->text) - heard->len);
	heard->len += (size_t)n;
}

static void on_section(void *user, struct vg_slice name, unsigned line)
{
	hear(user, "%u[%.*s] ", line, VG_SLICE_FMT(name));
}

static void on_entry(void *user, const struct vg_ini_entry *entry)
{
	hear(user, "%u %.*s", entry->pieces[0].line, VG_SLICE_FMT(entry->name));
	for (size_t i = 0; i < entry->count; i++)
		hear(user, "%s%.*s", i == 0 ? "=" : "/", VG_SLICE_FMT(entry->pieces[i].text));
	hear(user, " ");
}

struct row {
	const char *what, *in;
	const char *heard;
	const char *told; /* "LINE: TEXT\n…" */
	size_t len;       /* of `in`, where it holds a NUL */
};

static const struct row rows[] = {
	{"empty", "", "", ""},
	{"plain", "[a]\nk = v\n", "1[a] 2 k=v ", ""},
	{"no line end at the end", "[a]\nk = v", "1[a] 2 k=v ", ""},
	{"CRLF", "[a]\r\nk = v\r\n", "1[a] 2 k=v ", ""},
	{"no blanks", "[a]\nk=v", "1[a] 2 k=v ", ""},
	{"blanks in the name of a section", "[ access  list ]", "1[access  list] ", ""},
	{"comments", "; x\n# y\n[a] ; z\n ; q\nk = v ; w\nl = a;b\n", "3[a] 5 k=v 6 l=a;b ", ""},
	{"comment right behind", "[a];z\nk = ; nothing\n", "1[a] 2 k= ", ""},
	{"tab before a comment", "[a]\nk = v\t; w\n", "1[a] 2 k=v ", ""},
	{"equals and colon in a value", "[a]\nk = a=b:c\n", "1[a] 2 k=a=b:c ", ""},
	{"empty sections are told", "[a]\n[b]\n[c]\nk = v\n", "1[a] 2[b] 3[c] 4 k=v ", ""},
	{"list", "[a]\nk = a,\n  b, ; one\n\n\tc\nl = d\n", "1[a] 2 k=a,/b,/c 6 l=d ", ""},
	{"list behind a bare key", "[a]\nk =\n  a,\n  b\n", "1[a] 2 k=/a,/b ", ""},
	{"comment inside a list", "[a]\nk = a,\n; no\n  # no\n  b\n", "1[a] 2 k=a,/b ", ""},
	{"equals inside a list", "[a]\nk = a,\n  b=c\n", "1[a] 2 k=a,/b=c ", ""},
	{"no key before the equals", "[a]\nk = a\n  http://b/?c=d\n", "1[a] 2 k=a/http://b/?c=d ",
	 ""},
	{"bracket inside a list", "[a]\nk = a,\n  [::]:1\n", "1[a] 2 k=a,/[::]:1 ", ""},
	{"list ends with its section", "[a]\nk = a,\n[b]\n  c\n", "1[a] 2 k=a, 3[b] ",
	 "4: an indented line goes on with a list, and none is open; begin it in the first "
	 "column\n"},
	{"long key in a list", "[a]\n" X50 "y = a,\n b\n", "1[a] 2 " X50 "y=a,/b ", ""},
	{"line of 198 bytes", "[a]\nk = " X190 "xxxx\n", "1[a] 2 k=" X190 "xxxx ", ""},
	{"line of 199 bytes", "[a]\nk = " X190 "xxxxx\nl = v\n", "1[a] 3 l=v ",
	 "2: line of 199 bytes; at most 198 fit, and a list may go on in indented lines\n"},
	{"goes on with a refused line", "[a]\nk = " X190 "xxxxx\n  b\nl = v\n", "1[a] 4 l=v ",
	 "2: line of 199 bytes; at most 198 fit, and a list may go on in indented lines\n"},
	{"long line inside a list", "[a]\nk = a,\n  " X190 "xxxxxxx\n  b\n", "1[a] 2 k=a,/b ",
	 "3: line of 199 bytes; at most 198 fit, and a list may go on in indented lines\n"},
	{"long comment", ";" X190 "xxxxxxxxx\n[a]\n", "2[a] ",
	 "1: line of 200 bytes; at most 198 fit, and a list may go on in indented lines\n"},
	{"section of 49 bytes", "[" X10 X10 X10 X10 "123456789]\n",
	 "1[" X10 X10 X10 X10 "123456789] ", ""},
	{"section of 50 bytes", "[a]\n[" X50 "]\nk = v\n[b]\nk = v\n", "1[a] 4[b] 5 k=v ",
	 "2: section name of 50 bytes; at most 49 fit\n"},
	{"header over a line", "[a]\n[" X190 X10 "]\nk = v\n[b]\n", "1[a] 4[b] ",
	 "2: line of 202 bytes; at most 198 fit, and a list may go on in indented lines\n"},
	{"no section name", "[a]\nj = v\n[ ]\nk = v\n", "1[a] 2 j=v ",
	 "3: section without a name\n"},
	{"text behind the bracket", "[a] b\nk = v\n", "1[a] 2 k=v ",
	 "1: text after [a]; a comment begins with ;\n"},
	{"key behind the bracket", "[a] k = v\n", "1[a] ",
	 "1: text after [a]; a comment begins with ;\n"},
	{"unterminated", "[a]\nj = v\n[b ; x\nk = v\n", "1[a] 2 j=v 3[b] 4 k=v ",
	 "3: [b has no closing ]\n"},
	{"NUL", "[a]\nk = v\0w\nl = v\n", "1[a] 3 l=v ", "2: NUL byte in the line\n", 18},
	{"control byte", "[a]\nk = \x1b[1m\n", "1[a] ", "2: control byte in the line\n"},
	{"lone CR", "[a]\nk = v\rl = w\n", "1[a] ", "2: control byte in the line\n"},
	{"not UTF-8", "[a]\nk = \xe9\n", "1[a] ", "2: the line is not UTF-8\n"},
	{"UTF-8", "[a]\nk = \xc3\xa9\n", "1[a] 2 k=\xc3\xa9 ", ""},
	{"byte order mark", "\xef\xbb\xbf[a]\nk = v\n", "1[a] 2 k=v ",
	 "1: the file begins with a byte order mark; save it as plain UTF-8\n"},
	{"before any section", "k = v\nl = v\n[a]\nm = v\n", "3[a] 4 m=v ",
	 "1: text before the first [section]\n"},
	{"no equals", "[a]\nk\nl = v\n", "1[a] 3 l=v ", "2: neither key = value nor [section]\n"},
	{"colon", "[a]\nk : v\nk: a = b\n", "1[a] ",
	 "2: \":\" before \"=\"; write key = value\n3: \":\" before \"=\"; write key = value\n"},
	{"no key", "[a]\n= v\n", "1[a] ", "2: no key before \"=\"\n"},
	{"quoted semicolon", "[a]\nk = \"a ; b\"\nl = \"a\" ; b\n", "1[a] 3 l=\"a\" ",
	 "2: \" ;\" begins a comment, inside quotes too\n"},
	{"indented key", "[a]\nk = v\n  l = w\n", "1[a] 2 k=v ",
	 "3: indented \"l =\" would go on with \"k\"; begin it in the first column\n"},
	{"indented key behind a bare one", "[a]\nk =\n  l = w\n", "1[a] 2 k= ",
	 "3: indented \"l =\" would go on with \"k\"; begin it in the first column\n"},
	{"indented first key", "[a]\n  k = v\n", "1[a] ",
	 "2: an indented line goes on with a list, and none is open; begin it in the first "
	 "column\n"},
	{"indented section", "[a]\nk = v\n [b]\n", "1[a] 2 k=v ",
	 "3: an indented line goes on with \"k\"; begin a section in the first column\n"},
	{"all at once", "x\n[a\nk\n[b] c\n l = v\nm : v\nn = v", "2[a] 4[b] 7 n=v ",
	 "1: text before the first [section]\n2: [a has no closing ]\n"
	 "3: neither key = value nor [section]\n4: text after [b]; a comment begins with ;\n"
	 "5: an indented line goes on with a list, and none is open; begin it in the first "
	 "column\n6: \":\" before \"=\"; write key = value\n"},
};

Test(config_ini, lines)
{
	static const struct vg_ini_events events = {on_section, on_entry};
	for (size_t i = 0; i < VG_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct vg_arena arena;
		struct vg_diags diags;
		struct heard heard = {"", 0}, told = {"", 0};
		vg_arena_init(&arena, (size_t)1 << 20);
		vg_diags_init(&diags, &arena);
		size_t len = row->len != 0 ? row->len : strlen(row->in);
		vg_ini_read(vg_slice(row->in, len), "f.ini", &arena, &diags, &events, &heard);
		for (const struct vg_diag *d = diags.first; d != NULL; d = d->next) {
			cr_expect_str_eq(d->file, "f.ini");
			cr_expect_eq(d->severity, VG_SEVERITY_ERROR);
			hear(&told, "%u: %s\n", d->line, d->text);
		}
		cr_expect_str_eq(heard.text, row->heard, "%s:\n got %s\nwant %s", row->what,
				 heard.text, row->heard);
		cr_expect_str_eq(told.text, row->told, "%s:\n got %s\nwant %s", row->what,
				 told.text, row->told);
		vg_arena_fini(&arena);
	}
}

/* Whatever the bytes: no crash, and either each line was handed over or something was told. */
Test(config_ini, any_bytes)
{
	static const struct vg_ini_events events = {on_section, on_entry};
	static const char alphabet[] = "[]=;:, \t\n\r#\"ak\xc3\xa9";
	uint64_t seed = 1;
	for (unsigned round = 0; round < 20000; round++) {
		char bytes[64];
		struct vg_arena arena;
		struct vg_diags diags;
		struct heard heard = {"", 0};
		size_t len = round % sizeof(bytes);
		for (size_t i = 0; i < len; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
			bytes[i] = alphabet[(seed >> 33) % (sizeof(alphabet) - 1)];
		}
		vg_arena_init(&arena, (size_t)1 << 20);
		vg_diags_init(&diags, &arena);
		vg_ini_read(vg_slice(bytes, len), "f", &arena, &diags, &events, &heard);
		struct vg_slice rest = vg_slice(bytes, len), line;
		bool content = false;
		while (vg_slice_cut(&rest, '\n', &line)) {
			if (vg_slice_ends(line, VG_SLICE("\r")))
				line.len--;
			line = vg_slice_trim(line);
			content |= line.len > 0 && line.ptr[0] != ';' && line.ptr[0] != '#';
		}
		cr_assert(!content || heard.len > 0 || vg_diags_failed(&diags), "round %u: %.*s",
			  round, (int)len, bytes);
		vg_arena_fini(&arena);
	}
}
