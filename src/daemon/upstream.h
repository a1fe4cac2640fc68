/*
 * upstream.h: connecting to libvirtd's own socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long a libvirtd that does not accept (it has all the clients it wants) is
 * waited for. */
#define SPM_UPSTREAM_SECONDS 10

/* Connect to the first of these sockets that somebody listens on. May wait: call
 * it from a worker thread. The descriptor, or -1 and SPM_ERROR_RPC naming every
 * socket and what is wrong with it. */
int spm_upstream_connect(const char *const *paths, GError **error);

/* The same for a user's own libvirtd, which is started when nobody listens, and ends
 * by itself when it is not needed any more. May wait for longer. */
int spm_upstream_connect_session(const char *const *paths, GError **error);

/* Connect to one socket. -1 with errno set. */
int spm_upstream_connect_to(const char *path);

G_END_DECLS
