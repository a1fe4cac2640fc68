/*
 * transport.h: how bytes get to a peer and from it
 *
 * A session does not know whether its client sits at a UNIX socket or at the other
 * end of TLS. What it needs of either is here; none of it ever waits.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <sys/uio.h>

G_BEGIN_DECLS

/* What the kernel may hold for a peer of a UNIX socket that has not read it yet, if the system
 * allows so much (net.core.wmem_max); it doubles that for its own use (socket(7)). With the usual
 * 208 KiB a volume's download had 90 % of the speed that it has without virtspmd, and with this
 * 95 % ('make bench BENCH=streams'): libvirtd, virtspmd and the client wait less for each other.
 * Memory is taken only while a peer is behind. */
#define SPM_TRANSPORT_UNREAD_MAX (1024 * 1024)

typedef struct _SpmTransport SpmTransport;

/* Descriptors that may come with one read: the kernel's SCM_MAX_FD. */
#define SPM_TRANSPORT_FDS_MAX 253

typedef struct {
    /* As read(2): how many bytes came, 0 at the end, or -1 with errno, EAGAIN: nothing
     * now. fds: room for SPM_TRANSPORT_FDS_MAX, now the caller's; *lost: some were
     * dropped for want of descriptors. */
    gssize (*read)(SpmTransport *transport, guint8 *bytes, gsize size, int *fds, guint *n_fds,
                   gboolean *lost);
    /* As writev(2). When it takes nothing now, the next write begins with the same bytes. */
    gssize (*write)(SpmTransport *transport, const struct iovec *iov, guint count);
    /* One byte of value 0 and @fd with it; stays the caller's. */
    gssize (*write_fd)(SpmTransport *transport, int fd);
    /* Does it carry descriptors? */
    gboolean carries_fds;

    /* The rest is NULL where it is never so. */

    /* Input that has left the socket; waiting for the socket would miss it. */
    gboolean (*has_pending)(const SpmTransport *transport);
    /* What a read that found nothing waits for; without it G_IO_IN. */
    GIOCondition (*reading_needs)(const SpmTransport *transport);
    /* What went wrong, where errno does not tell. */
    const char *(*reason)(const SpmTransport *transport);
    /* Says goodbye, and frees all but the socket. */
    void (*free)(SpmTransport *transport);
} SpmTransportFuncs;

struct _SpmTransport {
    const SpmTransportFuncs *funcs;
    int fd; /* a connected stream socket, not blocking */
};

/* Takes @fd, a connected UNIX stream socket. */
SpmTransport *spm_transport_new_unix(int fd);

/* Closes the socket. */
void spm_transport_free(SpmTransport *transport);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmTransport, spm_transport_free)

gboolean spm_transport_has_pending(const SpmTransport *transport);
GIOCondition spm_transport_reading_needs(const SpmTransport *transport);
/* After a read that failed; errno is still its. */
const char *spm_transport_reason(const SpmTransport *transport);

G_END_DECLS
