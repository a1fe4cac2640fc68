/*
 * session_relay.c: what becomes of each message of a session
 *
 * There is one function for each direction, spm_session_from_client() and
 * spm_session_from_server().
 *
 * A session goes through these states:
 *
 *   unknown     polkit has yet to let the client in (session_auth.c), if it must.
 *   not open    libvirtd would see virtspmd itself, mostly root, as the user.
 *               Only what sets up a connection passes; libvirtd answers all
 *               else with an error in this state, so we do.
 *   opening     CONNECT_OPEN is at libvirtd. The client is not read meanwhile,
 *               so nothing can follow before libvirtd knows who the client is.
 *   open        libvirtd has accepted the client's identity, and the client has
 *               got the reply to its CONNECT_OPEN. Everything passes.
 *   ending      one peer has gone. What is queued for the other is still
 *               written, then both are closed.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/session_private.h"

#include "daemon/access/audit.h"
#include "daemon/intercept/intercept.h"
#include "rpc/rpc_known.h"
#include "util/spm_error.h"

/* ---- held messages ---- */

SpmCall *
spm_session_hold(SpmSession *session, const SpmRpcProcedure *procedure, SpmRpcFrame *frame)
{
    SpmCall *call = spm_call_new(session, procedure, frame);

    g_hash_table_add(session->held, call);
    call->held_bytes = frame->bytes->len;
    call->held_fds = frame->n_fds;
    session->held_bytes += call->held_bytes;
    session->held_fds += call->held_fds;
    if (procedure->reply == SPM_RPC_REPLY_CAPABILITIES && spm_rpc_header_is_reply(&frame->header))
        session->held_replies++;
    return call;
}

/* Gives up the call; its message, if it is still needed, belongs to the caller. */
static SpmRpcFrame *
release(SpmSession *session, SpmCall *call)
{
    SpmRpcFrame *frame = g_steal_pointer(&call->frame);

    if (call->procedure->reply == SPM_RPC_REPLY_CAPABILITIES &&
        spm_rpc_header_is_reply(&frame->header))
        session->held_replies--;
    session->held_bytes -= call->held_bytes;
    session->held_fds -= call->held_fds;
    call->session = NULL;
    g_hash_table_remove(session->held, call);
    return frame;
}

void
spm_session_drop_held(SpmSession *session)
{
    GHashTableIter iter;
    gpointer call;

    g_hash_table_iter_init(&iter, session->held);
    while (g_hash_table_iter_next(&iter, &call, NULL))
        spm_call_cancel(call);
    g_hash_table_remove_all(session->held);
    g_queue_clear_full(&session->waiting, (GDestroyNotify)spm_rpc_frame_free);
}

/* ---- from the client ---- */

/* Of another version there is none; libvirtd says so. */
static gboolean
is_to_a_driver(const SpmRpcHeader *header)
{
    return header->version == SPM_RPC_VERSION &&
           (header->program == SPM_RPC_PROGRAM_REMOTE || header->program == SPM_RPC_PROGRAM_QEMU ||
            header->program == SPM_RPC_PROGRAM_LXC);
}

/* Could libvirtd do anything on somebody's behalf because of this call? */
static gboolean
needs_identity(const SpmRpcHeader *header)
{
    const SpmRpcProcedure *procedure = spm_rpc_procedure_find(header);

    return is_to_a_driver(header) && (!procedure || (procedure->check != SPM_RPC_CHECK_OPEN &&
                                                     procedure->check != SPM_RPC_CHECK_BEFORE_OPEN));
}

gboolean
spm_session_wants_from_client(const SpmSession *session, const SpmRpcHeader *header)
{
    const SpmRpcProcedure *procedure;

    /* What libvirtd does not take for a call is left to libvirtd. */
    if (!spm_rpc_header_is_call(header) || header->status != SPM_RPC_OK)
        return FALSE;
    if (!spm_session_is_authorized(session) && is_to_a_driver(header))
        return TRUE;
    if (!session->open && needs_identity(header))
        return TRUE;
    if (header->serial >= SPM_SERIALS_FIRST)
        return TRUE;
    procedure = spm_rpc_procedure_find(header);
    if (!procedure || !spm_intercept_wants_call(procedure))
        return FALSE;
    /* In libvirtd's own words and order: it refuses before it looks at what the
     * call is about. Translating a document it does not refuse. */
    return !session->read_only || procedure->check == SPM_RPC_CHECK_OPEN ||
           procedure->check == SPM_RPC_CHECK_IDENTITY ||
           (procedure->check == SPM_RPC_CHECK_NONE && procedure->xml != SPM_RPC_XML_NONE);
}

/* VIR_CONNECT_RO */
#define CONNECT_READ_ONLY 1

static gboolean
opens_read_only(const SpmRpcFrame *frame)
{
    SpmRpcArgs args;
    const guint8 *payload;
    gsize size;

    payload = spm_rpc_frame_payload(frame, &size);
    return spm_rpc_args_decode("ou", payload, size, &args) &&
           (spm_rpc_args_flags(&args) & CONNECT_READ_ONLY) != 0;
}

static void
send_to_server(SpmSession *session, SpmRpcFrame *frame)
{
    const SpmRpcProcedure *procedure = spm_rpc_procedure_find(&frame->header);

    if (procedure && procedure->check == SPM_RPC_CHECK_OPEN) {
        session->opening = TRUE;
        session->opening_read_only = opens_read_only(frame);
    }
    spm_serials_client_call(session->serials, &frame->header);
    spm_side_send(session->server, frame);
}

void
spm_session_send_answer(SpmSession *session, SpmRpcFrame *reply)
{
    spm_side_send(session->client, reply);
    session->choked = spm_side_is_full(session->client);
}

static void
refuse_not_open(SpmSession *session, const SpmRpcHeader *header)
{
    g_autoptr(GError) error =
        spm_rpc_is_known(header->program, header->procedure)
            ? g_error_new_literal(SPM_ERROR, SPM_ERROR_INTERNAL, "hypervisor connection not open")
            : spm_rpc_unknown(header->procedure);

    spm_audit_message(session, header, error);
    spm_session_send_answer(session, spm_rpc_error_reply(header, error, SPM_RPC_FROM_RPC));
}

void
spm_session_from_client(SpmSession *session, SpmRpcFrame *frame)
{
    const SpmRpcProcedure *procedure = spm_rpc_procedure_find(&frame->header);

    if (!spm_session_is_authorized(session) && is_to_a_driver(&frame->header)) {
        spm_session_authorize(session, frame);
    } else if (!session->open && needs_identity(&frame->header)) {
        refuse_not_open(session, &frame->header);
        spm_rpc_frame_free(frame);
    } else if (spm_serials_is_ours(session->serials, &frame->header)) {
        session->held_bytes += frame->bytes->len;
        session->held_fds += frame->n_fds;
        g_queue_push_tail(&session->waiting, frame);
    } else if (!procedure || !spm_intercept_wants_call(procedure)) {
        send_to_server(session, frame);
    } else {
        spm_intercept_call(spm_session_hold(session, procedure, frame));
    }
}

/* ---- from libvirtd ---- */

static gint64
mark_of(const SpmRpcHeader *header)
{
    return (gint64)((guint64)header->procedure << 32 | header->serial);
}

/* Is this the reply to a call that was marked? It is none any more then. */
static gboolean
take_mark(SpmSession *session, const SpmRpcHeader *header)
{
    gint64 mark = mark_of(header);

    return g_hash_table_remove(session->marked, &mark);
}

gboolean
spm_session_wants_from_server(SpmSession *session, const SpmRpcHeader *header)
{
    const SpmRpcProcedure *procedure;

    if (!spm_rpc_header_is_reply(header))
        return FALSE;
    if (spm_serials_is_ours(session->serials, header))
        return TRUE;
    spm_serials_client_reply(session->serials, header);
    spm_promises_answered(session->promises, header);
    procedure = spm_rpc_procedure_find(header);
    if (!procedure)
        return FALSE;
    if (procedure->reply == SPM_RPC_REPLY_BEGIN)
        return take_mark(session, header) && header->status == SPM_RPC_OK;
    return procedure->reply == SPM_RPC_REPLY_OPEN ||
           (procedure->reply != SPM_RPC_REPLY_PASS && header->status == SPM_RPC_OK);
}

static void
answered(SpmSession *session, SpmCall *call, const SpmRpcFrame *reply)
{
    GQueue waiting;
    SpmRpcFrame *frame;

    spm_call_answered(call, reply);

    /* Its serial is free again. */
    waiting = session->waiting;
    g_queue_init(&session->waiting);
    while ((frame = g_queue_pop_head(&waiting))) {
        session->held_bytes -= frame->bytes->len;
        session->held_fds -= frame->n_fds;
        spm_session_from_client(session, frame);
    }
}

void
spm_session_from_server(SpmSession *session, SpmRpcFrame *frame)
{
    SpmCall *call = spm_serials_answered(session->serials, &frame->header);
    const SpmRpcProcedure *procedure = spm_rpc_procedure_find(&frame->header);

    if (call) {
        g_autoptr(SpmRpcFrame) reply = frame;

        answered(session, call, reply);
    } else if (frame->header.status != SPM_RPC_OK) {
        /* Only of CONNECT_OPEN are errors looked at. Whether the connection that
         * was open before is still there, libvirtd knows. */
        session->opening = session->read_only = FALSE;
        spm_side_send(session->client, frame);
    } else if (!spm_intercept_wants_reply(procedure, frame)) {
        spm_side_send(session->client, frame);
    } else {
        spm_intercept_reply(spm_session_hold(session, procedure, frame));
    }
}

/* ---- what calls and their handlers need ---- */

const SpmEnvironment *
spm_session_environment(const SpmSession *session)
{
    return session->environment;
}

SpmRate *
spm_session_audit_rate(SpmSession *session)
{
    return &session->audit_rate;
}

const SpmPeer *
spm_session_peer(const SpmSession *session)
{
    return session->peer;
}

void
spm_session_ask(SpmSession *session, SpmCall *call, guint32 procedure, const GByteArray *args)
{
    SpmRpcHeader header = {
        .program = SPM_RPC_PROGRAM_REMOTE,
        .version = SPM_RPC_VERSION,
        .procedure = procedure,
        .type = SPM_RPC_CALL,
        .serial = spm_serials_take(session->serials, procedure, call),
        .status = SPM_RPC_OK,
    };

    spm_side_send(session->server, spm_rpc_frame_new(&header, args->data, args->len));
}

void
spm_session_forward(SpmSession *session, SpmCall *call)
{
    const SpmRpcProcedure *procedure = call->procedure;
    guint64 promise = call->promise;
    gboolean marks_reply = call->marks_reply;
    SpmRpcFrame *frame;

    call->promise = 0;
    frame = release(session, call);
    spm_promises_keep(session->promises, &frame->header, promise);

    if (spm_rpc_header_is_call(&frame->header)) {
        if (marks_reply) {
            gint64 mark = mark_of(&frame->header);

            g_hash_table_add(session->marked, g_memdup2(&mark, sizeof mark));
        }
        send_to_server(session, frame);
        return;
    }
    if (procedure->reply == SPM_RPC_REPLY_OPEN) {
        session->opening = FALSE;
        session->open = TRUE;
        spm_session_opened(session);
        session->read_only =
            session->opening_read_only || session->terms.access == SPM_ACCESS_READ_ONLY;
    }
    spm_side_send(session->client, frame);
}

void
spm_session_answer(SpmSession *session, SpmCall *call, SpmRpcFrame *reply)
{
    const SpmRpcProcedure *procedure = call->procedure;
    g_autoptr(SpmRpcFrame) frame = release(session, call);

    spm_session_send_answer(session, reply);
    /* libvirtd has opened the connection, as us. Nobody may use it. */
    if (procedure->reply == SPM_RPC_REPLY_OPEN && spm_rpc_header_is_reply(&frame->header))
        spm_session_begin_end(session);
}

gboolean
spm_session_recall(const SpmSession *session, const char *kind, gboolean *memoryless)
{
    gpointer value;

    if (!g_hash_table_lookup_extended(session->memoryless, kind, NULL, &value))
        return FALSE;
    *memoryless = GPOINTER_TO_INT(value);
    return TRUE;
}

void
spm_session_remember(SpmSession *session, const char *kind, gboolean memoryless)
{
    g_hash_table_insert(session->memoryless, g_strdup(kind), GINT_TO_POINTER(memoryless));
}

/* ---- back-pressure ---- */

gboolean
spm_session_may_take_from_client(SpmSession *session)
{
    session->choked = session->choked && spm_side_is_full(session->client);
    return !session->ending && !session->opening && !session->choked &&
           session->held_bytes < session->terms.max_memory &&
           session->held_fds < SPM_RPC_FDS_MAX &&
           g_hash_table_size(session->held) + session->waiting.length < session->terms.max_requests;
}

/* Held replies wait for an emulator, never for libvirtd. */
gboolean
spm_session_may_take_from_server(const SpmSession *session)
{
    return !session->ending && session->held_replies < session->terms.max_requests;
}
