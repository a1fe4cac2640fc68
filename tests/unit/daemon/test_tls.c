/*
 * TLS clients: who comes in, who does not, and what they can do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/listener.h"
#include "daemon/server.h"
#include "daemon/tls/tls_handshake.h"
#include "daemon/tls/tls_listener.h"
#include "daemon/upstream.h"
#include "pki.h"
#include "rpc/rpc_frame.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_SECONDS 20

/* One for all tests. */
static Pki *pki;

typedef struct {
    char *dir, *upstream_path;
    SpmConfig *config;
    SpmEnvironment environment;
    SpmListener *upstream;
    GArray *sockets;
    SpmServer *server;
    guint patience;
} Fixture;

static gboolean
out_of_patience(gpointer data)
{
    g_error("the test hangs");
    return G_SOURCE_REMOVE;
}

static SpmConfig *
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

static SpmTlsCredentials *
make_credentials(const SpmConfig *config)
{
    g_autoptr(GError) error = NULL;
    SpmTlsCredentials *credentials = spm_tls_credentials_new(config, &error);

    g_assert_no_error(error);
    return credentials;
}

static void
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
    fixture->patience = g_timeout_add_seconds(PATIENCE_SECONDS, out_of_patience, NULL);
}

static void
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

typedef struct {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
} Client;

static int
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

/* The longest record that a client asks for; 0: whatever GnuTLS does. */
static gsize record_max;

/* @name NULL: it has no certificate. FALSE: the handshake failed. */
static gboolean
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

static void
client_leave(Client *client)
{
    gnutls_bye(client->session, GNUTLS_SHUT_WR);
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->credentials);
    close(client->fd);
}

static void
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

/* FALSE: the server has closed. */
static gboolean
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

static void
come_in(Client *client, const Fixture *fixture, const char *name)
{
    guint8 byte = 0;

    g_assert_true(client_connect(client, fixture, name));
    g_assert_true(client_receive(client, &byte, 1));
    g_assert_cmpuint(byte, ==, 1);
}

/* ---- libvirtd ---- */

static int
accept_upstream(const Fixture *fixture)
{
    int fd;

    while ((fd = accept4(spm_listener_fd(fixture->upstream), NULL, NULL,
                         SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
        g_main_context_iteration(NULL, TRUE);
    return fd;
}

/* FALSE: virtspmd has closed. */
static gboolean
upstream_receive(int fd, guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        gssize got = recv(fd, bytes + done, size - done, 0);

        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return FALSE;
        if (got < 0)
            g_main_context_iteration(NULL, FALSE);
        else
            done += got;
    }
    return TRUE;
}

static void
upstream_send(int fd, const guint8 *bytes, gsize size)
{
    gsize done = 0;

    while (done < size) {
        gssize sent = send(fd, bytes + done, size - done, MSG_NOSIGNAL);

        if (sent < 0)
            g_main_context_iteration(NULL, FALSE);
        else
            done += sent;
    }
}

/* A message of @size bytes that is relayed before the connection is open. */
static GByteArray *
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

/* ---- coming in ---- */

static void
test_a_client_is_relayed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) call = make_message(SPM_RPC_CALL, 28);
    g_autoptr(GByteArray) reply = make_message(SPM_RPC_REPLY, 40);
    guint8 got[40];
    Client client;
    int libvirtd;

    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    client_send(&client, call->data, call->len);
    g_assert_true(upstream_receive(libvirtd, got, call->len));
    g_assert_cmpmem(got, call->len, call->data, call->len);
    upstream_send(libvirtd, reply->data, reply->len);
    g_assert_true(client_receive(&client, got, reply->len));
    g_assert_cmpmem(got, reply->len, reply->data, reply->len);

    client_leave(&client);
    g_assert_false(upstream_receive(libvirtd, got, 1));
    close(libvirtd);
}

/* In records that fit into no buffer of virtspmd's, and more than sockets hold. */
static void
test_much_passes_both_ways(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) message = make_message(SPM_RPC_STREAM, 9000000);
    g_autofree guint8 *got = g_malloc(message->len);
    gsize sent = 0, received = 0, sent_back = 0;
    Client client;
    int libvirtd;

    record_max = GPOINTER_TO_SIZE(data);
    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    while (received < message->len) {
        gssize result;

        if (sent < message->len) {
            result = gnutls_record_send(client.session, message->data + sent,
                                        MIN(10007, message->len - sent));
            if (result > 0)
                sent += result;
        }
        g_main_context_iteration(NULL, FALSE);
        result = recv(libvirtd, got + received, MIN(70001, message->len - received), 0);
        if (result > 0)
            received += result;
    }
    g_assert_cmpmem(got, received, message->data, message->len);

    /* Nobody reads, until virtspmd takes no more: then a record is written by half. */
    for (guint idle = 0; idle < 100; idle++) {
        gssize result = send(libvirtd, message->data + sent_back, message->len - sent_back,
                             MSG_NOSIGNAL);

        if (result > 0) {
            sent_back += result;
            idle = 0;
        }
        g_main_context_iteration(NULL, FALSE);
    }
    g_assert_cmpuint(sent_back, <, message->len);
    for (sent = sent_back, received = 0; received < message->len;) {
        gssize result = send(libvirtd, message->data + sent, message->len - sent, MSG_NOSIGNAL);

        if (result > 0)
            sent += result;
        g_main_context_iteration(NULL, FALSE);
        result = gnutls_record_recv(client.session, got + received, message->len - received);
        if (result > 0)
            received += result;
    }
    g_assert_cmpmem(got, received, message->data, message->len);
    record_max = 0;
    client_leave(&client);
    close(libvirtd);
}

/* What libvirtd says last arrives, and then the end, said and not just cut. */
static void
test_the_end_is_said(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) reply = make_message(SPM_RPC_REPLY, 500000);
    g_autofree guint8 *got = g_malloc(reply->len);
    gssize result;
    Client client;
    int libvirtd;

    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    upstream_send(libvirtd, reply->data, reply->len);
    close(libvirtd);
    g_assert_true(client_receive(&client, got, reply->len));
    g_assert_cmpmem(got, reply->len, reply->data, reply->len);
    while ((result = gnutls_record_recv(client.session, got, 1)) == GNUTLS_E_AGAIN)
        g_main_context_iteration(NULL, FALSE);
    g_assert_cmpint(result, ==, 0);
    client_leave(&client);
}

/* libvirt's client does not look into its session before it waits for its socket. */
static void
test_no_record_holds_two_messages(Fixture *fixture, gconstpointer data)
{
    static const gsize sizes[] = { 28, 36, 16384, 28, 16385, 40000, 100, 28 };
    g_autoptr(GByteArray) all = g_byte_array_new();
    Client client;
    int libvirtd;

    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GByteArray) message = make_message(SPM_RPC_MESSAGE, sizes[i]);

        g_byte_array_append(all, message->data, message->len);
    }
    /* In pieces of which most begin in the middle of something. */
    for (gsize sent = 0; sent < all->len; sent += MIN(9001, all->len - sent)) {
        upstream_send(libvirtd, all->data + sent, MIN(9001, all->len - sent));
        for (guint i = 0; i < 3; i++)
            g_main_context_iteration(NULL, FALSE);
    }
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree guint8 *got = g_malloc(sizes[i]);

        g_assert_true(client_receive(&client, got, sizes[i]));
        g_assert_cmpuint(gnutls_record_check_pending(client.session), ==, 0);
    }
    client_leave(&client);
    close(libvirtd);
}

static void
test_a_new_key_changes_nothing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) call = make_message(SPM_RPC_CALL, 28);
    guint8 got[28];
    Client client;
    int libvirtd;

    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    g_assert_cmpint(gnutls_protocol_get_version(client.session), ==, GNUTLS_TLS1_3);
    for (guint i = 0; i < 5; i++) {
        int result;

        while ((result = gnutls_session_key_update(client.session, GNUTLS_KU_PEER)) ==
               GNUTLS_E_AGAIN)
            g_main_context_iteration(NULL, FALSE);
        g_assert_cmpint(result, ==, 0);
        client_send(&client, call->data, call->len);
        g_assert_true(upstream_receive(libvirtd, got, call->len));
        upstream_send(libvirtd, call->data, call->len);
        g_assert_true(client_receive(&client, got, call->len));
    }
    client_leave(&client);
    close(libvirtd);
}

/* ---- descriptors ---- */

/* As libvirtd does. */
static void
test_a_call_with_descriptors_ends_it(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) message = make_message(SPM_RPC_CALL_WITH_FDS, 32);
    guint8 got[1];
    Client client;
    int libvirtd;

    memset(message->data + SPM_RPC_HEADER_SIZE, 0, 4);
    message->data[SPM_RPC_HEADER_SIZE + 3] = 1;
    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    client_send(&client, message->data, message->len);
    g_assert_false(upstream_receive(libvirtd, got, 1));
    g_assert_false(client_receive(&client, got, 1));
    client_leave(&client);
    close(libvirtd);
}

/* One that names none is a call like any other. */
static void
test_a_call_with_no_descriptors_passes(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) message = make_message(SPM_RPC_CALL_WITH_FDS, 32);
    guint8 got[32];
    Client client;
    int libvirtd;

    memset(message->data + SPM_RPC_HEADER_SIZE, 0, 4);
    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    client_send(&client, message->data, message->len);
    g_assert_true(upstream_receive(libvirtd, got, sizeof got));
    client_leave(&client);
    close(libvirtd);
}

static void
test_a_reply_with_descriptors_ends_it(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) message = make_message(SPM_RPC_REPLY_WITH_FDS, 32);
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec iov = { (gpointer) "", 1 };
    struct msghdr with_fd = { .msg_iov = &iov,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&with_fd);
    guint8 got[32];
    Client client;
    int libvirtd;

    memset(message->data + SPM_RPC_HEADER_SIZE, 0, 4);
    message->data[SPM_RPC_HEADER_SIZE + 3] = 1;
    come_in(&client, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    upstream_send(libvirtd, message->data, message->len);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &libvirtd, sizeof(int));
    g_assert_cmpint(sendmsg(libvirtd, &with_fd, MSG_NOSIGNAL), ==, 1);

    g_assert_true(client_receive(&client, got, sizeof got));
    g_assert_false(client_receive(&client, got, 1));
    g_assert_false(upstream_receive(libvirtd, got, 1));
    client_leave(&client);
    close(libvirtd);
}

/* ---- refused ---- */

static const struct {
    const char *name;
    const char *shown; /* the certificate; NULL: none */
    const char *why;
} refusals[] = {
    { "no-certificate", NULL, "*TLS client without a name from 127.0.0.1:*no certificate*" },
    { "of-another-ca", "stranger", "*'CN=stranger,O=virtspm test' from 127.0.0.1:*issuer*" },
    { "expired", "expired", "*'CN=expired,O=virtspm test'*expired*" },
    { "not-yet", "not-yet", "*'CN=not-yet,O=virtspm test'*not yet*" },
    { "revoked", "revoked", "*'CN=revoked,O=virtspm test'*revoked*" },
    { "of-a-server", "server", "*'CN=server,O=virtspm test'*purpose*" },
    { "not-allowed", "mallory", "*'CN=mallory,O=virtspm test'*tls-allowed-dn*" },
};

static void
test_refused(Fixture *fixture, gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autoptr(SpmTlsCredentials) credentials = NULL;
    guint8 byte;
    Client client;

    fixture->config->tls_allowed_dn = g_strsplit("CN=alice,*;CN=???????,O=*test;CN=server*;"
                                                 "CN=stranger*",
                                                 ";", 0);
    if (g_strcmp0(refusals[i].shown, "mallory") == 0) {
        g_strfreev(fixture->config->tls_allowed_dn);
        fixture->config->tls_allowed_dn = g_strsplit("CN=alice,*;CN=mallor?", ";", 0);
    }
    credentials = make_credentials(fixture->config);
    spm_server_set_tls(fixture->server, credentials);

    g_test_expect_message("virtspm", G_LOG_LEVEL_MESSAGE, refusals[i].why);
    if (client_connect(&client, fixture, refusals[i].shown))
        g_assert_false(client_receive(&client, &byte, 1));
    client_leave(&client);
    g_test_assert_expected_messages();

    /* Who may, still may; and nobody else has got as far as libvirtd. */
    come_in(&client, fixture, "alice");
    close(accept_upstream(fixture));
    g_assert_cmpint(accept4(spm_listener_fd(fixture->upstream), NULL, NULL, 0), ==, -1);
    client_leave(&client);
}

static void
test_who_is_not_tls_is_closed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) call = make_message(SPM_RPC_CALL, 28);
    guint8 got[100];
    gssize result;
    int fd = dial(fixture);

    g_test_expect_message("virtspm", G_LOG_LEVEL_MESSAGE, "*TLS handshake failed*");
    g_assert_cmpint(send(fd, call->data, call->len, 0), ==, call->len);
    while ((result = recv(fd, got, sizeof got, 0)) != 0 && !(result < 0 && errno == ECONNRESET))
        g_main_context_iteration(NULL, FALSE);
    g_test_assert_expected_messages();
    close(fd);
}

/* ---- time ---- */

static void
timed_out(SpmTlsHandshake *handshake, SpmTransport *transport, SpmPeer *peer, const GError *error,
          gpointer user_data)
{
    g_assert_null(transport);
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "not finished in time"));
    spm_peer_free(peer);
    spm_tls_handshake_free(handshake);
    *(gboolean *)user_data = TRUE;
}

static void
test_a_handshake_has_its_time(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SpmTlsCredentials) credentials = make_credentials(fixture->config);
    gboolean over = FALSE;
    int pair[2];
    guint8 got;

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==, 0);
    g_assert_nonnull(spm_tls_handshake_new(pair[0], credentials, 1, timed_out, &over, NULL));
    g_assert_cmpint(send(pair[1], "\x16\x03", 2, 0), ==, 2); /* how one begins */
    while (!over)
        g_main_context_iteration(NULL, TRUE);
    while (recv(pair[1], &got, 1, 0) > 0)
        ;
    g_assert_cmpint(recv(pair[1], &got, 1, 0), ==, 0);
    close(pair[1]);
}

/* Though there is room for one client only. */
static void
test_a_handshake_holds_no_place(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->dir, "virtspm-sock", NULL);
    g_autofree char *lock = g_strconcat(path, ".lock", NULL);
    SpmListener *local = spm_listener_new(path, 0600, NULL, FALSE, &error);
    int half = dial(fixture);
    int client;

    g_assert_no_error(error);
    fixture->config->max_clients = 1;
    spm_server_set_config(fixture->server, fixture->config);
    g_assert_cmpint(send(half, "\x16\x03", 2, 0), ==, 2);
    for (guint i = 0; i < 10; i++)
        g_main_context_iteration(NULL, FALSE);
    spm_server_listen(fixture->server, spm_listener_fd(local), SPM_ACCESS_READ_WRITE);
    client = spm_upstream_connect_to(path);
    close(accept_upstream(fixture));
    close(client);
    close(half);
    g_clear_pointer(&fixture->server, spm_server_free);
    spm_listener_free(local);
    g_unlink(lock);
}

/* ---- our own files ---- */

static void
test_new_files_are_for_new_clients(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) call = make_message(SPM_RPC_CALL, 28);
    g_autoptr(SpmTlsCredentials) credentials = NULL;
    guint8 got[28];
    Client old, new;
    int libvirtd;

    come_in(&old, fixture, "alice");
    libvirtd = accept_upstream(fixture);
    fixture->config->tls_allowed_dn = g_strsplit("CN=bob", ";", 0);
    credentials = make_credentials(fixture->config);
    spm_server_set_tls(fixture->server, credentials);

    g_test_expect_message("virtspm", G_LOG_LEVEL_MESSAGE, "*CN=alice*tls-allowed-dn*");
    if (client_connect(&new, fixture, "alice"))
        g_assert_false(client_receive(&new, got, 1));
    g_test_assert_expected_messages();
    client_leave(&new);

    client_send(&old, call->data, call->len);
    g_assert_true(upstream_receive(libvirtd, got, call->len));
    client_leave(&old);
    close(libvirtd);
}

static const struct {
    const char *name;
    const char *ca, *cert, *key, *crl, *priority;
    const char *words; /* of the error, "A|B" */
} mistakes[] = {
    { "ca-missing", "none.pem", "server.pem", "server.key", NULL, NULL, "none.pem|tls-ca" },
    { "ca-is-none", "alice.pem", "server.pem", "server.key", NULL, NULL,
      "alice.pem is not the certificate of a CA|tls-ca" },
    { "ca-is-another", "other-ca.pem", "server.pem", "server.key", NULL, NULL,
      "server.pem is not trusted by|other-ca.pem|tls-cert" },
    { "ca-no-certificate", "server.key", "server.pem", "server.key", NULL, NULL,
      "server.key holds no certificate|tls-ca" },
    { "cert-missing", "ca.pem", "none.pem", "server.key", NULL, NULL, "none.pem|tls-cert" },
    { "cert-expired", "ca.pem", "old-server.pem", "old-server.key", NULL, NULL,
      "old-server.pem has expired; renew it|tls-cert" },
    { "cert-not-yet", "ca.pem", "early-server.pem", "early-server.key", NULL, NULL,
      "early-server.pem is not valid yet|tls-cert" },
    { "cert-of-a-client", "ca.pem", "alice.pem", "alice.key", NULL, NULL,
      "purpose of|alice.pem|TLS server|tls-cert" },
    { "cert-of-a-ca", "ca.pem", "ca.pem", "ca.key", NULL, NULL, "ca.pem|of a CA|tls-cert" },
    { "key-missing", "ca.pem", "server.pem", "none.key", NULL, NULL, "none.key|tls-key" },
    { "key-of-another", "ca.pem", "server.pem", "alice.key", NULL, NULL,
      "alice.key is not the key of|server.pem|tls-key" },
    { "crl-is-none", "ca.pem", "server.pem", "server.key", "server.pem", NULL,
      "server.pem|tls-crl" },
    { "priority", "ca.pem", "server.pem", "server.key", NULL, "NORMAL:+NONSENSE",
      "NONSENSE|tls-priority" },
};

static void
test_mistake(gconstpointer data)
{
    guint i = GPOINTER_TO_UINT(data);
    g_autoptr(SpmConfig) config = make_config();
    g_autoptr(SpmTlsCredentials) credentials = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = g_strsplit(mistakes[i].words, "|", 0);

    g_free(config->tls_ca);
    g_free(config->tls_cert);
    g_free(config->tls_key);
    config->tls_ca = pki_path(pki, mistakes[i].ca);
    config->tls_cert = pki_path(pki, mistakes[i].cert);
    config->tls_key = pki_path(pki, mistakes[i].key);
    if (mistakes[i].crl) {
        g_free(config->tls_crl);
        config->tls_crl = pki_path(pki, mistakes[i].crl);
    }
    config->tls_priority = g_strdup(mistakes[i].priority);
    credentials = spm_tls_credentials_new(config, &error);
    g_assert_null(credentials);
    g_assert_nonnull(error);
    for (guint j = 0; words[j]; j++) {
        if (!strstr(error->message, words[j]))
            g_error("'%s' does not say '%s'", error->message, words[j]);
    }
}

static void
test_a_crl_must_be_there_only_if_named(void)
{
    g_autoptr(SpmConfig) config = make_config();
    g_autoptr(SpmTlsCredentials) credentials = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *missing = pki_path(pki, "none.pem");

    g_free(config->tls_crl);
    config->tls_crl = g_strdup(missing);
    spm_tls_credentials_unref(make_credentials(config));
    g_assert_true(spm_config_set(config, "tls-crl", missing, NULL));
    credentials = spm_tls_credentials_new(config, &error);
    g_assert_null(credentials);
    g_assert_nonnull(strstr(error->message, "none.pem"));
}

/* ---- places ---- */

static void
test_places(void)
{
    static const struct {
        const char *text, *host, *port;
    } cases[] = {
        { "16514", NULL, "16514" },
        { "localhost", "localhost", "16514" },
        { "localhost:1", "localhost", "1" },
        { "192.0.2.1:65535", "192.0.2.1", "65535" },
        { "[::1]:99", "::1", "99" },
        { "[::]", "::", "16514" },
        { "", NULL, NULL },
        { "0", "0", "16514" },
        { "host:0", NULL, NULL },
        { "host:65536", NULL, NULL },
        { "host:", NULL, NULL },
        { ":99", NULL, NULL },
        { "::1", NULL, NULL },
        { "[::1", NULL, NULL },
        { "::1]", NULL, NULL },
        { "[]", NULL, NULL },
        { "[::1]99", NULL, NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *host = NULL;
        g_autofree char *port = NULL;
        gboolean good = spm_tls_parse_place(cases[i].text, &host, &port);

        g_test_message("'%s'", cases[i].text);
        g_assert_cmpint(good, ==, cases[i].port != NULL);
        g_assert_cmpstr(host, ==, cases[i].host);
        g_assert_cmpstr(port, ==, cases[i].port);
    }
}

static void
test_listening_says_what_went_wrong(void)
{
    static const char *const places[] = { "127.0.0.1:0x", NULL };
    static const char *const twice[] = { "localhost:16599", "localhost:16599", NULL };
    g_autoptr(GError) error = NULL;
    GArray *fds;

    fds = spm_tls_listen(places, &error);
    g_assert_null(fds);
    g_assert_nonnull(strstr(error->message, "127.0.0.1:0x"));
    g_clear_error(&error);
    fds = spm_tls_listen(twice, &error);
    g_assert_null(fds);
    g_assert_nonnull(strstr(error->message, "'localhost:16599'"));
}

#define ADD(name, func) g_test_add("/daemon/tls/" name, Fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
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

    ADD("relayed", test_a_client_is_relayed);
    ADD("much", test_much_passes_both_ways);
    g_test_add("/daemon/tls/much-in-short-records", Fixture, GSIZE_TO_POINTER(3000), set_up,
               test_much_passes_both_ways, tear_down);
    ADD("end", test_the_end_is_said);
    ADD("one-message-a-record", test_no_record_holds_two_messages);
    ADD("new-key", test_a_new_key_changes_nothing);
    ADD("fds/call", test_a_call_with_descriptors_ends_it);
    ADD("fds/call-with-none", test_a_call_with_no_descriptors_passes);
    ADD("fds/reply", test_a_reply_with_descriptors_ends_it);
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path = g_strconcat("/daemon/tls/refused/", refusals[i].name, NULL);

        g_test_add(path, Fixture, GUINT_TO_POINTER(i), set_up, test_refused, tear_down);
    }
    ADD("not-tls", test_who_is_not_tls_is_closed);
    ADD("time", test_a_handshake_has_its_time);
    ADD("no-place", test_a_handshake_holds_no_place);
    ADD("new-files", test_new_files_are_for_new_clients);
    for (guint i = 0; i < G_N_ELEMENTS(mistakes); i++) {
        g_autofree char *path = g_strconcat("/daemon/tls/mistake/", mistakes[i].name, NULL);

        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_mistake);
    }
    g_test_add_func("/daemon/tls/mistake/crl-missing", test_a_crl_must_be_there_only_if_named);
    g_test_add_func("/daemon/tls/places", test_places);
    g_test_add_func("/daemon/tls/listen", test_listening_says_what_went_wrong);
    status = g_test_run();
    pki_free(pki);
    return status;
}
