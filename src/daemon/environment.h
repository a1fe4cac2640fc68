/*
 * environment.h: what all sessions share
 *
 * The emulator is asked through functions, so that tests can answer
 * in its place.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/access/peer.h"
#include "daemon/access/terms.h"
#include "daemon/intercept/placer.h"
#include "qemu/qemu_capabilities.h"

G_BEGIN_DECLS

typedef struct {
    SpmQemuCapsCache *caps; /* handed to the functions */
    void (*lookup_async)(SpmQemuCapsCache *cache, const char *binary, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data);
    SpmQemuCaps *(*lookup_finish)(SpmQemuCapsCache *cache, GAsyncResult *result, GError **error);
    /* polkit, likewise (polkit.h) */
    void (*authorize_async)(const SpmPeer *peer, SpmAccess access, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);
    gboolean (*authorize_finish)(GAsyncResult *result, GError **error);
    SpmQemuCaps *(*known)(SpmQemuCapsCache *cache, const char *binary);
    gint64 (*wall_clock)(void); /* seconds since 1970 */
    const char *sysroot; /* where to look for the host's nodes; NULL: "/" */
    SpmPlacer *placer;   /* NULL: nobody places cells */
    const char *schema;  /* RELAX NG grammar for --validate; NULL: the installed one */
} SpmEnvironment;

G_END_DECLS
