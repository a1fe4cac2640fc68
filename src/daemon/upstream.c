/*
 * upstream.c: connecting to libvirtd's own socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/upstream.h"

#include "util/spm_error.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int
spm_upstream_connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    /* For AF_UNIX this bounds the wait for a place in the backlog, for which
     * there is no event to poll. */
    struct timeval patience = { .tv_sec = SPM_UPSTREAM_SECONDS };
    int fd, result;

    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    do {
        result = connect(fd, (struct sockaddr *)&address, sizeof address);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        int saved = errno;

        close(fd);
        errno = saved == EAGAIN ? ETIMEDOUT : saved;
        return -1;
    }
    return fd;
}

/* libvirt's own client knows how to start a user's libvirtd. It has to stay connected
 * until we are, or libvirtd might have ended by then. */
int
spm_upstream_connect_session(const char *const *paths, GError **error)
{
    int fd = spm_upstream_connect(paths, NULL);
    virConnectPtr started;

    if (fd >= 0)
        return fd;
    started = virConnectOpen("qemu:///session");
    fd = spm_upstream_connect(paths, error);
    if (fd < 0 && !started)
        g_prefix_error(error, "libvirt's client cannot start it (%s), and ",
                       virGetLastErrorMessage());
    if (started)
        virConnectClose(started);
    return fd;
}

int
spm_upstream_connect(const char *const *paths, GError **error)
{
    g_autoptr(GString) tried = g_string_new(NULL);

    for (; *paths; paths++) {
        int fd = spm_upstream_connect_to(*paths);

        if (fd >= 0)
            return fd;
        g_string_append_printf(tried, "%s%s: %s", tried->len > 0 ? "; " : "", *paths,
                               g_strerror(errno));
    }
    g_set_error(error, SPM_ERROR, SPM_ERROR_RPC,
                "virtspmd cannot connect to libvirtd (%s); start libvirtd, or name its socket "
                "with 'upstream' in virtspmd's configuration",
                tried->str);
    return -1;
}
