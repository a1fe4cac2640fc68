/*
 * Lowering: a user's document becomes stock libvirt XML
 *
 * An SPM cell N turns into a memory device with the alias ua-virtspm-cellN,
 * which <qemu:override> makes an sp-mem device. Lowering A keeps the cell, with
 * no memory; lowering B (qemu_lower_cells.c) takes it out and tells QEMU of
 * its node directly. Where the memory lies on the host and in which pages
 * moves from <numatune> and <hugepages> to the device.
 *
 * First everything that leaves the document is taken out, then everything
 * that joins it is put in: raising goes backwards, and the places noted in
 * the record are then exact.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "qemu/qemu_lower.h"

#include "qemu/qemu_lower_cells.h"
#include "qemu/qemu_record.h"
#include "qemu/qemu_xmlns.h"
#include "util/spm_memory.h"
#include "util/spm_size.h"

static void
set_nodeset(xmlNode *node, const SpmNodeset *nodes)
{
    g_autofree char *text = spm_nodeset_format(nodes);

    spm_xml_set_attr(node, "nodeset", text);
}

static void
add_memnode(xmlNode *numatune, guint cell, const SpmNodeset *nodes)
{
    xmlNode *memnode = spm_xml_add(numatune, NULL, NULL, "memnode", NULL);

    spm_xml_set_number(memnode, "cellid", cell);
    spm_xml_set_attr(memnode, "mode", "strict");
    set_nodeset(memnode, nodes);
}

gboolean
spm_lower_numatune(SpmNumatune *tune, const SpmNodeset *spm_cells,
                   const SpmNodeset *ordinary_cells, const SpmNodeset *spm_host_nodes)
{
    gboolean changed = FALSE;

    for (guint i = 0; i < tune->memnodes->len; i++) {
        SpmMemnode *memnode = tune->memnodes->pdata[i];

        if (spm_nodeset_has(spm_cells, memnode->cell)) {
            spm_xml_remove(memnode->node);
            changed = TRUE;
        }
    }
    /* A strict policy of the whole domain confines the emulator, and so every
     * cell: without the SPM nodes in it the SPM cells could not be allocated. */
    if (tune->nodes && g_str_equal(tune->mode, "strict") &&
        !spm_nodeset_contains(tune->nodes, spm_host_nodes)) {
        g_autoptr(SpmNodeset) wide = spm_nodeset_copy(tune->nodes);

        spm_nodeset_union(wide, spm_host_nodes);
        set_nodeset(tune->memory, wide);
        for (int id = spm_nodeset_next(ordinary_cells, 0); id >= 0;
             id = spm_nodeset_next(ordinary_cells, (guint)id + 1)) {
            if (!spm_numatune_find(tune, (guint)id))
                add_memnode(tune->node, (guint)id, tune->nodes);
        }
        changed = TRUE;
    }
    return changed;
}

gboolean
spm_lower_hugepages(SpmHugepages *pages, const SpmNodeset *spm_cells)
{
    gboolean changed = FALSE;

    for (guint i = 0; i < pages->pages->len; i++) {
        SpmHugepage *page = pages->pages->pdata[i];

        if (!page->cells || !spm_nodeset_intersects(page->cells, spm_cells))
            continue;
        changed = TRUE;
        spm_nodeset_subtract(page->cells, spm_cells);
        if (spm_nodeset_is_empty(page->cells))
            spm_xml_remove(page->node);
        else
            set_nodeset(page->node, page->cells);
    }
    return changed;
}

static void
lower_numatune(SpmModel *model, xmlNode *record)
{
    g_autoptr(SpmNodeset) ordinary = spm_nodeset_new();
    xmlNode *numatune = model->tune->node;
    xmlNode *entry;

    if (!numatune)
        return;
    for (guint i = 0; i < model->numa->cells->len; i++)
        spm_nodeset_add(ordinary, ((SpmNumaCell *)model->numa->cells->pdata[i])->id);
    spm_nodeset_subtract(ordinary, model->spm_cells);

    entry = spm_record_keep(record, "numatune", numatune);
    if (!spm_lower_numatune(model->tune, model->spm_cells, ordinary, model->spm_host_nodes))
        spm_xml_remove(entry);
    else if (spm_xml_is_blank(numatune))
        spm_record_take_out(entry, numatune);
}

static void
lower_hugepages(SpmModel *model, xmlNode *record)
{
    xmlNode *hugepages = model->pages->node;
    xmlNode *entry;

    if (!hugepages)
        return;
    entry = spm_record_keep(record, "hugepages", hugepages);
    if (!spm_lower_hugepages(model->pages, model->spm_cells))
        spm_xml_remove(entry);
    else if (!spm_xml_child(hugepages, "page"))
        /* <hugepages> without a <page> would mean huge pages for everything. */
        spm_record_take_out(entry, hugepages);
}

/* The memory devices are hot-pluggable memory to libvirt, which wants room
 * for them in <maxMemory>; the exact sum is enough. */
static void
lower_max_memory(SpmModel *model, xmlNode *record)
{
    guint64 slots = model->max_slots + spm_nodeset_count(model->spm_cells);
    guint64 bytes = model->max_memory ? model->max_bytes : model->total;
    xmlNode *entry;

    if (model->max_memory) {
        entry = spm_record_keep(record, "maxMemory", model->max_memory);
        spm_xml_set_number(model->max_memory, "slots", slots);
    } else if (model->devices->len == 0) {
        g_autofree char *kib = spm_strdup_printf("%" G_GUINT64_FORMAT, bytes / SPM_KIB);
        xmlNode *before = spm_xml_child(model->domain, "memory");
        xmlNode *node = spm_xml_add(model->domain, before, NULL, "maxMemory", kib);

        spm_xml_set_number(node, "slots", slots);
        spm_xml_set_attr(node, "unit", "KiB");
        entry = spm_record_add(record, "maxMemory");
    } else {
        /* The user's own memory devices need a <maxMemory> from the user;
         * libvirt says so in its own words. */
        return;
    }
    spm_xml_set_number(entry, "slots", slots);
    spm_xml_set_number(entry, "bytes", spm_memory_round(bytes));
}

/* memfd gives shared, huge and bound memory without a file system to mount. */
static void
lower_source(SpmModel *model, xmlNode *record)
{
    if (!model->backing) {
        xmlNode *before = spm_xml_child(model->domain, "vcpu");

        model->backing = spm_xml_add(model->domain, before, NULL, "memoryBacking", NULL);
        spm_record_set_added(record, "memoryBacking");
    }
    if (!spm_xml_child(model->backing, "source")) {
        xmlNode *source = spm_xml_add(model->backing, NULL, NULL, "source", NULL);

        spm_xml_set_attr(source, "type", "memfd");
        spm_record_set_added(record, "source");
    }
}

typedef struct {
    guint cell;
    guint64 size;
    guint64 page_size;
    char *access;
    char *discard;
    SpmNodeset *host_nodes;
    const SpmBacking *backing; /* what placement chose; NULL: it was not asked */
    gboolean page_automatic;   /* the page size too */
} Device;

static void
device_free(Device *device)
{
    g_free(device->access);
    g_free(device->discard);
    spm_nodeset_free(device->host_nodes);
    g_free(device);
}

static Device *
device_of_cell(const SpmModel *model, const SpmNumaCell *cell, SpmLowering lowering,
               const SpmBacking *backing)
{
    const SpmMemnode *memnode = spm_numatune_find(model->tune, cell->id);
    g_autofree char *mem_access = spm_xml_attr(cell->node, "memAccess");
    Device *device = g_new0(Device, 1);

    device->cell = cell->id;
    device->size = cell->size;
    device->page_size = spm_model_device_page(model->pages, lowering, cell->id);
    device->access = g_strdup(spm_model_device_access(model->backing, mem_access));
    device->discard = spm_xml_attr(cell->node, "discard");
    device->host_nodes = memnode ? spm_nodeset_copy(memnode->nodes) : NULL;
    device->backing = backing;
    if (!backing)
        return device;
    g_clear_pointer(&device->host_nodes, spm_nodeset_free);
    if (backing->kind == SPM_BACKING_DEVDAX) {
        device->page_size = 0;
        return device;
    }
    device->host_nodes = spm_nodeset_copy(backing->nodes);
    if (backing->page_size && !spm_model_names_page(model->pages, cell->id)) {
        device->page_size = backing->page_size;
        device->page_automatic = TRUE;
    }
    return device;
}

static void
add_scaled(xmlNode *parent, const char *name, guint64 bytes)
{
    g_autofree char *kib = spm_strdup_printf("%" G_GUINT64_FORMAT, bytes / SPM_KIB);

    spm_xml_set_attr(spm_xml_add(parent, NULL, NULL, name, kib), "unit", "KiB");
}

static void
add_device(xmlNode *devices, const Device *device, SpmLowering lowering)
{
    g_autofree char *alias = spm_qemu_alias(device->cell);
    /* Under lowering B libvirt does not know the cell; cell 0 is always there,
     * and the override names the real one. */
    g_autofree char *target = spm_strdup_printf("%u", lowering == SPM_LOWERING_A ? device->cell : 0);
    gboolean on_device = device->backing && device->backing->kind == SPM_BACKING_DEVDAX;
    xmlNode *memory = spm_xml_add(devices, NULL, NULL, "memory", NULL);
    xmlNode *node;

    spm_xml_set_attr(memory, "model", on_device ? "nvdimm" : "dimm");
    if (device->access)
        spm_xml_set_attr(memory, "access", device->access);
    if (device->discard)
        spm_xml_set_attr(memory, "discard", device->discard);
    if (on_device || device->page_size || device->host_nodes) {
        node = spm_xml_add(memory, NULL, NULL, "source", NULL);
        if (on_device) {
            spm_xml_add(node, NULL, NULL, "path", device->backing->path);
            add_scaled(node, "alignsize", device->backing->align);
        }
        if (device->page_size)
            add_scaled(node, "pagesize", device->page_size);
        if (device->host_nodes) {
            g_autofree char *nodes = spm_nodeset_format(device->host_nodes);

            spm_xml_add(node, NULL, NULL, "nodemask", nodes);
        }
    }
    node = spm_xml_add(memory, NULL, NULL, "target", NULL);
    add_scaled(node, "size", device->size);
    spm_xml_add(node, NULL, NULL, "node", target);
    spm_xml_set_attr(spm_xml_add(memory, NULL, NULL, "alias", NULL), "name", alias);
}

static void
add_devices(const SpmModel *model, xmlNode *record, const GPtrArray *list, SpmLowering lowering)
{
    xmlNode *devices = spm_xml_child(model->domain, "devices");

    if (!devices) {
        devices = spm_xml_add(model->domain, NULL, NULL, "devices", NULL);
        spm_record_set_added(record, "devices");
    }
    for (guint i = 0; i < list->len; i++)
        add_device(devices, list->pdata[i], lowering);
}

/* Placement knows how many CPUs are near the nodes it chose. */
static void
lower_allocation(SpmModel *model, xmlNode *record, const SpmLoweringContext *context)
{
    guint threads = 0;
    xmlNode *allocation;

    for (guint i = 0; context->backings && i < context->backings->len; i++)
        threads = MAX(threads, ((SpmBacking *)context->backings->pdata[i])->threads);
    if (threads == 0 || spm_xml_child(model->backing, "allocation"))
        return;
    allocation = spm_xml_add(model->backing, NULL, NULL, "allocation", NULL);
    spm_xml_set_attr(allocation, "mode", "immediate");
    spm_xml_set_number(allocation, "threads", threads);
    spm_record_set_added(record, "allocation");
}

/* What placement chose goes into the record of the cell, so that raising can
 * tell it from what the user wrote. */
static void
record_placement(const GPtrArray *devices, xmlNode *record)
{
    for (guint i = 0; i < devices->len; i++) {
        const Device *device = devices->pdata[i];
        const SpmBacking *backing = device->backing;
        xmlNode *entry = spm_record_find_cell(record, device->cell);

        if (!backing || !entry)
            continue;
        if (backing->automatic)
            spm_xml_set_attr(entry, "placement", "auto");
        if (device->page_automatic)
            spm_xml_set_attr(entry, "pages", "auto");
        if (backing->kind == SPM_BACKING_DEVDAX && !spm_nodeset_is_empty(backing->nodes)) {
            g_autofree char *nodes = spm_nodeset_format(backing->nodes);

            spm_xml_set_attr(entry, "nodeset", nodes);
        }
    }
}

/* libvirt asks QEMU for a thread-context on the cell's host nodes to
 * preallocate huge pages; QEMU cannot make one where no CPU is. */
static gboolean
needs_no_thread_context(const SpmModel *model, const SpmLoweringContext *context)
{
    if (spm_nodeset_is_empty(model->spm_host_nodes))
        return FALSE;
    return !context->nodes_with_cpus ||
           !spm_nodeset_contains(context->nodes_with_cpus, model->spm_host_nodes);
}

void
spm_lower_document(SpmModel *model, const SpmLoweringContext *context)
{
    SpmLowering lowering = spm_model_lowering(context);
    g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);
    g_autoptr(GPtrArray) arguments = NULL;
    xmlNode *record = spm_record_new(model->doc);

    for (guint i = 0; i < model->numa->cells->len; i++) {
        const SpmNumaCell *cell = model->numa->cells->pdata[i];

        const SpmBacking *backing;

        if (!spm_numa_cell_is_spm(cell))
            continue;
        backing = spm_model_backing(context, cell->id);
        if (backing)
            spm_nodeset_union(model->spm_host_nodes, backing->nodes);
        g_ptr_array_add(devices, device_of_cell(model, cell, lowering, backing));
    }
    if (devices->len == 0) {
        /* Only memmapType='normal': ordinary cells, with nothing to build. */
        spm_lower_cells(model, record, SPM_LOWERING_A);
        spm_record_attach(model->domain, record);
        return;
    }
    if (lowering == SPM_LOWERING_B)
        arguments = spm_qemu_node_arguments(model->numa, model->links);
    lower_numatune(model, record);
    lower_hugepages(model, record);
    spm_lower_cells(model, record, lowering);
    record_placement(devices, record);

    lower_max_memory(model, record);
    lower_source(model, record);
    lower_allocation(model, record, context);
    add_devices(model, record, devices, lowering);
    if (arguments)
        spm_qemu_xmlns_add_arguments(model->domain, record, arguments);
    if (needs_no_thread_context(model, context))
        spm_qemu_xmlns_delete_capability(model->domain, record, SPM_QEMU_CAPABILITY_THREAD_CONTEXT);
    for (guint i = 0; i < devices->len; i++)
        spm_qemu_xmlns_add_override(model->domain, record, lowering,
                                    ((Device *)devices->pdata[i])->cell);
    spm_record_attach(model->domain, record);
}
