/*
 * What systemd hands over, and what it is told
 *
 * Sockets are handed over as descriptor 3 and following; cases about them run in
 * a process of their own.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/sd.h"

#include "util/spm_error.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
announce(int count, pid_t pid)
{
    g_autofree char *pid_text = g_strdup_printf("%d", (int)pid);
    g_autofree char *count_text = g_strdup_printf("%d", count);

    g_setenv("LISTEN_PID", pid_text, TRUE);
    g_setenv("LISTEN_FDS", count_text, TRUE);
    g_setenv("LISTEN_FDNAMES", "virtspmd.socket", TRUE);
}

/* A listening UNIX socket as @fd. */
static void
hand_over(int fd, int domain, int type, gboolean listening)
{
    int made = socket(domain, type, 0);
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    g_assert_cmpint(made, >=, 0);
    if (domain == AF_UNIX) /* an abstract name of the kernel's choice */
        g_assert_cmpint(bind(made, (struct sockaddr *)&address, sizeof(sa_family_t)), ==, 0);
    if (listening)
        g_assert_cmpint(listen(made, 1), ==, 0);
    g_assert_cmpint(dup2(made, fd), ==, fd);
    if (made != fd)
        close(made);
}

static void
test_nothing_handed_over(void)
{
    g_autoptr(GArray) fds = NULL;

    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    fds = spm_sd_listen_fds(NULL);
    g_assert_cmpuint(fds->len, ==, 0);
}

/* What was meant for a parent is not for this process. */
static void
test_meant_for_another_process(void)
{
    g_autoptr(GArray) fds = NULL;

    announce(1, getpid() + 1);
    fds = spm_sd_listen_fds(NULL);
    g_assert_cmpuint(fds->len, ==, 0);
    g_assert_null(g_getenv("LISTEN_FDS"));
}

static void
test_two_sockets(void)
{
    g_autoptr(GArray) fds = NULL;
    SpmSdSocket *given;

    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
        return;
    }
    hand_over(3, AF_UNIX, SOCK_STREAM, TRUE);
    hand_over(4, AF_UNIX, SOCK_STREAM, TRUE);
    announce(2, getpid());
    fds = spm_sd_listen_fds(NULL);
    g_assert_cmpuint(fds->len, ==, 2);
    given = (SpmSdSocket *)fds->data;
    g_assert_cmpint(given[0].fd, ==, 3);
    g_assert_cmpstr(given[0].name, ==, "virtspmd.socket");
    g_assert_null(given[0].path);
    g_assert_cmpint(given[1].fd, ==, 4);
    g_assert_null(given[1].name);
    g_assert_true(fcntl(3, F_GETFD) & FD_CLOEXEC);
    g_assert_true(fcntl(4, F_GETFL) & O_NONBLOCK);
    g_assert_null(g_getenv("LISTEN_PID"));
    g_assert_null(g_getenv("LISTEN_FDS"));
    g_assert_null(g_getenv("LISTEN_FDNAMES"));
    /* Whoever wants one takes it out. */
    given[1].fd = -1;
    g_clear_pointer(&fds, g_array_unref);
    g_assert_cmpint(fcntl(3, F_GETFD), ==, -1);
    g_assert_cmpint(fcntl(4, F_GETFD), !=, -1);
    /* Once taken, there are none any more. */
    fds = spm_sd_listen_fds(NULL);
    g_assert_cmpuint(fds->len, ==, 0);
}

static void
test_not_what_is_needed(void)
{
    static const struct {
        int domain, type;
        gboolean listening;
    } cases[] = {
        { AF_INET, SOCK_STREAM, TRUE },
        { AF_UNIX, SOCK_DGRAM, FALSE },
        { AF_UNIX, SOCK_STREAM, FALSE },
    };

    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
        g_test_trap_assert_passed();
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        hand_over(3, cases[i].domain, cases[i].type, cases[i].listening);
        announce(1, getpid());
        g_assert_null(spm_sd_listen_fds(&error));
        g_assert_error(error, SPM_ERROR, SPM_ERROR_SYSTEM);
        g_assert_nonnull(strstr(error->message, "descriptor 3"));
    }
    close(3);
    announce(1, getpid());
    g_assert_null(spm_sd_listen_fds(NULL));
}

static void
test_counts_that_are_none(void)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    g_autoptr(GArray) fds = NULL;

    g_setenv("LISTEN_PID", pid, TRUE);
    g_setenv("LISTEN_FDS", "99999999999", TRUE);
    g_assert_null(spm_sd_listen_fds(NULL));
    g_setenv("LISTEN_PID", pid, TRUE);
    g_setenv("LISTEN_FDS", "-1", TRUE);
    fds = spm_sd_listen_fds(NULL);
    g_assert_cmpuint(fds->len, ==, 0);
}

static void
check_notify(const char *name, const struct sockaddr_un *address, socklen_t size)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char text[64];

    g_assert_cmpint(bind(fd, (const struct sockaddr *)address, size), ==, 0);
    g_setenv("NOTIFY_SOCKET", name, TRUE);
    spm_sd_notify("READY=1");
    g_assert_cmpint(recv(fd, text, sizeof text, MSG_DONTWAIT), ==, 7);
    g_assert_cmpint(memcmp(text, "READY=1", 7), ==, 0);
    close(fd);
    g_unsetenv("NOTIFY_SOCKET");
}

static void
test_notify(void)
{
    struct sockaddr_un path = { .sun_family = AF_UNIX };
    struct sockaddr_un abstract = { .sun_family = AF_UNIX };
    g_autofree char *dir = g_dir_make_tmp("virtspm-XXXXXX", NULL);
    g_autofree char *name = g_strdup_printf("@virtspm-test-%d", (int)getpid());

    g_snprintf(path.sun_path, sizeof path.sun_path, "%s/notify", dir);
    check_notify(path.sun_path, &path, sizeof path);
    g_unlink(path.sun_path);
    g_rmdir(dir);

    memcpy(abstract.sun_path + 1, name + 1, strlen(name) - 1);
    check_notify(name, &abstract, G_STRUCT_OFFSET(struct sockaddr_un, sun_path) + strlen(name));
}

/* Nobody there, or nothing that could be: nothing happens. */
static void
test_notify_nobody(void)
{
    g_autofree char *endless = g_strnfill(4096, '/');
    const char *const names[] = { "", "/", "relative", "vsock:2:1234", endless };

    g_unsetenv("NOTIFY_SOCKET");
    spm_sd_notify("READY=1");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_setenv("NOTIFY_SOCKET", names[i], TRUE);
        spm_sd_notify("READY=1");
    }
    g_unsetenv("NOTIFY_SOCKET");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/sd/nothing", test_nothing_handed_over);
    g_test_add_func("/daemon/sd/another-process", test_meant_for_another_process);
    g_test_add_func("/daemon/sd/two-sockets", test_two_sockets);
    g_test_add_func("/daemon/sd/not-what-is-needed", test_not_what_is_needed);
    g_test_add_func("/daemon/sd/counts", test_counts_that_are_none);
    g_test_add_func("/daemon/sd/notify", test_notify);
    g_test_add_func("/daemon/sd/notify-nobody", test_notify_nobody);
    return g_test_run();
}
