/*
 * log.h: what virtspmd says, in libvirt's manner
 *
 * Code says it with GLib's g_debug(), g_info(), g_message(), g_warning() and
 * g_critical(); this is what becomes of it. libvirt has four levels. A message, which
 * GLib has in between, is a warning: something that everybody should hear of.
 *
 *     2026-11-25 01:08:18.123+0000: 1234: warning : refused DOMAIN_SAVE of ...
 *
 * time, thread, level and text. Control characters are escaped, since some of the
 * text comes from clients. Nothing here waits: what the reader of standard error or
 * the journal does not take at once is lost, and the loss is told.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* libvirt's numbers. */
typedef enum {
    SPM_LOG_DEBUG = 1,
    SPM_LOG_INFO,
    SPM_LOG_WARNING,
    SPM_LOG_ERROR,
} SpmLogLevel;

/* Longer texts are cut. What a pipe takes whole (PIPE_BUF). */
#define SPM_LOG_LINE_MAX 4096

/* Lines in a second, of all but errors. Protects a disk from clients. */
#define SPM_LOG_RATE 500

/* From now on; call it once. Warnings and errors go to the journal, if the service
 * manager has connected standard error with it, or else to standard error. */
void spm_log_begin(void);

/* @output: "stderr", "journald", "file:/PATH" (opened anew, as after it was
 * rotated), or NULL: as spm_log_begin(). FALSE with SPM_ERROR_SYSTEM: the file cannot be
 * opened, and all is as before. */
gboolean spm_log_configure(SpmLogLevel level, const char *output, GError **error);

/* A number or a word. FALSE: it is no level, no output. */
gboolean spm_log_parse_level(const char *text, SpmLogLevel *level);
gboolean spm_log_is_output(const char *text);

/* @text on one line: what is not printable is written as an escape, and what is too
 * long is cut. Caller frees. */
char *spm_log_escape(const char *text);

G_END_DECLS
