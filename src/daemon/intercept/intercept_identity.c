/*
 * intercept_identity.c: who the client is
 *
 * The reply to CONNECT_OPEN waits until libvirtd has accepted the client's
 * identity. If it does not, the client gets that error and the connection ends:
 * an open connection without identity would have virtspmd's own rights.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "daemon/session.h"
#include "util/spm_error.h"

static void
identity_accepted(SpmCall *call, const guint8 *payload, gsize size)
{
    spm_call_forward(call);
}

void
spm_intercept_open_reply(SpmCall *call)
{
    spm_call_ask_libvirt(call, SPM_RPC_CONNECT_SET_IDENTITY,
                         spm_peer_identity(spm_session_peer(call->session)), identity_accepted);
}

/* Daemons of libvirt's modular set-up forward their own clients like this, and
 * they run as root. */
void
spm_intercept_identity(SpmCall *call)
{
    const SpmPeer *peer = spm_session_peer(call->session);
    g_autofree char *who = NULL;

    if (spm_peer_is_root(peer)) {
        spm_call_forward(call);
        return;
    }
    who = peer->remote ? spm_peer_describe(peer)
                       : g_strdup_printf("user id is %" G_GUINT64_FORMAT, peer->uid);
    spm_call_fail_from(call,
                       g_error_new(SPM_ERROR, SPM_ERROR_OPERATION_DENIED,
                                   "only root may set the identity of a connection, and the "
                                   "client%s %s",
                                   peer->remote ? " is" : "'s", who),
                       SPM_RPC_FROM_RPC);
}
