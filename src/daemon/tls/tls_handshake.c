/*
 * tls_handshake.c: a TLS client on its way in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/tls/tls_handshake.h"

#include "daemon/io/poller.h"
#include "daemon/tls/tls_transport.h"
#include "util/spm_error.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

struct _SpmTlsHandshake {
    int fd;
    char *address;
    SpmTlsCredentials *credentials;
    gnutls_session_t session;
    SpmWatch *watch;
    GSource *timer;
    gboolean admitted;
    gboolean half_written; /* the byte is on its way */
    char *dn;
    SpmTlsHandshakeFunc done;
    gpointer user_data;
};

/* "127.0.0.1:40000", or NULL. */
static char *
address_of(int fd)
{
    struct sockaddr_storage address = { 0 }; /* a name may be shorter than that */
    socklen_t size = sizeof address;
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (getpeername(fd, (struct sockaddr *)&address, &size) < 0 ||
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return NULL;
    return g_strdup_printf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* The last thing that happens to it. */
static void
finish(SpmTlsHandshake *handshake, SpmTransport *transport, const char *dn, const GError *error)
{
    SpmPeer *peer = spm_peer_new_tls(dn, handshake->address);

    handshake->done(handshake, transport, peer, error, handshake->user_data);
}

/* What GnuTLS said; TRUE when it only wants to go on later. */
static gboolean
waits(SpmTlsHandshake *handshake, int result)
{
    if (result != GNUTLS_E_AGAIN)
        return FALSE;
    spm_watch_set(handshake->watch,
                  gnutls_record_get_direction(handshake->session) ? G_IO_OUT : G_IO_IN);
    return TRUE;
}

static void
fail(SpmTlsHandshake *handshake, int result)
{
    g_autoptr(GError) error = g_error_new(SPM_ERROR, SPM_ERROR_RPC, "TLS handshake failed: %s",
                                          gnutls_strerror(result));

    finish(handshake, NULL, handshake->dn, error);
}

/* The byte that tells the client that it is in. */
static void
let_in(SpmTlsHandshake *handshake)
{
    SpmTransport *transport;
    gssize result;

    do {
        result = handshake->half_written ? gnutls_record_send(handshake->session, NULL, 0)
                                         : gnutls_record_send(handshake->session, "\1", 1);
    } while (result == GNUTLS_E_INTERRUPTED);
    handshake->half_written = result == GNUTLS_E_AGAIN;
    if (waits(handshake, (int)result))
        return;
    if (result < 0) {
        fail(handshake, (int)result);
        return;
    }
    g_clear_pointer(&handshake->watch, spm_watch_free);
    transport = spm_transport_new_tls(g_steal_fd(&handshake->fd),
                                      g_steal_pointer(&handshake->session),
                                      g_steal_pointer(&handshake->credentials));
    finish(handshake, transport, handshake->dn, NULL);
}

static void
shake(SpmTlsHandshake *handshake)
{
    g_autoptr(GError) error = NULL;
    int result;

    do {
        result = gnutls_handshake(handshake->session);
    } while (result == GNUTLS_E_INTERRUPTED);
    if (waits(handshake, result))
        return;
    if (result < 0) {
        gnutls_alert_send_appropriate(handshake->session, result);
        fail(handshake, result);
        return;
    }
    handshake->admitted = spm_tls_credentials_admit(handshake->credentials, handshake->session,
                                                    &handshake->dn, &error);
    if (handshake->admitted)
        let_in(handshake);
    else
        finish(handshake, NULL, handshake->dn, error);
}

static void
ready(GIOCondition condition, gpointer data)
{
    SpmTlsHandshake *handshake = data;

    if (handshake->admitted)
        let_in(handshake);
    else
        shake(handshake);
}

static gboolean
out_of_time(gpointer data)
{
    g_autoptr(GError) error =
        g_error_new_literal(SPM_ERROR, SPM_ERROR_RPC, "TLS handshake not finished in time");

    finish(data, NULL, NULL, error);
    return G_SOURCE_REMOVE;
}

SpmTlsHandshake *
spm_tls_handshake_new(int fd, SpmTlsCredentials *credentials, guint seconds,
                      SpmTlsHandshakeFunc done, gpointer user_data, GError **error)
{
    gnutls_session_t session = spm_tls_credentials_session(credentials, error);
    SpmTlsHandshake *handshake;
    int yes = 1;

    if (!session) {
        close(fd);
        return NULL;
    }
    /* Calls and replies are small, and each is waited for. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    /* A peer that has vanished, with its host, is found out in the end. */
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    gnutls_transport_set_int(session, fd);

    handshake = g_new0(SpmTlsHandshake, 1);
    handshake->fd = fd;
    handshake->address = address_of(fd);
    handshake->credentials = spm_tls_credentials_ref(credentials);
    handshake->session = session;
    handshake->done = done;
    handshake->user_data = user_data;
    handshake->watch = spm_watch_new(fd, ready, handshake);
    spm_watch_set(handshake->watch, G_IO_IN);
    handshake->timer = g_timeout_source_new_seconds(seconds);
    g_source_set_callback(handshake->timer, out_of_time, handshake, NULL);
    g_source_attach(handshake->timer, g_main_context_get_thread_default());
    return handshake;
}

void
spm_tls_handshake_free(SpmTlsHandshake *handshake)
{
    if (!handshake)
        return;
    spm_watch_free(handshake->watch);
    g_source_destroy(handshake->timer);
    g_source_unref(handshake->timer);
    if (handshake->session)
        gnutls_deinit(handshake->session);
    spm_tls_credentials_unref(handshake->credentials);
    if (handshake->fd >= 0)
        close(handshake->fd);
    g_free(handshake->address);
    g_free(handshake->dn);
    g_free(handshake);
}
