/*
 * intercept_place.c: where do the SPM cells of a domain go on this host?
 *
 * A domain that is being redefined may be running. What it has taken itself
 * must not count against it, so libvirtd is asked for the running domains, and
 * for the XML of the one that has the document's UUID or name:
 *
 *   1. CONNECT_LIST_ALL_DOMAINS, the active ones;
 *   2. DOMAIN_GET_XML_DESC of it, if it is there;
 *   3. the placer decides (placer.h).
 *
 * Without a placer (placement=off) the answer is no plan.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept.h"

#include "daemon/session.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

#define LIST_ACTIVE 1
/* As many as libvirt's protocol lists (REMOTE_DOMAIN_LIST_MAX). */
#define DOMAINS_MAX 16384

static void
finish(SpmCall *call, const char *running, gsize running_length)
{
    const SpmRpcField *field = spm_rpc_args_find(&call->args, 'x');
    g_autoptr(GError) error = NULL;

    call->plan = spm_placer_plan(spm_call_environment(call)->placer, field->text, field->length,
                                 running, running_length, &error);
    if (call->plan)
        call->on_placed(call);
    else
        spm_call_fail(call, g_steal_pointer(&error));
}

static void
xml_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    const char *xml;
    gsize length;

    if (spm_call_result_string(call, payload, size, &xml, &length))
        finish(call, xml, length);
}

typedef struct {
    const char *name;
    gsize length;
    const guint8 *uuid;
} Listed;

static gboolean
is_document_of(const xmlNode *domain, const Listed *listed)
{
    g_autofree char *name = spm_xml_text(spm_xml_child(domain, "name"));
    g_autofree char *uuid = spm_xml_text(spm_xml_child(domain, "uuid"));
    GString *hex = g_string_new(NULL);
    gboolean same;

    for (guint i = 0; i < SPM_RPC_UUID_SIZE; i++)
        g_string_append_printf(hex, "%02x", listed->uuid[i]);
    if (uuid) {
        g_auto(GStrv) parts = g_strsplit(uuid, "-", -1);
        g_autofree char *plain = g_strjoinv("", parts);

        same = g_ascii_strcasecmp(plain, hex->str) == 0;
    } else {
        same = name && strlen(name) == listed->length &&
               memcmp(name, listed->name, listed->length) == 0;
    }
    g_string_free(hex, TRUE);
    return same;
}

static void
list_answered(SpmCall *call, const guint8 *payload, gsize size)
{
    const SpmRpcField *field = spm_rpc_args_find(&call->args, 'x');
    g_autoptr(xmlDoc) doc = spm_xml_parse(field->text, field->length, NULL);
    const xmlNode *domain = doc ? xmlDocGetRootElement(doc) : NULL;
    SpmXdrReader reader;
    guint32 count = 0;

    spm_xdr_reader_init(&reader, payload, size);
    if (!spm_xdr_read_u32(&reader, &count) || count > DOMAINS_MAX)
        count = 0;
    for (guint32 i = 0; domain && i < count; i++) {
        Listed listed;
        gsize start = reader.offset;
        guint32 id;

        if (!spm_xdr_read_string(&reader, &listed.name, &listed.length) ||
            !spm_xdr_read_fixed(&reader, SPM_RPC_UUID_SIZE, &listed.uuid) ||
            !spm_xdr_read_u32(&reader, &id))
            break;
        if (is_document_of(domain, &listed)) {
            GByteArray *args = g_byte_array_new();

            g_byte_array_append(args, payload + start, (guint)(reader.offset - start));
            spm_xdr_write_u32(args, 0); /* flags */
            spm_call_ask_libvirt(call, SPM_RPC_DOMAIN_GET_XML_DESC, args, xml_answered);
            return;
        }
    }
    finish(call, NULL, 0);
}

void
spm_intercept_place(SpmCall *call, SpmCallPlacedFunc placed)
{
    GByteArray *args;

    if (!spm_placer_is_on(spm_call_environment(call)->placer)) {
        placed(call);
        return;
    }
    call->on_placed = placed;
    args = g_byte_array_new();
    spm_xdr_write_u32(args, 1); /* need_results */
    spm_xdr_write_u32(args, LIST_ACTIVE);
    spm_call_ask_libvirt(call, SPM_RPC_CONNECT_LIST_ALL_DOMAINS, args, list_answered);
}
