/*
 * tls_certificate.h: is a certificate good for what it is used for?
 *
 * The checks are libvirt's (its virnettlscert and virnettlscontext), so that a PKI
 * that serves libvirtd serves virtspmd.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>
#include <gnutls/x509.h>

G_BEGIN_DECLS

typedef enum {
    SPM_TLS_CA,
    SPM_TLS_SERVER,
    SPM_TLS_CLIENT,
} SpmTlsRole;

/* Dates, basic constraints, key usage and purpose. @name is for messages. FALSE with
 * SPM_ERROR_CONFIG_UNSUPPORTED. */
gboolean spm_tls_certificate_check(gnutls_x509_crt_t certificate, SpmTlsRole role,
                                   const char *name, GError **error);

/* The distinguished name as libvirt writes it, UTF-8; caller frees. NULL: it has none
 * that can be read. */
char *spm_tls_certificate_dn(gnutls_x509_crt_t certificate);

/* Is @dn, which is UTF-8, in the list? A pattern may hold '*' and '?'. Without a list all are. */
gboolean spm_tls_dn_is_allowed(const char *const *patterns, const char *dn);

/* The bits of @status (gnutls_certificate_status_t) in words; caller frees. */
char *spm_tls_describe_status(guint status);

G_END_DECLS
