/*
 * tls_credentials.c: with what TLS clients are met, and who of them is let in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/tls/tls_credentials.h"

#include "daemon/tls/tls_certificate.h"
#include "util/spm_error.h"

#include <gnutls/x509.h>

struct _SpmTlsCredentials {
    gatomicrefcount references;
    gnutls_certificate_credentials_t certificates;
    gnutls_priority_t priority; /* NULL: GnuTLS's own, which the system may set */
    char **allowed;
};

/* The certificates of one file. */
typedef struct {
    gnutls_x509_crt_t *list;
    guint count;
} Chain;

static void
chain_clear(Chain *chain)
{
    for (guint i = 0; i < chain->count; i++)
        gnutls_x509_crt_deinit(chain->list[i]);
    gnutls_free(chain->list);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Chain, chain_clear)

G_GNUC_PRINTF(3, 4)
static gboolean
fail(GError **error, const char *key, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, "TLS: %s (key '%s')", what, key);
    return FALSE;
}

/* ---- files ---- */

static gboolean
read_file(const char *key, const char *path, char **text, gnutls_datum_t *datum, GError **error)
{
    g_autoptr(GError) local = NULL;
    gsize size;

    if (!g_file_get_contents(path, text, &size, &local))
        return fail(error, key, "%s", local->message);
    datum->data = (guint8 *)*text;
    datum->size = size;
    return TRUE;
}

static gboolean
parse_chain(const char *key, const char *path, const gnutls_datum_t *datum, Chain *chain,
            GError **error)
{
    int result =
        gnutls_x509_crt_list_import2(&chain->list, &chain->count, datum, GNUTLS_X509_FMT_PEM, 0);

    if (result < 0)
        return fail(error, key, "%s holds no certificate: %s", path, gnutls_strerror(result));
    return TRUE;
}

static gboolean
check_chain(const char *key, const char *path, const Chain *chain, SpmTlsRole role,
            GError **error)
{
    for (guint i = 0; i < chain->count; i++) {
        g_autoptr(GError) local = NULL;

        /* What follows a server's own certificate is who signed it. */
        if (!spm_tls_certificate_check(chain->list[i], i == 0 ? role : SPM_TLS_CA, path, &local))
            return fail(error, key, "%s", local->message);
    }
    return TRUE;
}

static gboolean
load_ca(SpmTlsCredentials *credentials, const SpmConfig *config, Chain *chain, GError **error)
{
    g_autofree char *text = NULL;
    gnutls_datum_t datum;
    int result;

    if (!read_file("tls-ca", config->tls_ca, &text, &datum, error) ||
        !parse_chain("tls-ca", config->tls_ca, &datum, chain, error) ||
        !check_chain("tls-ca", config->tls_ca, chain, SPM_TLS_CA, error))
        return FALSE;
    result = gnutls_certificate_set_x509_trust_mem(credentials->certificates, &datum,
                                                   GNUTLS_X509_FMT_PEM);
    return result >= 0 || fail(error, "tls-ca", "%s: %s", config->tls_ca, gnutls_strerror(result));
}

/* One that nobody has named need not be there. */
static gboolean
load_crl(SpmTlsCredentials *credentials, const SpmConfig *config, GError **error)
{
    g_autofree char *text = NULL;
    gnutls_datum_t datum;
    int result;

    if (!spm_config_is_chosen(config, "tls-crl") &&
        !g_file_test(config->tls_crl, G_FILE_TEST_EXISTS))
        return TRUE;
    if (!read_file("tls-crl", config->tls_crl, &text, &datum, error))
        return FALSE;
    result = gnutls_certificate_set_x509_crl_mem(credentials->certificates, &datum,
                                                 GNUTLS_X509_FMT_PEM);
    return result >= 0 ||
           fail(error, "tls-crl", "%s: %s", config->tls_crl, gnutls_strerror(result));
}

/* Our own: sane, signed by the CA, and with its key. */
static gboolean
load_own(SpmTlsCredentials *credentials, const SpmConfig *config, const Chain *ca,
         GError **error)
{
    g_autofree char *certificate_text = NULL;
    g_autofree char *key_text = NULL;
    gnutls_datum_t certificate, key;
    g_auto(Chain) own = { 0 };
    guint status = 0;
    int result;

    if (!read_file("tls-cert", config->tls_cert, &certificate_text, &certificate, error) ||
        !parse_chain("tls-cert", config->tls_cert, &certificate, &own, error) ||
        !check_chain("tls-cert", config->tls_cert, &own, SPM_TLS_SERVER, error))
        return FALSE;
    result = gnutls_x509_crt_list_verify(own.list, own.count, ca->list, ca->count, NULL, 0, 0,
                                         &status);
    if (result < 0 || status != 0) {
        g_autofree char *why = result < 0 ? g_strdup(gnutls_strerror(result))
                                          : spm_tls_describe_status(status);

        return fail(error, "tls-cert", "%s is not trusted by %s: %s", config->tls_cert,
                    config->tls_ca, why);
    }
    if (!read_file("tls-key", config->tls_key, &key_text, &key, error))
        return FALSE;
    result = gnutls_certificate_set_x509_key_mem(credentials->certificates, &certificate, &key,
                                                 GNUTLS_X509_FMT_PEM);
    return result >= 0 || fail(error, "tls-key", "%s is not the key of %s: %s", config->tls_key,
                               config->tls_cert, gnutls_strerror(result));
}

static gboolean
load(SpmTlsCredentials *credentials, const SpmConfig *config, GError **error)
{
    g_auto(Chain) ca = { 0 };
    const char *wrong = NULL;

    if (config->tls_priority &&
        gnutls_priority_init(&credentials->priority, config->tls_priority, &wrong) < 0)
        return fail(error, "tls-priority", "GnuTLS does not understand '%s', from '%s' on",
                    config->tls_priority, wrong ? wrong : config->tls_priority);
    return load_ca(credentials, config, &ca, error) && load_crl(credentials, config, error) &&
           load_own(credentials, config, &ca, error);
}

/* ---- life ---- */

SpmTlsCredentials *
spm_tls_credentials_new(const SpmConfig *config, GError **error)
{
    g_autoptr(SpmTlsCredentials) credentials = g_new0(SpmTlsCredentials, 1);

    g_atomic_ref_count_init(&credentials->references);
    credentials->allowed = g_strdupv(config->tls_allowed_dn);
    if (gnutls_certificate_allocate_credentials(&credentials->certificates) < 0) {
        credentials->certificates = NULL;
        fail(error, "tls-listen", "there is no memory");
        return NULL;
    }
    return load(credentials, config, error) ? g_steal_pointer(&credentials) : NULL;
}

SpmTlsCredentials *
spm_tls_credentials_ref(SpmTlsCredentials *credentials)
{
    g_atomic_ref_count_inc(&credentials->references);
    return credentials;
}

void
spm_tls_credentials_unref(SpmTlsCredentials *credentials)
{
    if (!credentials || !g_atomic_ref_count_dec(&credentials->references))
        return;
    if (credentials->certificates)
        gnutls_certificate_free_credentials(credentials->certificates);
    if (credentials->priority)
        gnutls_priority_deinit(credentials->priority);
    g_strfreev(credentials->allowed);
    g_free(credentials);
}

/* ---- clients ---- */

gnutls_session_t
spm_tls_credentials_session(SpmTlsCredentials *credentials, GError **error)
{
    gnutls_session_t session;
    int result = gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

    if (result >= 0) {
        result = credentials->priority ? gnutls_priority_set(session, credentials->priority)
                                       : gnutls_set_default_priority(session);
        if (result >= 0)
            result = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
                                            credentials->certificates);
        if (result >= 0) {
            /* Who has none is refused when the handshake is done, as by libvirtd. */
            gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
            return session;
        }
        gnutls_deinit(session);
    }
    g_set_error(error, SPM_ERROR, SPM_ERROR_SYSTEM, "TLS cannot begin: %s",
                gnutls_strerror(result));
    return NULL;
}

static gboolean
refuse(GError **error, const char *why)
{
    g_set_error_literal(error, SPM_ERROR, SPM_ERROR_OPERATION_DENIED, why);
    return FALSE;
}

/* The names in it are the client's words until this has passed. */
static gboolean
verify(gnutls_session_t session, GError **error)
{
    g_autofree char *why = NULL;
    guint status = 0;
    int result = gnutls_certificate_verify_peers2(session, &status);

    if (result == GNUTLS_E_NO_CERTIFICATE_FOUND)
        return refuse(error, "it has shown no certificate");
    if (result < 0)
        return refuse(error, gnutls_strerror(result));
    if (status == 0)
        return TRUE;
    why = spm_tls_describe_status(status);
    return refuse(error, why);
}

gboolean
spm_tls_credentials_admit(const SpmTlsCredentials *credentials, gnutls_session_t session,
                          char **dn, GError **error)
{
    gboolean trusted = verify(session, error);
    g_auto(Chain) chain = { 0 };
    const gnutls_datum_t *shown;
    g_autoptr(GError) local = NULL;
    guint count = 0;

    *dn = NULL;
    shown = gnutls_certificate_get_peers(session, &count);
    if (!shown || count == 0)
        return trusted && refuse(error, "it has shown no certificate");
    chain.list = gnutls_malloc(sizeof *chain.list);
    if (!chain.list || gnutls_x509_crt_init(&chain.list[0]) < 0)
        return trusted && refuse(error, "there is no memory");
    chain.count = 1;
    if (gnutls_x509_crt_import(chain.list[0], &shown[0], GNUTLS_X509_FMT_DER) < 0)
        return trusted && refuse(error, "its certificate cannot be read");
    *dn = spm_tls_certificate_dn(chain.list[0]);
    if (!trusted)
        return FALSE;
    if (!*dn)
        return refuse(error, "its certificate has no distinguished name that can be read");
    if (!spm_tls_dn_is_allowed((const char *const *)credentials->allowed, *dn))
        return refuse(error, "its distinguished name is not in 'tls-allowed-dn'");
    if (!spm_tls_certificate_check(chain.list[0], SPM_TLS_CLIENT, "its certificate", &local))
        return refuse(error, local->message);
    return TRUE;
}
