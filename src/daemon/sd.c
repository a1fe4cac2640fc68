/*
 * sd.c: the protocols of systemd that virtspmd speaks
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/sd.h"

#include "util/spm_error.h"
#include "util/spm_size.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* More sockets than anybody hands over. */
#define FDS_MAX 64

static gboolean
option(int fd, int name, int wanted)
{
    int value;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 && value == wanted;
}

/* The count of descriptors meant for this process. */
static guint64
count_fds(void)
{
    const char *pid = g_getenv("LISTEN_PID");
    const char *count = g_getenv("LISTEN_FDS");
    guint64 pid_value, count_value;

    if (!pid || !count || !spm_parse_uint64(pid, &pid_value) || pid_value != (guint64)getpid() ||
        !spm_parse_uint64(count, &count_value))
        return 0;
    return count_value;
}

static void
socket_clear(gpointer data)
{
    SpmSdSocket *given = data;

    if (given->fd >= 0)
        close(given->fd);
    g_free(given->name);
    g_free(given->path);
}

/* NULL for an abstract name and for none. */
static char *
bound_path(int fd)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t size = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 || address.sun_path[0] != '/')
        return NULL;
    return g_strndup(address.sun_path, sizeof address.sun_path);
}

GArray *
spm_sd_listen_fds(GError **error)
{
    guint64 count = count_fds();
    const char *all_names = g_getenv("LISTEN_FDNAMES");
    g_auto(GStrv) names = g_strsplit(all_names ? all_names : "", ":", -1);
    guint n_names = g_strv_length(names);
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(SpmSdSocket));

    g_array_set_clear_func(fds, socket_clear);
    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    g_unsetenv("LISTEN_FDNAMES");
    if (count > FDS_MAX) {
        g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM,
                    "LISTEN_FDS says %" G_GUINT64_FORMAT " sockets were handed over; at most %d "
                    "are taken",
                    count, FDS_MAX);
        return NULL;
    }
    for (int fd = SPM_SD_FIRST_FD; fd < SPM_SD_FIRST_FD + (int)count; fd++) {
        SpmSdSocket given = { 0 };
        guint index = fd - SPM_SD_FIRST_FD;

        if (!option(fd, SO_DOMAIN, AF_UNIX) || !option(fd, SO_TYPE, SOCK_STREAM) ||
            !option(fd, SO_ACCEPTCONN, 1)) {
            g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM,
                        "descriptor %d, handed over by the service manager, is not a listening "
                        "UNIX stream socket; use ListenStream= with a path in the socket unit",
                        fd);
            return NULL;
        }
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        given.fd = fd;
        given.path = bound_path(fd);
        if (index < n_names && names[index][0])
            given.name = g_strdup(names[index]);
        g_array_append_val(fds, given);
    }
    return g_steal_pointer(&fds);
}

/* One datagram. FALSE with errno set. */
static gboolean
send_to(const struct sockaddr_un *address, gsize path_length, const char *text, int flags)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ssize_t sent;
    int saved;

    if (fd < 0)
        return FALSE;
    sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL | flags, (const struct sockaddr *)address,
                  G_STRUCT_OFFSET(struct sockaddr_un, sun_path) + path_length);
    saved = errno;
    close(fd);
    errno = saved;
    return sent >= 0;
}

void
spm_sd_notify(const char *state)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    gsize length = path ? strlen(path) : 0;

    /* A path, or "@" and an abstract name. */
    if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    if (!send_to(&address, length, state, 0))
        g_message("the service manager does not hear '%s': %s", state, g_strerror(errno));
}

gboolean
spm_sd_journal(int priority, const char *line)
{
    static const char path[] = "/run/systemd/journal/socket";
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *entry =
        g_strdup_printf("PRIORITY=%d\nSYSLOG_IDENTIFIER=virtspmd\nMESSAGE=%s\n", priority, line);

    memcpy(address.sun_path, path, sizeof path);
    return send_to(&address, sizeof path, entry, MSG_DONTWAIT);
}
