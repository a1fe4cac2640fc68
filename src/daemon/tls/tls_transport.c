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
 * No record holds the end of one message and the beginning of the next. libvirt's
 * client waits for its socket after each message, and would miss what the end of a record
 * has left in its session (seen with 12.8, whose libvirtd writes message by message).
 *
 * A new key (TLS 1.3) may have to be sent before reading can go on; then reading
 * waits for the socket to take output. A client that wants to negotiate anew (TLS
 * 1.2) is closed, as libvirtd closes it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/tls/tls_transport.h"

#include <errno.h>
#include <string.h>

/* The most that fits into one record. */
#define RECORD_MAX (16 * 1024)

/* Where the message that is being written ends. */
typedef struct {
    guint32 left;   /* bytes of it after its length word; 0: it has not begun, or */
    guint8 word[4]; /* so much of its length word is known */
    gsize word_size;
} Boundary;

typedef struct {
    SpmTransport base;
    gnutls_session_t session;
    SpmTlsCredentials *credentials;
    gboolean reading_writes; /* what a read waits for is a write */
    gboolean half_written;   /* a record is in the session */
    Boundary boundary;
    gboolean ended; /* nothing more can be read, */
    int end;        /* because of this error of GnuTLS; 0: the peer has said so */
    int failure;    /* of GnuTLS; 0: none */
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
tls_read(SpmTransport *transport, guint8 *bytes, gsize size, int *fds, guint *n_fds, gboolean *lost)
{
    TlsTransport *tls = (TlsTransport *)transport;
    gsize pending = gnutls_record_check_pending(tls->session);
    gsize done = 0;
    gssize result = 0;

    if (tls->ended)
        return tls->end ? failed(tls, tls->end) : 0;
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
    tls->reading_writes = result == GNUTLS_E_AGAIN && gnutls_record_get_direction(tls->session) == 1;
    if (done < size && result != GNUTLS_E_AGAIN) {
        tls->ended = TRUE;
        tls->end = (int)result;
    }
    /* An end is told by the next read, which is not waited for: it is pending. */
    if (done > 0)
        return (gssize)done;
    return result == 0 ? 0 : failed(tls, (int)result);
}

/* ---- where messages end ---- */

/* How much of these bytes belongs to the message under way. */
static gsize
message_part(const Boundary *boundary, const guint8 *bytes, gsize size)
{
    guint8 word[4];
    guint32 length;
    gsize missing = sizeof word - boundary->word_size;

    if (boundary->left > 0)
        return MIN(size, boundary->left);
    if (size < missing)
        return size;
    memcpy(word, boundary->word, boundary->word_size);
    memcpy(word + boundary->word_size, bytes, missing);
    memcpy(&length, word, sizeof length);
    length = MAX(GUINT32_FROM_BE(length), sizeof word);
    return MIN(size, missing + (length - sizeof word));
}

/* Go on behind @size bytes, which message_part() has allowed. */
static void
pass(Boundary *boundary, const guint8 *bytes, gsize size)
{
    gsize taken = MIN(size, sizeof boundary->word - boundary->word_size);
    guint32 length;

    if (boundary->left > 0) {
        boundary->left -= size;
        return;
    }
    memcpy(boundary->word + boundary->word_size, bytes, taken);
    boundary->word_size += taken;
    if (boundary->word_size < sizeof boundary->word)
        return;
    memcpy(&length, boundary->word, sizeof length);
    length = MAX(GUINT32_FROM_BE(length), sizeof length);
    boundary->left = length - sizeof length - (size - taken);
    boundary->word_size = 0;
}

/* ---- writing ---- */

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

    /* A message that goes on in the next piece, as far as can be seen in this one. */
    if (message_part(&tls->boundary, bytes, size) == size && size < RECORD_MAX && count > 1) {
        size = gather(iov, count, record);
        bytes = record;
    }
    size = message_part(&tls->boundary, bytes, size);
    do {
        result = tls->half_written ? gnutls_record_send(tls->session, NULL, 0)
                                   : gnutls_record_send(tls->session, bytes, size);
    } while (result == GNUTLS_E_INTERRUPTED);
    tls->half_written = result == GNUTLS_E_AGAIN;
    if (result < 0)
        return failed(tls, (int)result);
    pass(&tls->boundary, bytes, result);
    return result;
}

static gboolean
tls_has_pending(const SpmTransport *transport)
{
    const TlsTransport *tls = (const TlsTransport *)transport;

    return tls->ended || gnutls_record_check_pending(tls->session) > 0;
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
