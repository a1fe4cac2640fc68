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
 * Without a placer (placement=off) nothing is decided.
 *
 * The document of something that is there already (an image, a snapshot) says
 * where its cells lie: it was shown with a note. They stay there, whether there
 * is room or not. Only where a cell has no place yet the placer decides, and what
 * needs none is not refused when it finds none.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "daemon/intercept/intercept.h"

#include "daemon/session.h"
#include "qemu/qemu_domain.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

#define LIST_ACTIVE 1
/* As many as libvirt's protocol lists (REMOTE_DOMAIN_LIST_MAX). */
#define DOMAINS_MAX 16384

static void
finish(SpmCall *call, const char *running, gsize running_length)
{
    g_autoptr(GError) error = NULL;
    gsize length;
    const char *xml = spm_documents_current(call->documents, &length);

    g_clear_pointer(&call->plan, spm_plan_free);
    call->plan = spm_placer_plan(spm_call_environment(call)->placer, xml, length, running,
                                 running_length, &error);
    if (call->plan)
        call->on_placed(call, call->plan->backings);
    else if (call->noted)
        call->on_placed(call, NULL); /* as it is written */
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
    gsize length;
    const char *xml = spm_documents_current(call->documents, &length);
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, NULL);
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

/* Does the document say where every cell lies? FALSE also when it cannot be read,
 * which lowering has more to say about. */
static gboolean
is_noted(SpmCall *call)
{
    gboolean complete = FALSE;
    gsize length;
    const char *xml = spm_documents_current(call->documents, &length);

    g_clear_pointer(&call->noted, g_ptr_array_unref);
    if (call->procedure->xml != SPM_RPC_XML_KEEPS)
        return FALSE;
    call->noted = spm_domain_noted_backings(xml, length, &complete, NULL);
    if (call->noted && !complete)
        g_clear_pointer(&call->noted, g_ptr_array_unref);
    return call->noted && call->noted->len > 0;
}

void
spm_intercept_place(SpmCall *call, SpmCallPlacedFunc placed)
{
    GByteArray *args;

    if (is_noted(call)) {
        placed(call, call->noted);
        return;
    }
    if (!spm_placer_is_on(spm_call_environment(call)->placer)) {
        placed(call, NULL);
        return;
    }
    call->on_placed = placed;
    args = g_byte_array_new();
    spm_xdr_write_u32(args, 1); /* need_results */
    spm_xdr_write_u32(args, LIST_ACTIVE);
    spm_call_ask_libvirt(call, SPM_RPC_CONNECT_LIST_ALL_DOMAINS, args, list_answered);
}
