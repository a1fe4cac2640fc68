/*
 * intercept_raise.c: domain XML and capabilities on their way to the client
 *
 * What cannot be translated reaches the client as libvirtd sent it: stock XML
 * is always true, only less readable. What would be longer than libvirt's
 * protocol allows becomes an error: a client that sees its cell in one answer and
 * stock XML in the next would take that for a change.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "daemon/session.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_host_capabilities.h"
#include "qemu/qemu_nested.h"
#include "qemu/qemu_offline.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

/* The string that a held reply ends with. NULL: it is something else, and has gone on to
 * the client. */
static const SpmRpcField *
reply_string(SpmCall *call, const char *signature, SpmRpcArgs *result)
{
    gsize size;
    const guint8 *payload = spm_rpc_frame_payload(call->frame, &size);

    if (spm_rpc_args_decode(signature, payload, size, result))
        return &result->fields[strlen(signature) - 1];
    spm_call_forward(call);
    return NULL;
}

/* Put @xml in the place of the string, if there is any and it fits. */
static void
reply_with(SpmCall *call, const SpmRpcField *field, const char *xml, const GError *error)
{
    g_autoptr(GByteArray) encoded = g_byte_array_new();

    if (!xml)
        g_message("%s: passing libvirt's answer on as it is: %s", call->procedure->name,
                  error ? error->message : "it cannot be translated");
    else if (!spm_xdr_write_string(encoded, xml, strlen(xml)) ||
             !spm_rpc_frame_replace(call->frame, field->offset, field->size, encoded->data,
                                    encoded->len)) {
        spm_call_fail(call, g_error_new(SPM_ERROR, SPM_ERROR_OPERATION_FAILED,
                                        "the document with its SPM cells as they were written is "
                                        "longer than libvirt's protocol allows (%d bytes); "
                                        "libvirtd's own socket shows it as stock XML",
                                        SPM_RPC_STRING_MAX));
        return;
    }
    spm_call_forward(call);
}

void
spm_intercept_raise(SpmCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = NULL;
    SpmRpcArgs result;
    const SpmRpcField *field = reply_string(call, "s", &result);

    if (!field)
        return;
    xml = spm_nested_raise(field->text, field->length, &error);
    reply_with(call, field, xml, error);
}

/* ---- the beginning of an offline migration ---- */

/* The XML goes to another host. If that has no virtspmd, stock XML is what it
 * understands; so all that is done is to tell libvirt's hook there that no memory
 * comes along (qemu_offline.h). */
void
spm_intercept_begin_reply(SpmCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = NULL;
    SpmRpcArgs result;
    const SpmRpcField *field = reply_string(call, "bs", &result);

    if (!field)
        return;
    if (!spm_domain_may_hold(field->text, field->length)) {
        spm_call_forward(call);
        return;
    }
    xml = spm_domain_mark_offline(field->text, field->length,
                                  spm_call_environment(call)->wall_clock(), &error);
    reply_with(call, field, xml, error);
}

/* ---- domain capabilities ---- */

static void
extend(SpmCall *call, SpmQemuCaps *caps)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = NULL;
    SpmRpcArgs result;
    const SpmRpcField *field = reply_string(call, "s", &result);

    if (!field)
        return;
    xml = spm_domain_capabilities_extend(field->text, field->length, caps, &error);
    reply_with(call, field, xml, error);
}

static void
emulator_answered(SpmCall *call, SpmQemuCaps *caps, const GError *error)
{
    if (!caps)
        g_info("domain capabilities without SPM: %s", error->message);
    extend(call, caps);
}

/* sp-mem and memmap-type are x86 only. */
static gboolean
is_x86(xmlNode *root)
{
    g_autofree char *arch = spm_xml_text(spm_xml_child(root, "arch"));

    return arch && (g_str_equal(arch, "x86_64") || g_str_equal(arch, "i686"));
}

void
spm_intercept_capabilities(SpmCall *call)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autofree char *path = NULL;
    xmlNode *root;
    SpmRpcArgs result;
    const SpmRpcField *field = reply_string(call, "s", &result);

    if (!field)
        return;
    doc = spm_xml_parse(field->text, field->length, NULL);
    root = doc ? xmlDocGetRootElement(doc) : NULL;
    path = spm_xml_text(spm_xml_child(root, "path"));
    if (path && g_path_is_absolute(path) && is_x86(root))
        spm_call_ask_emulator(call, path, emulator_answered);
    else
        extend(call, NULL);
}

/* ---- the host's capabilities ---- */

/* Nobody waits for an emulator here: many clients ask for this first of all. What
 * is not known of it yet, the capabilities of a domain tell. */
void
spm_intercept_host(SpmCall *call)
{
    const SpmEnvironment *environment = spm_call_environment(call);
    g_autoptr(GError) error = NULL;
    g_autoptr(SpmHost) host = NULL;
    g_autoptr(SpmQemuCaps) caps = NULL;
    g_autofree char *emulator = NULL;
    g_autofree char *xml = NULL;
    SpmRpcArgs result;
    const SpmRpcField *field = reply_string(call, "s", &result);

    if (!field)
        return;
    if (environment->placer && !(host = spm_placer_host(environment->placer, &error))) {
        g_message("host capabilities without SPM: %s", error->message);
        g_clear_error(&error);
    }
    emulator = spm_host_capabilities_emulator(field->text, field->length);
    caps = emulator ? environment->known(environment->caps, emulator) : NULL;
    xml = spm_host_capabilities_extend(field->text, field->length, host, caps, &error);
    reply_with(call, field, xml, error);
}
