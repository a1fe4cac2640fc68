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
#include "util/spm_xml_outline.h"

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

/* All that lowering and raising read. In <metadata> that is what they wrote themselves,
 * in a namespace that begins with urn:virtspm. An attribute memmapType is misplaced on
 * anything else, and has to be seen for that. */
static const SpmXmlOutline nothing[] = { { NULL } };
static const SpmXmlOutline of_os[] = { { "type" }, { "loader" }, { NULL } };
static const SpmXmlOutline of_features[] = { { "acpi" }, { NULL } };
static const SpmXmlOutline of_cpu[] = { { "numa" }, { NULL } };
static const SpmXmlOutline of_devices[] = { { "emulator" }, { "memory" }, { NULL } };
static const SpmXmlOutline of_domain[] = {
    { "metadata", nothing, "virtspm" },
    { "maxMemory" },
    { "memory" },
    { "memoryBacking" },
    { "vcpu" },
    { "numatune" },
    { "os", of_os },
    { "features", of_features },
    { "cpu", of_cpu },
    { "devices", of_devices },
    { NULL },
};
static const SpmXmlOutline outline = { "domain", of_domain };

xmlDoc *
spm_domain_parse_any(const char *xml, gsize length, GError **error)
{
    return spm_xml_parse_outline(xml, length, &outline, "memmapType", error);
}

xmlDoc *
spm_domain_parse(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = spm_domain_parse_any(xml, length, error);
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
spm_domain_doc_target(const xmlDoc *doc)
{
    const xmlNode *domain = xmlDocGetRootElement(doc);
    const xmlNode *type = spm_xml_child(spm_xml_child(domain, "os"), "type");
    SpmDomainTarget *target = g_new0(SpmDomainTarget, 1);

    target->virt_type = spm_xml_attr(domain, "type");
    target->active = spm_xml_has_attr(domain, "id");
    target->emulator = spm_xml_text(spm_xml_child(spm_xml_child(domain, "devices"), "emulator"));
    if (type) {
        target->arch = spm_xml_attr(type, "arch");
        target->machine = spm_xml_attr(type, "machine");
    }
    return target;
}

SpmDomainTarget *
spm_domain_target_parse(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = spm_domain_parse(xml, length, error);

    return doc ? spm_domain_doc_target(doc) : NULL;
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

gboolean
spm_domain_doc_asks(const xmlDoc *doc, GError **error)
{
    xmlNode *domain = xmlDocGetRootElement(doc);
    const xmlNode *cell = spm_xml_child(spm_xml_child(spm_xml_child(domain, "cpu"), "numa"), "cell");
    g_autoptr(SpmNumaDef) numa = NULL;

    if (!spm_validate_no_stray_attribute(domain, error))
        return FALSE;
    /* The attribute counts before the rest of its cell does: a document that
     * only has the word in a comment is libvirt's to judge. */
    while (cell && !spm_xml_has_attr(cell, "memmapType"))
        cell = spm_xml_next(cell, "cell");
    return cell && (numa = spm_numa_def_parse(domain, error)) && cells_ask(numa);
}

/* A document that asks and can be read as far as that; NULL without @error for
 * one that does not ask. */
static xmlDoc *
parse_asking(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = NULL;

    if (!spm_domain_may_ask(xml, length) || !(doc = spm_domain_parse(xml, length, error)) ||
        !spm_domain_doc_asks(doc, error))
        return NULL;
    return g_steal_pointer(&doc);
}

gboolean
spm_domain_asks(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = parse_asking(xml, length, error);

    return doc != NULL;
}

static SpmModel *
check(xmlDoc *doc, const SpmLoweringContext *context, GError **error)
{
    g_autoptr(SpmModel) model = NULL;

    spm_placement_note_remove(xmlDocGetRootElement(doc));
    if (!(model = spm_model_parse(doc, error)) || !spm_validate(model, context, error))
        return NULL;
    return g_steal_pointer(&model);
}

gboolean
spm_domain_doc_check(xmlDoc *doc, const SpmLoweringContext *context, GError **error)
{
    g_autoptr(SpmModel) model = check(doc, context, error);

    return model != NULL;
}

gboolean
spm_domain_doc_lower(xmlDoc *doc, const SpmLoweringContext *context, GError **error)
{
    g_autoptr(SpmModel) model = check(doc, context, error);

    if (model)
        spm_lower_document(model, context);
    return model != NULL;
}

char *
spm_domain_lower(const char *xml, gsize length, const SpmLoweringContext *context, GError **error)
{
    g_autoptr(GError) mine = NULL;
    g_autoptr(xmlDoc) doc = parse_asking(xml, length, &mine);

    if (mine) {
        g_propagate_error(error, g_steal_pointer(&mine));
        return NULL;
    }
    if (!doc)
        return g_strndup(xml, length);
    return spm_domain_doc_lower(doc, context, error)
               ? spm_xml_format(doc, spm_xml_quote(xml, length))
               : NULL;
}

gboolean
spm_domain_doc_raise(xmlDoc *doc)
{
    return spm_raise_document(doc);
}

char *
spm_domain_raise(const char *xml, gsize length, GError **error)
{
    g_autoptr(xmlDoc) doc = NULL;

    if (!spm_domain_may_hold(xml, length))
        return g_strndup(xml, length);
    doc = spm_domain_parse(xml, length, error);
    if (!doc)
        return NULL;
    return spm_domain_doc_raise(doc) ? spm_xml_format(doc, spm_xml_quote(xml, length))
                                     : g_strndup(xml, length);
}
