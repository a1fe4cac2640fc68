/*
 * TLS clients who do not come in, and files and places that are not taken
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "tls_fixture.h"

#include "daemon/tls/tls_handshake.h"
#include "daemon/tls/tls_listener.h"
#include "daemon/upstream.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
    g_assert_true(conversation_receive(libvirtd, got, call->len));
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
    tls_pki_new();
    for (guint i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autofree char *path = g_strconcat("/daemon/tls/refused/", refusals[i].name, NULL);

        g_test_add(path, Fixture, GUINT_TO_POINTER(i), set_up, test_refused, tear_down);
    }
    ADD("not-tls", test_who_is_not_tls_is_closed);
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
