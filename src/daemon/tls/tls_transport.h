/*
 * tls_transport.h: a peer at the other end of TLS
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/io/transport.h"
#include "daemon/tls/tls_credentials.h"

G_BEGIN_DECLS

/* Takes @fd, a connected TCP socket that does not block, @session, whose handshake over
 * it is done, and @credentials, which are the session's. */
SpmTransport *spm_transport_new_tls(int fd, gnutls_session_t session,
                                    SpmTlsCredentials *credentials);

G_END_DECLS
