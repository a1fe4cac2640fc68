/*
 * tls_transport.c: a peer at the other end of TLS
 *
 * Two things are unlike a plain socket. Input is read from the socket by the
 * record, so that some may be left in the session when the socket is empty: what is
 * pending. And a record that the socket does not take at once stays in the session,
 * which takes nothing else before. How much is in it is told when it is written (the
 * peer may have asked for shorter records than ours), so until then it counts as not
 * written, and the next write finishes it, whatever it brings. So the session holds one
 * record each way at most.
 *
 * A new key (TLS 1.3) may have to be sent before reading can go on; then reading
 * waits for the socket to take output. A client that wants to negotiate anew (TLS
 * 1.2) is closed, as libvirtd closes it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/tls_transport.h"

#include <errno.h>
#include <string.h>

/* The most that fits into one record. */
#define RECORD_MAX (16 * 1024)

typedef struct {
    SpmTransport base;
    gnutls_session_t session;
    SpmTlsCredentials *credentials;
    gboolean reading_writes; /* what a read waits for is a write */
    gboolean half_written;   /* a record is in the session */
    int failure; /* of GnuTLS; 0: none */
} TlsTransport;

/* What GnuTLS says, as errno. */
static gssize
failed(TlsTransport *tls, int result)
{
    if (result == GNUTLS_E_AGAIN) {
        errno = EAGAIN;
    } else {
        tls->failure = result;
        errno = EIO;
    }
    return -1;
}

static gssize
tls_read(SpmTransport *transport, guint8 *bytes, gsize size, int *fds, guint *n_fds,
         gboolean *lost)
{
    TlsTransport *tls = (TlsTransport *)transport;
    gsize pending = gnutls_record_check_pending(tls->session);
    gsize done = 0;
    gssize result = 0;

    /* Only that, so that a peer that sends without a pause is left now and then. */
    if (pending > 0)
        size = MIN(size, pending);
    while (done < size) {
        result = gnutls_record_recv(tls->session, bytes + done, size - done);
        if (result == GNUTLS_E_INTERRUPTED)
            continue;
        if (result <= 0)
            break;
        done += result;
    }
    tls->reading_writes =
        result == GNUTLS_E_AGAIN && gnutls_record_get_direction(tls->session) == 1;
    /* Whatever else it was comes again with the next read. */
    if (done > 0 || result == 0)
        return done;
    return failed(tls, result);
}

/* Small pieces go into one record together. */
static gsize
gather(const struct iovec *iov, guint count, guint8 *record)
{
    gsize size = 0;

    for (guint i = 0; i < count && size < RECORD_MAX; i++) {
        gsize part = MIN(iov[i].iov_len, RECORD_MAX - size);

        memcpy(record + size, iov[i].iov_base, part);
        size += part;
    }
    return size;
}

static gssize
tls_write(SpmTransport *transport, const struct iovec *iov, guint count)
{
    TlsTransport *tls = (TlsTransport *)transport;
    guint8 record[RECORD_MAX];
    const guint8 *bytes = iov->iov_base;
    gsize size = MIN(iov->iov_len, RECORD_MAX);
    gssize result;

    if (tls->half_written) {
        bytes = NULL;
        size = 0;
    } else if (size < RECORD_MAX && count > 1) {
        size = gather(iov, count, record);
        bytes = record;
    }
    do {
        result = gnutls_record_send(tls->session, bytes, size);
    } while (result == GNUTLS_E_INTERRUPTED);
    tls->half_written = result == GNUTLS_E_AGAIN;
    return result < 0 ? failed(tls, result) : result;
}

static gboolean
tls_has_pending(const SpmTransport *transport)
{
    return gnutls_record_check_pending(((const TlsTransport *)transport)->session) > 0;
}

static GIOCondition
tls_reading_needs(const SpmTransport *transport)
{
    return ((const TlsTransport *)transport)->reading_writes ? G_IO_OUT : G_IO_IN;
}

static const char *
tls_reason(const SpmTransport *transport)
{
    const TlsTransport *tls = (const TlsTransport *)transport;

    return tls->failure ? gnutls_strerror(tls->failure) : NULL;
}

/* The peer is told that this is the end, and not a cut; if the socket takes it. */
static void
tls_free(SpmTransport *transport)
{
    TlsTransport *tls = (TlsTransport *)transport;

    if (!tls->half_written && !tls->failure)
        gnutls_bye(tls->session, GNUTLS_SHUT_WR);
    gnutls_deinit(tls->session);
    spm_tls_credentials_unref(tls->credentials);
    g_free(tls);
}

SpmTransport *
spm_transport_new_tls(int fd, gnutls_session_t session, SpmTlsCredentials *credentials)
{
    static const SpmTransportFuncs funcs = {
        .read = tls_read,
        .write = tls_write,
        .has_pending = tls_has_pending,
        .reading_needs = tls_reading_needs,
        .reason = tls_reason,
        .free = tls_free,
    };
    TlsTransport *tls = g_new0(TlsTransport, 1);

    tls->base.funcs = &funcs;
    tls->base.fd = fd;
    tls->session = session;
    tls->credentials = credentials;
    return &tls->base;
}
