/*
 * The sockets that clients come in through: which of them allows what
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/sockets.h"

#include "daemon/sd.h"
#include "unit.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void
clear(gpointer data)
{
    SpmSdSocket *given = data;

    if (given->fd >= 0)
        close(given->fd);
    g_free(given->name);
    g_free(given->path);
}

/* As spm_sd_listen_fds() would have it. */
static GArray *
handed_over(const char *name, const char *path)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(SpmSdSocket));
    SpmSdSocket given = { socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), g_strdup(name),
                          g_strdup(path) };

    g_array_set_clear_func(array, clear);
    g_array_append_val(array, given);
    return array;
}

static SpmConfig *
defaults(void)
{
    SpmConfig *config = spm_config_new();

    g_assert_true(spm_config_complete(config, NULL));
    return config;
}

static void
test_names_and_paths_tell_what_a_socket_allows(void)
{
    static const struct {
        const char *name, *path;
        SpmAccess access;
    } cases[] = {
        { "virtspmd.socket", "/run/virtspm/virtspm-sock", SPM_ACCESS_READ_WRITE },
        { "virtspmd.socket", "/run/elsewhere", SPM_ACCESS_READ_WRITE },
        { "virtspmd.socket", NULL, SPM_ACCESS_READ_WRITE },
        { "virtspmd-ro.socket", "/run/virtspm/virtspm-sock-ro", SPM_ACCESS_READ_ONLY },
        { "virtspmd-ro.socket", "/run/elsewhere", SPM_ACCESS_READ_ONLY },
        { "mine.socket", "/run/virtspm/virtspm-sock", SPM_ACCESS_READ_WRITE },
        { "mine.socket", "/run/virtspm/virtspm-sock-ro", SPM_ACCESS_READ_ONLY },
        { NULL, "/run/virtspm/virtspm-sock-ro", SPM_ACCESS_READ_ONLY },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SpmConfig) config = defaults();
        g_autoptr(GArray) given = handed_over(cases[i].name, cases[i].path);
        g_autoptr(GPtrArray) sockets = NULL;
        g_autoptr(GError) error = NULL;

        sockets = spm_sockets_open(config, given, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(sockets->len, ==, 1);
        g_assert_cmpint(((SpmSocket *)g_ptr_array_index(sockets, 0))->access, ==, cases[i].access);
    }
}

/* A mistake in a unit must not open the read-write socket to everybody. */
static void
test_what_a_socket_allows_is_never_guessed(void)
{
    static const struct {
        const char *name, *path, *words;
    } cases[] = {
        { "mine.socket", "/run/elsewhere-ro", "FileDescriptorName=virtspmd.socket or" },
        { NULL, NULL, "may be read-write or read-only" },
        { "virtspmd.socket", "/run/virtspm/virtspm-sock-ro",
          "by the configuration is the read-only" },
        { "virtspmd-ro.socket", "/run/virtspm/virtspm-sock", "is the read-write one" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SpmConfig) config = defaults();
        g_autoptr(GArray) given = handed_over(cases[i].name, cases[i].path);
        g_autoptr(GError) error = NULL;

        g_assert_null(spm_sockets_open(config, given, &error));
        assert_refused(&error, SPM_ERROR_SYSTEM, cases[i].words);
    }
}

/* Without systemd. */
static void
test_both_are_made(void)
{
    g_autoptr(SpmConfig) config = spm_config_new();
    g_autofree char *dir = g_dir_make_tmp("virtspm-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "sock", NULL);
    g_autofree char *path_ro = g_strconcat(path, "-ro", NULL);
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(SpmSdSocket));
    g_autoptr(GPtrArray) sockets = NULL;
    g_autoptr(GError) error = NULL;
    const char *const leftovers[] = { ".lock", "-ro.lock" };
    struct stat made;

    g_free(config->listen);
    config->listen = g_strdup(path);
    g_assert_true(spm_config_complete(config, NULL));
    sockets = spm_sockets_open(config, none, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(sockets->len, ==, 2);
    g_assert_cmpint(stat(path, &made), ==, 0);
    g_assert_cmpuint(made.st_mode & 07777, ==, 0660);
    g_assert_cmpint(stat(path_ro, &made), ==, 0);
    g_assert_cmpuint(made.st_mode & 07777, ==, 0777);

    g_clear_pointer(&sockets, g_ptr_array_unref);
    for (guint i = 0; i < G_N_ELEMENTS(leftovers); i++) {
        g_autofree char *lock = g_strconcat(path, leftovers[i], NULL);

        g_assert_cmpint(g_unlink(lock), ==, 0);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/sockets/allow", test_names_and_paths_tell_what_a_socket_allows);
    g_test_add_func("/daemon/sockets/never-guessed", test_what_a_socket_allows_is_never_guessed);
    g_test_add_func("/daemon/sockets/made", test_both_are_made);
    return g_test_run();
}
