/*
 * listener.c: the socket that clients connect to
 *
 * A lock file beside the socket decides who may replace it: whoever holds the
 * lock is the one virtspmd of this path, so that two that start at the same time
 * do not take each other's socket for a stale one. The lock goes with the
 * process that holds it; the file stays, for removing it would let two processes
 * lock two files of one name.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/listener.h"

#include "daemon/upstream.h"
#include "util/spm_error.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections that wait to be accepted. */
#define BACKLOG 64

struct _SpmListener {
    int fd;
    int lock;   /* -1 for an adopted socket, as is: */
    char *path; /* NULL */
    dev_t device;
    ino_t inode;
};

G_GNUC_PRINTF(3, 4)
static gboolean
fail(GError **error, const char *path, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "cannot listen on %s: %s", path, what);
    return FALSE;
}

static gboolean
take_lock(SpmListener *listener, GError **error)
{
    g_autofree char *name = g_strconcat(listener->path, ".lock", NULL);

    listener->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (listener->lock < 0)
        return fail(error, listener->path, "%s: %s", name, g_strerror(errno));
    if (flock(listener->lock, LOCK_EX | LOCK_NB) < 0)
        return fail(error, listener->path, "another virtspmd listens there (it holds %s)", name);
    return TRUE;
}

/* With the lock held: is there something in the way? */
static gboolean
clear_path(const char *path, GError **error)
{
    struct stat there;
    int fd;

    if (lstat(path, &there) < 0)
        return errno == ENOENT || fail(error, path, "%s", g_strerror(errno));
    if (!S_ISSOCK(there.st_mode))
        return fail(error, path, "something that is not a socket is there already; remove it");

    fd = spm_upstream_connect_to(path);
    if (fd >= 0) {
        close(fd);
        return fail(error, path, "another program listens there");
    }
    if (errno != ECONNREFUSED)
        return fail(error, path, "a socket is there already, and connecting to it says: %s",
                    g_strerror(errno));
    if (unlink(path) < 0 && errno != ENOENT)
        return fail(error, path, "a stale socket cannot be removed: %s", g_strerror(errno));
    return TRUE;
}

static gboolean
make_socket(SpmListener *listener, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct stat made;
    mode_t old_mask;
    int result;

    if (g_strlcpy(address.sun_path, listener->path, sizeof address.sun_path) >=
        sizeof address.sun_path)
        return fail(error, listener->path, "the path is longer than a socket's may be (%zu bytes)",
                    sizeof address.sun_path - 1);

    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0)
        return fail(error, listener->path, "%s", g_strerror(errno));

    /* For nobody else until group and mode are what they should be. */
    old_mask = umask(0177);
    result = bind(listener->fd, (struct sockaddr *)&address, sizeof address);
    umask(old_mask);
    if (result < 0 || lstat(listener->path, &made) < 0)
        return fail(error, listener->path, "%s", g_strerror(errno));
    listener->device = made.st_dev;
    listener->inode = made.st_ino;
    return TRUE;
}

static gboolean
admit(SpmListener *listener, guint mode, const char *group, gboolean group_required, GError **error)
{
    const struct group *entry = group ? getgrnam(group) : NULL;

    if (group && !entry && group_required)
        return fail(error, listener->path, "there is no group '%s' on this system", group);
    if (entry && lchown(listener->path, (uid_t)-1, entry->gr_gid) < 0) {
        if (group_required)
            return fail(error, listener->path, "it cannot be given to group '%s': %s", group,
                        g_strerror(errno));
        g_info("%s is not given to group '%s': %s", listener->path, group, g_strerror(errno));
    }
    if (chmod(listener->path, mode) < 0 || listen(listener->fd, BACKLOG) < 0)
        return fail(error, listener->path, "%s", g_strerror(errno));
    return TRUE;
}

SpmListener *
spm_listener_new(const char *path, guint mode, const char *group, gboolean group_required,
                 GError **error)
{
    g_autoptr(SpmListener) listener = g_new0(SpmListener, 1);
    g_autofree char *directory = g_path_get_dirname(path);

    listener->fd = listener->lock = -1;
    listener->path = g_strdup(path);
    if (g_mkdir_with_parents(directory, 0755) < 0) {
        fail(error, path, "%s: %s", directory, g_strerror(errno));
        return NULL;
    }
    if (!take_lock(listener, error) || !clear_path(path, error) || !make_socket(listener, error) ||
        !admit(listener, mode, group, group_required, error))
        return NULL;
    return g_steal_pointer(&listener);
}

SpmListener *
spm_listener_adopt(int fd)
{
    SpmListener *listener = g_new0(SpmListener, 1);

    listener->fd = fd;
    listener->lock = -1;
    return listener;
}

void
spm_listener_free(SpmListener *listener)
{
    struct stat there;

    if (!listener)
        return;
    if (listener->inode != 0 && lstat(listener->path, &there) == 0 &&
        there.st_dev == listener->device && there.st_ino == listener->inode)
        unlink(listener->path);
    if (listener->fd >= 0)
        close(listener->fd);
    if (listener->lock >= 0)
        close(listener->lock);
    g_free(listener->path);
    g_free(listener);
}

int
spm_listener_fd(const SpmListener *listener)
{
    return listener->fd;
}
