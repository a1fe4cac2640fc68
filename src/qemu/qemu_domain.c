/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/qemu_domain.h"

#include <string.h>

#include "qemu/qemu_lower.h"
#include "qemu/qemu_placement_note.h"
#include "qemu/qemu_raise.h"
#include "qemu/qemu_record.h"
#include "qemu/qemu_validate.h"
#include "util/spm_error.h"
#include "util/spm_xml.h"

static gboolean
holds(const char *xml, gsize length, const char *word)
{
    return memmem(xml, length, word, strlen(word)) != NULL;
}

gboolean
spm_domain_may_ask(const char *xml, gsize length)
{
    /* An attribute name cannot be written with character references. */
    return holds(xml, length, "memmapType");
}

gboolean
spm_domain_may_hold(const char *xml, gsize length)
{
    return holds(xml, length, SPM_QEMU_ALIAS_RESERVED) || holds(xml, length, SPM_RECORD_NS);
}

static xmlDoc *
parse_domain(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = spm_xml_parse(xml, length, error);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

    if (!doc)
        return NULL;
    if (!spm_xml_is(root, "domain")) {
        spm_xml_error(error, root, SPM_ERROR_XML, "expecting root element of 'domain', not '%s'",
                      root ? (const char *)root->name : "");
        return NULL;
    }
    return g_steal_pointer(&doc);
}

void
spm_domain_target_free(SpmDomainTarget *target)
{
    g_free(target->virt_type);
    g_free(target->arch);
    g_free(target->machine);
    g_free(target->emulator);
    g_free(target);
}

SpmDomainTarget *
spm_domain_target_parse(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = parse_domain(xml, length, error);
    SpmDomainTarget *target;
    const xmlNode *domain;
    const xmlNode *type;

    if (!doc)
        return NULL;
    domain = xmlDocGetRootElement(doc);
    type = spm_xml_child(spm_xml_child(domain, "os"), "type");
    target = g_new0(SpmDomainTarget, 1);
    target->virt_type = spm_xml_attr(domain, "type");
    target->active = spm_xml_has_attr(domain, "id");
    target->emulator = spm_xml_text(spm_xml_child(spm_xml_child(domain, "devices"), "emulator"));
    if (type) {
        target->arch = spm_xml_attr(type, "arch");
        target->machine = spm_xml_attr(type, "machine");
    }
    return target;
}

static gboolean
cells_ask(const SpmNumaDef *numa)
{
    for (guint i = 0; i < numa->cells->len; i++) {
        if (((SpmNumaCell *)numa->cells->pdata[i])->memmap != SPM_MEMMAP_NONE)
            return TRUE;
    }
    return FALSE;
}

/* A document that asks and can be read as far as that; NULL without @error for
 * one that does not ask. */
static xmlDoc *
parse_asking(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = NULL;
    g_autoptr(SpmNumaDef) numa = NULL;
    gboolean asks = FALSE;

    if (!spm_domain_may_ask(xml, length) || !(doc = parse_domain(xml, length, error)) ||
        !spm_validate_no_stray_attribute(xmlDocGetRootElement(doc), error))
        return NULL;
    /* The attribute counts before the rest of its cell does: a document that
     * only has the word in a comment is libvirt's to judge. */
    for (const xmlNode *cell = spm_xml_child(
             spm_xml_child(spm_xml_child(xmlDocGetRootElement(doc), "cpu"), "numa"), "cell");
         cell; cell = spm_xml_next(cell, "cell"))
        asks = asks || spm_xml_has_attr(cell, "memmapType");
    if (!asks || !(numa = spm_numa_def_parse(xmlDocGetRootElement(doc), error)) || !cells_ask(numa))
        return NULL;
    return g_steal_pointer(&doc);
}

gboolean
spm_domain_asks(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = parse_asking(xml, length, error);

    return doc != NULL;
}

char *
spm_domain_lower(const char *xml, gsize length, const SpmLoweringContext *context, GError **error)
{
    g_autoptr(GError) mine = NULL;
    g_autoptr(xmlDoc) doc = parse_asking(xml, length, &mine);
    g_autoptr(SpmModel) model = NULL;

    if (mine) {
        g_propagate_error(error, g_steal_pointer(&mine));
        return NULL;
    }
    if (!doc)
        return g_strndup(xml, length);
    spm_placement_note_remove(xmlDocGetRootElement(doc));
    model = spm_model_parse(doc, error);
    if (!model)
        return NULL;
    if (!spm_validate(model, context, error))
        return NULL;
    spm_lower_document(model, context);
    return spm_xml_format(doc, spm_xml_quote(xml, length));
}

char *
spm_domain_raise(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = NULL;

    if (!spm_domain_may_hold(xml, length))
        return g_strndup(xml, length);
    doc = parse_domain(xml, length, error);
    if (!doc)
        return NULL;
    if (!spm_raise_document(doc))
        return g_strndup(xml, length);
    return spm_xml_format(doc, spm_xml_quote(xml, length));
}
