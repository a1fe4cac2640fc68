/*
 * tls_credentials.h: with what TLS clients are met, and who of them is let in
 *
 * Files are read once, when it is made. To read them anew, make another; those
 * who hold the old one keep it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/config.h"

#include <gnutls/gnutls.h>

G_BEGIN_DECLS

typedef struct _SpmTlsCredentials SpmTlsCredentials;

/* From tls-key and its siblings. NULL with SPM_ERROR_SYSTEM or
 * SPM_ERROR_CONFIG_UNSUPPORTED when a file is not there, or not good for what it is
 * meant for: the error names it. */
SpmTlsCredentials *spm_tls_credentials_new(const SpmConfig *config, GError **error);
SpmTlsCredentials *spm_tls_credentials_ref(SpmTlsCredentials *credentials);
void spm_tls_credentials_unref(SpmTlsCredentials *credentials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmTlsCredentials, spm_tls_credentials_unref)

/* A server's session, which needs @credentials as long as it is. NULL: GnuTLS could
 * not make one. */
gnutls_session_t spm_tls_credentials_session(SpmTlsCredentials *credentials, GError **error);

/* After the handshake: may the peer come in? *dn, caller frees, says who it is as soon
 * as that is known, even if it may not. */
gboolean spm_tls_credentials_admit(const SpmTlsCredentials *credentials, gnutls_session_t session,
                                   char **dn, GError **error);

G_END_DECLS
