/*
 * intercept.c: what is done to the calls and replies in the table
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "qemu/qemu_domain.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

typedef void (*Handler)(SpmCall *call);

static const Handler checks[] = {
    [SPM_RPC_CHECK_NONE] = spm_intercept_translate,
    [SPM_RPC_CHECK_BEFORE_OPEN] = spm_call_forward,
    [SPM_RPC_CHECK_OPEN] = spm_call_forward,
    [SPM_RPC_CHECK_IDENTITY] = spm_intercept_identity,
    [SPM_RPC_CHECK_START] = spm_intercept_start,
    [SPM_RPC_CHECK_SAVE] = spm_intercept_save,
    [SPM_RPC_CHECK_MIGRATE] = spm_intercept_migrate,
    [SPM_RPC_CHECK_SNAPSHOT] = spm_intercept_snapshot,
    [SPM_RPC_CHECK_RESTORE] = spm_intercept_restore,
    [SPM_RPC_CHECK_REVERT] = spm_intercept_revert,
    [SPM_RPC_CHECK_BALLOON] = spm_intercept_balloon,
    [SPM_RPC_CHECK_ATTACH] = spm_intercept_attach,
    [SPM_RPC_CHECK_DETACH] = spm_intercept_detach,
    [SPM_RPC_CHECK_UPDATE] = spm_intercept_update,
    [SPM_RPC_CHECK_DETACH_ALIAS] = spm_intercept_detach_alias,
};

static const Handler reply_handlers[] = {
    [SPM_RPC_REPLY_PASS] = spm_call_forward,
    [SPM_RPC_REPLY_OPEN] = spm_intercept_open_reply,
    [SPM_RPC_REPLY_BEGIN] = spm_intercept_begin_reply,
    [SPM_RPC_REPLY_RAISE] = spm_intercept_raise,
    [SPM_RPC_REPLY_CAPABILITIES] = spm_intercept_capabilities,
    [SPM_RPC_REPLY_HOST] = spm_intercept_host,
};

gboolean
spm_intercept_wants_call(const SpmRpcProcedure *procedure)
{
    return (procedure->check != SPM_RPC_CHECK_NONE &&
            procedure->check != SPM_RPC_CHECK_BEFORE_OPEN) ||
           procedure->xml != SPM_RPC_XML_NONE;
}

gboolean
spm_intercept_wants_reply(const SpmRpcProcedure *procedure, const SpmRpcFrame *reply)
{
    const guint8 *payload;
    gsize size;

    if (procedure->reply != SPM_RPC_REPLY_RAISE)
        return TRUE;
    payload = spm_rpc_frame_payload(reply, &size);
    return spm_domain_may_hold((const char *)payload, size);
}

void
spm_intercept_call(SpmCall *call)
{
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
    checks[call->procedure->check](call);
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
