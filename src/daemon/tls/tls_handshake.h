/*
 * tls_handshake.h: a TLS client on its way in
 *
 * The handshake, the look at the client's certificate, and the byte 1 that tells it
 * that it is in. One that does not get there in time is closed; until then it
 * holds a socket and its own memory, and nobody waits for it.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/access/peer.h"
#include "daemon/io/transport.h"
#include "daemon/tls/tls_credentials.h"

G_BEGIN_DECLS

/* Time for all of it. libvirt's clients take a tenth of a second. */
#define SPM_TLS_HANDSHAKE_SECONDS 10

typedef struct _SpmTlsHandshake SpmTlsHandshake;

/* @transport, taken, or @error; @peer (taken) as far as it is known. Called once; has to free
 * the handshake. */
typedef void (*SpmTlsHandshakeFunc)(SpmTlsHandshake *handshake, SpmTransport *transport,
                                    SpmPeer *peer, const GError *error, gpointer user_data);

/* Takes @fd, a connected TCP socket that does not block. NULL with SPM_ERROR_SYSTEM:
 * there is no memory. */
SpmTlsHandshake *spm_tls_handshake_new(int fd, SpmTlsCredentials *credentials, guint seconds,
                                       SpmTlsHandshakeFunc done, gpointer user_data,
                                       GError **error);
/* Ends it without a word. */
void spm_tls_handshake_free(SpmTlsHandshake *handshake);

G_END_DECLS
