/*
 * A vendor's file (libFuzzer), compiled beside a good vendgate.ini: it becomes an image that opens,
 * or there is an error that says why not.
 */
#include <stdlib.h>

#include "../unit/config_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tree tree;

static void end(void)
{
	tree_end(&tree);
}

static void begin(void)
{
	tree_begin(&tree);
	(void)atexit(end);
	tree_write(&tree, "vendgate.ini",
		   "[gateway]\nlisten = 127.0.0.1:8443\n"
		   "[tls]\ncertificate = server.pem\nprivate_key = server.key\n"
		   "[telemetry siem]\nto = udp://127.0.0.1:5140\n"
		   "[service api]\nhost = api.agency.example\nupstream = http://127.0.0.1:8080\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	VG_ASSERT(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (tree.directory[0] == '\0')
		begin();
	tree_write(&tree, "policies/acme.ini", text);
	free(text);
	bool good = tree_compile(&tree); /* and opened */
	VG_ASSERT(good == !vg_diags_failed(&tree.diags));
	if (good)
		VG_ASSERT(vg_img_vendor_count(&tree.image) == 1 &&
			  vg_img_ident_count(&tree.image) > 0);
	vg_arena_reset(&tree.arena);
	return 0;
}
