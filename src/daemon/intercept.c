/*
 * intercept.c: what is done to the calls and replies in the table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept.h"

#include "util/spm_error.h"
#include "util/spm_xml.h"

#include <string.h>

typedef void (*Handler)(SpmCall *call);

static const Handler call_handlers[] = {
    [SPM_RPC_CALL_PASS] = spm_call_forward,
    [SPM_RPC_CALL_BEFORE_OPEN] = spm_call_forward,
    [SPM_RPC_CALL_OPEN] = spm_call_forward,
    [SPM_RPC_CALL_IDENTITY] = spm_intercept_identity,
    [SPM_RPC_CALL_LOWER] = spm_intercept_lower,
    [SPM_RPC_CALL_START] = spm_intercept_start,
    [SPM_RPC_CALL_SAVE] = spm_intercept_save,
    [SPM_RPC_CALL_MIGRATE] = spm_intercept_migrate,
    [SPM_RPC_CALL_SNAPSHOT] = spm_intercept_snapshot,
    [SPM_RPC_CALL_ATTACH] = spm_intercept_attach,
    [SPM_RPC_CALL_DETACH] = spm_intercept_detach,
    [SPM_RPC_CALL_UPDATE] = spm_intercept_update,
    [SPM_RPC_CALL_DETACH_ALIAS] = spm_intercept_detach_alias,
};

static const Handler reply_handlers[] = {
    [SPM_RPC_REPLY_PASS] = spm_call_forward,
    [SPM_RPC_REPLY_OPEN] = spm_intercept_open_reply,
    [SPM_RPC_REPLY_RAISE] = spm_intercept_raise,
    [SPM_RPC_REPLY_CAPABILITIES] = spm_intercept_capabilities,
};

gboolean
spm_intercept_wants_call(const SpmRpcProcedure *procedure)
{
    return (procedure->call != SPM_RPC_CALL_PASS && procedure->call != SPM_RPC_CALL_BEFORE_OPEN) ||
           strpbrk(procedure->args, "xyq") != NULL;
}

static gboolean
has_no_request(const char *xml, gsize length, gpointer user_data)
{
    GError **error = user_data;

    return !spm_intercept_requests(xml, length, error) && !*error;
}

void
spm_intercept_call(SpmCall *call)
{
    g_autoptr(GError) error = NULL;
    const guint8 *payload;
    gsize size;

    payload = spm_rpc_frame_payload(call->frame, &size);
    if (!spm_rpc_args_decode(call->procedure->args, payload, size, &call->args)) {
        /* libvirtd's own words for it. */
        spm_call_fail_from(call,
                           g_error_new_literal(SPM_ERROR, SPM_ERROR_RPC,
                                               "Unable to decode message payload"),
                           SPM_RPC_FROM_RPC);
        return;
    }
    if (call->procedure->call != SPM_RPC_CALL_LOWER &&
        !spm_rpc_args_each_xml(&call->args, has_no_request, &error)) {
        if (!error)
            error = g_error_new(SPM_ERROR, SPM_ERROR_CONFIG_UNSUPPORTED,
                                "memmapType on a NUMA cell cannot be given with this call (%s), "
                                "where libvirt would drop it without a word; define the domain "
                                "with it instead",
                                call->procedure->name);
        spm_call_fail(call, g_steal_pointer(&error));
        return;
    }
    call_handlers[call->procedure->call](call);
}

void
spm_intercept_reply(SpmCall *call)
{
    reply_handlers[call->procedure->reply](call);
}

char *
spm_intercept_domain_name(const char *xml, gsize length)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, NULL);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    char *name = spm_xml_text(spm_xml_child(root, "name"));

    return name ? name : g_strdup("?");
}
