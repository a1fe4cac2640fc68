/*
 * session_auth.c: a client that polkit has to let in
 *
 * Until it has, the client is answered here, as libvirtd answers in this state
 * (checked against 12.8): what has to be done (AUTH_LIST), whether it may (AUTH_POLKIT),
 * and to all else that authentication is required, or that there is no such procedure. No
 * call to a program that acts on behalf of anybody reaches libvirtd, which sees root and
 * would let it pass.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/session_private.h"

#include "daemon/access/audit.h"
#include "rpc/rpc_known.h"
#include "rpc/rpc_xdr.h"
#include "util/spm_error.h"

/* remote_auth_type */
#define AUTH_TYPE_POLKIT 2

gboolean
spm_session_is_authorized(const SpmSession *session)
{
    return session->terms.auth == SPM_AUTH_NONE || session->authorized ||
           spm_peer_is_root(session->peer);
}

/* Takes @error. */
static void
refuse(SpmSession *session, const SpmRpcHeader *header, GError *error)
{
    spm_audit_message(session, header, error);
    spm_session_send_answer(session, spm_rpc_error_reply(header, error, SPM_RPC_FROM_RPC));
    g_error_free(error);
}

static void
list(SpmSession *session, const SpmRpcHeader *call)
{
    g_autoptr(GByteArray) types = g_byte_array_new();
    SpmRpcHeader header = *call;

    header.type = SPM_RPC_REPLY;
    spm_xdr_write_u32(types, 1);
    spm_xdr_write_u32(types, AUTH_TYPE_POLKIT);
    spm_session_send_answer(session, spm_rpc_frame_new(&header, types->data, types->len));
}

/* libvirtd has been asked what it asks of us, as it wants to be before all else:
 * nothing, since we are root. */
static void
listed(SpmCall *call, const guint8 *payload, gsize size)
{
    g_autoptr(GByteArray) complete = g_byte_array_new();
    SpmRpcHeader header = call->frame->header;

    header.type = SPM_RPC_REPLY;
    spm_xdr_write_u32(complete, 1);
    call->session->authorized = TRUE;
    call->session->authorizing = FALSE;
    spm_session_answer(call->session, call,
                       spm_rpc_frame_new(&header, complete->data, complete->len));
}

static void
answered(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(SpmCall) call = data;
    g_autoptr(SpmSession) session = NULL;
    GError *error = NULL;

    if (!call->session)
        return;
    session = spm_session_ref(call->session);
    spm_session_person_answered(session);
    if (session->environment->authorize_finish(result, &error)) {
        spm_call_ask_libvirt(call, SPM_RPC_AUTH_LIST, g_byte_array_new(), listed);
    } else {
        session->authorizing = FALSE;
        spm_call_fail_from(call, error, SPM_RPC_FROM_POLKIT);
    }
    spm_session_settle(session);
}

/* Takes @frame. */
static void
ask(SpmSession *session, SpmRpcFrame *frame)
{
    SpmCall *call = spm_session_hold(session, spm_rpc_procedure_find(&frame->header), frame);

    /* A person is asked one question at a time. */
    if (session->authorizing) {
        spm_call_fail_from(call,
                           g_error_new(SPM_ERROR, SPM_ERROR_AUTH_FAILED,
                                       "polkit is being asked already"),
                           SPM_RPC_FROM_POLKIT);
        return;
    }
    session->authorizing = TRUE;
    spm_session_await_person(session);
    session->environment->authorize_async(session->peer, session->terms.access,
                                          spm_call_cancellable(call), answered, spm_call_ref(call));
}

void
spm_session_authorize(SpmSession *session, SpmRpcFrame *frame)
{
    const SpmRpcHeader *header = &frame->header;

    switch (header->program == SPM_RPC_PROGRAM_REMOTE ? header->procedure : 0) {
    case SPM_RPC_AUTH_POLKIT:
        ask(session, frame);
        return;
    case SPM_RPC_AUTH_LIST:
        list(session, header);
        break;
    case SPM_RPC_AUTH_SASL_INIT:
    case SPM_RPC_AUTH_SASL_START:
    case SPM_RPC_AUTH_SASL_STEP:
        refuse(session, header,
               g_error_new(SPM_ERROR, SPM_ERROR_AUTH_FAILED, "authentication failed"));
        break;
    default:
        refuse(session, header,
               spm_rpc_is_known(header->program, header->procedure)
                   ? g_error_new(SPM_ERROR, SPM_ERROR_RPC, "authentication required")
                   : spm_rpc_unknown(header->procedure));
        break;
    }
    spm_rpc_frame_free(frame);
}
