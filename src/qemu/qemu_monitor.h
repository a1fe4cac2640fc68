/*
 * qemu_monitor.h: one short conversation with a QEMU that we start to ask it
 *
 * The child gets a list of QMP commands and has to answer all of them within
 * a time limit. It runs without privileges, without configuration files and
 * without a guest. Whatever it does or says, the caller gets an answer or an
 * error, and the child is gone afterwards.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* An answer takes a tenth of a second; a machine under load may need far longer. */
#define SPM_MONITOR_SECONDS 30
/* query-qmp-schema of QEMU 11.1 answers 248 KB; all else is tiny. */
#define SPM_MONITOR_MAX (16 * 1024 * 1024)

/* Starts @binary with @arguments (NULL-terminated) behind the options that
 * every question needs, and sends @commands (NULL-terminated; JSON objects).
 * @seconds is the time limit, 0 for SPM_MONITOR_SECONDS. */
void spm_monitor_ask_async(const char *binary, const char *const *arguments,
                           const char *const *commands, guint seconds, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);

/* One JsonObject * per command, in order: {"return": ...} or {"error": ...};
 * caller unrefs the array. NULL and SPM_ERROR_CONFIG_UNSUPPORTED when the
 * binary cannot be run, ends early, talks something else or takes too long. */
GPtrArray *spm_monitor_ask_finish(GAsyncResult *result, GError **error);

G_END_DECLS
