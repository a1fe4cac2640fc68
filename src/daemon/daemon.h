/*
 * daemon.h: virtspmd while it serves: sockets, signals, settings
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/config.h"

G_BEGIN_DECLS

/* The settings as they are chosen now, complete; called at the start and for
 * every reload. NULL with @error: they make no sense. */
typedef SpmConfig *(*SpmConfigureFunc)(gpointer user_data, GError **error);

/* Serve until SIGTERM or SIGINT; SIGHUP reloads the settings, and when the new ones
 * make no sense, the old ones stay. FALSE: it could not begin. */
gboolean spm_daemon_run(SpmConfigureFunc configure, gpointer user_data, GError **error);

G_END_DECLS
