/*
 * server.h: all clients of virtspmd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/access/terms.h"
#include "daemon/config.h"
#include "daemon/environment.h"
#include "daemon/tls/tls_credentials.h"

G_BEGIN_DECLS

typedef struct _SpmServer SpmServer;

/* Both must outlive the server, except that @config may be replaced. */
SpmServer *spm_server_new(const SpmConfig *config, const SpmEnvironment *environment);
/* From here on these settings count. Clients that are there stay. */
void spm_server_set_config(SpmServer *server, const SpmConfig *config);
/* Closes all clients. */
void spm_server_free(SpmServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmServer, spm_server_free)

/* Meet TLS clients that come from now on with these. */
void spm_server_set_tls(SpmServer *server, SpmTlsCredentials *credentials);

/* Accept clients on this listening, non-blocking socket, which stays the caller's.
 * @access is the most that they may do. */
void spm_server_listen(SpmServer *server, int fd, SpmAccess access);
/* The same for a TCP socket and TLS clients. */
void spm_server_listen_tls(SpmServer *server, int fd);

G_END_DECLS
