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

#include "qemu/qemu_lower_cells.h"
#include "qemu/qemu_offline.h"
#include "qemu/qemu_placement_note.h"
#include "qemu/qemu_raise_backing.h"
#include "qemu/qemu_record.h"
#include "qemu/qemu_xmlns.h"

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

static gboolean
raise_cells_a(xmlNode *domain, const xmlNode *record, const GPtrArray *devices)
{
    const xmlNode *backing = spm_xml_child(domain, "memoryBacking");

    for (guint i = 0; i < devices->len; i++) {
        const SpmRaisedDevice *raised = devices->pdata[i];
        g_autofree char *mem_access =
            mem_access_of(backing, spm_record_find_cell(record, raised->cell), raised->device);

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

        /* Such cells lowering B never takes out: the record was edited. */
        if (!cell || cell->memmap != SPM_MEMMAP_SPM || cell->cpus)
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
    g_autofree char *threads = NULL;
    gboolean tellable;

    devices = spm_raise_find_devices(domain, &tellable);
    if (!tellable || spm_model_find_double(domain) || (devices->len == 0 && !has_normal_cells(record)) || !one_lowering(devices))
        return FALSE;
    /* The record is read from a detached copy, so that the document has the
     * shape it had when places in it were noted. */
    if (record) {
        xmlNode *copy = xmlDocCopyNode(record, doc, 1);

        spm_record_remove(domain, record);
        record = copy;
        for (xmlNode *more = spm_record_find(domain); more; more = spm_record_find(domain))
            spm_record_remove(domain, more);
    }
    spm_offline_mark_remove(domain);
    spm_raise_read_placement(devices, record);
    threads = spm_raise_placed_threads(domain, record);
    remove_additions(domain, record, devices);
    if (devices->len > 0) {
        tellable = ((SpmRaisedDevice *)devices->pdata[0])->lowering == SPM_LOWERING_A
                       ? raise_cells_a(domain, record, devices)
                       : raise_cells_b(domain, record, devices);
        spm_qemu_xmlns_clean(domain, record);
        if (tellable) {
            /* Page sizes are compared while <source> and <maxMemory> are still
             * as lowered; places in <memoryBacking> count without them. */
            spm_raise_source(domain, record);
            spm_raise_max_memory(domain, record);
            tellable = spm_raise_hugepages(domain, record, devices) &&
                       spm_raise_numatune(domain, record, devices);
        }
    }
    if (tellable) {
        spm_raise_normal_cells(domain, record);
        spm_placement_note_add(domain, devices, threads);
    }
    if (record)
        xmlFreeNode(record);
    /* What the record kept may have been edited, too. */
    return tellable && !spm_model_find_double(domain);
}
