/*
 * session_private.h: what the files of a session share
 *
 * session.c has its life and its sides, session_relay.c what becomes of each
 * message, session_auth.c polkit's part, session_time.c how long all may take.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/intercept/promises.h"
#include "daemon/intercept/serials.h"
#include "daemon/io/side.h"
#include "daemon/session.h"

G_BEGIN_DECLS

struct _SpmSession {
    gatomicrefcount references;
    SpmSide *client;
    SpmSide *server;
    SpmPeer *peer;
    SpmTerms terms;
    const SpmEnvironment *environment;
    SpmSessionClosedFunc closed;
    gpointer user_data;

    SpmSerials *serials;
    GHashTable *held; /* set of SpmCall */
    gsize held_bytes;
    guint held_fds;
    guint held_replies;
    GQueue waiting;         /* SpmRpcFrame: calls whose serial a call of ours has now */
    GHashTable *memoryless; /* kind of domain -> boolean */
    SpmPromises *promises;
    GHashTable *marked;     /* set of procedure and serial: calls whose reply is looked at */

    gboolean authorized;  /* polkit has let it in */
    gboolean authorizing; /* polkit is being asked */

    gboolean opening;
    gboolean open;
    gboolean opening_read_only;
    gboolean read_only; /* open, and libvirtd refuses whatever would change anything */
    gboolean choked; /* the client does not read what it is answered here */
    gboolean ending;
    gboolean settling;
    GSource *drain;
    GSource *handshake;
    gint64 asking_since; /* a person */
    GSource *idle;
    gint64 active; /* the last time that anything came or went */
    SpmRate audit_rate;
};

/* ---- session_relay.c ---- */

/* May the next message be taken from the client, from libvirtd? */
gboolean spm_session_may_take_from_client(SpmSession *session);
gboolean spm_session_may_take_from_server(const SpmSession *session);

/* Is a message to be looked at, instead of being relayed as it arrives? */
gboolean spm_session_wants_from_client(const SpmSession *session, const SpmRpcHeader *header);
gboolean spm_session_wants_from_server(SpmSession *session, const SpmRpcHeader *header);

/* Deal with a message that is; both take @frame. */
void spm_session_from_client(SpmSession *session, SpmRpcFrame *frame);
void spm_session_from_server(SpmSession *session, SpmRpcFrame *frame);

/* Hold a message (taken) until something is known about it. */
SpmCall *spm_session_hold(SpmSession *session, const SpmRpcProcedure *procedure,
                          SpmRpcFrame *frame);

/* Send the client an answer that is made here (taken). Further messages are only read
 * when it has room for it. */
void spm_session_send_answer(SpmSession *session, SpmRpcFrame *reply);

/* Nobody waits any more for what is held. */
void spm_session_drop_held(SpmSession *session);

/* ---- session_auth.c ---- */

/* May the client do what its socket allows? */
gboolean spm_session_is_authorized(const SpmSession *session);
/* Answer a call of one that may not, or not yet; takes @frame. */
void spm_session_authorize(SpmSession *session, SpmRpcFrame *frame);

/* ---- session_time.c ---- */

/* The client has to open its connection in time, */
void spm_session_await_opening(SpmSession *session);
/* though while polkit may ask a person no time passes, */
void spm_session_await_person(SpmSession *session);
void spm_session_person_answered(SpmSession *session);
/* and now it has. */
void spm_session_opened(SpmSession *session);

/* Something came or went. */
void spm_session_is_active(SpmSession *session);

void spm_session_stop_timers(SpmSession *session);

/* ---- session.c ---- */

/* End it now, and tell the owner, who may give up the session. */
void spm_session_finish(SpmSession *session);

/* Take nothing more from either side; what is queued is still written. */
void spm_session_begin_end(SpmSession *session);

G_END_DECLS
