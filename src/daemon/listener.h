/*
 * listener.h: the socket that clients connect to
 *
 * Either virtspmd makes it, or systemd has made it and hands it over (sd.h).
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _SpmListener SpmListener;

/* Listen on @path. The directory is made where it is missing (0755). The socket
 * gets @mode and belongs to @group, which may be NULL or, unless
 * @group_required, unknown to the system. What a virtspmd left behind that is no
 * longer running is replaced; a socket that somebody serves, or anything
 * else of that name, is left alone and is an error (SPM_ERROR_SYSTEM). */
SpmListener *spm_listener_new(const char *path, guint mode, const char *group,
                              gboolean group_required, GError **error);

/* Take over a socket that listens already. It is never removed. */
SpmListener *spm_listener_adopt(int fd);

/* Closes the socket, and removes it if it is still the one that was made here. */
void spm_listener_free(SpmListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmListener, spm_listener_free)

int spm_listener_fd(const SpmListener *listener);

G_END_DECLS
