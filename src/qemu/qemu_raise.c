/*
 * Raising: stock libvirt XML becomes the user's document again
 *
 * The truth is read from the stock XML: which memory devices are sp-mem, how
 * large, in which pages, on which host nodes. The record in <metadata> only
 * says how the user wrote it, and counts where it says the same. So a
 * document edited behind our back shows what is really there; and where that
 * cannot be said with SPM cells, it stays stock XML.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_raise.h"

#include "qemu/qemu_lower.h"
#include "qemu/qemu_lower_cells.h"
#include "qemu/qemu_record.h"
#include "qemu/qemu_xmlns.h"
#include "util/spm_size.h"

static void
raised_device_free(SpmRaisedDevice *raised)
{
    spm_memory_device_free(raised->device);
    g_free(raised);
}

/* Which lowering made this device; FALSE when none did. */
static gboolean
recognise(const xmlNode *domain, const SpmMemoryDevice *device, guint cell, SpmLowering *lowering)
{
    const xmlNode *override = spm_qemu_xmlns_find_override(domain, device->alias);

    if (!override || !g_str_equal(device->model, "dimm") || device->size == 0)
        return FALSE;
    *lowering = SPM_LOWERING_A;
    if (device->target == (int)cell && spm_qemu_xmlns_override_is_ours(override, *lowering, cell))
        return TRUE;
    *lowering = SPM_LOWERING_B;
    return device->target == 0 && spm_qemu_xmlns_override_is_ours(override, *lowering, cell);
}

GPtrArray *
spm_raise_find_devices(xmlNode *domain, gboolean *all)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)raised_device_free);
    xmlNode *devices = spm_xml_child(domain, "devices");

    *all = TRUE;
    for (xmlNode *node = spm_xml_child(devices, "memory"); node; node = spm_xml_next(node, "memory")) {
        g_autoptr(SpmMemoryDevice) device = spm_memory_device_parse(node, NULL);
        SpmRaisedDevice *raised;
        SpmLowering lowering;
        guint cell;

        if (!device) {
            *all = FALSE;
            continue;
        }
        if (!spm_qemu_alias_parse(device->alias, &cell))
            continue;
        if (!recognise(domain, device, cell, &lowering)) {
            *all = FALSE;
            continue;
        }
        raised = g_new0(SpmRaisedDevice, 1);
        raised->cell = cell;
        raised->lowering = lowering;
        raised->device = g_steal_pointer(&device);
        g_ptr_array_add(found, raised);
    }
    return g_steal_pointer(&found);
}

/* The devices of one document come from one lowering. */
static gboolean
one_lowering(const GPtrArray *devices)
{
    for (guint i = 1; i < devices->len; i++) {
        if (((SpmRaisedDevice *)devices->pdata[i])->lowering !=
            ((SpmRaisedDevice *)devices->pdata[0])->lowering)
            return FALSE;
    }
    return TRUE;
}

/* The memAccess the cell had to have for the device's access to come out as it is. */
static char *
mem_access_of(const xmlNode *backing, const xmlNode *entry, const SpmMemoryDevice *device)
{
    g_autofree char *written = entry ? spm_xml_attr(entry, "memAccess") : NULL;

    if (g_strcmp0(spm_model_device_access(backing, written), device->access) == 0)
        return g_steal_pointer(&written);
    if (g_strcmp0(spm_model_device_access(backing, NULL), device->access) == 0)
        return NULL;
    return g_strdup(device->access);
}

static xmlNode *
cell_entry(const xmlNode *record, guint cell)
{
    xmlNode *entry = spm_record_first(record, "cell");
    guint64 id;

    while (entry && !(spm_record_entry_number(entry, "id", &id) && id == cell))
        entry = spm_record_next(entry);
    return entry;
}

static gboolean
raise_cells_a(xmlNode *domain, const xmlNode *record, const GPtrArray *devices)
{
    const xmlNode *backing = spm_xml_child(domain, "memoryBacking");

    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];
        g_autofree char *mem_access =
            mem_access_of(backing, cell_entry(record, raised->cell), raised->device);

        if (!spm_raise_cell(domain, record, raised->cell, raised->device->size, mem_access,
                            raised->device->discard))
            return FALSE;
    }
    return TRUE;
}

/* Only what the arguments on the command line really say may come back. */
static gboolean
arguments_agree(xmlNode *domain)
{
    g_autoptr(SpmNumaDef) numa = spm_numa_def_parse(domain, NULL);
    g_autoptr(SpmNumaLinks) links = numa ? spm_numa_links_parse(numa, NULL) : NULL;
    g_autoptr(GPtrArray) arguments = links ? spm_qemu_node_arguments(numa, links) : NULL;

    return arguments && spm_qemu_xmlns_remove_arguments(domain, arguments);
}

static gboolean
raise_cells_b(xmlNode *domain, const xmlNode *record, const GPtrArray *devices)
{
    g_autoptr(GHashTable) sizes = g_hash_table_new(NULL, NULL);
    g_autoptr(SpmNumaDef) numa = NULL;
    const xmlNode *backing = spm_xml_child(domain, "memoryBacking");

    for (guint i = 0; i < devices->len; i++) {
        SpmRaisedDevice *raised = devices->pdata[i];

        g_hash_table_insert(sizes, GUINT_TO_POINTER(raised->cell), &raised->device->size);
    }
    if (!spm_raise_cells_b(domain, record, sizes) || !(numa = spm_numa_def_parse(domain, NULL)) ||
        spm_numa_def_count_spm(numa) != devices->len)
        return FALSE;
    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];
        const SpmNumaCell *cell = spm_numa_def_find(numa, raised->cell);
        g_autofree char *mem_access = NULL;

        if (!cell)
            return FALSE;
        mem_access = mem_access_of(backing, cell->node, raised->device);
        if (mem_access)
            spm_xml_set_attr(cell->node, "memAccess", mem_access);
        else
            spm_xml_del_attr(cell->node, "memAccess");
        if (raised->device->discard)
            spm_xml_set_attr(cell->node, "discard", raised->device->discard);
        else
            spm_xml_del_attr(cell->node, "discard");
    }
    return arguments_agree(domain);
}

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
    if (actual)
        xmlFreeNode(xmlReplaceNode(actual, xmlDocCopyNode((xmlNode *)kept, parent->doc, 1)));
    else
        spm_record_put_back(entry, kept, parent, otherwise);
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

        if (!memnode != !raised->device->host_nodes)
            return FALSE;
        if (!memnode)
            continue;
        if (!g_str_equal(memnode->mode, "strict") ||
            !spm_nodeset_equal(memnode->nodes, raised->device->host_nodes))
            return FALSE;
        spm_nodeset_union(host_nodes, memnode->nodes);
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
    xmlNode *node = spm_xml_child_ns(domain, NULL, NULL);

    while (node && !g_strv_contains(later, (const char *)node->name))
        node = spm_xml_next_ns(node, NULL, NULL);
    return node;
}

static void
add_memnode(xmlNode *domain, const SpmRaisedDevice *raised)
{
    g_autofree char *id = g_strdup_printf("%u", raised->cell);
    g_autofree char *nodes = spm_nodeset_format(raised->device->host_nodes);
    xmlNode *numatune = spm_xml_child(domain, "numatune");
    xmlNode *memnode;

    if (!numatune)
        numatune = spm_xml_add(domain, place_of_numatune(domain), NULL, "numatune", NULL);
    memnode = spm_xml_add(numatune, NULL, NULL, "memnode", NULL);
    spm_xml_set_attr(memnode, "cellid", id);
    spm_xml_set_attr(memnode, "mode", "strict");
    spm_xml_set_attr(memnode, "nodeset", nodes);
}

static gboolean
raise_numatune(xmlNode *domain, const xmlNode *record, const GPtrArray *devices)
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

        if (raised->device->host_nodes && spm_numatune_find(actual, raised->cell))
            return FALSE;
        if (raised->device->host_nodes)
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

        if (spm_model_device_page(kept, raised->lowering, raised->cell) != raised->device->page_size)
            return FALSE;
    }
    return TRUE;
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
        g_autofree char *kib = g_strdup_printf("%" G_GUINT64_FORMAT, own / SPM_KIB);
        g_autofree char *id = g_strdup_printf("%u", raised->cell);
        xmlNode *page;

        if (own == spm_model_device_page(actual, raised->lowering, raised->cell))
            continue;
        /* No page size on the device: it follows its target cell, which under
         * lowering B is another one. And <hugepages/> alone gives every cell
         * the host's default size, which adding a <page> would end. */
        if (own == 0 || spm_hugepages_default(actual) == SPM_PAGE_HOST_DEFAULT)
            return FALSE;
        if (!backing)
            backing = spm_xml_add(domain, spm_xml_child(domain, "vcpu"), NULL, "memoryBacking", NULL);
        if (!hugepages)
            hugepages = spm_xml_add(backing, spm_xml_child_ns(backing, NULL, NULL), NULL,
                                    "hugepages", NULL);
        page = spm_xml_add(hugepages, NULL, NULL, "page", NULL);
        spm_xml_set_attr(page, "size", kib);
        spm_xml_set_attr(page, "unit", "KiB");
        spm_xml_set_attr(page, "nodeset", id);
    }
    return TRUE;
}

static gboolean
raise_hugepages(xmlNode *domain, const xmlNode *record, const GPtrArray *devices)
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

static void
raise_max_memory(xmlNode *domain, const xmlNode *record)
{
    const xmlNode *entry = spm_record_first(record, "maxMemory");
    const xmlNode *kept = spm_record_kept(entry, "maxMemory");
    xmlNode *actual = spm_xml_child(domain, "maxMemory");
    guint64 bytes, slots, lowered_bytes, lowered_slots;

    if (!actual || !entry || !spm_max_memory_parse(actual, &bytes, &slots, NULL) ||
        !spm_record_entry_number(entry, "bytes", &lowered_bytes) ||
        !spm_record_entry_number(entry, "slots", &lowered_slots) ||
        spm_memory_round(bytes) != lowered_bytes || slots != lowered_slots)
        return;
    if (kept)
        restore(entry, kept, domain, actual, NULL);
    else
        spm_xml_remove(actual);
}

static void
raise_source(xmlNode *domain, const xmlNode *record)
{
    xmlNode *backing = spm_xml_child(domain, "memoryBacking");
    xmlNode *source = spm_xml_child(backing, "source");
    g_autofree char *type = source ? spm_xml_attr(source, "type") : NULL;

    if (g_strcmp0(type, "memfd") == 0 && spm_record_has_added(record, "source"))
        spm_xml_remove(source);
    if (backing && spm_record_has_added(record, "memoryBacking") && spm_xml_is_blank(backing))
        spm_xml_remove(backing);
}

/* Takes what lowering put in out of the document; the devices' texts were read before. */
static void
remove_additions(xmlNode *domain, const xmlNode *record, const GPtrArray *devices)
{
    xmlNode *parent = spm_xml_child(domain, "devices");

    for (guint i = 0; i < devices->len; i++) {
        SpmRaisedDevice *raised = devices->pdata[i];

        spm_xml_remove(spm_qemu_xmlns_find_override(domain, raised->device->alias));
        spm_xml_remove(raised->device->node);
        raised->device->node = NULL;
    }
    spm_qemu_xmlns_remove_orphans(domain);
    if (parent && spm_record_has_added(record, "devices") && spm_xml_is_blank(parent))
        spm_xml_remove(parent);
    spm_qemu_xmlns_restore_capability(domain, record, SPM_QEMU_CAPABILITY_THREAD_CONTEXT);
}

/* Does the record remember anything besides SPM cells? */
static gboolean
has_normal_cells(const xmlNode *record)
{
    for (const xmlNode *entry = spm_record_first(record, "cell"); entry;
         entry = spm_record_next(entry)) {
        if (spm_xml_has_attr(entry, "memmapType"))
            return TRUE;
    }
    return FALSE;
}

gboolean
spm_raise_document(xmlDoc *doc)
{
    xmlNode *domain = xmlDocGetRootElement(doc);
    xmlNode *record = spm_record_find(domain);
    g_autoptr(GPtrArray) devices = NULL;
    gboolean tellable;

    devices = spm_raise_find_devices(domain, &tellable);
    if (!tellable || (devices->len == 0 && !has_normal_cells(record)) || !one_lowering(devices))
        return FALSE;
    /* The record is read from a detached copy, so that the document has the
     * shape it had when places in it were noted. */
    if (record) {
        xmlNode *copy = xmlDocCopyNode(record, doc, 1);

        spm_record_remove(domain, record);
        record = copy;
    }
    remove_additions(domain, record, devices);
    if (devices->len > 0) {
        tellable = ((SpmRaisedDevice *)devices->pdata[0])->lowering == SPM_LOWERING_A
                       ? raise_cells_a(domain, record, devices)
                       : raise_cells_b(domain, record, devices);
        spm_qemu_xmlns_clean(domain, record);
        if (tellable) {
            /* Page sizes are compared while <source> and <maxMemory> are still
             * as lowered; places in <memoryBacking> count without them. */
            raise_source(domain, record);
            raise_max_memory(domain, record);
            tellable = raise_hugepages(domain, record, devices) &&
                       raise_numatune(domain, record, devices);
        }
    }
    if (tellable)
        spm_raise_normal_cells(domain, record);
    if (record)
        xmlFreeNode(record);
    return tellable;
}
