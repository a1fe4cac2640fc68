/*
 * sd.h: the protocols of systemd that virtspmd speaks
 *
 * They are stable and small (sd_listen_fds(3), sd_notify(3), and the journal's native
 * one), so that no library is needed for them.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
    int fd;
    char *name; /* from LISTEN_FDNAMES; NULL: it has none */
    char *path; /* where it is bound; NULL: nowhere in the file system */
} SpmSdSocket;

/* Sockets that were handed over. They are closed with the array, except those
 * whose fd has been set to -1. The environment variables are removed, so that no
 * child takes them for its own. Empty when there are none; NULL and
 * SPM_ERROR_SYSTEM when one is not a listening UNIX stream socket. */
GArray *spm_sd_listen_fds(GError **error); /* of SpmSdSocket */

/* Tell the service manager, if there is one: "READY=1", "STOPPING=1". */
void spm_sd_notify(const char *state);

/* Give the journal one line, at this priority of syslog(3). FALSE: there is none, or
 * it does not take it at once. */
gboolean spm_sd_journal(int priority, const char *line);

/* The first of the descriptors that are handed over (SD_LISTEN_FDS_START). */
#define SPM_SD_FIRST_FD 3

G_END_DECLS
