#include "broker/names.h"

#include <event2/dns.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "broker/hosts.h"
#include "broker/resolv.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

#define FILE_MAX ((size_t)1 << 20)
#define SECOND INT64_C(1000000)
#define TTL_MIN 1   /* seconds */
#define TTL_MAX 300 /* an upstream that moves is found again within it, whatever its zone says */
#define TTL_NONE 1  /* of a name that doesn't resolve: no storm of questions */

struct name {
	struct name *next;
	struct vg_names *names;
	char text[VG_IMG_KEY_MAX + 1];
	uint32_t users;        /* upstreams of images; 0: it only waits for answers */
	struct vg_addrs hosts; /* of /etc/hosts: where there are any, nobody is asked */
	struct vg_addrs addrs; /* of the name servers */
	unsigned asked;        /* questions under way */
	int64_t until;         /* monotonic; addrs hold before it */
	struct vg_name_wait *waits;
};

struct vg_names {
	struct evdns_base *dns;
	struct name *first;
};

static struct name *find(const struct vg_names *names, struct vg_slice host)
{
	for (struct name *name = names->first; name != NULL; name = name->next)
		if (vg_slice_eq(vg_slice_str(name->text), host))
			return name;
	return NULL;
}

/* Answers that are under way need it to the end. */
static void forget_unused(struct name *name)
{
	if (name->users > 0 || name->asked > 0)
		return;
	VG_ASSERT(name->waits == NULL);
	struct name **link = &name->names->first;
	while (*link != name)
		link = &(*link)->next;
	*link = name->next;
	free(name);
}

static void add(struct vg_addrs *addrs, const struct vg_addr *addr)
{
	if (addrs->count < VG_ADDRS_MAX)
		addrs->addrs[addrs->count++] = *addr;
}

void vg_names_forget(struct vg_name_wait *wait)
{
	if (wait->link == NULL)
		return;
	*wait->link = wait->next;
	if (wait->next != NULL)
		wait->next->link = wait->link;
	wait->link = NULL;
}

static void wake(struct name *name)
{
	while (name->waits != NULL) {
		struct vg_name_wait *wait = name->waits;
		vg_names_forget(wait);
		wait->done(wait->owner, &name->addrs);
	}
}

static void keep(struct name *name, int ttl)
{
	int64_t seconds = ttl < TTL_MIN ? TTL_MIN : ttl > TTL_MAX ? TTL_MAX : ttl;
	int64_t until = vg_clock_monotonic() + seconds * SECOND;
	if (name->until == 0 || until < name->until)
		name->until = until;
}

/* The first answer with an address is used at once, the other one adds its own. */
static void answered(struct name *name, uint32_t before, int ttl)
{
	name->asked--;
	if (name->addrs.count > before)
		keep(name, ttl);
	else if (name->asked == 0 && name->addrs.count == 0)
		keep(name, TTL_NONE);
	if (name->asked == 0 || name->addrs.count > 0)
		wake(name);
	forget_unused(name);
}

static void on_v4(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	struct name *name = arg;
	uint32_t before = name->addrs.count;
	const uint8_t *bytes = addresses;
	for (int i = 0; result == DNS_ERR_NONE && type == DNS_IPv4_A && i < count; i++) {
		struct vg_addr addr = vg_addr_v4(bytes + (size_t)i * 4);
		add(&name->addrs, &addr);
	}
	answered(name, before, ttl);
}

static void on_v6(int result, char type, int count, int ttl, void *addresses, void *arg)
{
	struct name *name = arg;
	uint32_t before = name->addrs.count;
	const uint8_t *bytes = addresses;
	for (int i = 0; result == DNS_ERR_NONE && type == DNS_IPv6_AAAA && i < count; i++) {
		struct vg_addr addr;
		memcpy(addr.bytes, bytes + (size_t)i * sizeof(addr), sizeof(addr));
		add(&name->addrs, &addr);
	}
	answered(name, before, ttl);
}

/* False where not one question could be asked. */
static bool ask(struct vg_names *names, struct name *name)
{
	name->addrs.count = 0;
	name->until = 0;
	name->asked += evdns_base_resolve_ipv4(names->dns, name->text, 0, on_v4, name) != NULL;
	name->asked += evdns_base_resolve_ipv6(names->dns, name->text, 0, on_v6, name) != NULL;
	if (name->asked == 0)
		keep(name, TTL_NONE);
	return name->asked > 0;
}

const struct vg_addrs *vg_names_find(struct vg_names *names, struct vg_slice host,
				     struct vg_name_wait *wait)
{
	struct name *name = find(names, host);
	VG_ASSERT(name != NULL);
	if (name->hosts.count > 0)
		return &name->hosts;
	if (vg_clock_monotonic() < name->until)
		return &name->addrs;
	if (name->asked == 0 && !ask(names, name))
		return &name->addrs;
	wait->next = name->waits;
	wait->link = &name->waits;
	if (wait->next != NULL)
		wait->next->link = &wait->next;
	name->waits = wait;
	return NULL;
}

void vg_names_worked(struct vg_names *names, struct vg_slice host, const struct vg_addr *addr)
{
	struct name *name = find(names, host);
	VG_ASSERT(name != NULL);
	struct vg_addrs *addrs = name->hosts.count > 0 ? &name->hosts : &name->addrs;
	for (uint32_t i = 1; i < addrs->count; i++) {
		if (!vg_addr_eq(&addrs->addrs[i], addr))
			continue;
		addrs->addrs[i] = addrs->addrs[0];
		addrs->addrs[0] = *addr;
	}
}

static void log_dns(int is_warning, const char *text)
{
	if (is_warning)
		vg_log(VG_LOG_WARNING, "names: %s", text);
}

struct vg_names *vg_names_new(struct event_base *base)
{
	struct vg_names *names = calloc(1, sizeof(*names));
	evdns_set_log_fn(log_dns);
	if (names != NULL)
		names->dns = evdns_base_new(base, 0);
	if (names == NULL || names->dns == NULL) {
		vg_log(VG_LOG_ERROR, "no memory for names");
		vg_names_free(&names);
	}
	return names;
}

/* The files */

static struct vg_slice read_file(struct vg_arena *arena, const char *path, int fd)
{
	char *text = fd < 0 ? NULL : vg_arena_alloc(arena, FILE_MAX + 1);
	ssize_t n = text == NULL ? 0 : vg_fd_read_at(fd, text, FILE_MAX + 1, 0);
	if (n >= 0 && (size_t)n <= FILE_MAX && (fd < 0 || text != NULL))
		return vg_slice(text, (size_t)n);
	vg_log(VG_LOG_WARNING, "%s can't be read, or is too large: passed over", path);
	return VG_SLICE_EMPTY;
}

static void add_server(struct vg_names *names, struct vg_slice word)
{
	char text[64];
	/* The zone of a link-local address is the name of an interface: nobody here can look it up. */
	if (vg_slice_find(word, '%') < word.len || !vg_slice_text(text, sizeof(text), word) ||
	    evdns_base_nameserver_ip_add(names->dns, text) != 0)
		vg_log(VG_LOG_WARNING, "name server %.*s can't be asked", VG_SLICE_FMT(word));
}

/* In place of those before; what they were asked is asked again. */
static bool set_servers(struct vg_names *names, struct vg_slice file)
{
	struct vg_resolv resolv;
	char text[VG_IMG_KEY_MAX + 1];
	vg_resolv_parse(file, &resolv);
	if (evdns_base_clear_nameservers_and_suspend(names->dns) != 0)
		return false;
	evdns_base_search_clear(names->dns);
	for (uint32_t i = resolv.search_count; i > 0; i--)
		if (vg_slice_text(text, sizeof(text), resolv.search[i - 1]))
			evdns_base_search_add(names->dns, text);
	for (unsigned i = 0; i < VG_RESOLV_OPTIONS; i++) {
		snprintf(text, sizeof(text), "%u", resolv.options[i]);
		if (evdns_base_set_option(
			    names->dns, vg_resolv_option_name((enum vg_resolv_option)i), text) != 0)
			return false;
	}
	for (uint32_t i = 0; i < resolv.server_count; i++)
		add_server(names, resolv.servers[i]);
	if (evdns_base_count_nameservers(names->dns) == 0) {
		vg_log(VG_LOG_WARNING, "resolv.conf names no name server: 127.0.0.1 is asked");
		add_server(names, VG_SLICE("127.0.0.1"));
	}
	return evdns_base_resume(names->dns) == 0 && evdns_base_count_nameservers(names->dns) > 0;
}

static bool read_files(struct vg_names *names, const int files[VG_NAMES_FILES])
{
	struct vg_arena arena;
	bool left = false;
	vg_arena_init(&arena, 3 * FILE_MAX);
	struct vg_slice hosts = read_file(&arena, "hosts", files[VG_NAMES_HOSTS]);
	for (struct name *name = names->first; name != NULL; name = name->next) {
		name->until = 0;
		name->hosts.count = (uint32_t)vg_hosts_find(hosts, vg_slice_str(name->text),
							    name->hosts.addrs, VG_ADDRS_MAX);
		left |= name->hosts.count == 0;
	}
	bool ok = !left ||
		  set_servers(names, read_file(&arena, "resolv.conf", files[VG_NAMES_RESOLV]));
	vg_arena_fini(&arena);
	if (!ok)
		vg_log(VG_LOG_ERROR, "no name server can be asked for the names of upstreams");
	return ok;
}

/* Images */

static struct vg_slice host_of(const struct vg_image *image, uint32_t upstream)
{
	return vg_img_str(image, vg_img_upstreams(image)[upstream].host);
}

static bool use(struct vg_names *names, struct vg_slice host)
{
	struct name *name = find(names, host);
	if (name == NULL) {
		name = calloc(1, sizeof(*name));
		if (name == NULL || !vg_slice_text(name->text, sizeof(name->text), host)) {
			free(name);
			return false;
		}
		name->names = names;
		name->next = names->first;
		names->first = name;
	}
	name->users++;
	return true;
}

static void drop(struct vg_names *names, const struct vg_image *image, uint32_t upstreams)
{
	for (uint32_t i = 0; i < upstreams; i++) {
		struct vg_slice host = host_of(image, i);
		if (host.len == 0)
			continue;
		struct name *name = find(names, host);
		VG_ASSERT(name != NULL && name->users > 0);
		name->users--;
		forget_unused(name);
	}
}

bool vg_names_use(struct vg_names *names, const struct vg_image *image,
		  const int files[VG_NAMES_FILES])
{
	uint32_t count = vg_img_upstream_count(image), done = 0;
	while (done < count && (host_of(image, done).len == 0 || use(names, host_of(image, done))))
		done++;
	if (done < count)
		vg_log(VG_LOG_ERROR, "no memory for the names of upstreams");
	if (done == count && (names->first == NULL || read_files(names, files)))
		return true;
	drop(names, image, done);
	return false;
}

void vg_names_drop(struct vg_names *names, const struct vg_image *image)
{
	drop(names, image, vg_img_upstream_count(image));
}

void vg_names_free(struct vg_names **names)
{
	struct vg_names *gone = *names;
	*names = NULL;
	if (gone == NULL)
		return;
	if (gone->dns != NULL)
		evdns_base_free(gone->dns, 0);
	while (gone->first != NULL) {
		struct name *name = gone->first;
		gone->first = name->next;
		free(name);
	}
	free(gone);
}
