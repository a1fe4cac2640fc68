/*
 * call.c: one message that is held back while something is found out about it
 *
 * Lifetime: the session holds one reference until the call is done or the
 * client has gone; a question to the emulator under way holds another.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/call.h"

#include "daemon/access/audit.h"

#include "daemon/session.h"
#include "util/spm_error.h"

SpmCall *
spm_call_new(SpmSession *session, const SpmRpcProcedure *procedure, SpmRpcFrame *frame)
{
    SpmCall *call = g_new0(SpmCall, 1);

    g_atomic_ref_count_init(&call->references);
    call->session = session;
    call->procedure = procedure;
    call->frame = frame;
    return call;
}

SpmCall *
spm_call_ref(SpmCall *call)
{
    g_atomic_ref_count_inc(&call->references);
    return call;
}

void
spm_call_set_state(SpmCall *call, gpointer state, GDestroyNotify state_free)
{
    if (call->state_free)
        call->state_free(call->state);
    call->state = state;
    call->state_free = state_free;
}

void
spm_call_unref(SpmCall *call)
{
    if (!g_atomic_ref_count_dec(&call->references))
        return;
    spm_call_set_state(call, NULL, NULL);
    g_clear_pointer(&call->documents, spm_documents_free);
    g_clear_pointer(&call->plan, spm_plan_free);
    g_clear_pointer(&call->noted, g_ptr_array_unref);
    spm_rpc_frame_free(call->frame);
    g_clear_object(&call->cancellable);
    g_free(call);
}

GCancellable *
spm_call_cancellable(SpmCall *call)
{
    if (!call->cancellable)
        call->cancellable = g_cancellable_new();
    return call->cancellable;
}

static void
break_promise(SpmCall *call)
{
    if (call->promise)
        spm_placer_release(spm_call_environment(call)->placer, call->promise);
    call->promise = 0;
}

void
spm_call_cancel(SpmCall *call)
{
    break_promise(call);
    call->session = NULL;
    if (call->cancellable)
        g_cancellable_cancel(call->cancellable);
}

const SpmEnvironment *
spm_call_environment(const SpmCall *call)
{
    return spm_session_environment(call->session);
}

void
spm_call_ask_libvirt(SpmCall *call, guint32 procedure, GByteArray *args, SpmCallResultFunc func)
{
    call->on_result = func;
    call->may_fail = FALSE;
    spm_session_ask(call->session, call, procedure, args);
    g_byte_array_unref(args);
}

void
spm_call_try_libvirt(SpmCall *call, guint32 procedure, GByteArray *args, SpmCallResultFunc func)
{
    spm_call_ask_libvirt(call, procedure, args, func);
    call->may_fail = TRUE;
}

void
spm_call_ask_domain_xml(SpmCall *call, guint32 flags, SpmCallResultFunc func)
{
    const SpmRpcField *domain = spm_rpc_args_find(&call->args, 'd');
    GByteArray *args = g_byte_array_new();

    /* As the client spelled it: libvirtd goes by the UUID, and will go by the
     * same one when it gets the call. */
    g_byte_array_append(args, call->args.payload + domain->offset, domain->size);
    spm_xdr_write_u32(args, flags);
    spm_call_ask_libvirt(call, SPM_RPC_DOMAIN_GET_XML_DESC, args, func);
}

void
spm_call_try_domain_xml(SpmCall *call, guint32 flags, SpmCallResultFunc func)
{
    spm_call_ask_domain_xml(call, flags, func);
    call->may_fail = TRUE;
}

static void
relay_error(SpmCall *call, const SpmRpcFrame *reply)
{
    SpmRpcHeader header = call->frame->header;
    const guint8 *payload;
    gsize size;

    payload = spm_rpc_frame_payload(reply, &size);
    header.type = SPM_RPC_REPLY;
    header.status = SPM_RPC_ERROR;
    break_promise(call);
    spm_session_answer(call->session, call, spm_rpc_frame_new(&header, payload, size));
}

void
spm_call_answered(SpmCall *call, const SpmRpcFrame *reply)
{
    const guint8 *payload;
    gsize size;

    if (reply->header.status != SPM_RPC_OK) {
        if (call->may_fail)
            call->on_result(call, NULL, 0);
        else
            relay_error(call, reply);
        return;
    }
    payload = spm_rpc_frame_payload(reply, &size);
    call->on_result(call, payload, size);
}

static void
emulator_answered(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(SpmCall) call = data;
    g_autoptr(SpmSession) session = NULL;
    g_autoptr(SpmQemuCaps) caps = NULL;
    g_autoptr(GError) error = NULL;
    const SpmEnvironment *environment;

    if (!call->session)
        return;
    session = spm_session_ref(call->session);
    environment = spm_call_environment(call);
    caps = environment->lookup_finish(environment->caps, result, &error);
    call->on_caps(call, caps, error);
    spm_session_settle(session);
}

void
spm_call_ask_emulator(SpmCall *call, const char *binary, SpmCallCapsFunc func)
{
    const SpmEnvironment *environment = spm_call_environment(call);

    call->on_caps = func;
    environment->lookup_async(environment->caps, binary, spm_call_cancellable(call),
                              emulator_answered, spm_call_ref(call));
}

gboolean
spm_call_result_string(SpmCall *call, const guint8 *payload, gsize size, const char **text,
                       gsize *length)
{
    SpmXdrReader reader;

    spm_xdr_reader_init(&reader, payload, size);
    if (spm_xdr_read_string(&reader, text, length))
        return TRUE;
    spm_call_fail_from(call,
                       g_error_new(SPM_ERROR, SPM_ERROR_RPC,
                                   "libvirtd's answer to %s cannot be decoded",
                                   call->procedure->name),
                       SPM_RPC_FROM_RPC);
    return FALSE;
}

void
spm_call_promise(SpmCall *call, const char *domain)
{
    if (call->plan && call->plan->backings->len > 0)
        call->promise = spm_placer_promise(spm_call_environment(call)->placer, call->plan, domain);
}

void
spm_call_forward(SpmCall *call)
{
    spm_session_forward(call->session, call);
}

void
spm_call_fail_from(SpmCall *call, GError *error, guint32 domain)
{
    spm_audit_call(call, error);
    break_promise(call);
    spm_session_answer(call->session, call,
                       spm_rpc_error_reply(&call->frame->header, error, domain));
    g_error_free(error);
}

void
spm_call_fail(SpmCall *call, GError *error)
{
    spm_call_fail_from(call, error, SPM_RPC_FROM_DOMAIN);
}
