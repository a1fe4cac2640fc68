/*
 * session.h: one client and its connection to libvirtd
 *
 * What passes, what is held back and what is answered here is decided by the
 * table of procedures (rpc/rpc_procedures.h); how, by intercept.h.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/access/peer.h"
#include "daemon/access/terms.h"
#include "daemon/intercept/call.h"
#include "daemon/io/transport.h"
#include "daemon/rate.h"

G_BEGIN_DECLS

/* Messages and bytes held back for one client, unless configured otherwise. Beyond it
 * the client is read no further, as libvirtd would not read it beyond
 * max_client_requests (5 unless configured). Protects memory: a client costs at most
 * this, one message being collected (SPM_RPC_FRAME_MAX), and the same once more on
 * its way out. */
#define SPM_SESSION_HELD_MAX 16
#define SPM_SESSION_HELD_BYTES_MAX (8 * 1024 * 1024)

/* How long what is left for one side may take to be written once the other
 * side has gone. Protects against a peer that neither reads nor leaves. */
#define SPM_SESSION_DRAIN_SECONDS 10

typedef void (*SpmSessionClosedFunc)(SpmSession *session, gpointer user_data);

/* Takes the transports to both and @peer; @server is one that goes with the terms'
 * access. @environment must outlive the session; @closed is called once, when it is
 * over. */
SpmSession *spm_session_new(SpmTransport *client, SpmTransport *server, SpmPeer *peer,
                            const SpmTerms *terms,
                            const SpmEnvironment *environment, SpmSessionClosedFunc closed,
                            gpointer user_data);
SpmSession *spm_session_ref(SpmSession *session);
void spm_session_unref(SpmSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmSession, spm_session_unref)

/* End it now, without calling the closed function. */
void spm_session_close(SpmSession *session);

/* ---- for calls and their handlers ---- */

const SpmEnvironment *spm_session_environment(const SpmSession *session);
const SpmPeer *spm_session_peer(const SpmSession *session);

/* How often refusals to this client are logged. */
SpmRate *spm_session_audit_rate(SpmSession *session);

/* Send a call of our own to libvirtd; spm_call_answered() follows. */
void spm_session_ask(SpmSession *session, SpmCall *call, guint32 procedure, const GByteArray *args);
/* The call is done: its message goes on to where it was going. */
void spm_session_forward(SpmSession *session, SpmCall *call);
/* The call is done: the client gets @reply (taken) instead. */
void spm_session_answer(SpmSession *session, SpmCall *call, SpmRpcFrame *reply);

/* Something changed outside of the sockets' own events: go on. */
void spm_session_settle(SpmSession *session);

/* What this libvirtd said about memory-less cells for a kind of domain; FALSE
 * when it has not been asked. It lasts as long as the connection, because
 * another libvirtd means another connection. */
gboolean spm_session_recall(const SpmSession *session, const char *kind, gboolean *memoryless);
void spm_session_remember(SpmSession *session, const char *kind, gboolean memoryless);

G_END_DECLS
