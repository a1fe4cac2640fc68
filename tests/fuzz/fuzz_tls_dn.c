/*
 * fuzz_tls_dn: who a certificate says its client is, and which patterns let them in
 *
 * The first byte of an input says how it is taken.
 *
 *   'N'  lines: the first ones, up to an empty one, are the values of a name (O, OU, CN)
 *        that a CA has signed, the others patterns of 'tls-allowed-dn'. The distinguished
 *        name must say exactly these values, read back by rules of our own (RFC 4514), so no
 *        two names look alike; and it is let in exactly if one of the patterns fits, by a
 *        matcher of our own.
 *   'D'  the rest is a certificate (DER). It is refused with a reason, or it is in order.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "fuzz.h"

#include "daemon/tls/tls_certificate.h"

#include <string.h>

#define INPUT_MAX 4096
#define PATTERNS_MAX 8
#define LINE_MAX_SIZE 200 /* of GnuTLS's values, and matching takes exponential time in it */
#define STARS_MAX 4

static const char *const oids[] = { GNUTLS_OID_X520_ORGANIZATION_NAME,
                                    GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME,
                                    GNUTLS_OID_X520_COMMON_NAME };
static const char *const types[] = { "O=", "OU=", "CN=" };

static void
good(int result)
{
    if (result < 0)
        broken("GnuTLS: %s", gnutls_strerror(result));
}

/* ---- a name read back ---- */

static int
hex_pair(const char *text)
{
    int high = g_ascii_xdigit_value(text[0]);
    int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);

    return low < 0 ? -1 : high << 4 | low;
}

/* RFC 4514, 2.4: '#' and the encoding in hexadecimal, of which the short form of the length
 * suffices here. */
static const char *
read_encoded(const char *text, GString *value)
{
    gsize header = 2;
    int byte;

    for (gsize i = 0; (byte = hex_pair(text)) >= 0; text += 2, i++) {
        if (i == 1 && byte == 0x81)
            header = 3;
        if (i >= header)
            g_string_append_c(value, (char)byte);
    }
    return text;
}

static const char *
read_escaped(const char *text, GString *value)
{
    while (*text && *text != ',' && *text != '+') {
        int byte = *text == '\\' ? hex_pair(text + 1) : -1;

        if (byte >= 0)
            text += 3;
        else if (*text == '\\')
            byte = text[1], text += 2;
        else
            byte = *text++;
        g_string_append_c(value, (char)byte);
    }
    return text;
}

/* What is left of @dn behind "TYPE=value," */
static const char *
check_value(const char *dn, const char *type, const GBytes *wanted)
{
    g_autoptr(GString) value = g_string_new(NULL);
    g_autoptr(GBytes) got = NULL;

    if (!g_str_has_prefix(dn, type))
        broken("'%s' does not begin with %s", dn, type);
    dn += strlen(type);
    dn = *dn == '#' ? read_encoded(dn + 1, value) : read_escaped(dn, value);
    got = g_bytes_new(value->str, value->len);
    if (!g_bytes_equal(got, wanted))
        broken("the value of %s does not come back: '%s'", type, value->str);
    return *dn == ',' ? dn + 1 : dn;
}

/* ---- patterns ---- */

static gboolean
fits(const char *pattern, const char *text)
{
    if (*pattern == '\0')
        return *text == '\0';
    if (*pattern == '*')
        return fits(pattern + 1, text) || (*text && fits(pattern, text + 1));
    if (*text == '\0')
        return FALSE;
    if (*pattern == '?')
        return fits(pattern + 1, g_utf8_next_char(text));
    return *pattern == *text && fits(pattern + 1, text + 1);
}

static void
check_patterns(char **lines, const char *dn)
{
    const char *const itself[] = { dn, NULL };
    g_autoptr(GPtrArray) patterns = g_ptr_array_new();
    gboolean any = FALSE;

    for (; *lines && patterns->len < PATTERNS_MAX; lines++) {
        guint stars = 0;

        for (const char *p = *lines; *p; p++)
            stars += *p == '*';
        /* The configuration is UTF-8. */
        if (strlen(*lines) > LINE_MAX_SIZE || stars > STARS_MAX || !g_utf8_validate(*lines, -1, NULL))
            continue;
        g_ptr_array_add(patterns, *lines);
        any |= fits(*lines, dn);
    }
    g_ptr_array_add(patterns, NULL);
    if (spm_tls_dn_is_allowed((const char *const *)patterns->pdata, dn) != any)
        broken("'%s' is %s", dn, any ? "not let in" : "let in");
    check(spm_tls_dn_is_allowed(itself, dn));
    check(spm_tls_dn_is_allowed(NULL, dn));
}

/* ---- 'N' ---- */

static gnutls_x509_privkey_t
the_key(void)
{
    static gnutls_x509_privkey_t key;

    if (!key) {
        good(gnutls_x509_privkey_init(&key));
        good(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 256, 0));
    }
    return key;
}

/* As it comes over the wire. */
static gnutls_x509_crt_t
sign(GPtrArray *values)
{
    gnutls_x509_crt_t draft, certificate;
    gnutls_datum_t der;

    good(gnutls_x509_crt_init(&draft));
    good(gnutls_x509_crt_set_version(draft, 3));
    good(gnutls_x509_crt_set_serial(draft, "\1", 1));
    good(gnutls_x509_crt_set_activation_time(draft, 1));
    good(gnutls_x509_crt_set_expiration_time(draft, 4000000000));
    good(gnutls_x509_crt_set_key(draft, the_key()));
    for (guint i = 0; i < values->len; i++) {
        gsize size;
        const void *bytes = g_bytes_get_data(values->pdata[i], &size);

        good(gnutls_x509_crt_set_dn_by_oid(draft, oids[i], 0, bytes, (unsigned)size));
    }
    good(gnutls_x509_crt_sign2(draft, draft, the_key(), GNUTLS_DIG_UNKNOWN, 0));
    good(gnutls_x509_crt_export2(draft, GNUTLS_X509_FMT_DER, &der));
    gnutls_x509_crt_deinit(draft);
    good(gnutls_x509_crt_init(&certificate));
    good(gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER));
    gnutls_free(der.data);
    return certificate;
}

/* The lines up to an empty one; takes them from @data. A NUL may be in them. */
static GPtrArray *
read_values(const uint8_t **data, size_t *left)
{
    GPtrArray *values = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

    while (*left > 0) {
        const uint8_t *end = memchr(*data, '\n', *left);
        size_t size = end ? (size_t)(end - *data) : *left;

        if (size > 0 && size <= LINE_MAX_SIZE && values->len < G_N_ELEMENTS(oids))
            g_ptr_array_add(values, g_bytes_new(*data, size));
        *data += size + (end ? 1 : 0);
        *left -= size + (end ? 1 : 0);
        if (size == 0)
            break;
    }
    return values;
}

static void
as_name(const uint8_t *data, size_t left)
{
    g_autoptr(GPtrArray) values = read_values(&data, &left);
    g_autofree char *text = g_strndup((const char *)data, left);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gnutls_x509_crt_t certificate;
    g_autofree char *dn = NULL;

    if (values->len == 0)
        return;
    certificate = sign(values);
    dn = spm_tls_certificate_dn(certificate);
    gnutls_x509_crt_deinit(certificate);
    if (dn) {
        const char *rest = dn;

        for (guint i = 0; i < values->len; i++)
            rest = check_value(rest, types[i], values->pdata[i]);
        check(*rest == '\0');
        check(g_utf8_validate(dn, -1, NULL));
        check_patterns(lines, dn);
    }
}

/* ---- 'D' ---- */

static void
as_certificate(const uint8_t *data, size_t size)
{
    const gnutls_datum_t der = { (unsigned char *)data, (unsigned)size };
    gnutls_x509_crt_t certificate;

    good(gnutls_x509_crt_init(&certificate));
    if (gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) >= 0) {
        g_autofree char *dn = spm_tls_certificate_dn(certificate);

        check(!dn || g_utf8_validate(dn, -1, NULL));
        for (SpmTlsRole role = SPM_TLS_CA; role <= SPM_TLS_CLIENT; role++) {
            g_autoptr(GError) error = NULL;
            gboolean in_order = spm_tls_certificate_check(certificate, role, "it", &error);

            check(in_order ? !error : error && error->message[0]);
        }
    }
    gnutls_x509_crt_deinit(certificate);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > INPUT_MAX)
        return 0;
    if (data[0] == 'N')
        as_name(data + 1, size - 1);
    else if (data[0] == 'D')
        as_certificate(data + 1, size - 1);
    return 0;
}
