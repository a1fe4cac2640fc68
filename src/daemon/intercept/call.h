/*
 * call.h: one message that is held back while something is found out about it
 *
 * A handler gets a held message (a client's call, or libvirtd's reply to one),
 * asks what it needs to know, one question at a time, and ends by exactly one
 * of spm_call_forward() and spm_call_fail(). Questions go to libvirtd, on the
 * client's own connection, or to the emulator.
 *
 * Why this cannot deadlock: libvirtd works on five calls of a connection at once
 * (max_client_requests) and leaves the others unread. A question to libvirtd is
 * only asked for a message that is held here, and only one at a time. So it
 * takes the place that the held call would have had, or that the held reply
 * has just given up; libvirtd never has more to do for a client than the client
 * asked for, and when all places are taken, the question waits no longer than
 * the call itself would have.
 *
 * When the client goes, handlers are not called any more.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "daemon/environment.h"
#include "daemon/intercept/call_xml.h"
#include "rpc/rpc_args.h"
#include "rpc/rpc_error.h"
#include "rpc/rpc_procedures.h"

G_BEGIN_DECLS

typedef struct _SpmSession SpmSession;
typedef struct _SpmCall SpmCall;

/* libvirtd's result. */
typedef void (*SpmCallResultFunc)(SpmCall *call, const guint8 *payload, gsize size);
/* The emulator's capabilities, or NULL and why not. */
typedef void (*SpmCallCapsFunc)(SpmCall *call, SpmQemuCaps *caps, const GError *error);
/* Where the cells of a domain go (SpmBacking; the call owns it), or NULL: placement
 * is off, or has nothing to add to what the document says. */
typedef void (*SpmCallPlacedFunc)(SpmCall *call, const GPtrArray *backings);

struct _SpmCall {
    gatomicrefcount references;
    SpmSession *session; /* NULL: the client has gone, or the call is done */
    const SpmRpcProcedure *procedure;
    SpmRpcFrame *frame; /* the message held */
    gsize held_bytes;   /* its size when it came, */
    guint held_fds;     /* and its descriptors */
    SpmRpcArgs args;    /* of a call; points into the frame */
    GCancellable *cancellable; /* spm_call_cancellable(); NULL: nobody has asked for it */

    /* For the handler: what it has found out. */
    gpointer state;
    GDestroyNotify state_free;

    /* The domain XML in a call, while it is being translated. */
    SpmDocuments *documents;

    /* Where the SPM cells of the domain at hand go, once that is decided; or where
     * its document says that they lie. */
    SpmPlan *plan;
    GPtrArray *noted;
    /* What the plan takes is kept from others, until libvirtd has answered the
     * call, or it has failed; 0: nothing is. */
    guint64 promise;

    /* The reply to it is to be looked at (SPM_RPC_REPLY_BEGIN). */
    gboolean marks_reply;

    SpmCallResultFunc on_result;
    gboolean may_fail; /* it takes an error as well */
    SpmCallCapsFunc on_caps;
    SpmCallPlacedFunc on_placed;
};

/* Takes @frame. */
SpmCall *spm_call_new(SpmSession *session, const SpmRpcProcedure *procedure, SpmRpcFrame *frame);
SpmCall *spm_call_ref(SpmCall *call);
void spm_call_unref(SpmCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpmCall, spm_call_unref)

/* Ends what is asked for on behalf of the call, when the client goes. The call's. */
GCancellable *spm_call_cancellable(SpmCall *call);

/* Nobody waits for it any more. */
void spm_call_cancel(SpmCall *call);

const SpmEnvironment *spm_call_environment(const SpmCall *call);

/* Ask libvirtd; takes @args. An error of libvirtd becomes the answer to the
 * held message, as it is: @func is called with results only. */
void spm_call_ask_libvirt(SpmCall *call, guint32 procedure, GByteArray *args,
                          SpmCallResultFunc func);

/* The same, but @func is called without a payload (NULL) when it is an error. */
void spm_call_try_libvirt(SpmCall *call, guint32 procedure, GByteArray *args,
                          SpmCallResultFunc func);

/* DOMAIN_GET_XML_DESC of the domain the call is about. */
void spm_call_ask_domain_xml(SpmCall *call, guint32 flags, SpmCallResultFunc func);
void spm_call_try_domain_xml(SpmCall *call, guint32 flags, SpmCallResultFunc func);

/* Ask the emulator, given by its absolute path. */
void spm_call_ask_emulator(SpmCall *call, const char *binary, SpmCallCapsFunc func);

/* The string that a result is. FALSE, and the call has failed, if it is none. */
gboolean spm_call_result_string(SpmCall *call, const guint8 *payload, gsize size, const char **text,
                                gsize *length);

/* Keep what the call's plan takes from others; @domain is for messages. */
void spm_call_promise(SpmCall *call, const char *domain);

/* Send the held message on to where it was going. */
void spm_call_forward(SpmCall *call);

/* Answer the client with @error, from VIR_FROM_DOMAIN; takes @error. */
void spm_call_fail(SpmCall *call, GError *error);
/* The same, from another part of libvirt. */
void spm_call_fail_from(SpmCall *call, GError *error, guint32 domain);

/* For the session: libvirtd has answered the call's question. */
void spm_call_answered(SpmCall *call, const SpmRpcFrame *reply);

/* Keep @state for the handler. */
void spm_call_set_state(SpmCall *call, gpointer state, GDestroyNotify state_free);

G_END_DECLS
