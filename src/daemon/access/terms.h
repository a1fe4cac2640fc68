/*
 * terms.h: what a client is granted
 *
 * By the socket it came in through and by the configuration, and never by what it
 * says.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The most that a client may do. A read-only one is given a connection to libvirtd's
 * own read-only socket, and libvirtd refuses there whatever would change anything. */
typedef enum {
    SPM_ACCESS_READ_WRITE,
    SPM_ACCESS_READ_ONLY,
} SpmAccess;

/* What a client that is not root has to do before all else, as libvirtd.conf's
 * auth_unix_rw and auth_unix_ro. */
typedef enum {
    SPM_AUTH_NONE,
    SPM_AUTH_POLKIT, /* polkit is asked whether it may (polkit.h) */
} SpmAuth;

typedef struct {
    SpmAccess access;
    SpmAuth auth;
    guint max_requests;      /* messages that are held back, or under way to libvirtd for them */
    gsize max_memory;        /* bytes of those; one message more may come on top. Their
                              * descriptors are bounded by SPM_RPC_FDS_MAX in the same way */
    gint64 since;            /* when the client came (g_get_monotonic_time()) */
    guint handshake_seconds; /* from then until its connection is open; 0: any time */
    guint idle_seconds;      /* without a word from either side; 0: any time */
} SpmTerms;

G_END_DECLS
