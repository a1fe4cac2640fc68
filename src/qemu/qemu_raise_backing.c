/*
 * Raising what surrounds the cells: <numatune>, <hugepages>, <maxMemory> and
 * <source>
 *
 * For each there is the user's original in the record, and what the stock XML
 * says now. The original comes back when lowering it again would give what is
 * there; otherwise what is there is told in the plainest way.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_raise_backing.h"

#include "qemu/qemu_lower.h"
#include "qemu/qemu_record.h"
#include "util/spm_size.h"
#include "util/spm_xml_outline.h"

/* A small document of its own around a kept element, for reading it. */
static xmlDoc *
wrap(const xmlNode *kept, const char *outer)
{
    xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");
    xmlNode *domain = xmlNewDocNode(doc, NULL, BAD_CAST "domain", NULL);
    xmlNode *parent = domain;

    xmlDocSetRootElement(doc, domain);
    if (outer)
        parent = spm_xml_add(domain, NULL, NULL, outer, NULL);
    xmlAddChild(parent, xmlDocCopyNode((xmlNode *)kept, doc, 1));
    return doc;
}

/* Put the kept element in place of the one that is there, if any. */
static void
restore(const xmlNode *entry, const xmlNode *kept, xmlNode *parent, xmlNode *actual,
        xmlNode *otherwise)
{
    xmlNode *copy;

    if (!actual) {
        spm_record_put_back(entry, kept, parent, otherwise);
        return;
    }
    copy = xmlDocCopyNode((xmlNode *)kept, parent->doc, 1);
    xmlFreeNode(xmlReplaceNode(actual, copy));
    spm_xml_reindent(copy);
}

static void
collect_cells(xmlNode *domain, const GPtrArray *devices, SpmNodeset *spm_cells,
              SpmNodeset *ordinary_cells)
{
    g_autoptr(SpmNumaDef) numa = spm_numa_def_parse(domain, NULL);

    for (guint i = 0; numa && i < numa->cells->len; i++)
        spm_nodeset_add(ordinary_cells, ((SpmNumaCell *)numa->cells->pdata[i])->id);
    for (guint i = 0; i < devices->len; i++)
        spm_nodeset_add(spm_cells, ((SpmRaisedDevice *)devices->pdata[i])->cell);
    spm_nodeset_subtract(ordinary_cells, spm_cells);
}

/* Would lowering the kept <numatune> give what is there now? */
static gboolean
numatune_agrees(const xmlNode *kept, const SpmNumatune *actual, xmlNode *domain,
                const GPtrArray *devices)
{
    g_autoptr(xmlDoc) doc = wrap(kept, NULL);
    g_autoptr(SpmNumatune) tune = spm_numatune_parse(xmlDocGetRootElement(doc), NULL);
    g_autoptr(SpmNumatune) lowered = NULL;
    g_autoptr(SpmNodeset) spm_cells = spm_nodeset_new();
    g_autoptr(SpmNodeset) ordinary = spm_nodeset_new();
    g_autoptr(SpmNodeset) host_nodes = spm_nodeset_new();

    if (!tune)
        return FALSE;
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];
        const SpmMemnode *memnode = spm_numatune_find(tune, raised->cell);

        if (raised->nodes)
            spm_nodeset_union(host_nodes, raised->nodes);
        if (!memnode != (!raised->nodes || raised->automatic))
            return FALSE;
        if (memnode && (!g_str_equal(memnode->mode, "strict") ||
                        !spm_nodeset_equal(memnode->nodes, raised->nodes)))
            return FALSE;
    }
    collect_cells(domain, devices, spm_cells, ordinary);
    spm_lower_numatune(tune, spm_cells, ordinary, host_nodes);
    lowered = spm_numatune_parse(xmlDocGetRootElement(doc), NULL);
    return lowered && spm_numatune_equal(lowered, actual, NULL);
}

/* <numatune> stands between <vcpu>/<cputune> and <os> in libvirt's own order. */
static xmlNode *
place_of_numatune(xmlNode *domain)
{
    static const char *const later[] = { "resource", "sysinfo", "bootloader", "os", NULL };
    xmlNode *node;

    spm_xml_unfold_children(domain);
    node = spm_xml_child_ns(domain, NULL, NULL);
    while (node && !g_strv_contains(later, (const char *)node->name))
        node = spm_xml_next_ns(node, NULL, NULL);
    return node;
}

static void
add_memnode(xmlNode *domain, const SpmRaisedDevice *raised)
{
    g_autofree char *nodes = spm_nodeset_format(raised->nodes);
    xmlNode *numatune = spm_xml_child(domain, "numatune");
    xmlNode *memnode;

    if (!numatune)
        numatune = spm_xml_add(domain, place_of_numatune(domain), NULL, "numatune", NULL);
    memnode = spm_xml_add(numatune, NULL, NULL, "memnode", NULL);
    spm_xml_set_number(memnode, "cellid", raised->cell);
    spm_xml_set_attr(memnode, "mode", "strict");
    spm_xml_set_attr(memnode, "nodeset", nodes);
}

gboolean
spm_raise_numatune(xmlNode *domain, const xmlNode *record, const GPtrArray *devices)
{
    const xmlNode *entry = spm_record_first(record, "numatune");
    const xmlNode *kept = spm_record_kept(entry, "numatune");
    g_autoptr(SpmNumatune) actual = spm_numatune_parse(domain, NULL);

    if (!actual)
        return FALSE;
    if (kept && numatune_agrees(kept, actual, domain, devices)) {
        restore(entry, kept, domain, actual->node, place_of_numatune(domain));
        return TRUE;
    }
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];

        /* Lowering leaves no memnode of an SPM cell. One that somebody added may be
         * of any mode, and libvirt takes it for a device without nodes. */
        if (spm_numatune_find(actual, raised->cell))
            return FALSE;
        if (raised->nodes && !raised->automatic)
            add_memnode(domain, raised);
    }
    return TRUE;
}

/* Does every cell have the same pages under both, as far as the stock XML says? */
static gboolean
hugepages_agree(const SpmHugepages *kept, const SpmHugepages *actual, xmlNode *domain,
                const GPtrArray *devices)
{
    g_autoptr(SpmNodeset) spm_cells = spm_nodeset_new();
    g_autoptr(SpmNodeset) ordinary = spm_nodeset_new();

    collect_cells(domain, devices, spm_cells, ordinary);
    for (int id = spm_nodeset_next(ordinary, 0); id >= 0;
         id = spm_nodeset_next(ordinary, (guint)id + 1)) {
        if (spm_hugepages_of_cell(kept, (guint)id) != spm_hugepages_of_cell(actual, (guint)id))
            return FALSE;
    }
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];

        if (!raised->device->path && !raised->page_automatic &&
            spm_model_device_page(kept, raised->lowering, raised->cell) != raised->device->page_size)
            return FALSE;
    }
    return TRUE;
}

static gboolean
some_page_names(const SpmHugepages *pages, guint cell)
{
    for (guint i = 0; i < pages->pages->len; i++) {
        const SpmHugepage *page = pages->pages->pdata[i];

        if (page->cells && spm_nodeset_has(page->cells, cell))
            return TRUE;
    }
    return FALSE;
}

/* The way back without the record: a <page> for each SPM cell whose pages are
 * not those it would have anyway. */
static gboolean
derive_hugepages(xmlNode *domain, const GPtrArray *devices)
{
    xmlNode *backing = spm_xml_child(domain, "memoryBacking");
    g_autoptr(SpmHugepages) actual = spm_hugepages_parse(backing, NULL);
    xmlNode *hugepages;

    if (!actual)
        return FALSE;
    hugepages = actual->node;
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];
        guint64 own = raised->device->page_size;
        xmlNode *page;

        if (raised->device->path || raised->page_automatic ||
            own == spm_model_device_page(actual, raised->lowering, raised->cell))
            continue;
        /* No page size on the device: it follows its target cell, which under
         * lowering B is another one. And <hugepages/> alone gives every cell
         * the host's default size, which adding a <page> would end. */
        if (own == 0 || spm_hugepages_default(actual) == SPM_PAGE_HOST_DEFAULT)
            return FALSE;
        /* Somebody gave the cell another page, which would count before ours. */
        if (some_page_names(actual, raised->cell))
            return FALSE;
        if (!backing)
            backing = spm_xml_add(domain, spm_xml_child(domain, "vcpu"), NULL, "memoryBacking", NULL);
        if (!hugepages)
            hugepages = spm_xml_add(backing, spm_xml_child_ns(backing, NULL, NULL), NULL,
                                    "hugepages", NULL);
        page = spm_xml_add(hugepages, NULL, NULL, "page", NULL);
        spm_xml_set_number(page, "size", own / SPM_KIB);
        spm_xml_set_attr(page, "unit", "KiB");
        spm_xml_set_number(page, "nodeset", raised->cell);
    }
    return TRUE;
}

gboolean
spm_raise_hugepages(xmlNode *domain, const xmlNode *record, const GPtrArray *devices)
{
    const xmlNode *entry = spm_record_first(record, "hugepages");
    const xmlNode *kept = spm_record_kept(entry, "hugepages");
    xmlNode *backing = spm_xml_child(domain, "memoryBacking");
    g_autoptr(SpmHugepages) actual = spm_hugepages_parse(backing, NULL);

    if (!actual)
        return FALSE;
    if (kept && backing) {
        g_autoptr(xmlDoc) doc = wrap(kept, "memoryBacking");
        const xmlNode *outer = spm_xml_child(xmlDocGetRootElement(doc), "memoryBacking");
        g_autoptr(SpmHugepages) written = spm_hugepages_parse(outer, NULL);

        if (written && hugepages_agree(written, actual, domain, devices)) {
            restore(entry, kept, backing, actual->node, spm_xml_child_ns(backing, NULL, NULL));
            return TRUE;
        }
    }
    return derive_hugepages(domain, devices);
}

void
spm_raise_max_memory(xmlNode *domain, const xmlNode *record)
{
    const xmlNode *entry = spm_record_first(record, "maxMemory");
    const xmlNode *kept = spm_record_kept(entry, "maxMemory");
    xmlNode *actual = spm_xml_child(domain, "maxMemory");
    guint64 bytes, slots, lowered_bytes, lowered_slots, kept_bytes, kept_slots;

    if (!actual || !entry || !spm_max_memory_parse(actual, &bytes, &slots, NULL) ||
        !spm_record_entry_number(entry, "bytes", &lowered_bytes) ||
        !spm_record_entry_number(entry, "slots", &lowered_slots) ||
        spm_memory_round(bytes) != lowered_bytes || slots != lowered_slots)
        return;
    if (kept) {
        if (spm_max_memory_parse(kept, &kept_bytes, &kept_slots, NULL) &&
            spm_memory_round(kept_bytes) == lowered_bytes && kept_slots < lowered_slots)
            restore(entry, kept, domain, actual, NULL);
    } else if (!spm_xml_child(spm_xml_child(domain, "devices"), "memory")) {
        /* Other memory devices, which somebody added, could not do without. */
        spm_xml_remove(actual);
    }
}

void
spm_raise_source(xmlNode *domain, const xmlNode *record)
{
    xmlNode *backing = spm_xml_child(domain, "memoryBacking");
    xmlNode *source = spm_xml_child(backing, "source");
    g_autofree char *type = source ? spm_xml_attr(source, "type") : NULL;

    xmlNode *allocation = spm_xml_child(backing, "allocation");

    if (allocation && spm_record_has_added(record, "allocation"))
        spm_xml_remove(allocation);
    if (g_strcmp0(type, "memfd") == 0 && spm_record_has_added(record, "source"))
        spm_xml_remove(source);
    if (backing && spm_record_has_added(record, "memoryBacking") && spm_xml_is_blank(backing))
        spm_xml_remove(backing);
}

char *
spm_raise_placed_threads(const xmlNode *domain, const xmlNode *record)
{
    const xmlNode *allocation =
        spm_xml_child(spm_xml_child(domain, "memoryBacking"), "allocation");

    return allocation && spm_record_has_added(record, "allocation")
               ? spm_xml_attr(allocation, "threads")
               : NULL;
}
