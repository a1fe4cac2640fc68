/*
 * pki.c: certificates for tests, made on the spot
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "pki.h"

#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#define DAY (24 * 60 * 60)

struct _Pki {
    char *folder;
    gnutls_x509_privkey_t ca_key;
    gnutls_x509_crt_t ca;
    gnutls_x509_crl_t crl;
    guint8 serial;
};

static void
good(int result)
{
    if (result < 0)
        g_error("GnuTLS: %s", gnutls_strerror(result));
}

char *
pki_path(const Pki *pki, const char *file)
{
    return g_build_filename(pki->folder, file, NULL);
}

static void
save(const Pki *pki, const char *name, const char *suffix, gnutls_datum_t *pem)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path = pki_path(pki, file);

    g_assert_true(g_file_set_contents(path, (const char *)pem->data, pem->size, NULL));
    gnutls_free(pem->data);
}

static gnutls_x509_privkey_t
make_key(const Pki *pki, const char *name)
{
    gnutls_x509_privkey_t key;
    gnutls_datum_t pem;

    good(gnutls_x509_privkey_init(&key));
    good(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                      GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    good(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem));
    save(pki, name, ".key", &pem);
    return key;
}

static gnutls_x509_crt_t
make_certificate(Pki *pki, const char *name, gnutls_x509_privkey_t key, PkiFlags flags)
{
    time_t now = time(NULL);
    gnutls_x509_crt_t crt;

    good(gnutls_x509_crt_init(&crt));
    good(gnutls_x509_crt_set_version(crt, 3));
    good(gnutls_x509_crt_set_key(crt, key));
    pki->serial++;
    good(gnutls_x509_crt_set_serial(crt, &pki->serial, 1));
    good(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, strlen(name)));
    good(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_ORGANIZATION_NAME, 0, "virtspm test",
                                       12));
    good(gnutls_x509_crt_set_activation_time(crt, flags & PKI_NOT_YET ? now + DAY : now - 2 * DAY));
    good(gnutls_x509_crt_set_expiration_time(crt, flags & PKI_EXPIRED ? now - DAY : now + 2 * DAY));
    good(gnutls_x509_crt_set_basic_constraints(crt, flags & PKI_CA ? 1 : 0, -1));
    good(gnutls_x509_crt_set_key_usage(crt, flags & PKI_CA ? GNUTLS_KEY_KEY_CERT_SIGN |
                                                                 GNUTLS_KEY_CRL_SIGN
                                                           : GNUTLS_KEY_DIGITAL_SIGNATURE));
    if (flags & PKI_SERVER)
        good(gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 1));
    if (flags & PKI_CLIENT)
        good(gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_CLIENT, 1));
    return crt;
}

static void
sign(const Pki *pki, const char *name, gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer,
     gnutls_x509_privkey_t key)
{
    gnutls_datum_t pem;

    good(gnutls_x509_crt_sign2(crt, issuer, key, GNUTLS_DIG_SHA256, 0));
    good(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem));
    save(pki, name, ".pem", &pem);
}

static void
save_crl(Pki *pki)
{
    time_t now = time(NULL);
    gnutls_datum_t pem;

    good(gnutls_x509_crl_set_version(pki->crl, 2));
    good(gnutls_x509_crl_set_this_update(pki->crl, now - 60));
    good(gnutls_x509_crl_set_next_update(pki->crl, now + DAY));
    good(gnutls_x509_crl_sign2(pki->crl, pki->ca, pki->ca_key, GNUTLS_DIG_SHA256, 0));
    good(gnutls_x509_crl_export2(pki->crl, GNUTLS_X509_FMT_PEM, &pem));
    save(pki, "crl", ".pem", &pem);
}

void
pki_add(Pki *pki, const char *name, PkiFlags flags)
{
    gnutls_x509_privkey_t key = make_key(pki, name);
    gnutls_x509_crt_t crt = make_certificate(pki, name, key, flags);

    if (flags & PKI_SELF_SIGNED)
        sign(pki, name, crt, crt, key);
    else
        sign(pki, name, crt, pki->ca, pki->ca_key);
    if (flags & PKI_REVOKED) {
        good(gnutls_x509_crl_set_crt(pki->crl, crt, time(NULL) - 60));
        save_crl(pki);
    }
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
}

Pki *
pki_new(void)
{
    Pki *pki = g_new0(Pki, 1);

    pki->folder = g_dir_make_tmp("virtspm-XXXXXX", NULL);
    g_assert_nonnull(pki->folder);
    pki->ca_key = make_key(pki, "ca");
    pki->ca = make_certificate(pki, "ca", pki->ca_key, PKI_CA);
    sign(pki, "ca", pki->ca, pki->ca, pki->ca_key);
    good(gnutls_x509_crl_init(&pki->crl));
    save_crl(pki);
    return pki;
}

void
pki_free(Pki *pki)
{
    GDir *folder = g_dir_open(pki->folder, 0, NULL);
    const char *file;

    while ((file = g_dir_read_name(folder))) {
        g_autofree char *path = pki_path(pki, file);

        g_unlink(path);
    }
    g_dir_close(folder);
    g_rmdir(pki->folder);
    gnutls_x509_crl_deinit(pki->crl);
    gnutls_x509_crt_deinit(pki->ca);
    gnutls_x509_privkey_deinit(pki->ca_key);
    g_free(pki->folder);
    g_free(pki);
}
