/*
 * tls_listener.h: the TCP sockets that TLS clients connect to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As libvirtd's tls_port. */
#define SPM_TLS_DEFAULT_PORT "16514"

/* "HOST:PORT", "[ADDRESS]:PORT", "HOST", "[ADDRESS]", or "PORT" of every address. NULL
 * *host: every address. FALSE: it is none of these. Caller frees both. */
gboolean spm_tls_parse_place(const char *text, char **host, char **port);

/* Listen on all addresses of all @places. A GArray of int, which closes them; NULL with
 * SPM_ERROR_SYSTEM. */
GArray *spm_tls_listen(const char *const *places, GError **error);

G_END_DECLS
