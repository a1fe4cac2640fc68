/*
 * tls_certificate.c: is a certificate good for what it is used for?
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/tls/tls_certificate.h"

#include "util/spm_error.h"

#include <time.h>

/* A distinguished name; libvirt has room for 256 bytes. */
#define DN_MAX 1024

static const char *
role_name(SpmTlsRole role)
{
    return role == SPM_TLS_CA ? "CA" : role == SPM_TLS_SERVER ? "server" : "client";
}

G_GNUC_PRINTF(2, 3)
static gboolean
fail(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error)
        *error = g_error_new_valist(SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED, format, args);
    va_end(args);
    return FALSE;
}

static gboolean
check_dates(gnutls_x509_crt_t certificate, const char *name, GError **error)
{
    time_t now = time(NULL);

    if (gnutls_x509_crt_get_expiration_time(certificate) < now)
        return fail(error, "%s has expired; renew it", name);
    if (gnutls_x509_crt_get_activation_time(certificate) > now)
        return fail(error, "%s is not valid yet; check its dates and the clock", name);
    return TRUE;
}

static gboolean
check_constraints(gnutls_x509_crt_t certificate, SpmTlsRole role, const char *name,
                  GError **error)
{
    int is_ca = gnutls_x509_crt_get_basic_constraints(certificate, NULL, NULL, NULL);

    if (is_ca == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        is_ca = 0;
    if (is_ca < 0)
        return fail(error, "%s has basic constraints that cannot be read: %s", name,
                    gnutls_strerror(is_ca));
    if (is_ca && role != SPM_TLS_CA)
        return fail(error, "%s is the certificate of a CA, where one of a %s is needed", name,
                    role_name(role));
    if (!is_ca && role == SPM_TLS_CA)
        return fail(error, "%s is not the certificate of a CA", name);
    return TRUE;
}

/* As libvirt has it, only an extension that says it is critical forbids. */
static gboolean
check_usage(gnutls_x509_crt_t certificate, SpmTlsRole role, const char *name, GError **error)
{
    guint needed = role == SPM_TLS_CA ? GNUTLS_KEY_KEY_CERT_SIGN : GNUTLS_KEY_DIGITAL_SIGNATURE;
    guint usage, critical;
    int result = gnutls_x509_crt_get_key_usage(certificate, &usage, &critical);

    if (result == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return TRUE;
    if (result < 0)
        return fail(error, "%s has a key usage that cannot be read: %s", name,
                    gnutls_strerror(result));
    if ((usage & needed) || !critical)
        return TRUE;
    return fail(error, "the key usage of %s does not permit %s", name,
                role == SPM_TLS_CA ? "signing certificates" : "digital signatures");
}

static gboolean
check_purpose(gnutls_x509_crt_t certificate, SpmTlsRole role, const char *name, GError **error)
{
    const char *needed =
        role == SPM_TLS_SERVER ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT;
    gboolean any_critical = FALSE;

    if (role == SPM_TLS_CA)
        return TRUE;
    for (guint i = 0;; i++) {
        char oid[128];
        size_t size = sizeof oid;
        guint critical = 0;
        int result = gnutls_x509_crt_get_key_purpose_oid(certificate, i, oid, &size, &critical);

        if (result == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
            if (i == 0 || !any_critical)
                return TRUE;
            return fail(error, "the key purpose of %s does not permit a TLS %s", name,
                        role_name(role));
        }
        if (result < 0)
            return fail(error, "%s has a key purpose that cannot be read: %s", name,
                        gnutls_strerror(result));
        if (g_str_equal(oid, needed) || g_str_equal(oid, GNUTLS_KP_ANY))
            return TRUE;
        any_critical |= critical != 0;
    }
}

gboolean
spm_tls_certificate_check(gnutls_x509_crt_t certificate, SpmTlsRole role, const char *name,
                          GError **error)
{
    return check_dates(certificate, name, error) &&
           check_constraints(certificate, role, name, error) &&
           check_usage(certificate, role, name, error) &&
           check_purpose(certificate, role, name, error);
}

char *
spm_tls_certificate_dn(gnutls_x509_crt_t certificate)
{
    char dn[DN_MAX];
    size_t size = sizeof dn;

    /* GnuTLS leaves other bytes as they are, and GLib ends the process when it matches a
     * pattern with half a character. */
    return gnutls_x509_crt_get_dn(certificate, dn, &size) == 0 && g_utf8_validate(dn, -1, NULL)
               ? g_strdup(dn)
               : NULL;
}

gboolean
spm_tls_dn_is_allowed(const char *const *patterns, const char *dn)
{
    if (!patterns)
        return TRUE;
    for (; *patterns; patterns++) {
        if (g_pattern_match_simple(*patterns, dn))
            return TRUE;
    }
    return FALSE;
}

char *
spm_tls_describe_status(guint status)
{
    gnutls_datum_t text = { 0 };
    char *words;

    if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
        return g_strdup("it is not trusted");
    words = g_strstrip(g_strdup((const char *)text.data));
    gnutls_free(text.data);
    return words;
}
