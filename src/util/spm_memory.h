/*
 * Running out of memory
 *
 * GLib ends the process when there is no memory left; libxml2 returns NULL, and a
 * tree that is then built on lacks a node here or an attribute there. So:
 *
 *   - Before a document is parsed, room is asked for what it may need until it has
 *     been translated. If there is none, that is an error of this call, and the
 *     process goes on: nobody ends virtspmd with a document that is too large.
 *     Where nothing limits the process, the kernel is not asked for a few MiB.
 *   - libxml2 takes its memory from GLib (spm_node_pool.h). Should there be none for
 *     something small in the middle of the work, the process ends; virtspmd is started
 *     again, and has kept nothing that could be lost. A document is never translated
 *     by half. An error instead would be no gain: most of what is small is GLib's.
 *   - What GLib formats is the exception. g_strdup_printf() then returns NULL, and
 *     g_string_append_printf() appends nothing, so documents are made with those below.
 *
 * Where the kernel promises memory that it does not have, as it does by default,
 * neither sees the end coming: then it is the kernel that ends a process.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Is there room to work on a document of @length bytes? SPM_ERROR_OPERATION_FAILED
 * if not. */
gboolean spm_memory_suffices(gsize length, GError **error);

/* Before the first use of libxml2 in this process. May be repeated. */
void spm_memory_share_with_libxml2(void);

/* As GLib's, but they end the process like all of GLib when there is no memory. */
char *spm_strdup_printf(const char *format, ...) G_GNUC_PRINTF(1, 2);
void spm_string_append_printf(GString *string, const char *format, ...) G_GNUC_PRINTF(2, 3);

G_END_DECLS
