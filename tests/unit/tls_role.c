/*
 * Behind the filters: the built keys program, from its first message to its end, and a worker's
 * handshakes after its warm-up. A call that no row of the sandbox allows kills the process. (The
 * worker is forked from a process in which OpenSSL has run: that the warm-up suffices for a fresh
 * one is shown by the system tests, with the built worker.)
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/chan.h"
#include "sys/file.h"
#include "sys/sandbox.h"
#include "sys/shm.h"
#include "tls/remote.h"
#include "tls/warmup.h"
#include "tls_world.h"

static struct world world;
static struct pki_cert ca, acme;

static void begin(EVP_PKEY *own, EVP_PKEY *own2)
{
	ca = pki_make(&(struct pki_spec){.subject = "CN=CA", .ca = true}, NULL);
	acme = pki_make(&(struct pki_spec){.subject = "CN=gw", .san = "DNS:gw.acme.example"}, &ca);
	struct world_ident ident = {"acme", &ca, {{VG_NAME_DNS, "gw.acme.example"}}, NULL};
	world_image(&world, &ident, 1, 0x0303, own, own2);
	EVP_PKEY_free(own);
	EVP_PKEY_free(own2);
}

static void end(void)
{
	world_free(&world);
	pki_free(&ca);
	pki_free(&acme);
}

struct started {
	pid_t pid;
	struct vg_chan supervisor; /* our end, as the supervisor */
	struct vg_chan worker;     /* our end, as the worker */
};

static int image_fd(void)
{
	int fd = vg_shm_memfd("image");
	cr_assert(fd >= 0 && vg_file_write_all(fd, world.image.header, world.image.size) &&
		  vg_shm_seal(fd));
	return fd;
}

static struct started start(void)
{
	int up[2], side[2];
	cr_assert(vg_chan_pair(up) && vg_chan_pair(side));
	struct started s = {.supervisor = {up[0], VG_ROLE_SUPERVISOR, VG_ROLE_KEYS},
			    .worker = {side[0], VG_ROLE_WORKER, VG_ROLE_KEYS}};
	s.pid = fork();
	if (s.pid == 0) {
		if (up[1] != 3)
			dup2(up[1], 3);
		else
			cr_assert(vg_fd_keep(3));
		execl("./vendgate-keys", "vendgate-keys", (char *)NULL);
		_exit(127);
	}
	struct vg_msg_hello hello = {.role = VG_ROLE_KEYS, .workers = 1};
	struct vg_msg_image image = {.generation = 1, .size = world.image.size};
	struct vg_msg_peer peer = {.role = VG_ROLE_WORKER};
	struct vg_msg_index go = {0};
	int fd = image_fd();
	cr_assert_eq(vg_chan_send(&s.supervisor, VG_MSG_HELLO, &hello, NULL), VG_CHAN_OK);
	cr_assert_eq(vg_chan_send(&s.supervisor, VG_MSG_IMAGE, &image, &fd), VG_CHAN_OK);
	cr_assert_eq(vg_chan_send(&s.supervisor, VG_MSG_PEER, &peer, &side[1]), VG_CHAN_OK);
	cr_assert_eq(vg_chan_send(&s.supervisor, VG_MSG_GO, &go, NULL), VG_CHAN_OK);
	close(fd);
	close(up[1]);
	close(side[1]);
	return s;
}

static bool ready(const struct started *s)
{
	struct vg_msg msg;
	return vg_chan_recv(&s->supervisor, &msg) == VG_CHAN_OK && msg.type == VG_MSG_READY;
}

static int end_of(struct started *s)
{
	int status = -1;
	waitpid(s->pid, &status, 0);
	vg_chan_close(&s->supervisor);
	vg_chan_close(&s->worker);
	return status;
}

Test(role, keys_sign_behind_the_filter)
{
	signal(SIGPIPE, SIG_IGN);
	begin(pki_ec("P-256"), pki_rsa(2048));
	struct started s = start();
	cr_assert(ready(&s));
	struct vg_tls_server *server = vg_tls_server_new(&world.image, &s.worker);
	for (int round = 0; round < 3; round++)
		for (int row = 0; row < 2; row++) {
			struct world_client client = {
				.cert = &acme, .sni = row == 0 ? "api.example" : "other.example"};
			struct world_meeting met = world_meet(&world, server, &client);
			cr_expect_eq(met.status, VG_TLS_DONE, "row %d: %s", row,
				     vg_reason_row(met.peer.reason)->word);
		}
	/* A refused request doesn't end it; a drain neither. */
	struct vg_msg_sign raw = {.key = 1, .digest = 0, .length = 256};
	struct vg_msg msg;
	cr_assert_eq(vg_chan_send(&s.worker, VG_MSG_SIGN, &raw, NULL), VG_CHAN_OK);
	cr_assert_eq(vg_chan_recv(&s.worker, &msg), VG_CHAN_OK);
	cr_expect_eq(msg.signed_.length, 0);
	struct vg_msg_index drain = {1000};
	cr_assert_eq(vg_chan_send(&s.supervisor, VG_MSG_DRAIN, &drain, NULL), VG_CHAN_OK);
	struct world_meeting met = world_meet(&world, server,
					      &(struct world_client){.cert = &acme});
	cr_expect_eq(met.status, VG_TLS_DONE);
	vg_tls_server_free(&server);

	/* It ends with its worker. */
	vg_chan_close(&s.worker);
	int status = end_of(&s);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	end();
}

Test(role, keys_end_with_the_supervisor)
{
	begin(pki_ec("P-256"), NULL);
	struct started s = start();
	cr_assert(ready(&s));
	vg_chan_close(&s.supervisor);
	int status = end_of(&s);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	end();
}

Test(role, keys_end_at_what_the_worker_may_not_say)
{
	begin(pki_ec("P-256"), NULL);
	struct started s = start();
	cr_assert(ready(&s));
	cr_assert(vg_file_write_all(s.worker.fd, "garbage!garbage!", 16));
	int status = end_of(&s);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	end();
}

Test(role, keys_do_not_serve_without_their_key)
{
	begin(pki_ec("P-256"), NULL);
	unlink(world.key_path);
	struct started s = start();
	cr_expect(!ready(&s));
	int status = end_of(&s);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) != 0, "status %x", (unsigned)status);
	end();
}

/* In a child: what a worker does from its warm-up on. 0 where all went well. */
static int serve_filtered(void)
{
	if (!vg_tls_warmup(&world.image, &world.keys))
		return 1;
	struct vg_tls_server *server = vg_tls_server_new(&world.image, &world.keys);
	/* The client's socket and its end are made before: a worker makes none. */
	struct world_client clients[] = {
		{.cert = &acme, .version = TLS1_2_VERSION},
		{.cert = &acme, .version = TLS1_3_VERSION, .alpn = "\10http/1.1"},
		{.cert = NULL},
		{.raw = "GET / HTTP/1.0\r\n\r\n"},
	};
	struct world_pair pairs[VG_COUNT(clients)];
	for (size_t i = 0; i < VG_COUNT(clients); i++)
		pairs[i] = world_pair(&clients[i]);
	if (!vg_sandbox_enter(VG_ROLE_WORKER, NULL))
		return 2;
	for (size_t i = 0; i < VG_COUNT(clients); i++) {
		struct world_meeting met = world_meet_pair(server, &clients[i], &pairs[i]);
		if ((met.status == VG_TLS_DONE) != (i < 2))
			return 10 + (int)i;
	}
	return 0;
}

Test(role, a_worker_serves_behind_its_filter)
{
	begin(pki_ec("P-256"), NULL);
	world_sign(&world);
	pid_t pid = fork();
	if (pid == 0)
		_exit(serve_filtered());
	int status = -1;
	waitpid(pid, &status, 0);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	end();
}
