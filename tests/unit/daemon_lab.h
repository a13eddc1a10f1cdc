/*
 * The supervisor with puppets for its children (daemon_puppet.c), for the tests of src/daemon. A
 * copy of ./vendgate stands beside the puppets in a folder of its own, since it looks for its
 * helpers beside itself.
 */
#ifndef VG_TESTS_DAEMON_LAB_H
#define VG_TESTS_DAEMON_LAB_H

#include <sys/types.h>

extern char lab_folder[];
extern char lab_config[64]; /* what it is started with */
extern pid_t lab_gateway;   /* ended by the teardown; 0: none */

/* For .init and .fini of a suite. */
void lab_setup(void);
void lab_setup_serving(void);
void lab_teardown(void);

/* Starts a supervisor; its stderr goes to DIR/log. */
pid_t lab_launch(const char *config_path);
int lab_exit_status(pid_t pid);

const char *lab_in_folder(const char *name); /* until the next call */
const char *lab_contents(const char *name);  /* so this */
void lab_make(const char *name);
unsigned lab_free_port(void);
void lab_pause_ms(long ms);

/* How often a file of the folder has that text, and waiting until it has. */
unsigned lab_count(const char *name, const char *text);
void lab_await(const char *name, const char *text, unsigned times);

/* The pid in the last line of DIR/told that begins so and ends in `event`; 0. */
pid_t lab_last(const char *who, const char *event);
pid_t lab_await_other(const char *who, pid_t than);
void lab_kill_role(const char *who);

#endif
