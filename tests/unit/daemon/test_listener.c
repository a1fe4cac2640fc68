/*
 * The listening socket: made, replaced when stale, left alone when not ours
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/listener.h"
#include "daemon/upstream.h"

#include "util/spm_error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
    char *dir, *sub, *path, *lock;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->dir = g_dir_make_tmp("virtspm-XXXXXX", NULL);
    fixture->sub = g_build_filename(fixture->dir, "run", NULL);
    fixture->path = g_build_filename(fixture->sub, "sock", NULL);
    fixture->lock = g_strconcat(fixture->path, ".lock", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_unlink(fixture->path);
    g_unlink(fixture->lock);
    g_rmdir(fixture->sub);
    g_assert_cmpint(g_rmdir(fixture->dir), ==, 0);
    g_free(fixture->dir);
    g_free(fixture->sub);
    g_free(fixture->path);
    g_free(fixture->lock);
}

static SpmListener *
listen_there(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    SpmListener *listener = spm_listener_new(fixture->path, 0640, NULL, FALSE, &error);

    g_assert_no_error(error);
    return listener;
}

static void
refuses(Fixture *fixture, const char *words)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_listener_new(fixture->path, 0640, NULL, FALSE, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, fixture->path));
    if (!strstr(error->message, words))
        g_error("'%s' does not say '%s'", error->message, words);
}

/* A socket that a process left behind. */
static void
leave_stale_socket(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    close(fd);
}

static void
test_made_and_removed(Fixture *fixture, gconstpointer data)
{
    SpmListener *listener = listen_there(fixture);
    struct stat made;
    int client;

    g_assert_cmpint(lstat(fixture->path, &made), ==, 0);
    g_assert_true(S_ISSOCK(made.st_mode));
    g_assert_cmpuint(made.st_mode & 07777, ==, 0640);
    g_assert_cmpint(stat(fixture->sub, &made), ==, 0);
    g_assert_cmpuint(made.st_mode & 0777, ==, 0755);
    client = spm_upstream_connect_to(fixture->path);
    g_assert_cmpint(client, >=, 0);
    close(client);

    spm_listener_free(listener);
    g_assert_cmpint(lstat(fixture->path, &made), ==, -1);
}

static void
test_made_again(Fixture *fixture, gconstpointer data)
{
    spm_listener_free(listen_there(fixture));
    spm_listener_free(listen_there(fixture));
}

static void
test_stale_socket_is_replaced(Fixture *fixture, gconstpointer data)
{
    SpmListener *listener;

    g_mkdir(fixture->sub, 0755);
    leave_stale_socket(fixture->path);
    listener = listen_there(fixture);
    spm_listener_free(listener);
}

static void
test_a_second_virtspmd_is_refused(Fixture *fixture, gconstpointer data)
{
    SpmListener *listener = listen_there(fixture);
    struct stat there;

    refuses(fixture, "another virtspmd listens there");
    g_assert_cmpint(lstat(fixture->path, &there), ==, 0);
    spm_listener_free(listener);
}

static void
test_other_programs_are_left_alone(Fixture *fixture, gconstpointer data)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client;

    g_mkdir(fixture->sub, 0755);
    g_strlcpy(address.sun_path, fixture->path, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 5), ==, 0);
    refuses(fixture, "another program listens there");
    client = spm_upstream_connect_to(fixture->path);
    g_assert_cmpint(client, >=, 0);
    close(client);
    close(fd);
}

static void
test_files_are_left_alone(Fixture *fixture, gconstpointer data)
{
    g_autofree char *contents = NULL;

    g_mkdir(fixture->sub, 0755);
    g_assert_true(g_file_set_contents(fixture->path, "precious", -1, NULL));
    refuses(fixture, "not a socket");
    g_assert_true(g_file_get_contents(fixture->path, &contents, NULL, NULL));
    g_assert_cmpstr(contents, ==, "precious");
}

/* Somebody has put another one in its place: that one stays. */
static void
test_only_the_own_socket_is_removed(Fixture *fixture, gconstpointer data)
{
    SpmListener *listener = listen_there(fixture);
    struct stat there;

    g_unlink(fixture->path);
    leave_stale_socket(fixture->path);
    spm_listener_free(listener);
    g_assert_cmpint(lstat(fixture->path, &there), ==, 0);
}

static void
test_an_adopted_socket_stays(Fixture *fixture, gconstpointer data)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct stat there;

    g_mkdir(fixture->sub, 0755);
    g_strlcpy(address.sun_path, fixture->path, sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    spm_listener_free(spm_listener_adopt(fd));
    g_assert_cmpint(lstat(fixture->path, &there), ==, 0);
}

static void
test_groups(Fixture *fixture, gconstpointer data)
{
    static const char nobody[] = "no-such-group-here";
    g_autoptr(GError) error = NULL;
    struct stat there;

    g_assert_null(spm_listener_new(fixture->path, 0660, nobody, TRUE, &error));
    g_assert_nonnull(strstr(error->message, "no group 'no-such-group-here'"));
    g_assert_cmpint(lstat(fixture->path, &there), ==, -1);
    g_clear_error(&error);
    spm_listener_free(spm_listener_new(fixture->path, 0660, nobody, FALSE, &error));
    g_assert_no_error(error);
}

static void
test_paths_too_long_for_a_socket(Fixture *fixture, gconstpointer data)
{
    g_autofree char *name = g_strnfill(150, 'x');
    g_autofree char *path = g_build_filename(fixture->dir, name, NULL);
    g_autofree char *lock = g_strconcat(path, ".lock", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(spm_listener_new(path, 0660, NULL, FALSE, &error));
    g_assert_error(error, SPM_ERROR, SPM_ERROR_SYSTEM);
    g_unlink(lock);
    g_assert_cmpint(spm_upstream_connect_to(path), ==, -1);
    g_assert_cmpint(errno, ==, ENAMETOOLONG);
}

static void
test_upstreams_are_tried_in_order(Fixture *fixture, gconstpointer data)
{
    SpmListener *listener = listen_there(fixture);
    const char *paths[] = { "/nonexistent/libvirt-sock", fixture->path, NULL };
    g_autoptr(GError) error = NULL;
    int fd = spm_upstream_connect(paths, &error);

    g_assert_no_error(error);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    paths[1] = "/nonexistent/virtqemud-sock";
    g_assert_cmpint(spm_upstream_connect(paths, &error), ==, -1);
    g_assert_error(error, SPM_ERROR, SPM_ERROR_RPC);
    g_assert_nonnull(strstr(error->message, "/nonexistent/libvirt-sock: No such file"));
    g_assert_nonnull(strstr(error->message, "/nonexistent/virtqemud-sock: No such file"));
    g_assert_nonnull(strstr(error->message, "start libvirtd"));
    spm_listener_free(listener);
}

#define ADD(name, func) g_test_add("/daemon/listener/" name, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("made-and-removed", test_made_and_removed);
    ADD("made-again", test_made_again);
    ADD("stale", test_stale_socket_is_replaced);
    ADD("second-virtspmd", test_a_second_virtspmd_is_refused);
    ADD("other-programs", test_other_programs_are_left_alone);
    ADD("files", test_files_are_left_alone);
    ADD("only-its-own", test_only_the_own_socket_is_removed);
    ADD("adopted", test_an_adopted_socket_stays);
    ADD("groups", test_groups);
    ADD("long-paths", test_paths_too_long_for_a_socket);
    ADD("upstreams-in-order", test_upstreams_are_tried_in_order);
    return g_test_run();
}
