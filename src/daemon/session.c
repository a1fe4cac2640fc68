/*
 * session.c: one client and its connection to libvirtd
 *
 * Two sides (side.h) relay to each other whatever is not wanted here. There is
 * one function for each direction, from_client() and from_server(); all else
 * is the same for both.
 *
 * A session goes through these states:
 *
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
#include "daemon/session.h"

#include "daemon/intercept.h"
#include "daemon/promises.h"
#include "daemon/serials.h"
#include "daemon/side.h"
#include "util/spm_error.h"

struct _SpmSession {
    gatomicrefcount references;
    SpmSide *client;
    SpmSide *server;
    SpmPeer *peer;
    const SpmEnvironment *environment;
    SpmSessionClosedFunc closed;
    gpointer user_data;

    SpmSerials *serials;
    GHashTable *held; /* set of SpmCall */
    gsize held_bytes;
    guint held_replies;
    GQueue waiting;         /* SpmRpcFrame: calls whose serial a call of ours has now */
    GHashTable *memoryless; /* kind of domain -> boolean */
    SpmPromises *promises;

    gboolean opening;
    gboolean open;
    gboolean opening_read_only;
    gboolean read_only; /* open, and libvirtd refuses whatever would change anything */
    gboolean ending;
    gboolean settling;
    GSource *drain;
};

/* ---- held messages ---- */

static SpmCall *
hold(SpmSession *session, const SpmRpcProcedure *procedure, SpmRpcFrame *frame)
{
    SpmCall *call = spm_call_new(session, procedure, frame);

    g_hash_table_add(session->held, call);
    call->held_bytes = frame->bytes->len;
    session->held_bytes += call->held_bytes;
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
    call->session = NULL;
    g_hash_table_remove(session->held, call);
    return frame;
}

static void
drop_held(SpmSession *session)
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

/* Could libvirtd do anything on somebody's behalf because of this call? */
static gboolean
needs_identity(const SpmRpcHeader *header)
{
    const SpmRpcProcedure *procedure = spm_rpc_procedure_find(header);

    if (header->program != SPM_RPC_PROGRAM_REMOTE && header->program != SPM_RPC_PROGRAM_QEMU &&
        header->program != SPM_RPC_PROGRAM_LXC)
        return FALSE;
    return !procedure || (procedure->call != SPM_RPC_CALL_OPEN &&
                          procedure->call != SPM_RPC_CALL_BEFORE_OPEN);
}

static gboolean
client_wants(const SpmSession *session, const SpmRpcHeader *header)
{
    const SpmRpcProcedure *procedure;

    /* What libvirtd does not take for a call is left to libvirtd. */
    if (!spm_rpc_header_is_call(header) || header->status != SPM_RPC_OK)
        return FALSE;
    if (!session->open && needs_identity(header))
        return TRUE;
    if (header->serial >= SPM_SERIALS_FIRST)
        return TRUE;
    procedure = spm_rpc_procedure_find(header);
    if (!procedure || !spm_intercept_wants_call(procedure))
        return FALSE;
    /* In libvirtd's own words and order: it refuses before it looks at what the
     * call is about. Translating a document it does not refuse. */
    return !session->read_only || procedure->call == SPM_RPC_CALL_LOWER ||
           procedure->call == SPM_RPC_CALL_OPEN || procedure->call == SPM_RPC_CALL_IDENTITY;
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

    if (procedure && procedure->call == SPM_RPC_CALL_OPEN) {
        session->opening = TRUE;
        session->opening_read_only = opens_read_only(frame);
    }
    spm_serials_client_call(session->serials, &frame->header);
    spm_side_send(session->server, frame);
}

static void
refuse_not_open(SpmSession *session, const SpmRpcHeader *header)
{
    g_autoptr(GError) error = g_error_new_literal(SPM_ERROR, SPM_ERROR_INTERNAL,
                                                  "hypervisor connection not open");

    spm_side_send(session->client, spm_rpc_error_reply(header, error, SPM_RPC_FROM_RPC));
}

/* Takes @frame. */
static void
from_client(SpmSession *session, SpmRpcFrame *frame)
{
    const SpmRpcProcedure *procedure = spm_rpc_procedure_find(&frame->header);

    if (!session->open && needs_identity(&frame->header)) {
        refuse_not_open(session, &frame->header);
        spm_rpc_frame_free(frame);
    } else if (spm_serials_is_ours(session->serials, &frame->header)) {
        session->held_bytes += frame->bytes->len;
        g_queue_push_tail(&session->waiting, frame);
    } else if (!procedure || !spm_intercept_wants_call(procedure)) {
        send_to_server(session, frame);
    } else {
        spm_intercept_call(hold(session, procedure, frame));
    }
}

/* ---- from libvirtd ---- */

static gboolean
server_wants(SpmSession *session, const SpmRpcHeader *header)
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
        from_client(session, frame);
    }
}

/* Takes @frame. */
static void
from_server(SpmSession *session, SpmRpcFrame *frame)
{
    SpmCall *call = spm_serials_answered(session->serials, &frame->header);

    if (call) {
        g_autoptr(SpmRpcFrame) reply = frame;

        answered(session, call, reply);
    } else if (frame->header.status != SPM_RPC_OK) {
        /* Only of CONNECT_OPEN are errors looked at. Whether the connection that
         * was open before is still there, libvirtd knows. */
        session->opening = session->read_only = FALSE;
        spm_side_send(session->client, frame);
    } else {
        spm_intercept_reply(hold(session, spm_rpc_procedure_find(&frame->header), frame));
    }
}

/* ---- what calls and their handlers need ---- */

const SpmEnvironment *
spm_session_environment(const SpmSession *session)
{
    return session->environment;
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
    SpmRpcFrame *frame;

    call->promise = 0;
    frame = release(session, call);
    spm_promises_keep(session->promises, &frame->header, promise);

    if (spm_rpc_header_is_call(&frame->header)) {
        send_to_server(session, frame);
        return;
    }
    if (procedure->reply == SPM_RPC_REPLY_OPEN) {
        session->opening = FALSE;
        session->open = TRUE;
        session->read_only = session->opening_read_only;
    }
    spm_side_send(session->client, frame);
}

static void begin_end(SpmSession *session);

void
spm_session_answer(SpmSession *session, SpmCall *call, SpmRpcFrame *reply)
{
    const SpmRpcProcedure *procedure = call->procedure;
    g_autoptr(SpmRpcFrame) frame = release(session, call);

    spm_side_send(session->client, reply);
    /* libvirtd has opened the connection, as us. Nobody may use it. */
    if (procedure->reply == SPM_RPC_REPLY_OPEN && spm_rpc_header_is_reply(&frame->header))
        begin_end(session);
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

/* ---- the two sides ---- */

static gboolean
may_begin(SpmSide *side, gpointer owner)
{
    SpmSession *session = owner;

    if (session->ending)
        return FALSE;
    /* Held replies wait for an emulator, never for libvirtd. */
    if (side == session->server)
        return session->held_replies < SPM_SESSION_HELD_MAX;
    return !session->opening && session->held_bytes < SPM_SESSION_HELD_BYTES_MAX &&
           g_hash_table_size(session->held) + session->waiting.length < SPM_SESSION_HELD_MAX;
}

static gboolean
wants(SpmSide *side, const SpmRpcHeader *header, gpointer owner)
{
    SpmSession *session = owner;

    return side == session->client ? client_wants(session, header) : server_wants(session, header);
}

static void
message(SpmSide *side, SpmRpcFrame *frame, gpointer owner)
{
    SpmSession *session = owner;

    if (side == session->client)
        from_client(session, frame);
    else
        from_server(session, frame);
}

static void
wake(SpmSide *side, gpointer owner)
{
    spm_session_settle(owner);
}

static const SpmSideFuncs side_funcs = { may_begin, wants, message, wake };

/* ---- life ---- */

SpmSession *
spm_session_new(int client, int server, SpmPeer *peer, const SpmEnvironment *environment,
                SpmSessionClosedFunc closed, gpointer user_data)
{
    SpmSession *session = g_new0(SpmSession, 1);

    g_atomic_ref_count_init(&session->references);
    session->peer = peer;
    session->environment = environment;
    session->closed = closed;
    session->user_data = user_data;
    session->serials = spm_serials_new();
    session->held = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)spm_call_unref, NULL);
    g_queue_init(&session->waiting);
    session->memoryless = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    session->promises = spm_promises_new(environment->placer);

    session->client = spm_side_new(client, &side_funcs, session);
    session->server = spm_side_new(server, &side_funcs, session);
    spm_side_set_other(session->client, session->server);
    spm_side_set_other(session->server, session->client);
    spm_side_settle(session->client, TRUE);
    spm_side_settle(session->server, TRUE);
    return session;
}

SpmSession *
spm_session_ref(SpmSession *session)
{
    g_atomic_ref_count_inc(&session->references);
    return session;
}

void
spm_session_close(SpmSession *session)
{
    session->ending = TRUE;
    session->closed = NULL;
    drop_held(session);
    g_clear_pointer(&session->promises, spm_promises_free);
    if (session->drain) {
        g_source_destroy(session->drain);
        g_clear_pointer(&session->drain, g_source_unref);
    }
    g_clear_pointer(&session->client, spm_side_free);
    g_clear_pointer(&session->server, spm_side_free);
}

void
spm_session_unref(SpmSession *session)
{
    if (!g_atomic_ref_count_dec(&session->references))
        return;
    spm_session_close(session);
    spm_peer_free(session->peer);
    spm_serials_free(session->serials);
    g_hash_table_unref(session->held);
    g_hash_table_unref(session->memoryless);
    g_free(session);
}

static void
finish(SpmSession *session)
{
    SpmSessionClosedFunc closed = session->closed;

    spm_session_close(session);
    if (closed)
        closed(session, session->user_data);
}

static gboolean
drained_too_slowly(gpointer data)
{
    g_autoptr(SpmSession) session = spm_session_ref(data);

    g_info("closing a connection whose peer does not read");
    finish(session);
    return G_SOURCE_REMOVE;
}

static void
begin_end(SpmSession *session)
{
    if (session->ending)
        return;
    session->ending = TRUE;
    drop_held(session);
    session->drain = g_timeout_source_new_seconds(SPM_SESSION_DRAIN_SECONDS);
    g_source_set_callback(session->drain, drained_too_slowly, session, NULL);
    g_source_attach(session->drain, g_main_context_get_thread_default());
}

/* Has a peer gone, and has the other one got everything? */
static gboolean
is_finished(SpmSession *session)
{
    const char *reason;

    if (spm_side_is_over(session->client, &reason) || spm_side_is_broken(session->client)) {
        if (!session->ending)
            g_debug("client has gone: %s", reason ? reason : "it does not read");
        begin_end(session);
        return spm_side_is_drained(session->server);
    }
    /* A libvirtd that takes nothing more may still have something to say. */
    if (spm_side_is_over(session->server, &reason)) {
        if (!session->ending)
            g_debug("libvirtd has gone: %s", reason); /* as it does after CONNECT_CLOSE */
        begin_end(session);
    }
    return session->ending && spm_side_is_drained(session->client);
}

void
spm_session_settle(SpmSession *session)
{
    G_GNUC_UNUSED g_autoptr(SpmSession) alive = spm_session_ref(session);
    gboolean progress;

    /* Called while it is at work, it goes on anyway. */
    if (session->settling || !session->client)
        return;
    session->settling = TRUE;
    do {
        progress = spm_side_pump(session->client);
        progress |= spm_side_pump(session->server);
        progress |= spm_side_flush(session->client);
        progress |= spm_side_flush(session->server);
    } while (progress);
    session->settling = FALSE;

    if (is_finished(session)) {
        finish(session);
        return;
    }
    spm_side_settle(session->client, !session->ending);
    spm_side_settle(session->server, !session->ending);
}
