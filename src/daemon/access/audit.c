/*
 * audit.c: who was refused what, and why
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/access/audit.h"

#include "daemon/intercept/intercept.h"
#include "daemon/session.h"
#include "util/spm_error.h"

/* Which domain a call is about, or NULL. Read from the message anew: it may have been
 * rewritten since the call's arguments were. Caller frees. */
static char *
domain_of(const SpmCall *call)
{
    const SpmRpcField *field;
    const guint8 *payload;
    SpmRpcArgs args;
    gsize size;

    if (!spm_rpc_header_is_call(&call->frame->header))
        return NULL;
    payload = spm_rpc_frame_payload(call->frame, &size);
    if (!spm_rpc_args_decode(call->procedure->args, payload, size, &args))
        return NULL;
    field = spm_rpc_args_find(&args, 'd');
    if (field && field->text)
        return g_strndup(field->text, field->length);
    field = spm_rpc_args_find(&args, 'x');
    return field && field->text ? spm_intercept_domain_name(field->text, field->length) : NULL;
}

static void
refused(SpmSession *session, const char *what, const char *domain, const GError *error)
{
    g_autofree char *who = NULL;
    g_autofree char *why = NULL;
    guint64 left_out;

    if (!spm_rate_allows(spm_session_audit_rate(session), g_get_monotonic_time(), &left_out))
        return;
    who = spm_peer_describe(spm_session_peer(session));
    why = spm_error_text(error);
    if (left_out > 0)
        g_message("refused %" G_GUINT64_FORMAT " calls more to %s", left_out, who);
    g_message("refused %s%s%s%s to %s: %s", what, domain ? " of domain '" : "",
              domain ? domain : "", domain ? "'" : "", who, why);
}

void
spm_audit_call(const SpmCall *call, const GError *error)
{
    g_autofree char *domain = domain_of(call);

    refused(call->session, call->procedure->name, domain, error);
}

void
spm_audit_message(SpmSession *session, const SpmRpcHeader *header, const GError *error)
{
    const SpmRpcProcedure *procedure = spm_rpc_procedure_find(header);
    g_autofree char *number =
        g_strdup_printf("procedure %u of program 0x%x", header->procedure, header->program);

    refused(session, procedure ? procedure->name : number, NULL, error);
}

void
spm_audit_client(const SpmPeer *peer, const GError *error)
{
    g_autofree char *who = peer ? spm_peer_describe(peer) : g_strdup("an unknown client");
    g_autofree char *why = spm_error_text(error);

    g_message("refused the connection of %s: %s", who, why);
}
