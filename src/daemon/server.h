/*
 * server.h: all clients of virtspmd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/terms.h"
#include "daemon/config.h"
#include "daemon/environment.h"

G_BEGIN_DECLS

typedef struct _SpmServer SpmServer;

/* Both must outlive the server, except that @config may be replaced. */
SpmServer *spm_server_new(const SpmConfig *config, const SpmEnvironment *environment);
/* From here on these settings count. Clients that are there stay. */
void spm_server_set_config(SpmServer *server, const SpmConfig *config);
/* Closes all clients. */
void spm_server_free(SpmServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmServer, spm_server_free)

/* Accept clients on this listening, non-blocking socket, which stays the caller's.
 * @access is the most that they may do. */
void spm_server_listen(SpmServer *server, int fd, SpmAccess access);

G_END_DECLS
