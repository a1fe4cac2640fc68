/*
 * peer.h: who is at the other end of a socket
 *
 * libvirtd takes its socket peer for the user, and behind virtspmd that is
 * always virtspmd. So virtspmd looks at its own peer and tells libvirtd
 * (CONNECT_SET_IDENTITY, since libvirt 5.8), for access control and the logs.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
    guint64 uid;
    guint64 gid;
    gint64 pid;            /* 0: not known, a process of another PID namespace */
    guint64 start_time;    /* of the process, in clock ticks since boot; 0: not known */
    char *user;            /* NULL: no name is known */
    char *group;           /* likewise */
    char *selinux_context; /* NULL: the kernel has no label for it */

    /* Of a TLS client, which has nothing of the above. */
    gboolean remote;
    char *x509_dn; /* what its certificate says; NULL: it has none that can be read */
    char *address; /* "192.0.2.1:40000"; NULL: not known */
} SpmPeer;

/* Asks the kernel about the connected socket @fd, and the system's user
 * database for names, which may take its time: call it from a worker thread.
 * Errors: SPM_ERROR_SYSTEM. */
SpmPeer *spm_peer_new(int fd, GError **error);
/* A TLS client. */
SpmPeer *spm_peer_new_tls(const char *x509_dn, const char *address);
void spm_peer_free(SpmPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmPeer, spm_peer_free)

/* For people: "user alice (uid 1234), process 4242", or "TLS client 'CN=alice' from
 * 192.0.2.1:40000". Caller frees. */
char *spm_peer_describe(const SpmPeer *peer);

/* May it act in another's name? Root may; a TLS client has no user here. */
gboolean spm_peer_is_root(const SpmPeer *peer);

/* The arguments of CONNECT_SET_IDENTITY. */
GByteArray *spm_peer_identity(const SpmPeer *peer);

/* Field 22 of the text of /proc/PID/stat. FALSE when there is none. */
gboolean spm_peer_parse_start_time(const char *stat, guint64 *start_time);

G_END_DECLS
