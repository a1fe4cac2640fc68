/*
 * session_time.c: how long a client may take
 *
 * From its coming to its opened connection: a client that does not get there holds
 * a place that others wait for. The time in which polkit asks a person does not
 * count.
 *
 * And without a word from either side, if the administrator wants that.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/session_private.h"

#include "daemon/access/audit.h"
#include "util/spm_error.h"

static void
stop(GSource **timer)
{
    if (*timer)
        g_source_destroy(*timer);
    g_clear_pointer(timer, g_source_unref);
}

static void
start(SpmSession *session, GSource **timer, gint64 microseconds, GSourceFunc func)
{
    *timer = g_timeout_source_new(MAX(microseconds, 0) / 1000 + 1);
    g_source_set_callback(*timer, func, session, NULL);
    g_source_attach(*timer, g_main_context_get_thread_default());
}

static gboolean
took_too_long(gpointer data)
{
    SpmSession *session = data;
    g_autoptr(GError) error =
        g_error_new(SPM_ERROR, SPM_ERROR_RPC,
                    "the connection was not opened within %u seconds (handshake-timeout)",
                    session->terms.handshake_seconds);

    spm_audit_client(session->peer, error);
    spm_session_finish(session);
    return G_SOURCE_REMOVE;
}

void
spm_session_await_opening(SpmSession *session)
{
    if (session->terms.handshake_seconds > 0)
        start(session, &session->handshake,
              session->terms.since + session->terms.handshake_seconds * G_TIME_SPAN_SECOND -
                  g_get_monotonic_time(),
              took_too_long);
}

void
spm_session_await_person(SpmSession *session)
{
    session->asking_since = g_get_monotonic_time();
    stop(&session->handshake);
}

void
spm_session_person_answered(SpmSession *session)
{
    session->terms.since += g_get_monotonic_time() - session->asking_since;
    spm_session_await_opening(session);
}

void
spm_session_opened(SpmSession *session)
{
    stop(&session->handshake);
}

/* ---- idle ---- */

static gboolean
is_idle(gpointer data)
{
    SpmSession *session = data;
    gint64 left =
        session->active + session->terms.idle_seconds * G_TIME_SPAN_SECOND - g_get_monotonic_time();

    stop(&session->idle);
    if (left > 0) {
        start(session, &session->idle, left, is_idle);
    } else {
        g_info("closing a connection that was idle for %u seconds (idle-timeout)",
               session->terms.idle_seconds);
        spm_session_finish(session);
    }
    return G_SOURCE_REMOVE;
}

void
spm_session_is_active(SpmSession *session)
{
    if (session->terms.idle_seconds == 0)
        return;
    session->active = g_get_monotonic_time();
    if (!session->idle)
        start(session, &session->idle, session->terms.idle_seconds * G_TIME_SPAN_SECOND, is_idle);
}

void
spm_session_stop_timers(SpmSession *session)
{
    stop(&session->handshake);
    stop(&session->idle);
}
