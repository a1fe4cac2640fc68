/*
 * session.c: one client and its connection to libvirtd
 *
 * Two sides (side.h) relay to each other whatever is not wanted here; what
 * becomes of the rest is in session_relay.c. All that happens ends in
 * spm_session_settle(), which lets both sides go on as far as they can.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/session_private.h"

#include "daemon/access/audit.h"

/* ---- the two sides ---- */

static gboolean
may_begin(SpmSide *side, gpointer owner)
{
    SpmSession *session = owner;

    return side == session->client ? spm_session_may_take_from_client(session)
                                   : spm_session_may_take_from_server(session);
}

static gboolean
wants(SpmSide *side, const SpmRpcHeader *header, gpointer owner)
{
    SpmSession *session = owner;

    return side == session->client ? spm_session_wants_from_client(session, header)
                                   : spm_session_wants_from_server(session, header);
}

static void
message(SpmSide *side, SpmRpcFrame *frame, gpointer owner)
{
    SpmSession *session = owner;

    if (side == session->client)
        spm_session_from_client(session, frame);
    else
        spm_session_from_server(session, frame);
}

static void
wake(SpmSide *side, gpointer owner)
{
    spm_session_settle(owner);
}

static const SpmSideFuncs side_funcs = { may_begin, wants, message, wake };

/* ---- life ---- */

SpmSession *
spm_session_new(SpmTransport *client, SpmTransport *server, SpmPeer *peer, const SpmTerms *terms,
                const SpmEnvironment *environment, SpmSessionClosedFunc closed, gpointer user_data)
{
    SpmSession *session = g_new0(SpmSession, 1);

    g_atomic_ref_count_init(&session->references);
    session->peer = peer;
    session->terms = *terms;
    session->audit_rate.most = SPM_AUDIT_RATE;
    session->environment = environment;
    session->closed = closed;
    session->user_data = user_data;
    session->serials = spm_serials_new();
    session->held = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)spm_call_unref, NULL);
    g_queue_init(&session->waiting);
    session->memoryless = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    session->promises = spm_promises_new(environment->placer);
    session->marked = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    session->client = spm_side_new(client, &side_funcs, session);
    session->server = spm_side_new(server, &side_funcs, session);
    spm_side_set_other(session->client, session->server);
    spm_side_set_other(session->server, session->client);
    spm_side_settle(session->client, TRUE);
    spm_side_settle(session->server, TRUE);
    spm_session_await_opening(session);
    spm_session_is_active(session);
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
    spm_session_drop_held(session);
    g_clear_pointer(&session->promises, spm_promises_free);
    if (session->drain) {
        g_source_destroy(session->drain);
        g_clear_pointer(&session->drain, g_source_unref);
    }
    spm_session_stop_timers(session);
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
    g_hash_table_unref(session->marked);
    g_free(session);
}

void
spm_session_finish(SpmSession *session)
{
    g_autoptr(SpmSession) alive = spm_session_ref(session);
    SpmSessionClosedFunc closed = session->closed;

    spm_session_close(session);
    if (closed)
        closed(alive, session->user_data);
}

static gboolean
drained_too_slowly(gpointer data)
{
    SpmSession *session = data;

    g_info("closing a connection whose peer does not read");
    spm_session_finish(session);
    return G_SOURCE_REMOVE;
}

/* From now on what is left for the one who stays has to leave. */
static void
begin_drain(SpmSession *session)
{
    if (session->drain)
        return;
    session->drain = g_timeout_source_new_seconds(SPM_SESSION_DRAIN_SECONDS);
    g_source_set_callback(session->drain, drained_too_slowly, session, NULL);
    g_source_attach(session->drain, g_main_context_get_thread_default());
}

void
spm_session_begin_end(SpmSession *session)
{
    if (session->ending)
        return;
    session->ending = TRUE;
    spm_session_drop_held(session);
    begin_drain(session);
}

/* Nothing more comes from the client. What is held back for one that has hung up is for
 * nobody, and what it sent after that is not read any more, as libvirtd does not. */
static gboolean
client_has_left(SpmSession *session, const char **reason)
{
    return spm_side_is_over(session->client, reason) || spm_side_is_broken(session->client) ||
           (spm_side_has_hung_up(session->client) && !spm_session_may_take_from_client(session));
}

/* Has a peer gone, and has the other one got everything? */
static gboolean
is_finished(SpmSession *session)
{
    const char *reason;

    if (spm_side_has_hung_up(session->client))
        begin_drain(session);
    if (client_has_left(session, &reason)) {
        if (!session->ending)
            g_debug("client has gone: %s", reason ? reason : "it has hung up");
        spm_session_begin_end(session);
        return spm_side_is_drained(session->server);
    }
    /* A libvirtd that takes nothing more may still have something to say. */
    if (spm_side_is_over(session->server, &reason)) {
        if (!session->ending)
            g_debug("libvirtd has gone: %s", reason); /* as it does after CONNECT_CLOSE */
        spm_session_begin_end(session);
    }
    return session->ending && spm_side_is_drained(session->client);
}

void
spm_session_settle(SpmSession *session)
{
    G_GNUC_UNUSED g_autoptr(SpmSession) alive = spm_session_ref(session);
    gboolean changed;

    /* Called while it is at work, it goes on anyway. */
    if (session->settling || !session->client)
        return;
    session->settling = TRUE;
    spm_session_is_active(session);
    do {
        spm_side_pump(session->client);
        /* What libvirtd says, or room that is made, may let the client go on; so then it
         * is asked again. */
        changed = spm_side_pump(session->server);
        changed |= spm_side_flush(session->client);
        changed |= spm_side_flush(session->server);
    } while (changed);
    session->settling = FALSE;

    if (is_finished(session)) {
        spm_session_finish(session);
        return;
    }
    spm_side_settle(session->client, !session->ending);
    spm_side_settle(session->server, !session->ending);
}
