/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tls_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Without any progress. */
#define PATIENCE_SECONDS 20

Pki *pki;
gsize record_max;

void
tls_pki_new(void)
{
    pki = pki_new();
    pki_add(pki, "server", PKI_SERVER);
    pki_add(pki, "old-server", PKI_SERVER | PKI_EXPIRED);
    pki_add(pki, "early-server", PKI_SERVER | PKI_NOT_YET);
    pki_add(pki, "alice", PKI_CLIENT);
    pki_add(pki, "mallory", PKI_CLIENT);
    pki_add(pki, "expired", PKI_CLIENT | PKI_EXPIRED);
    pki_add(pki, "not-yet", PKI_CLIENT | PKI_NOT_YET);
    pki_add(pki, "revoked", PKI_CLIENT | PKI_REVOKED);
    pki_add(pki, "stranger", PKI_CLIENT | PKI_SELF_SIGNED);
    pki_add(pki, "other-ca", PKI_CA | PKI_SELF_SIGNED);
}

static gboolean
out_of_patience(gpointer data)
{
    g_error("the test hangs");
    return G_SOURCE_REMOVE;
}

void
goes_on(Fixture *fixture)
{
    if (fixture->patience > 0)
        g_source_remove(fixture->patience);
    fixture->patience = g_timeout_add_seconds(PATIENCE_SECONDS, out_of_patience, NULL);
}

SpmConfig *
make_config(void)
{
    SpmConfig *config = spm_config_new();

    g_free(config->tls_ca);
    g_free(config->tls_cert);
    g_free(config->tls_key);
    config->tls_ca = pki_path(pki, "ca.pem");
    config->tls_cert = pki_path(pki, "server.pem");
    config->tls_key = pki_path(pki, "server.key");
    g_free(config->tls_crl);
    config->tls_crl = pki_path(pki, "crl.pem");
    return config;
}

SpmTlsCredentials *
make_credentials(const SpmConfig *config)
{
    g_autoptr(GError) error = NULL;
    SpmTlsCredentials *credentials = spm_tls_credentials_new(config, &error);

    g_assert_no_error(error);
    return credentials;
}

void
set_up(Fixture *fixture, gconstpointer data)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    g_autoptr(SpmTlsCredentials) credentials = NULL;
    g_autoptr(GError) error = NULL;
    int fd;

    fixture->dir = g_dir_make_tmp("virtspm-XXXXXX", NULL);
    fixture->upstream_path = g_build_filename(fixture->dir, "libvirt-sock", NULL);
    fixture->config = make_config();
    g_strfreev(fixture->config->upstream);
    fixture->config->upstream = g_strsplit(fixture->upstream_path, ";", 1);
    fixture->upstream = spm_listener_new(fixture->upstream_path, 0600, NULL, FALSE, &error);
    g_assert_no_error(error);

    /* A port that the kernel chooses. */
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 10), ==, 0);
    fixture->sockets = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_append_val(fixture->sockets, fd);

    fixture->server = spm_server_new(fixture->config, &fixture->environment);
    credentials = make_credentials(fixture->config);
    spm_server_set_tls(fixture->server, credentials);
    spm_server_listen_tls(fixture->server, fd);
    goes_on(fixture);
}

void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *lock = g_strconcat(fixture->upstream_path, ".lock", NULL);

    spm_server_free(fixture->server);
    spm_listener_free(fixture->upstream);
    close(g_array_index(fixture->sockets, int, 0));
    g_array_unref(fixture->sockets);
    g_unlink(lock);
    g_rmdir(fixture->dir);
    spm_config_free(fixture->config);
    g_free(fixture->dir);
    g_free(fixture->upstream_path);
    g_source_remove(fixture->patience);
}

/* ---- a client ---- */

int
dial(const Fixture *fixture)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(getsockname(g_array_index(fixture->sockets, int, 0),
                                (struct sockaddr *)&address, &size), ==, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, size), ==, 0);
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    return fd;
}

gboolean
client_connect(Client *client, const Fixture *fixture, const char *name)
{
    int result;

    client->fd = dial(fixture);
    g_assert_cmpint(gnutls_certificate_allocate_credentials(&client->credentials), ==, 0);
    if (name) {
        g_autofree char *file = g_strconcat(name, ".pem", NULL);
        g_autofree char *key_file = g_strconcat(name, ".key", NULL);
        g_autofree char *certificate = pki_path(pki, file);
        g_autofree char *key = pki_path(pki, key_file);

        g_assert_cmpint(gnutls_certificate_set_x509_key_file(client->credentials, certificate, key,
                                                             GNUTLS_X509_FMT_PEM), ==, 0);
    }
    /* Shown, even if the server does not ask for one of this CA: it is to refuse. */
    g_assert_cmpint(gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK |
                                                      GNUTLS_FORCE_CLIENT_CERT), ==, 0);
    gnutls_set_default_priority(client->session);
    if (record_max > 0)
        g_assert_cmpint(gnutls_record_set_max_recv_size(client->session, record_max), ==, 0);
    gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
    gnutls_transport_set_int(client->session, client->fd);
    while ((result = gnutls_handshake(client->session)) == GNUTLS_E_AGAIN)
        g_main_context_iteration(NULL, FALSE);
    return result == 0;
}

void
client_leave(Client *client)
{
    gnutls_bye(client->session, GNUTLS_SHUT_WR);
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->credentials);
    close(client->fd);
}

void
client_send(Client *client, const guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        gssize sent = gnutls_record_send(client->session, bytes + done, size - done);

        if (sent == GNUTLS_E_AGAIN) {
            g_main_context_iteration(NULL, FALSE);
        } else {
            g_assert_cmpint(sent, >, 0);
            done += sent;
        }
    }
}

gboolean
client_receive(Client *client, guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        gssize got = gnutls_record_recv(client->session, bytes + done, size - done);

        if (got == GNUTLS_E_AGAIN)
            g_main_context_iteration(NULL, FALSE);
        else if (got <= 0)
            return FALSE;
        else
            done += got;
    }
    return TRUE;
}

void
come_in(Client *client, const Fixture *fixture, const char *name)
{
    guint8 byte = 0;

    g_assert_true(client_connect(client, fixture, name));
    g_assert_true(client_receive(client, &byte, 1));
    g_assert_cmpuint(byte, ==, 1);
}

/* ---- libvirtd ---- */

int
accept_upstream(const Fixture *fixture)
{
    int fd;

    while ((fd = accept4(spm_listener_fd(fixture->upstream), NULL, NULL,
                         SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
        g_main_context_iteration(NULL, TRUE);
    return fd;
}

GByteArray *
make_message(guint32 type, gsize size)
{
    SpmRpcHeader header = { .program = SPM_RPC_PROGRAM_REMOTE,
                            .version = SPM_RPC_VERSION,
                            .procedure = 66,
                            .type = type,
                            .serial = 9 };
    g_autofree guint8 *payload = g_malloc(size);
    g_autoptr(SpmRpcFrame) frame = NULL;

    for (gsize i = 0; i < size - SPM_RPC_HEADER_SIZE; i++)
        payload[i] = i * 31 + i / 257;
    frame = spm_rpc_frame_new(&header, payload, size - SPM_RPC_HEADER_SIZE);
    return g_byte_array_ref(frame->bytes);
}
