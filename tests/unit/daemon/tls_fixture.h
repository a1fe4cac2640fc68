/*
 * tls_fixture.h: a server that listens for TLS, its clients, and a libvirtd behind it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "conversation.h"
#include "daemon/listener.h"
#include "daemon/server.h"
#include "pki.h"
#include "rpc/rpc_frame.h"

#include <gnutls/gnutls.h>

/* One for all tests, with what tls_pki_new() puts there. */
extern Pki *pki;
void tls_pki_new(void);

typedef struct {
    char *dir, *upstream_path;
    SpmConfig *config;
    SpmEnvironment environment;
    SpmListener *upstream;
    GArray *sockets;
    SpmServer *server;
    guint patience;
} Fixture;

SpmConfig *make_config(void);
SpmTlsCredentials *make_credentials(const SpmConfig *config);
void set_up(Fixture *fixture, gconstpointer data);
void tear_down(Fixture *fixture, gconstpointer data);
/* The test does not hang, however long it takes. */
void goes_on(Fixture *fixture);

/* ---- a client ---- */

typedef struct {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
} Client;

/* The longest record that a client asks for; 0: whatever GnuTLS does. */
extern gsize record_max;

int dial(const Fixture *fixture);
/* @name NULL: it has no certificate. FALSE: the handshake failed. */
gboolean client_connect(Client *client, const Fixture *fixture, const char *name);
void client_leave(Client *client);
void client_send(Client *client, const guint8 *bytes, gsize size);
/* FALSE: the server has closed. */
gboolean client_receive(Client *client, guint8 *bytes, gsize size);
void come_in(Client *client, const Fixture *fixture, const char *name);

/* ---- libvirtd ---- */

int accept_upstream(const Fixture *fixture);
/* A message of @size bytes that is relayed before the connection is open. */
GByteArray *make_message(guint32 type, gsize size);
