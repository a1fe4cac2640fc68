/*
 * transport.c: how bytes get to a peer and from it; the UNIX socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/io/transport.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for fewer than the kernel lets come would lose some without a trace. */
typedef union {
    struct cmsghdr header;
    char space[CMSG_SPACE(SPM_TRANSPORT_FDS_MAX * sizeof(int))];
} Control;

static guint
collect_fds(struct msghdr *message, int *fds)
{
    guint n_fds = 0;

    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
        if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
            gsize size = cmsg->cmsg_len - CMSG_LEN(0);

            memcpy(fds + n_fds, CMSG_DATA(cmsg), size);
            n_fds += size / sizeof(int);
        }
    }
    return n_fds;
}

static gssize
unix_read(SpmTransport *transport, guint8 *bytes, gsize size, int *fds, guint *n_fds,
          gboolean *lost)
{
    Control control;
    struct iovec iov = { bytes, size };
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    gssize result;

    do {
        result = recvmsg(transport->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (result < 0 && errno == EINTR);
    *n_fds = result > 0 ? collect_fds(&message, fds) : 0;
    *lost = result > 0 && (message.msg_flags & MSG_CTRUNC) != 0;
    return result;
}

static gssize
send_message(int fd, const struct msghdr *message)
{
    const struct iovec *first = message->msg_iov;
    gboolean plain = message->msg_iovlen == 1 && !message->msg_control;
    gssize result;

    /* The kernel copies and checks less of what is plain. */
    do {
        result = plain ? send(fd, first->iov_base, first->iov_len, MSG_NOSIGNAL | MSG_DONTWAIT)
                       : sendmsg(fd, message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (result < 0 && errno == EINTR);
    return result;
}

static gssize
unix_write(SpmTransport *transport, const struct iovec *iov, guint count)
{
    struct msghdr message = { .msg_iov = (struct iovec *)iov, .msg_iovlen = count };

    return send_message(transport->fd, &message);
}

static gssize
unix_write_fd(SpmTransport *transport, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    guint8 zero = 0;
    struct iovec iov = { &zero, 1 };
    struct msghdr message = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
    return send_message(transport->fd, &message);
}

SpmTransport *
spm_transport_new_unix(int fd)
{
    static const SpmTransportFuncs funcs = {
        .read = unix_read,
        .write = unix_write,
        .write_fd = unix_write_fd,
        .carries_fds = TRUE,
    };
    SpmTransport *transport = g_new0(SpmTransport, 1);
    int unread = SPM_TRANSPORT_UNREAD_MAX;

    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unread, sizeof unread);
    transport->funcs = &funcs;
    transport->fd = fd;
    return transport;
}

/* ---- any transport ---- */

void
spm_transport_free(SpmTransport *transport)
{
    int fd;

    if (!transport)
        return;
    fd = transport->fd;
    if (transport->funcs->free)
        transport->funcs->free(transport);
    else
        g_free(transport);
    close(fd);
}

gboolean
spm_transport_has_pending(const SpmTransport *transport)
{
    return transport->funcs->has_pending && transport->funcs->has_pending(transport);
}

GIOCondition
spm_transport_reading_needs(const SpmTransport *transport)
{
    return transport->funcs->reading_needs ? transport->funcs->reading_needs(transport) : G_IO_IN;
}

const char *
spm_transport_reason(const SpmTransport *transport)
{
    const char *reason = transport->funcs->reason ? transport->funcs->reason(transport) : NULL;

    return reason ? reason : g_strerror(errno);
}
