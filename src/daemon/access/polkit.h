/*
 * polkit.h: may this process use libvirt?
 *
 * The question that libvirtd asks about its own clients (auth_unix_rw="polkit"): the
 * system's polkit authority decides, by its rules or by asking a person.
 * Behind virtspmd libvirtd sees root, and asks nobody.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/access/peer.h"
#include "daemon/access/terms.h"

G_BEGIN_DECLS

/* Ask, in the thread-default main context. It takes as long as a person takes;
 * @cancellable takes the question back. */
void spm_polkit_check_async(const SpmPeer *peer, SpmAccess access, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);

/* TRUE: it may. Errors are libvirtd's: SPM_ERROR_AUTH_FAILED (the policy says no),
 * SPM_ERROR_AUTH_CANCELLED (the person did), SPM_ERROR_AUTH_UNAVAILABLE (nobody is there
 * to ask, a person or polkit itself). */
gboolean spm_polkit_check_finish(GAsyncResult *result, GError **error);

G_END_DECLS
