#include "broker/names.h"

#include <errno.h>
#include <event2/dns.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "broker/hosts.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

#define HOSTS_MAX ((size_t)1 << 20)
#define SECOND INT64_C(1000000)
#define TTL_MIN 1   /* seconds */
#define TTL_MAX 300 /* an upstream that moves is found again within it, whatever its zone says */
#define TTL_NONE 1  /* of a name that doesn't resolve: no storm of questions */

struct name {
	char text[VG_IMG_KEY_MAX + 1];
	struct vg_addrs addrs;
	bool fixed;        /* from /etc/hosts */
	unsigned asked;    /* questions under way */
	int64_t until;     /* monotonic; addrs hold before it */
	struct vg_name_wait *waits;
};

struct vg_names {
	struct evdns_base *dns; /* NULL where no name needs it */
	uint32_t count;         /* of names */
	struct name *rows;
	uint32_t *of_upstream; /* row of each upstream; VG_NO_ROW where it has no host */
};

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

const struct vg_addrs *vg_names_find(struct vg_names *names, uint32_t upstream,
				     struct vg_name_wait *wait)
{
	struct name *name = &names->rows[names->of_upstream[upstream]];
	if (name->fixed || vg_clock_monotonic() < name->until)
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

void vg_names_worked(struct vg_names *names, uint32_t upstream, const struct vg_addr *addr)
{
	struct vg_addrs *addrs = &names->rows[names->of_upstream[upstream]].addrs;
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

static bool open_dns(struct vg_names *names, struct event_base *base, const char *resolv)
{
	evdns_set_log_fn(log_dns);
	names->dns = evdns_base_new(base, 0);
	/* Time for several questions within one connect_timeout; resolv.conf may say otherwise. */
	if (names->dns == NULL || evdns_base_set_option(names->dns, "timeout:", "1") != 0)
		return false;
	if (evdns_base_resolv_conf_parse(names->dns,
					 DNS_OPTION_NAMESERVERS | DNS_OPTION_SEARCH |
						 DNS_OPTION_MISC,
					 resolv) != 0)
		vg_log(VG_LOG_WARNING, "%s names no name server", resolv);
	return evdns_base_count_nameservers(names->dns) > 0;
}

static uint32_t row_of(struct vg_names *names, struct vg_slice host)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (vg_slice_eq(vg_slice_str(names->rows[i].text), host))
			return i;
	memcpy(names->rows[names->count].text, host.ptr, host.len);
	return names->count++;
}

static bool fill(struct vg_names *names, const struct vg_image *image)
{
	uint32_t upstreams = vg_img_upstream_count(image);
	names->rows = calloc((size_t)upstreams + 1, sizeof(*names->rows));
	names->of_upstream = calloc((size_t)upstreams + 1, sizeof(*names->of_upstream));
	if (names->rows == NULL || names->of_upstream == NULL)
		return false;
	for (uint32_t i = 0; i < upstreams; i++) {
		struct vg_slice host = vg_img_str(image, vg_img_upstreams(image)[i].host);
		names->of_upstream[i] = host.len == 0 ? VG_NO_ROW : row_of(names, host);
	}
	return true;
}

/* True where names are left for the name servers. */
static bool read_hosts(struct vg_names *names, const char *hosts)
{
	struct vg_arena arena;
	struct vg_slice text = VG_SLICE_EMPTY;
	bool left = false;
	vg_arena_init(&arena, 2 * HOSTS_MAX);
	if (names->count > 0 && !vg_file_read(&arena, hosts, HOSTS_MAX, &text) && errno != ENOENT)
		vg_log(VG_LOG_WARNING, "%s can't be read: %m", hosts);
	for (uint32_t i = 0; i < names->count; i++) {
		struct name *name = &names->rows[i];
		name->addrs.count = (uint32_t)vg_hosts_find(text, vg_slice_str(name->text),
							    name->addrs.addrs, VG_ADDRS_MAX);
		name->fixed = name->addrs.count > 0;
		left |= !name->fixed;
	}
	vg_arena_fini(&arena);
	return left;
}

struct vg_names *vg_names_new(struct event_base *base, const struct vg_image *image,
			      const char *hosts, const char *resolv)
{
	struct vg_names *names = calloc(1, sizeof(*names));
	if (names == NULL)
		return NULL;
	if (!fill(names, image)) {
		vg_log(VG_LOG_ERROR, "no memory for the names of upstreams");
		vg_names_free(&names);
	} else if (read_hosts(names, hosts) && !open_dns(names, base, resolv)) {
		vg_log(VG_LOG_ERROR, "no name server can be asked for the names of upstreams");
		vg_names_free(&names);
	}
	return names;
}

void vg_names_free(struct vg_names **names)
{
	if (*names == NULL)
		return;
	if ((*names)->dns != NULL)
		evdns_base_free((*names)->dns, 0);
	free((*names)->rows);
	free((*names)->of_upstream);
	free(*names);
	*names = NULL;
}
